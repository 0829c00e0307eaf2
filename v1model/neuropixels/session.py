"""Session: one Neuropixels recording in the layout of Allen Visual Coding."""

import dataclasses
import logging
import pathlib

import numpy as np
import pandas as pd

from v1model.hdf5_files import open_hdf5
from v1model.neuropixels.invalid_times import mask_units, read_invalid_times
from v1model.neuropixels.nwb_tables import (
    ragged_offsets,
    read_array,
    read_table,
    read_text,
    require_columns,
    require_group,
)
from v1model.neuropixels.presentations import INVALID, read_presentations
from v1model.neuropixels.spike_trains import SpikeTrains
from v1model.neuropixels.unit_filter import UnitFilter
from v1model.recordings.chunks import naming_damage

ELECTRODES = "general/extracellular_ephys/electrodes"
RUNNING = "processing/running"
NOWHERE = ("", "None", "none", "nan", "null")  # locations outside the brain

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Session:
    """What was recorded in a session; spike times and running are read on request.

    Args:
        path: The NWB file.
        session_id: Such as 715093703.
        session_type: Such as "brain_observatory_1.1".
        subject: Texts and numbers about the mouse, by name.
        units: One row per unit: id, area ("" outside the brain), probe, valid_channel,
            x, y, z (um, in the common coordinates) and all metrics of the file.
        presentations: Table of `read_presentations`.
        invalid_times: Table of `read_invalid_times`.
        spikes: SpikeTrains of the units.
        unit_filter: What the units passed.
    """

    path: pathlib.Path
    session_id: int
    session_type: str
    subject: dict
    units: pd.DataFrame
    presentations: pd.DataFrame
    invalid_times: pd.DataFrame
    spikes: SpikeTrains
    unit_filter: UnitFilter

    @property
    def stimuli(self):
        """Names of the stimuli, in order of their first presentation."""
        names = pd.unique(self.presentations["stimulus"])
        return [name for name in names if name != INVALID]

    def select(self, unit_filter):
        """The session with the units that pass a UnitFilter.

        Raises:
            ValueError: The filter asks for what the file lacks, or no unit passes.
        """
        passed = unit_filter.passes(self.units, str(self.path))
        if not passed.any():
            raise ValueError(
                f"{self.path}: none of {len(self.units)} units passes {unit_filter}."
            )
        logger.info("%d of %d units pass the filter", passed.sum(), len(passed))
        return dataclasses.replace(
            self,
            units=self.units[passed].reset_index(drop=True),
            spikes=self.spikes.take(passed),
            unit_filter=unit_filter,
        )

    def presentations_of(self, stimulus):
        """Presentations of a stimulus that are valid, in order of time.

        Only the columns that this stimulus has.

        Raises:
            ValueError: It was not shown.
        """
        rows = self.presentations[self.presentations["stimulus"] == stimulus]
        if rows.empty:
            raise ValueError(
                f"{self.path}: session {self.session_id} ({self.session_type}) has no "
                f"presentations of {stimulus!r}; it has {', '.join(self.stimuli)}."
            )
        rows = rows.dropna(axis="columns", how="all")
        return rows.loc[:, (rows != "").any()].reset_index(drop=True)

    def valid_between(self, start_s, stop_s):
        """Whether each unit was recorded well through each interval, (P, U) bool."""
        return mask_units(self.invalid_times, self.units["probe"], start_s, stop_s)

    def running_speed(self):
        """Samples of the wheel: start_s, stop_s, speed (cm/s).

        Raises:
            ValueError: The session has none, or its parts have different lengths.
        """
        with open_hdf5(self.path) as file, naming_damage(self.path):
            require_group(file, RUNNING)
            speed = require_group(file, f"{RUNNING}/running_speed")
            ends = require_group(file, f"{RUNNING}/running_speed_end_times")
            for group in (speed, ends):
                require_columns(group, ("data", "timestamps"))
            columns = {
                "start_s": read_array(speed["timestamps"]),
                "stop_s": read_array(ends["timestamps"]),
                "speed": read_array(speed["data"]),
            }
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{self.path}: /{RUNNING} has {lengths} samples.")
        return pd.DataFrame(columns)

    @property
    def has_running(self):
        with open_hdf5(self.path) as file, naming_damage(self.path):
            return f"{RUNNING}/running_speed" in file


def load_session(path, unit_filter=None):
    """Opens a session file with h5py alone.

    Args:
        path: NWB file in the layout of Allen Visual Coding Neuropixels.
        unit_filter: UnitFilter, by default with the limits of AllenSDK.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or not of this layout; or no unit passes the filter.
    """
    path = pathlib.Path(path)
    with open_hdf5(path) as file, naming_damage(path):
        units, spikes = _read_units(file, path)
        # All of the session, also those of which no unit is left.
        probes = set(file[ELECTRODES].parent).difference({"electrodes"})
        invalid = read_invalid_times(file, probes.union(units["probe"]))
        session = Session(
            path=path,
            session_id=_session_id(file),
            session_type=read_text(file, "general/stimulus", ""),
            subject=_subject(file),
            units=units,
            presentations=read_presentations(file, invalid),
            invalid_times=invalid,
            spikes=spikes,
            unit_filter=UnitFilter.keep_all(),
        )
    return session.select(UnitFilter() if unit_filter is None else unit_filter)


def _session_id(file):
    """Archives may put an identifier of their own in place of the number."""
    texts = (read_text(file, "identifier"), read_text(file, "general/session_id", ""))
    for text in texts:
        if text.isdecimal():
            return int(text)
    raise ValueError(
        f"{file.filename}: /identifier or /general/session_id must be the number of a "
        f"session, got {texts[0]!r} and {texts[1]!r}."
    )


def _subject(file):
    group = file.get("general/subject")
    if group is None:
        return {}
    found = {name: read_text(group, name) for name in group}
    for name in ("specimen_name", "age_in_days"):
        if name in group.attrs:
            value = group.attrs[name]
            found[name] = value if isinstance(value, str) else float(value)
    return found


def _read_units(file, path):
    """Table of all units joined with their electrodes, and their SpikeTrains."""
    group = require_group(file, "units")
    require_columns(group, ("id",))
    offsets = ragged_offsets(group, "spike_times")
    units = read_table(group, ("peak_channel_id",))
    repeated = units["id"][units["id"].duplicated()]
    if len(repeated):
        raise ValueError(f"{path}: /units/id {repeated.iloc[0]} repeats.")
    spikes = SpikeTrains(path, units["id"].to_numpy(), offsets[:-1], offsets[1:])
    electrodes = _read_electrodes(file)
    position = electrodes.index.get_indexer(units["peak_channel_id"])
    if (position < 0).any():
        row = int(np.flatnonzero(position < 0)[0])
        raise ValueError(
            f"{path}: /units/peak_channel_id {units['peak_channel_id'][row]} of unit "
            f"{units['id'][row]} is not among the ids of /{ELECTRODES}."
        )
    joined = electrodes.iloc[position].reset_index(drop=True)
    return pd.concat([units, joined], axis="columns"), spikes


def _read_electrodes(file):
    """Area, probe and place by id of the electrode."""
    group = require_group(file, ELECTRODES)
    table = read_table(group, ("location", "group_name"))
    if table["id"].duplicated().any():
        twice = table["id"][table["id"].duplicated()].iloc[0]
        raise ValueError(f"{file.filename}: /{ELECTRODES}/id {twice} repeats.")
    location = table["location"].astype(str)
    columns = {
        "area": location.where(~location.isin(NOWHERE), ""),
        "probe": table["group_name"].astype(str),
        "valid_channel": table.get("valid_data", pd.Series(True, table.index)),
    }
    for name in ("x", "y", "z"):
        if name in table:
            columns[name] = table[name].astype(np.float64)
    columns = pd.DataFrame(columns).set_index(pd.Index(table["id"]))
    return columns.astype({"valid_channel": bool})
