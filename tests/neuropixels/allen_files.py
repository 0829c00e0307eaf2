"""A tiny session in the layout of Allen Visual Coding, and a warehouse cache of it.

Written with h5py and the standard library only, from one seed: eight units on two
probes, five scenes shown six times, an invalid time of each kind. Unit u of a probe
prefers frame u. Read by v1model, pynwb and AllenSDK alike.
"""

import json
import uuid

import h5py
import numpy as np

SESSION_ID = 715093703
SESSION_TYPE = "brain_observatory_1.1"
PROBES = ("probeA", "probeB")
PROBE_IDS = (1000, 1001)
AREAS = ("VISp", "VISl", "CA1", "None")  # of the channels of a probe; None is outside
N_CHANNELS = len(AREAS)
UNIT_IDS = tuple(950900000 + 10 * p + u for p in range(2) for u in range(4))
GOOD_UNITS = tuple(UNIT_IDS[k] for k in (0, 1, 4, 5))  # pass the defaults of the SDK
RELAXED_UNITS = tuple(UNIT_IDS[k] for k in (0, 1, 2, 4, 5, 6))  # numbers relaxed
FRAMES = (-1, 0, 1, 2, 3)
N_REPEATS = 6
N_PRESENTATIONS = len(FRAMES) * N_REPEATS
FIRST_S, DURATION_S, LAST_S = 10.0, 0.25021, 70.0
STARTS_S = FIRST_S + np.arange(N_PRESENTATIONS) * DURATION_S
STOPS_S = STARTS_S + DURATION_S  # differ from the next start by up to 4e-15 s
DROPPED = (3, 10)  # presentations with an invalid stimulus, or invalid on all probes
MASKED = (7, 8)  # presentations in which probeA is invalid
INVALID_TIMES = (
    (STARTS_S[3] + 0.05, STARTS_S[3] + 0.10, "EcephysSession", SESSION_ID, "stimulus"),
    (STARTS_S[7], STOPS_S[8], "EcephysProbe", PROBE_IDS[0], PROBES[0]),
    (STARTS_S[10], STOPS_S[10], "EcephysSession", SESSION_ID, "all_probes"),
)
RUNNING_HZ = 50
TEXT = h5py.string_dtype()
SPIKES_PER_UNIT, SPIKES_PER_PREFERRED = 800, 6


def write_session(path, seed=0, session_type=SESSION_TYPE):
    """Writes the session file. Returns the frames of the presentations, (30,) int."""
    rng = np.random.default_rng(seed)
    frames = np.concatenate([rng.permutation(FRAMES) for _ in range(N_REPEATS)])
    with h5py.File(path, "w") as file:
        writer = _Writer(file, rng)
        writer.typed(file, "NWBFile", "core")
        _write_root(writer)
        _write_general(writer, session_type)
        _write_probes(writer)
        _write_intervals(writer, frames)
        _write_units(writer, frames)
        _write_running(writer)
    return frames


class _Writer:
    """What the tables and types of an NWB file look like in HDF5."""

    def __init__(self, file, rng):
        self.file, self.rng = file, rng

    def typed(self, node, name, namespace):
        identity = uuid.UUID(bytes=self.rng.bytes(16), version=4)
        node.attrs["neurodata_type"] = name
        node.attrs["namespace"] = namespace
        node.attrs["object_id"] = str(identity)
        return node

    def text(self, path, value):
        self.file.create_dataset(path, data=value, dtype=TEXT)

    def table(self, path, ids, columns, kind=("DynamicTable", "hdmf-common")):
        """A table of columns by name; a list of arrays is a ragged column."""
        group = self.typed(self.file.create_group(path), *kind)
        group.attrs["description"] = path.rpartition("/")[2]
        group.attrs.create("colnames", list(columns), dtype=TEXT)
        identifiers = group.create_dataset("id", data=np.asarray(ids, np.int64))
        self.typed(identifiers, "ElementIdentifiers", "hdmf-common")
        for name, values in columns.items():
            if isinstance(values, list) and isinstance(values[0], np.ndarray):
                self._index(group, name, np.cumsum([len(part) for part in values]))
                values = np.concatenate(values)
            self._column(group, name, values)
            if f"{name}_index" in group:
                group[f"{name}_index"].attrs["target"] = group[name].ref
        return group

    def _column(self, group, name, values):
        values = np.asarray(values)
        if values.dtype.kind in "UO" and not _holds_references(values):
            values = values.astype(object)
            data = group.create_dataset(name, data=values, dtype=TEXT)
        elif values.dtype.kind == "O":
            data = group.create_dataset(name, data=values, dtype=h5py.ref_dtype)
        else:
            data = group.create_dataset(name, data=values)
        self.typed(data, "VectorData", "hdmf-common").attrs["description"] = name

    def _index(self, group, name, ends):
        index = group.create_dataset(f"{name}_index", data=ends.astype(np.uint64))
        self.typed(index, "VectorIndex", "hdmf-common")
        index.attrs["description"] = f"Index for VectorData '{name}'"


def _holds_references(values):
    return values.size and isinstance(values.flat[0], h5py.Reference)


def _write_root(writer):
    file = writer.file
    file.attrs["nwb_version"] = "2.2.2"
    for group in (
        *("acquisition", "analysis", "stimulus/presentation", "stimulus/templates"),
        *("processing", "general/devices", "intervals", "specifications"),
    ):
        file.create_group(group)
    file.attrs[".specloc"] = file["specifications"].ref
    began = "2019-01-19T00:00:00+00:00"
    writer.text("identifier", str(SESSION_ID))
    writer.text("session_description", "Data and metadata for an Ecephys session")
    writer.text("session_start_time", began)
    writer.text("timestamps_reference_time", began)
    file.create_dataset("file_create_date", data=[began], maxshape=(None,), dtype=TEXT)
    name, version = "ndx-aibs-ecephys", "0.2.0"
    space = {
        "name": name,
        "version": version,
        "doc": "Extension for tests",
        "author": "v1model",
        "contact": "none",
        "schema": [{"namespace": "core"}, {"source": f"{name}.extension"}],
    }
    place = f"specifications/{name}/{version}"
    writer.text(f"{place}/namespace", json.dumps({"namespaces": [space]}))
    groups = [_extended(kind, *rest) for kind, *rest in EXTENSION]
    writer.text(f"{place}/{name}.extension", json.dumps({"groups": groups}))


EXTENSION = (
    ("EcephysProbe", "Device", {"sampling_rate": "float64", "probe_id": "int"}),
    (
        "EcephysElectrodeGroup",
        "ElectrodeGroup",
        {"has_lfp_data": "bool", "probe_id": "int", "lfp_sampling_rate": "float64"},
    ),
    ("EcephysSpecimen", "Subject", {"specimen_name": "text", "age_in_days": "float"}),
)


def _extended(name, base, attributes):
    return {
        "neurodata_type_def": name,
        "neurodata_type_inc": base,
        "doc": f"{base} of the Allen Institute",
        "attributes": [
            {"name": key, "dtype": kind, "doc": key} for key, kind in attributes.items()
        ],
    }


def _write_general(writer, session_type):
    writer.text("general/session_id", str(SESSION_ID))
    writer.text("general/stimulus", session_type)
    writer.text("general/institution", "Allen Institute for Brain Science")
    subject = writer.file.create_group("general/subject")
    writer.typed(subject, "EcephysSpecimen", "ndx-aibs-ecephys")
    subject.attrs["specimen_name"] = "Sst-IRES-Cre;Ai32-386129"
    subject.attrs["age_in_days"] = 118.0
    for name, value in (
        ("subject_id", "699733581"),
        ("age", "P118D"),
        ("sex", "M"),
        ("species", "Mus musculus"),
        ("genotype", "wt/wt"),
        ("strain", "C57BL/6J"),
    ):
        writer.text(f"general/subject/{name}", value)


def _write_probes(writer):
    file = writer.file
    for name, probe_id in zip(PROBES, PROBE_IDS, strict=True):
        device = file.create_group(f"general/devices/{name}")
        writer.typed(device, "EcephysProbe", "ndx-aibs-ecephys")
        device.attrs.update(
            sampling_rate=3e4, probe_id=probe_id, description=name, manufacturer="imec"
        )
        group = file.create_group(f"general/extracellular_ephys/{name}")
        writer.typed(group, "EcephysElectrodeGroup", "ndx-aibs-ecephys")
        group.attrs.update(
            description=name,
            location="See electrode locations",
            has_lfp_data=False,
            probe_id=probe_id,
            lfp_sampling_rate=1250.0,
        )
        group["device"] = h5py.SoftLink(f"/general/devices/{name}")
    probe, channel = np.divmod(np.arange(2 * N_CHANNELS), N_CHANNELS)
    groups = [file[f"general/extracellular_ephys/{name}"].ref for name in PROBES]
    writer.table(
        "general/extracellular_ephys/electrodes",
        2000 + 10 * probe + channel,
        {
            "x": 8000.0 + 10 * channel,
            "y": 1000.0 + 20 * channel,
            "z": 7000.0 + 100 * probe,
            "imp": np.full(len(probe), np.nan),
            "location": np.array(AREAS)[channel],
            "filtering": np.full(len(probe), "AP band: 500 Hz high-pass"),
            "group_name": np.array(PROBES)[probe],
            "probe_vertical_position": 20 * (channel // 2 + 1),
            "probe_horizontal_position": np.full(len(probe), 43),
            "probe_id": np.array(PROBE_IDS)[probe],
            "local_index": channel,
            "valid_data": np.full(len(probe), True),
            "group": np.array([groups[p] for p in probe], dtype=object),
        },
    )


def _write_intervals(writer, frames):
    kind = ("TimeIntervals", "core")
    n = N_PRESENTATIONS
    writer.table(
        "intervals/natural_scenes_presentations",
        np.arange(n),
        {
            "start_time": STARTS_S,
            "stop_time": STOPS_S,
            "stimulus_name": np.full(n, "natural_scenes"),
            "stimulus_block": np.full(n, 8.0),
            "stimulus_index": np.full(n, 7.0),
            "frame": frames.astype(float),
        },
        kind,
    )
    writer.table(
        "intervals/spontaneous_presentations",
        [0],
        {
            "start_time": np.array([0.0]),
            "stop_time": np.array([FIRST_S]),
            "stimulus_name": np.array(["spontaneous"]),
            "stimulus_block": np.array([np.nan]),
            "stimulus_index": np.array([0.0]),
        },
        kind,
    )
    writer.table(
        "intervals/invalid_times",
        np.arange(len(INVALID_TIMES)),
        {
            "start_time": np.array([row[0] for row in INVALID_TIMES]),
            "stop_time": np.array([row[1] for row in INVALID_TIMES]),
            "tags": [np.array(list(map(str, row[2:]))) for row in INVALID_TIMES],
        },
        kind,
    )


def _write_units(writer, frames):
    rng = writer.rng
    probe, unit = np.divmod(np.arange(len(UNIT_IDS)), N_CHANNELS)
    times = [_spikes(rng, STARTS_S[frames == preferred]) for preferred in unit]
    amplitudes = [rng.uniform(5e-5, 2e-4, len(train)) for train in times]
    is_noise = (probe == 1) & (unit == 3)
    writer.table(
        "units",
        UNIT_IDS,
        {
            "cluster_id": np.arange(len(unit)),
            "local_index": unit,
            "peak_channel_id": 2000 + 10 * probe + unit,
            "quality": np.where(is_noise, "noise", "good"),
            "firing_rate": np.array([len(train) / LAST_S for train in times]),
            "isi_violations": np.where(unit == 2, 3.0, 0.01),
            "presence_ratio": np.full(len(unit), 0.99),
            "amplitude_cutoff": np.full(len(unit), 0.01),
            "snr": np.full(len(unit), 2.0),
            "spike_times": times,
            "spike_amplitudes": amplitudes,
            "waveform_mean": rng.normal(size=(len(unit), 4, 82)),
        },
        ("Units", "core"),
    )


def _spikes(rng, preferred_starts):
    background = rng.uniform(0, LAST_S, rng.poisson(SPIKES_PER_UNIT))
    counts = rng.poisson(SPIKES_PER_PREFERRED, len(preferred_starts))
    evoked = [
        rng.uniform(start + 0.05, start + 0.2, count)
        for start, count in zip(preferred_starts, counts, strict=True)
    ]
    return np.sort(np.concatenate([background, *evoked]))


def _write_running(writer):
    module = writer.file.create_group("processing/running")
    writer.typed(module, "ProcessingModule", "core")
    module.attrs["description"] = "Running speed data"
    began = np.arange(int(LAST_S * RUNNING_HZ)) / RUNNING_HZ
    speed = 10 * np.abs(np.sin(began / 7)) + writer.rng.normal(0, 0.5, len(began))
    for name, shift in (("running_speed", 0.0), ("running_speed_end_times", 0.02)):
        group = writer.typed(module.create_group(name), "TimeSeries", "core")
        group.attrs.update(description=name, comments="no comments")
        data = group.create_dataset("data", data=began + shift if shift else speed)
        data.attrs.update(unit="cm/s", conversion=1.0, resolution=-1.0)
        stamps = group.create_dataset("timestamps", data=began + shift)
        stamps.attrs.update(unit="seconds", interval=np.int32(1))


def write_warehouse(folder, seed=0):
    """Fills a folder as AllenSDK's warehouse cache does. Returns its manifest's path.

    The manifest itself is written by AllenSDK.
    """
    nwb = folder / f"session_{SESSION_ID}" / f"session_{SESSION_ID}.nwb"
    nwb.parent.mkdir(parents=True)
    write_session(nwb, seed)
    _write_csv(
        folder / "sessions.csv",
        [SESSION_ID],
        date_of_acquisition=["2019-01-19T00:00:00Z"],
        published_at=["2019-10-03T00:00:00Z"],
        specimen_id=[1],
        session_type=[SESSION_TYPE],
        age_in_days=[118.0],
        sex=["M"],
        genotype=["wt/wt"],
        has_nwb=[True],
    )
    _write_csv(
        folder / "probes.csv",
        PROBE_IDS,
        ecephys_session_id=[SESSION_ID] * 2,
        name=PROBES,
        phase=["3a"] * 2,
        sampling_rate=[3e4] * 2,
        lfp_sampling_rate=[2500.0] * 2,
        lfp_temporal_subsampling_factor=[2.0] * 2,
        has_lfp_data=[False] * 2,
    )
    with h5py.File(nwb) as file:
        electrodes = file["general/extracellular_ephys/electrodes"]
        ids, probe = electrodes["id"][()], electrodes["probe_id"][()]
        n = len(ids)
        _write_csv(
            folder / "channels.csv",
            ids,
            ecephys_probe_id=probe,
            ecephys_structure_acronym=electrodes["location"].asstr()[()],
            ecephys_structure_id=[385.0] * n,
            anterior_posterior_ccf_coordinate=[1.0] * n,
            dorsal_ventral_ccf_coordinate=[2.0] * n,
            left_right_ccf_coordinate=[3.0] * n,
            local_index=electrodes["local_index"][()],
            probe_horizontal_position=[43] * n,
            probe_vertical_position=[20] * n,
        )
        units = file["units"]
        names = ("isi_violations", "presence_ratio", "amplitude_cutoff", "snr")
        _write_csv(
            folder / "units.csv",
            units["id"][()],
            ecephys_channel_id=units["peak_channel_id"][()],
            quality=units["quality"].asstr()[()],
            firing_rate=units["firing_rate"][()],
            **{name: units[name][()] for name in names},
        )
    return folder / "manifest.json"


def _write_csv(path, ids, **columns):
    lines = [",".join(["id", *columns])]
    for row in zip(ids, *columns.values(), strict=True):
        lines.append(",".join(map(str, row)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
