"""The activity and the stimulus that a model reads of a recording."""

import os
import sys
import types

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.latent.recorded import write
from v1model.latent.config import TrainingConfig
from v1model.latent.signals import settled
from v1model.latent.source import open_source


def training(path, **options):
    return TrainingConfig(training_data_path=str(path), **options)


def test_a_stretch_is_the_rows_of_the_recording(tmp_path):
    voltage, bars = write(tmp_path / "eye.h5")
    with open_source(training(tmp_path / "eye.h5")) as source:
        assert (source.n_steps, source.n_neurons, source.n_inputs) == (60, 5, 3)
        assert (source.name, source.dt_ms, source.signal) == ("eye", 20, "voltage")
        assert source.cell_types.tolist() == ["T0", "T1", "T0", "T1", "T0"]
        for start, stop in ((0, 60), (13, 40), (59, 60), (7, 7)):
            stretch = source.read(start, stop)
            np.testing.assert_array_equal(stretch.activity, voltage[start:stop])
            np.testing.assert_array_equal(stretch.stimulus, bars[start:stop])
            assert stretch.valid is None
            for array in stretch[:2]:
                assert array.dtype == np.float32 and array.flags.c_contiguous


def test_steps_outside_the_recording_are_refused(tmp_path):
    write(tmp_path / "eye.h5")
    with open_source(training(tmp_path / "eye.h5")) as source:
        for start, stop in ((-1, 5), (5, 61), (9, 8)):
            with pytest.raises(ValueError, match=f"eye.h5: .* 0..60 .* {start} to"):
                source.read(start, stop)


def test_another_recording_is_read_in_the_way_of_the_training(tmp_path):
    write(tmp_path / "a.h5")
    voltage, bars = write(tmp_path / "b.h5", seed=1)
    options = training(tmp_path / "a.h5")
    with open_source(options, tmp_path / "b.h5", n_inputs=2) as source:
        assert source.name == "b"
        np.testing.assert_array_equal(source.read(3, 9).activity, voltage[3:9])
        np.testing.assert_array_equal(source.read(3, 9).stimulus, bars[3:9, :2])


def test_a_run_without_a_recording_is_refused():
    with pytest.raises(ValueError, match="training_data_path .* both are none"):
        open_source(TrainingConfig())


def test_the_wanted_signal_is_found_by_name_or_by_quantity(tmp_path):
    path = tmp_path / "a.h5"
    shape = (10, 2)
    signals = {"v": "voltage", "calcium": "calcium", "dye": "calcium"}
    arrays = {name: np.full(shape, k) for k, name in enumerate(signals)}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    write(path, 10, 2, activity=arrays, quantities=signals)
    for wanted, value in (("VOLTAGE", 0), ("CALCIUM", 1), ("dye", 2), ("v", 0)):
        with open_source(training(path, column_to_model=wanted)) as source:
            assert (source.read(0, 10).activity == value).all()
    with pytest.raises(ValueError, match=r"a.h5: .*'RATE': no signal.*'v': 'voltage'"):
        open_source(training(path, column_to_model="RATE"))


def test_two_signals_of_one_quantity_are_told_apart_by_name(tmp_path):
    arrays = {name: np.zeros((10, 2), np.float32) for name in ("soma", "axon")}
    kinds = dict.fromkeys(arrays, "voltage")
    write(tmp_path / "a.h5", 10, 2, activity=arrays, quantities=kinds)
    with pytest.raises(ValueError, match="'VOLTAGE': 2 signals are .*'axon'"):
        open_source(training(tmp_path / "a.h5"))


def test_a_recording_without_a_stimulus_has_no_inputs(tmp_path):
    write(tmp_path / "a.h5", stimulus=None)
    with open_source(training(tmp_path / "a.h5")) as source:
        assert source.n_inputs == 0
        assert source.read(5, 9).stimulus.shape == (4, 0)


def test_of_several_stimuli_one_must_be_named(tmp_path):
    two = {name: np.full((60, 2), k, float) for k, name in enumerate("ab")}
    write(tmp_path / "a.h5", stimulus=two)
    with pytest.raises(ValueError, match=r"stimulus must be one of \['a', 'b'\]"):
        open_source(training(tmp_path / "a.h5"))
    with open_source(training(tmp_path / "a.h5", stimulus="b")) as source:
        assert (source.read(0, 3).stimulus == 1).all()


def test_more_inputs_than_the_stimulus_has_are_refused(tmp_path):
    write(tmp_path / "a.h5")
    with pytest.raises(ValueError, match="num_input_dims .* 3 columns .* got 4"):
        open_source(training(tmp_path / "a.h5"), n_inputs=4)


@pytest.mark.parametrize("kept_bytes", [0, 2**20])
def test_pictures_are_rows_of_numbers_and_bytes_are_scaled(
    tmp_path, monkeypatch, kept_bytes
):
    monkeypatch.setattr("v1model.latent.signals._KEPT_FRAMES", kept_bytes)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (4, 3, 5), dtype=np.uint8)
    index = rng.integers(-1, 4, 60)
    write(tmp_path / "a.h5", stimulus={"movie": index}, frames={"movie": frames})
    expected = np.where(index[:, None] < 0, 0, frames.reshape(4, 15)[index] / 255)
    with open_source(training(tmp_path / "a.h5"), n_inputs=11) as source:
        found = source.read(20, 50).stimulus
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[20:50, :11], rtol=1e-6)


def test_what_is_not_valid_is_zero_and_marked(tmp_path):
    valid = np.random.default_rng(1).random((60, 5)) < 0.7
    voltage = np.random.default_rng(2).standard_normal((60, 5)).astype(np.float32)
    voltage[~valid] = np.nan
    write(tmp_path / "a.h5", activity={"voltage": voltage}, valid=valid)
    with open_source(training(tmp_path / "a.h5")) as source:
        assert source.has_gaps
        stretch = source.read(10, 45)
    np.testing.assert_array_equal(stretch.valid, valid[10:45])
    expected = np.where(valid, voltage, 0)[10:45]
    np.testing.assert_array_equal(stretch.activity, expected)


@pytest.mark.parametrize("item", ["activity/voltage", "stimulus/bars"])
def test_a_valid_value_that_is_no_number_is_named(tmp_path, item):
    path = tmp_path / "a.h5"
    write(path)
    with h5py.File(path, "a") as file:
        rows = file[item][()]
        rows[33, 2] = np.nan
        del file[item].parent[item.split("/")[1]]
        file[item] = rows
        if item.startswith("activity"):
            file[item].attrs.update(quantity="voltage", unit="mV")
    with open_source(training(path)) as source:
        source.read(0, 33)
        what = "a.h5: (voltage|the stimulus) is nan in step 33, (neuron|column) 2"
        with pytest.raises(ValueError, match=what):
            source.read(20, 40)


def counts_of(tmp_path, n_steps=900, n_neurons=4):
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.05, (n_steps, n_neurons)).astype(np.uint8)
    counts[200:600, 1] = 0
    activity, kinds = {"spikes": counts}, {"spikes": "count"}
    return counts, {"activity": activity, "quantities": kinds, "dt_ms": 2.0}


def test_counts_are_read_as_numbers(tmp_path):
    counts, given = counts_of(tmp_path)
    write(tmp_path / "a.h5", 900, 4, **given)
    options = training(tmp_path / "a.h5", column_to_model="COUNT")
    with open_source(options) as source:
        activity = source.read(100, 300).activity
    assert activity.dtype == np.float32
    np.testing.assert_array_equal(activity, counts[100:300])


def test_smoothed_counts_are_a_causal_exponential_wherever_a_read_begins(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("v1model.latent.signals._BLOCK", 64)
    counts, given = counts_of(tmp_path)
    write(tmp_path / "a.h5", 900, 4, **given)
    options = {"column_to_model": "COUNT", "smoothing_ms": 10.0}
    kept, rate = np.exp(-2.0 / 10.0), np.zeros(4)
    expected = []
    for row in counts.astype(float):
        rate = kept * rate + (1 - kept) * row * 500  # Hz
        expected.append(rate)
    expected = np.array(expected)
    with open_source(training(tmp_path / "a.h5", **options)) as source:
        for start, stop in ((0, 900), (1, 2), (63, 65), (300, 555), (899, 900)):
            found = source.read(start, stop).activity
            near = {"rtol": 1e-6, "atol": 1e-8 * expected.max()}
            np.testing.assert_allclose(found, expected[start:stop], **near)


def test_a_smoothed_rate_is_the_mean_rate(tmp_path):
    counts = np.ones((900, 1), np.uint8)
    given = {"activity": {"n": counts}, "quantities": {"n": "count"}, "dt_ms": 5.0}
    write(tmp_path / "a.h5", 900, 1, **given)
    options = {"column_to_model": "COUNT", "smoothing_ms": 40.0}
    with open_source(training(tmp_path / "a.h5", **options)) as source:
        np.testing.assert_allclose(source.read(500, 510).activity, 200, rtol=1e-6)


def test_only_counts_are_smoothed(tmp_path):
    write(tmp_path / "a.h5")
    with pytest.raises(ValueError, match="smoothing_ms .* 'voltage', a voltage, got 9"):
        open_source(training(tmp_path / "a.h5", smoothing_ms=9))


@given(seed=st.integers(0, 50), n_settling=st.integers(0, 6))
def test_a_value_is_settled_when_those_before_it_are_valid(seed, n_settling):
    valid = np.random.default_rng(seed).random((25, 3)) < 0.8
    found = settled(valid, n_settling)
    for t in range(25):
        before = valid[max(t - n_settling, 0) : t + 1]
        np.testing.assert_array_equal(found[t], before.all(axis=0))


@settings(deadline=None, max_examples=10)
@given(start=st.integers(0, 890))
def test_validity_of_a_smoothed_rate_does_not_depend_on_the_read(
    tmp_path_factory, start
):
    path = tmp_path_factory.mktemp("gaps") / "a.h5"
    counts, given = counts_of(path.parent)
    valid = np.ones(counts.shape, bool)
    valid[100:130, 2] = valid[400:410, 0] = False
    write(path, 900, 4, valid=valid, **given)
    options = {"column_to_model": "COUNT", "smoothing_ms": 10.0}
    with open_source(training(path, **options)) as source:
        whole, part = source.read(0, 900), source.read(start, 900)
    np.testing.assert_array_equal(whole.valid[start:], part.valid)
    assert not whole.valid[100:145, 2].any() and whole.valid[145:, 2].all()


def test_the_connectome_has_a_row_for_each_postsynaptic_neuron(tmp_path):
    table = pd.DataFrame(
        {"pre": [0, 0, 4, 0], "post": [1, 2, 1, 1], "weight": [0.5, -2, 3, 0.25]}
    )
    write(tmp_path / "a.h5", connections=table)
    with open_source(training(tmp_path / "a.h5")) as source:
        connectome = source.connectome
    expected = np.zeros((5, 5))
    for pre, post, weight in table.itertuples(index=False):
        expected[post, pre] += weight
    assert connectome.format == "csr" and connectome.nnz == 3
    np.testing.assert_array_equal(connectome.toarray(), expected)


def test_types_are_unknown_where_the_table_has_none(tmp_path):
    write(tmp_path / "a.h5", neurons=pd.DataFrame({"id": range(5)}))
    with open_source(training(tmp_path / "a.h5")) as source:
        assert source.cell_types.tolist() == [""] * 5
        assert source.connectome is None


def test_a_source_may_be_closed_twice(tmp_path):
    write(tmp_path / "a.h5")
    with open_source(training(tmp_path / "a.h5")) as source:
        source.close()


@pytest.fixture
def imports(monkeypatch):
    """What was imported, by an importer of which only the call matters here."""
    done = []

    def import_zarr(path, out, *, n_inputs=None):
        done.append((path.name, n_inputs))
        write(out, n_inputs=n_inputs or 3)

    module = types.SimpleNamespace(import_zarr=import_zarr)
    monkeypatch.setitem(sys.modules, "v1model.recordings.zarr_import", module)
    return done


def test_a_folder_of_the_published_layout_is_imported_once_and_when_it_changes(
    tmp_path, imports
):
    folder = tmp_path / "fly_N9"
    (folder / "x_list_0").mkdir(parents=True)
    for _ in range(2):
        with open_source(training(folder)) as source:
            assert (source.path, source.n_steps) == (tmp_path / "fly_N9.h5", 60)
    assert imports == [("fly_N9", None)]
    with open_source(training(folder), n_inputs=2) as source:
        assert source.n_inputs == 2
    assert imports == [("fly_N9", None), ("fly_N9", 2)]
    later = (tmp_path / "fly_N9.h5").stat().st_mtime + 5
    os.utime(folder / "x_list_0", (later, later))
    with open_source(training(folder)):
        assert imports[2:] == [("fly_N9", None)]


def test_a_simulation_lies_in_the_published_folder(tmp_path, imports, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graphs_data" / "fly" / "fly_N9_62_1").mkdir(parents=True)
    with open_source(TrainingConfig(simulation_config="fly_N9_62_1")) as source:
        assert source.name == "fly_N9_62_1"
    assert imports == [("fly_N9_62_1", None)]
