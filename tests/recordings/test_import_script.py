"""`scripts/import_recording.py` as a user runs it."""

import h5py
import numpy as np
import pandas as pd
import pytest
from absl import flags

from tests.programs import load_script, parsed
from tests.recordings.made_up import assert_same_files, made_up, write
from v1model.recordings import export_nwb, open_recording


@pytest.fixture(scope="module")
def script():
    return load_script("import_recording")


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "activity": rng.random((20, 3)).astype(np.float32),
        "valid": np.array([True, False, True]),
        "spike_times": np.array([0.01, 0.02, 0.05]),
        "spike_neuron": np.array([2, 0, 2]),
        "neurons/area": np.array(["VISp", "VISl", "µ"]),
        "trials/start_s": np.array([0.0, 0.1]),
        "trials/stop_s": np.array([0.1, 0.2]),
        "trials/frame": np.array([3, -1]),
        "stimulus/movie": np.arange(20) % 3 - 1,
        "frames/movie": rng.random((2, 4, 5)),
        "behavior/speed": rng.random(20),
    }


def run(script, path, *arguments):
    return script.convert(path, parsed(script, *arguments))


def as_h5(path, arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            is_text = array.dtype.kind == "U"
            file[name] = array.astype(h5py.string_dtype()) if is_text else array


def test_every_flag_explains_itself(script):
    values = flags.FlagValues()
    script.define_flags(values)
    assert all(values[name].help.endswith(".") for name in values)


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_arrays_become_a_recording(script, arrays, tmp_path, suffix, capsys):
    path = tmp_path / f"mine{suffix}"
    np.savez(path, **arrays) if suffix == ".npz" else as_h5(path, arrays)
    out = run(
        script, path, "--dt_ms=10", "--quantity=calcium", f"--out={tmp_path}/a.h5"
    )
    assert "mine" in capsys.readouterr().out
    with open_recording(out) as recording:
        assert (recording.dt_ms, recording.session_id) == (10, "mine")
        assert recording.source == path.name
        calcium = recording.activity["calcium"]
        np.testing.assert_array_equal(calcium.read(), arrays["activity"])
        times, neuron = recording.activity["spikes"].spike_times()
        assert (times.tolist(), neuron.tolist()) == ([0.01, 0.02, 0.05], [2, 0, 2])
        expected = {"id": [0, 1, 2], "area": ["VISp", "VISl", "µ"]}
        assert recording.neurons.to_dict("list") == expected
        assert recording.trials["frame"].tolist() == [3, -1]
        movie = recording.stimulus["movie"]
        np.testing.assert_array_equal(movie.frames, arrays["frames/movie"])
        np.testing.assert_array_equal(movie.index(), arrays["stimulus/movie"])
        speed = recording.behavior["speed"].read()
        np.testing.assert_array_equal(speed, arrays["behavior/speed"])
        assert recording.valid().all(axis=0).tolist() == [True, False, True]


def test_a_matrix_alone_is_enough(script, arrays, tmp_path):
    matrix = arrays["activity"]
    np.save(tmp_path / "a.npy", matrix)
    pd.DataFrame(matrix, columns=["x", "y", "z"]).to_csv(
        tmp_path / "b.csv", index=False, float_format="%.9g"
    )
    for name in ("a.npy", "b.csv"):
        out = run(script, tmp_path / name, "--dt_ms=5", "--quantity=rate", "--name=r")
        assert out == (tmp_path / name).with_suffix(".h5")
        with open_recording(out) as recording:
            np.testing.assert_array_equal(recording.activity["r"].read(), matrix)
    with open_recording(tmp_path / "b.h5") as recording:
        assert recording.neurons["name"].tolist() == ["x", "y", "z"]


def test_missing_values_become_invalid_only_if_that_is_wished(script, arrays, tmp_path):
    matrix = arrays["activity"].copy()
    matrix[4:6, 1] = np.nan
    np.savez(tmp_path / "a.npz", activity=matrix)
    options = ("--dt_ms=5", "--quantity=calcium")
    with pytest.raises(ValueError, match="got nan of neuron 1 in step 4"):
        run(script, tmp_path / "a.npz", *options)
    out = run(script, tmp_path / "a.npz", *options, "--nan=invalid")
    with open_recording(out) as recording:
        np.testing.assert_array_equal(recording.valid(), np.isfinite(matrix))


def test_a_rate_of_steps_is_their_exact_length(script, arrays, tmp_path):
    np.savez(tmp_path / "a.npz", activity=arrays["activity"])
    out = run(script, tmp_path / "a.npz", "--hz=30", "--quantity=calcium")
    with open_recording(out) as recording:
        assert recording.dt_ms == 1000 / 30


def test_fewer_steps_than_neurons_are_told(script, arrays, tmp_path, caplog):
    for name, matrix in (("a", arrays["activity"]), ("b", arrays["activity"].T)):
        np.save(tmp_path / f"{name}.npy", matrix)
        run(script, tmp_path / f"{name}.npy", "--hz=30", "--quantity=calcium")
    [line] = [one.getMessage() for one in caplog.records if "steps" in one.getMessage()]
    assert line.endswith("b.npy: 3 steps of 20 neurons; rows must be time")


def test_an_nwb_file_becomes_a_recording(script, tmp_path):
    pytest.importorskip("pynwb")
    path = write(made_up(), tmp_path / "a.h5")
    with open_recording(path) as recording:
        export_nwb(recording, tmp_path / "b.nwb")
    assert_same_files(path, run(script, tmp_path / "b.nwb"))


def test_a_pickle_inside_is_not_opened(script, tmp_path):
    np.savez(tmp_path / "a.npz", activity=np.array([{}], object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        run(script, tmp_path / "a.npz", "--dt_ms=1", "--quantity=rate")


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, ("--quantity=rate",), "a.npz: --dt_ms or --hz is needed"),
        ({}, ("--dt_ms=1",), "a.npz: --quantity is needed, one of .*calcium"),
        (
            {},
            ("--dt_ms=10", "--quantity=rate", "--hz=100"),
            "a.npz: --hz must be above 0 and without --dt_ms, got 100.0 and 10.0",
        ),
        ({}, ("--quantity=rate", "--hz=0"), "a.npz: --hz must be above 0"),
        ({"spike_neuron": None}, (), "spike_times need spike_neuron"),
        (
            {"activity": None, "spike_times": None},
            (),
            "neither 'activity' nor 'spike_times'",
        ),
        ({"speed": np.ones(3)}, (), r"unknown arrays \['speed'\]; known are"),
        (
            {"neurons/x": np.ones(2)},
            (),
            "columns of neurons differ in length: .*'area': 3, 'x': 2",
        ),
        ({}, ("--out=a.nwb",), "out must be another file that ends with .h5"),
        ({"spike_times": np.array([0.2, 0.1, 0.3])}, (), "must be in order"),
    ],
)
def test_what_is_wrong_says_so(script, arrays, tmp_path, change, arguments, message):
    arrays = {**arrays, **change}
    kept = {name: array for name, array in arrays.items() if array is not None}
    np.savez(tmp_path / "a.npz", **kept)
    if not any(argument.startswith(("--dt", "--quant")) for argument in arguments):
        arguments = ("--dt_ms=10", "--quantity=rate", *arguments)
    with pytest.raises(ValueError, match=message):
        run(script, tmp_path / "a.npz", *arguments)
    assert [one.name for one in tmp_path.iterdir()] == ["a.npz"]


def test_other_files_are_refused(script, tmp_path):
    with pytest.raises(ValueError, match="a.mat: the suffix must be one of"):
        run(script, tmp_path / "a.mat", "--dt_ms=1")
    with pytest.raises(FileNotFoundError, match="a.npz does not exist"):
        run(script, tmp_path / "a.npz", "--dt_ms=1")
