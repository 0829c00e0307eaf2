"""Recordings with longer steps, against sums over the rows that enter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recordings.made_up import made_up, write
from v1model.recordings import open_recording, rebinning, save_recording
from v1model.recordings.rebinning import rebin


def rebinned(source, path, factor, **options):
    with open_recording(source) as recording:
        rebin(recording, path, factor, **options)
    return path


@pytest.mark.parametrize("factor", [1, 3, 7])
def test_each_row_is_what_the_convention_says(tmp_path, factor, monkeypatch):
    monkeypatch.setattr(rebinning, "_PIECE_BYTES", 5000)  # several pieces
    source = write(made_up(), tmp_path / "source.h5")
    path = rebinned(source, tmp_path / "out.h5", factor, averaged=("voltages",))
    with open_recording(source) as old, open_recording(path) as new:
        assert new.n_steps == old.n_steps // factor
        assert new.dt_ms == old.dt_ms * factor
        assert new.start_s == old.start_s
        assert new.metadata == {**old.metadata, "rebinned": factor}
        pd.testing.assert_frame_equal(new.neurons, old.neurons)
        pd.testing.assert_frame_equal(new.trials, old.trials)
        read = {name: one.read() for name, one in old.activity.items()}
        valid = old.valid()
        for k in range(new.n_steps):
            entering = slice(max((k - 1) * factor + 1, 0), k * factor + 1)
            step = slice(k * factor, (k + 1) * factor)
            is_valid = valid[entering].all(axis=0)
            assert (new.valid(k, k + 1)[0] == is_valid).all()
            for name, one in new.activity.items():
                rows = read[name][entering].astype(np.float64)
                if one.quantity == "count":
                    expected = rows.sum(axis=0)
                else:
                    expected = rows.mean(axis=0) if name == "voltages" else rows[-1]
                found = one.read(k, k + 1)[0]
                np.testing.assert_allclose(
                    found[is_valid], expected[is_valid], rtol=2e-3, err_msg=name
                )
            for name, one in new.stimulus.items():
                rows = old.stimulus[name].read()[step].astype(np.float64)
                expected = rows[0] if one.is_framed else rows.mean(axis=0)
                np.testing.assert_allclose(
                    one.read(k, k + 1)[0], expected, rtol=1e-5, atol=1e-6
                )
            for name, one in new.behavior.items():
                np.testing.assert_array_equal(
                    one.read(k, k + 1)[0], old.behavior[name].read()[step][0]
                )


@settings(max_examples=20, deadline=None)
@given(factor=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_linear_system_stays_one_with_the_mean_stimulus(
    tmp_path_factory, factor, seed
):
    """v(t + 1) = v(t) + s(t): the sampled state moves by factor times the mean."""
    folder = tmp_path_factory.mktemp("linear")
    rng = np.random.default_rng(seed)
    stimulus = rng.normal(size=(50, 2))
    state = np.concatenate([np.zeros((1, 2)), np.cumsum(stimulus, axis=0)[:-1]])
    save_recording(
        folder / "fine.h5",
        dt_ms=1.0,
        activity={"voltages": state},
        quantities={"voltages": "voltage"},
        stimulus={"input": stimulus},
    )
    path = rebinned(folder / "fine.h5", folder / "coarse.h5", factor)
    with open_recording(path) as recording:
        states = recording.activity["voltages"].read()
        given_ = recording.stimulus["input"].read()
    np.testing.assert_allclose(
        np.diff(states, axis=0), factor * given_[:-1], rtol=1e-4, atol=1e-4
    )


def test_another_stimulus_can_stand_in_the_place_of_the_recordings_own(tmp_path):
    source = write(made_up(), tmp_path / "source.h5")
    done = []
    path = rebinned(
        source,
        tmp_path / "out.h5",
        4,
        stimulus={"step": lambda start, stop: np.arange(start, stop)[:, None]},
        report=lambda *n: done.append(n),
    )
    with open_recording(path) as recording:
        assert [*recording.stimulus] == ["step"]
        found = recording.stimulus["step"].read()[:, 0]
    np.testing.assert_array_equal(found, 1.5 + 4 * np.arange(10))
    assert done == [(10, 10)]


def test_no_spike_is_counted_twice_and_none_is_lost_before_the_last_row(tmp_path):
    counts = np.random.default_rng(0).poisson(30, (40, 3)).astype(np.uint8)
    source = tmp_path / "source.h5"
    save_recording(
        source, dt_ms=1.0, activity={"spikes": counts}, quantities={"spikes": "count"}
    )
    with open_recording(rebinned(source, tmp_path / "out.h5", 10)) as recording:
        found = recording.activity["spikes"].read()
    assert found.max() > 255  # more than one byte holds
    np.testing.assert_array_equal(found.sum(0), counts[:31].sum(0))


def test_what_cannot_be_rebinned_is_refused_before_anything_is_written(tmp_path):
    source = write(made_up(), tmp_path / "source.h5")
    wrong = [
        ({"factor": 0}, "factor must be a whole number from 1 on, got 0"),
        ({"factor": 1.5}, "factor must be a whole number from 1 on, got 1.5"),
        ({"factor": 10**6}, "factor must be at most"),
        ({"factor": 2, "averaged": ("nothing",)}, "averaged must be some of"),
    ]
    with open_recording(source) as recording:
        for options, message in wrong:
            with pytest.raises(ValueError, match=message):
                rebin(recording, tmp_path / "out.h5", **options)
    assert not (tmp_path / "out.h5").exists()
