"""Recordings of the user's own arrays."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.recordings import open_recording, save_recording

TRAINS = st.lists(
    st.lists(st.floats(0, 0.999), max_size=20).map(sorted), min_size=1, max_size=5
)


@settings(deadline=None, max_examples=40)
@given(trains=TRAINS, dt_ms=st.floats(0.5, 400))
def test_spike_times_come_back_bit_for_bit(tmp_path_factory, trains, dt_ms):
    folder = tmp_path_factory.mktemp("arrays")
    n_steps = int(np.ceil(1000 / dt_ms))
    options = {"dt_ms": dt_ms, "n_steps": n_steps}
    save_recording(folder / "a.h5", spike_times=trains, **options)
    with open_recording(folder / "a.h5") as recording:
        found = recording.activity["spikes"].trains()
        pair = recording.activity["spikes"].spike_times()
    assert [train.tolist() for train in found] == trains
    neurons = pd.DataFrame({"id": range(len(trains))})
    save_recording(folder / "b.h5", spike_times=pair, neurons=neurons, **options)
    with open_recording(folder / "b.h5") as recording:
        again = recording.activity["spikes"].spike_times()
    np.testing.assert_array_equal(pair, again)


def test_arrays_keep_their_precision_and_counts_their_size(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "half": rng.random((30, 4)).astype(np.float16),
        "calcium": rng.random((30, 4)).astype(np.float32),
        "double": rng.random((30, 4)),
        "few": rng.integers(0, 4, (30, 4)),
        "many": rng.integers(0, 400, (30, 4)).astype(float),
    }
    quantities = {
        "half": "voltage",
        "calcium": "calcium",
        "double": "rate",
        "few": "count",
        "many": "count",
    }
    save_recording(
        tmp_path / "a.h5",
        dt_ms=33.3,
        activity=arrays,
        quantities=quantities,
        units={"calcium": "%"},
        stimulus={"movie": np.arange(30) % 3},
        frames={"movie": rng.random((3, 5, 6))},
        behavior={"speed": rng.random(30)},
        source="two-photon",
        session_id="m1",
        metadata={"depth_um": 200},
    )
    with open_recording(tmp_path / "a.h5") as recording:
        assert recording.neurons["id"].tolist() == [0, 1, 2, 3]
        dtypes = {name: one.signal.dtype for name, one in recording.activity.items()}
        for name, array in arrays.items():
            found = recording.activity[name].read()
            np.testing.assert_array_equal(found, array.astype(found.dtype))
        assert recording.activity["calcium"].unit == "%"
        assert recording.stimulus["movie"].read(0, 3).shape == (3, 5, 6)
        assert recording.behavior["speed"].read().shape == (30,)
        assert recording.metadata == {"depth_um": 200}
    assert dtypes == {
        "half": "float16",
        "calcium": "float32",
        "double": "float64",
        "few": "uint8",
        "many": "uint16",
    }


def test_the_end_is_that_of_the_spikes_and_trials(tmp_path):
    times = [np.array([0.1, 0.25])]
    trials = pd.DataFrame({"start_s": [0.0], "stop_s": [0.5]})
    for options, n_steps in (({}, 26), ({"trials": trials}, 50), ({"n_steps": 90}, 90)):
        save_recording(tmp_path / "a.h5", dt_ms=10, spike_times=times, **options)
        with open_recording(tmp_path / "a.h5") as recording:
            assert recording.n_steps == n_steps


def test_missing_values_become_invalid_if_that_is_wished(tmp_path):
    values = np.random.default_rng(0).random((30, 4))
    values[5:9, 2] = np.nan
    options = {"dt_ms": 1, "activity": {"c": values}, "quantities": {"c": "calcium"}}
    with pytest.raises(ValueError, match="got nan of neuron 2 in step 5"):
        save_recording(tmp_path / "a.h5", **options)
    save_recording(tmp_path / "a.h5", valid=np.isfinite(values), **options)
    with open_recording(tmp_path / "a.h5") as recording:
        np.testing.assert_array_equal(recording.valid(), np.isfinite(values))
        np.testing.assert_array_equal(
            recording.activity["c"].read(), values.astype(np.float32)
        )


ONE = {"a": np.zeros((5, 2))}
RATE = {"a": "rate"}
WRONG = [
    ({}, "neither activity nor spike_times"),
    ({"activity": ONE}, "quantities must say what 'a' is"),
    ({"activity": ONE, "quantities": {"a": "b"}}, "quantity 'b' is unknown"),
    ({"activity": {"a": np.zeros(5)}, "quantities": RATE}, r"\(T, N\), got \(5,\)"),
    (
        {
            "activity": {**ONE, "b": np.zeros((6, 2))},
            "quantities": {**RATE, "b": "rate"},
        },
        "lengths disagree: {'a': 5, 'b': 6}",
    ),
    ({"activity": ONE, "quantities": RATE, "n_steps": 4}, "lengths disagree"),
    (
        {"activity": ONE, "quantities": RATE, "stimulus": {"s": np.zeros(6)}},
        "lengths disagree: {'a': 5, 's': 6}",
    ),
    (
        {"activity": ONE, "quantities": RATE, "neurons": pd.DataFrame({"id": [1]})},
        r"activity 'a' must have shape \(t, 1\), got \(5, 2\)",
    ),
    (
        {"activity": {"spikes": np.zeros((5, 1))}, "spike_times": [[0.1]]},
        "'spikes' are given as counts and as times",
    ),
    ({"spike_times": [[0.1, 0.3, 0.2]]}, "neuron 0 must be in order, got 0.2 s after"),
    ({"spike_times": [[], [0.1, np.nan]]}, "of neuron 1 must be finite"),
    ({"spike_times": [[0.2]], "n_steps": 100}, r"in \[0.0, 0.1\) s, got 0.2 to 0.2"),
    ({"spike_times": [[-0.2]], "n_steps": 100}, "got -0.2 to -0.2"),
    ({"spike_times": [[]]}, "n_steps is needed, there are no spikes"),
    (
        {"spike_times": [[0.1]], "neurons": pd.DataFrame({"id": [1, 2]})},
        "spike_times are of 1 neurons, the table of 2",
    ),
    (
        {"spike_times": (np.array([0.2, 0.1]), np.array([0, 0]))},
        "must be in order, got 0.1 s after 0.2 s",
    ),
    (
        {"spike_times": (np.array([0.2]), np.array([0, 0]))},
        r"same length, got shapes \(1,\) and \(2,\)",
    ),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_what_is_wrong_is_refused_before_anything_is_written(
    tmp_path, options, message
):
    with pytest.raises(ValueError, match=message):
        save_recording(tmp_path / "a.h5", dt_ms=1, **options)
    assert list(tmp_path.iterdir()) == []


def test_invalid_stretches_of_single_neurons(tmp_path):
    """As of one probe of several."""
    save_recording(
        tmp_path / "a.h5",
        dt_ms=1,
        spike_times=[[0.1], [0.2], [0.3]],
        n_steps=500,
        invalid=pd.DataFrame({"start_s": [0.1005], "stop_s": [0.2]}),
        invalid_neurons=np.array([[True, False, False]]),
    )
    with open_recording(tmp_path / "a.h5") as recording:
        valid = recording.valid_between([0.0, 0.0, 0.2], [0.1005, 0.1006, 0.3])
    assert valid.tolist() == [[True] * 3, [False, True, True], [True] * 3]


ARRAYS = {"activity": {"c": np.zeros((9, 2))}, "quantities": {"c": "calcium"}}
TRIALS = {"start_s": ["a"], "stop_s": ["b"]}
INTERVAL = {"start_s": [2.0], "stop_s": [1.0]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"valid": np.ones((20, 2), bool)}, r"valid must have 9 rows .* \(20, 2\)"),
        ({"quantities": {"c": "rate", "d": "rate"}}, "quantities name .'d'."),
        ({"units": {"d": "mV"}}, "units name .'d'."),
        ({"quantities": {"c": "calc"}}, "activity 'c': quantity 'calc' is unknown"),
        (
            {"activity": {"c": np.full((9, 2), "a")}, "quantities": {"c": "count"}},
            "activity 'c' must hold numbers, got <U1",
        ),
        (
            {"activity": {"c": np.full((9, 2), 2**40)}, "quantities": {"c": "count"}},
            "activity 'c': dtype of a count .* uint64",
        ),
        ({"trials": pd.DataFrame(TRIALS)}, "'start_s' must hold times in s, got"),
        ({"invalid": pd.DataFrame({"from": [0.0]})}, "invalid must have .*'start_s'"),
        ({"invalid": pd.DataFrame(INTERVAL)}, "interval 0 .* got 2.0 to 1.0 s"),
        (
            {"spike_times": [np.array([0.0]), np.array([0.001, np.nan])]},
            "spike_times of neuron 1 must be finite, got nan s at position 1",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_field_and_value(tmp_path, options, message):
    with pytest.raises(ValueError, match=f"x.h5: .*{message}"):
        save_recording(tmp_path / "x.h5", dt_ms=1.0, **{**ARRAYS, **options})
    assert not list(tmp_path.iterdir())
