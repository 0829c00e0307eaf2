"""Recordings to NWB and back; NWB files of others."""

import datetime
import logging
import sys
import tracemalloc

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recordings.made_up import assert_same_files, made_up, write
from v1model.recordings import (
    export_nwb,
    import_nwb,
    nwb_export,
    nwb_import,
    open_recording,
    save_recording,
)

pynwb = pytest.importorskip("pynwb")


def there_and_back(path):
    """Paths of the NWB file of a recording, and of the recording made of that."""
    with open_recording(path) as recording:
        export_nwb(recording, path.with_suffix(".nwb"))
    back = path.with_name(f"back_{path.name}")
    import_nwb(path.with_suffix(".nwb"), back)
    return path.with_suffix(".nwb"), back


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = write(made_up(n_steps=300), tmp_path_factory.mktemp("nwb") / "a.h5")
    return path, *there_and_back(path)


def test_a_recording_comes_back_as_it_was(exported):
    path, _, back = exported
    assert_same_files(path, back)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(
    n_steps=st.integers(1, 90),
    n_neurons=st.integers(1, 12),
    seed=st.integers(0, 99),
    probe=st.booleans(),
)
def test_any_recording_comes_back(tmp_path_factory, n_steps, n_neurons, seed, probe):
    content = made_up(max(n_steps, 8), max(n_neurons, 2), seed)
    if probe:
        names = [f"probe{k % 2}" for k in range(len(content.neurons))]
        content.neurons.insert(1, "probe", names)
    path = write(content, tmp_path_factory.mktemp("nwb") / "a.h5")
    assert_same_files(path, there_and_back(path)[1])


def test_a_recording_that_is_copied_in_many_parts_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(nwb_import, "_BLOCK_BYTES", 3000)
    monkeypatch.setattr(nwb_export, "_BUFFER_BYTES", 3000)
    path = write(made_up(n_steps=300), tmp_path / "a.h5")
    assert_same_files(path, there_and_back(path)[1])


def test_neurons_that_are_never_valid_are_so_until_the_end(tmp_path):
    path = tmp_path / "a.h5"
    save_recording(
        path,
        dt_ms=1,
        start_s=2,
        activity={"r": np.zeros((30, 3))},
        quantities={"r": "rate"},
        valid=np.array([True, False, True]),
    )
    nwb, back = there_and_back(path)
    with pynwb.NWBHDF5IO(str(nwb), "r") as reader:
        table = reader.read().invalid_times
        assert (table["start_time"][0], table["stop_time"][0]) == (2, 2.03)
    with open_recording(path) as one, open_recording(back) as other:
        np.testing.assert_array_equal(one.valid(), other.valid())


def test_trials_may_have_columns_with_names_of_nwb(tmp_path):
    times = {"start_s": [0.0], "stop_s": [0.01]}
    trials = pd.DataFrame({**times, "start_time": [5.0], "name": ["a"], "id": [7]})
    save_recording(
        tmp_path / "a.h5",
        dt_ms=1,
        activity={"r": np.zeros((30, 3))},
        quantities={"r": "rate"},
        trials=trials,
    )
    _, back = there_and_back(tmp_path / "a.h5")
    assert_same_files(tmp_path / "a.h5", back)


def test_an_exported_file_is_valid_nwb(exported):
    _, nwb, _ = exported
    with pynwb.NWBHDF5IO(str(nwb), "r") as reader:
        assert pynwb.validate(io=reader) == []


def test_others_read_what_was_recorded(exported):
    """By pynwb alone: names, times and units are those of NWB."""
    content = made_up(n_steps=300)
    with pynwb.NWBHDF5IO(str(exported[1]), "r") as reader:
        file = reader.read()
        assert (file.identifier, file.session_id) == ("s1", "s1")
        assert file.session_start_time == datetime.datetime(
            1970, 1, 1, tzinfo=datetime.timezone.utc
        )
        units = file.units.to_dataframe()
        assert units.index.tolist() == content.neurons["id"].tolist()
        assert units["layer"].tolist() == content.neurons["layer"].tolist()
        module = file.processing["activity"]
        times = {
            name: np.concatenate(list(table["spike_times"]))
            for name, table in (("spikes", file.units), ("exact", module["exact"]))
        }
        np.testing.assert_array_equal(np.sort(times["exact"]), content.time_s)
        step, neuron = np.nonzero(content.counts)
        begun = content.borders_s(np.repeat(step, content.counts[step, neuron]))
        np.testing.assert_array_equal(np.sort(times["spikes"]), begun)
        voltages = module["voltages"]
        assert (voltages.unit, voltages.starting_time) == ("mV", 2.5)
        assert voltages.rate == pytest.approx(1000 / 0.7)
        expected = content.voltages.astype(np.float16).astype(np.float32)
        np.testing.assert_array_equal(voltages.data[:], expected)
        trials = file.trials.to_dataframe()
        assert trials["start_time"].tolist() == content.trials["start_s"].tolist()
        assert trials["stimulus"].tolist() == content.trials["stimulus"].tolist()
        np.testing.assert_array_equal(
            file.stimulus_template["movie"].data[:], content.frames
        )
        np.testing.assert_array_equal(
            file.stimulus["movie_index"].data[:], content.index
        )
        valid = np.ones_like(content.valid)
        borders = content.borders_s(np.arange(301))
        for row in range(len(file.invalid_times)):
            begin, end = (
                file.invalid_times[name][row] for name in ("start_time", "stop_time")
            )
            overlaps = (borders[:-1] < end) & (borders[1:] > begin)
            valid[np.ix_(overlaps, file.invalid_times["neurons"][row])] = False
        np.testing.assert_array_equal(valid, content.valid)


def test_units_know_their_electrodes_where_the_table_does(tmp_path):
    neurons = pd.DataFrame(
        {
            "id": [5, 3, 4],
            "probe": ["A", "B", "A"],
            "area": ["VISp", "LGd", ""],
            "x": [1.0, 2.0, 3.0],
            "waveform_mean": [0.1, 0.2, 0.3],  # another thing in NWB
            "tags": ["a", "b", "c"],
        }
    )
    path = tmp_path / "a.h5"
    save_recording(
        path,
        dt_ms=1,
        spike_times=[[0.1], [], [0.2]],
        neurons=neurons,
        metadata={"session_start_time": "2019-01-19T10:00:00"},
    )
    nwb, back = there_and_back(path)
    assert_same_files(path, back)
    with pynwb.NWBHDF5IO(str(nwb), "r") as reader:
        file = reader.read()
        assert file.session_start_time.year == 2019
        assert pynwb.validate(io=reader) == []
        for row, neuron in neurons.iterrows():
            electrode = file.units["electrodes"][row].iloc[0]
            assert electrode["group_name"] == neuron["probe"]
            assert electrode["location"] == (neuron["area"] or "unknown")
            assert electrode["x"] == neuron["x"]


def test_a_recording_without_spikes_or_trials_comes_back(tmp_path):
    path = tmp_path / "a.h5"
    values = np.random.default_rng(0).random((500, 30)).astype(np.float32)
    quantities = {"c": "calcium"}
    save_recording(path, dt_ms=33.3, activity={"c": values}, quantities=quantities)
    nwb, back = there_and_back(path)
    assert_same_files(path, back)
    with pynwb.NWBHDF5IO(str(nwb), "r") as reader:
        reader.read()
        assert pynwb.validate(io=reader) == []


def test_memory_does_not_grow_with_what_is_exported_and_imported(tmp_path):
    rng, peaks = np.random.default_rng(0), []
    for n_steps in (6000, 24_000):
        values = rng.normal(-70, 4, (1000, 3000)).astype(np.float16)
        parts = np.broadcast_to(values, (n_steps // 1000, 1000, 3000))
        path = tmp_path / "a.h5"
        save_recording(
            path,
            dt_ms=1,
            activity={"v": parts.reshape(-1, 3000)},
            quantities={"v": "voltage"},
        )
        del values, parts
        tracemalloc.start()
        there_and_back(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def foreign(path, add):
    """An NWB file as others write it."""
    file = pynwb.NWBFile(
        session_description="a mouse",
        identifier="x1",
        session_start_time=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
    )
    add(file)
    with pynwb.NWBHDF5IO(str(path), "w") as writer:
        writer.write(file)
    return path


def add_units(file):
    file.add_unit_column(name="depth", description="um")
    file.add_unit_column(name="label", description="words")
    for k, times in enumerate(([0.1, 0.2], [], [0.15])):
        file.add_unit(id=7 - k, spike_times=times, depth=10.0 * k, label=f"u{k}")
    file.add_trial_column(name="contrast", description="of the grating")
    file.add_trial(start_time=0.1, stop_time=0.3, contrast=0.5)
    file.add_trial(start_time=0.4, stop_time=0.6, contrast=1.0)
    table = pynwb.epoch.TimeIntervals(
        name="natural_scenes_presentations", description="pictures"
    )
    table.add_column(name="frame", description="which")
    table.add_row(start_time=0.3, stop_time=0.4, frame=5)
    file.add_time_intervals(table)
    file.add_invalid_time_interval(start_time=0.5, stop_time=0.55)
    rate = pynwb.TimeSeries(name="wheel", data=np.zeros(5), unit="cm/s", rate=1.0)
    file.add_acquisition(rate)


def test_units_of_others_become_a_recording(tmp_path, caplog):
    path = foreign(tmp_path / "a.nwb", add_units)
    with caplog.at_level(logging.WARNING):
        import_nwb(path, tmp_path / "a.h5", dt_ms=2)
    assert "left out ['wheel']" in caplog.text
    with open_recording(tmp_path / "a.h5") as recording:
        assert (recording.dt_ms, recording.session_id) == (2, "x1")
        assert recording.source == "a mouse"
        expected = {"id": [7, 6, 5], "depth": [0.0, 10.0, 20.0]}
        expected["label"] = ["u0", "u1", "u2"]
        assert recording.neurons.to_dict("list") == expected
        trains = [t.tolist() for t in recording.activity["spikes"].trains()]
        assert trains == [[0.1, 0.2], [], [0.15]]
        trials = recording.trials
        assert trials["start_s"].tolist() == [0.1, 0.3, 0.4]
        assert trials["stimulus"].tolist() == [
            "trials",
            "natural_scenes_presentations",
            "trials",
        ]
        assert trials["frame"].tolist()[1] == 5 and np.isnan(trials["frame"][0])
        valid = recording.valid_between([0.4, 0.55], [0.51, 0.6])
        assert valid.all(axis=1).tolist() == [False, True]


def add_responses(file, times=None, name="dff"):
    device = file.create_device(name="microscope")
    optical = pynwb.ophys.OpticalChannel(
        name="c", description="green", emission_lambda=510.0
    )
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=optical,
        description="one",
        device=device,
        excitation_lambda=600.0,
        indicator="GCaMP",
        location="VISp",
    )
    module = file.create_processing_module(name="ophys", description="calcium")
    segmentation, dff = pynwb.ophys.ImageSegmentation(), pynwb.ophys.DfOverF()
    module.add(segmentation)
    module.add(dff)
    rois = segmentation.create_plane_segmentation(
        description="cells", imaging_plane=plane, name="rois"
    )
    for _ in range(4):
        rois.add_roi(image_mask=np.ones((3, 3)))
    region = rois.create_roi_table_region(region=[2, 0], description="two")
    values = np.arange(10.0).reshape(5, 2)
    clock = {"rate": 20.0, "starting_time": 3.0}
    if times is not None:
        clock = {"timestamps": np.array(times)}
    series = pynwb.ophys.RoiResponseSeries(
        name=name, data=values, rois=region, unit="dF/F", **clock
    )
    dff.add_roi_response_series(series)


@pytest.mark.parametrize("times", [None, [3.0, 3.05, 3.1, 3.15, 3.2]])
def test_responses_of_others_become_calcium(tmp_path, times):
    path = foreign(tmp_path / "a.nwb", lambda file: add_responses(file, times))
    import_nwb(path, tmp_path / "a.h5")
    with open_recording(tmp_path / "a.h5") as recording:
        assert recording.start_s == 3
        assert recording.dt_ms == pytest.approx(50)
        calcium = recording.activity["calcium"]
        assert (calcium.quantity, calcium.unit) == ("calcium", "dF/F")
        np.testing.assert_array_equal(calcium.read(), np.arange(10).reshape(5, 2))
        assert recording.neurons["id"].tolist() == [2, 0]


def test_what_cannot_be_imported_says_why(tmp_path, exported):
    (tmp_path / "a.nwb").write_text("no")
    with h5py.File(tmp_path / "b.nwb", "w") as file:
        file["a"] = 1
    irregular = foreign(
        tmp_path / "c.nwb", lambda f: add_responses(f, [0, 0.1, 0.2, 0.5, 0.6])
    )
    empty = foreign(tmp_path / "d.nwb", lambda file: None)
    regular = foreign(tmp_path / "e.nwb", add_responses)
    cases = (
        (tmp_path / "a.nwb", {}, "not a complete HDF5 file"),
        (tmp_path / "b.nwb", {}, "pynwb cannot read it"),
        (irregular, {}, "no regular samples: 0.3 s after 0.2 s, 0.15 s on average"),
        (empty, {}, r"signal must be one of \[\], got None"),
        (regular, {"signal": "units"}, r"must be one of \['dff'\], got 'units'"),
        (regular, {"dt_ms": 2}, "dt_ms of 'dff' is that of its samples"),
        (exported[1], {"dt_ms": 2}, "whose dt_ms 0.7 and signals it keeps"),
    )
    for path, options, message in cases:
        with pytest.raises(ValueError, match=message) as caught:
            import_nwb(path, tmp_path / "out.h5", **options)
        assert str(caught.value).startswith(str(path))
    with pytest.raises(FileNotFoundError, match="f.nwb does not exist"):
        import_nwb(tmp_path / "f.nwb", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_a_date_must_be_one(tmp_path):
    options = {"dt_ms": 1, "spike_times": [[0.1]]}
    save_recording(tmp_path / "a.h5", metadata={"session_start_time": "?"}, **options)
    with (
        open_recording(tmp_path / "a.h5") as recording,
        pytest.raises(ValueError, match="date of ISO 8601, got '?'"),
    ):
        export_nwb(recording, tmp_path / "a.nwb")
    assert not (tmp_path / "a.nwb").exists()


def test_without_pynwb_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynwb", None)
    with pytest.raises(ImportError, match=r"pip install 'v1model\[nwb\]'"):
        import_nwb(tmp_path / "a.nwb", tmp_path / "a.h5")
