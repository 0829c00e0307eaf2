"""Binned spikes of a recording are those of its spike times, where they are valid."""

import numpy as np
import pandas as pd
import pytest

from v1model.presentations import recording_bins
from v1model.presentations.binned_files import write_binned
from v1model.presentations.binning import bin_spikes
from v1model.presentations.loading import load_binned
from v1model.presentations.recording_bins import bin_recording
from v1model.presentations.synthetic import draw_session, write_session_recording
from v1model.recordings import open_recording, save_recording

RNG = np.random.default_rng(0)
N_UNITS = 3
ON_EDGES = np.arange(40) * 0.9 + 0.25  # of two bins in each presentation
TRAINS = [
    np.sort(np.append(RNG.uniform(0, 40, 400), ON_EDGES)),
    np.empty(0),
    np.sort(RNG.uniform(0, 40, 900)),
]


def trials(**columns):
    """Forty presentations, of which every fourth shows something else."""
    start_s = np.arange(40) * 0.9
    table = {
        "start_s": start_s,
        "stop_s": start_s + 0.5,
        "stimulus": np.where(np.arange(40) % 4 == 3, "flashes", "natural_scenes"),
        "frame": np.where(np.arange(40) % 4 == 3, np.nan, np.arange(40.0) % 5 - 1),
    }
    return pd.DataFrame({**table, **columns})


def recorded(tmp_path, table=None, **others):
    path = tmp_path / "a.h5"
    save_recording(
        path,
        dt_ms=1.0,
        spike_times=TRAINS,
        trials=trials() if table is None else table,
        neurons=pd.DataFrame({"id": [5, 9, 2], "area": ["VISp", "VISl", "VISp"]}),
        session_id="715",
        n_steps=41_000,
        **others,
    )
    return open_recording(path)


def test_counts_labels_and_units_are_those_of_the_recording(tmp_path):
    with recorded(tmp_path) as recording:
        binned = bin_recording(recording, 4, stimulus="natural_scenes")
    shown = trials().query("stimulus == 'natural_scenes'")
    start_s, stop_s = shown.start_s.to_numpy(), shown.stop_s.to_numpy()
    np.testing.assert_array_equal(binned.counts, bin_spikes(TRAINS, start_s, stop_s, 4))
    np.testing.assert_array_equal(binned.labels, shown.frame)
    assert binned.labels.dtype == np.int64
    np.testing.assert_array_equal(binned.presentation_id, shown.index)
    assert binned.units["area"].tolist() == ["VISp", "VISl", "VISp"]
    assert (binned.session_id, binned.valid.all()) == ("715", True)


@pytest.mark.parametrize("piece", [1, 7])
def test_reading_in_small_pieces_changes_nothing(tmp_path, monkeypatch, piece):
    with recorded(tmp_path) as recording:
        whole = bin_recording(recording, 3, label="stimulus")
        monkeypatch.setattr(recording_bins, "_PIECE_PRESENTATIONS", piece)
        monkeypatch.setattr(recording_bins, "_PIECE_S", 0.31)
        pieces = bin_recording(recording, 3, label="stimulus")
    np.testing.assert_array_equal(whole.counts, pieces.counts)
    assert set(whole.classes) == {"flashes", "natural_scenes"}


def test_a_synthetic_session_is_recorded_and_binned_again(tmp_path):
    session = draw_session(9, 4, 12, 3, with_spike_times=True)
    write_session_recording(session, tmp_path / "s.h5")
    with open_recording(tmp_path / "s.h5") as recording:
        binned = bin_recording(recording, 3, stimulus="natural_scenes")
    for name in ("counts", "labels", "start_s", "stop_s", "block", "valid"):
        expected = getattr(session.binned, name)
        np.testing.assert_array_equal(getattr(binned, name), expected)
    assert binned.units["area"].tolist() == session.binned.units["area"].tolist()


def test_overlapping_presentations_are_refused_or_counted_in_both(tmp_path):
    table = trials(stop_s=np.arange(40) * 0.9 + 2.0)
    with recorded(tmp_path, table) as recording:
        with pytest.raises(ValueError, match=r"trial 1 is counted from 0\.9 s, before"):
            bin_recording(recording, 4, label="stimulus")
        binned = bin_recording(recording, 4, label="stimulus", may_overlap=True)
    expected = bin_spikes(TRAINS, table.start_s, table.stop_s, 4)
    np.testing.assert_array_equal(binned.counts, expected)


def test_a_rounded_clock_is_repaired_and_counts_no_spike_twice(tmp_path):
    start_s = np.arange(40) * 0.9
    stop_s = start_s + 0.9 + np.where(np.arange(40) % 2, 9e-4, -1e-4)
    with recorded(tmp_path, trials(stop_s=stop_s)) as recording:
        binned = bin_recording(recording, 2, label="stimulus")
    expected = np.where(np.arange(40) % 2, np.append(start_s[1:], 0), stop_s)
    expected[-1] = stop_s[-1]
    np.testing.assert_array_equal(binned.stop_s, expected)
    assert (binned.stop_s[:-1] <= binned.start_s[1:]).all()
    expected = bin_spikes(TRAINS, start_s, expected, 2)
    np.testing.assert_array_equal(binned.counts, expected)
    with (
        recorded(tmp_path, trials(stop_s=stop_s + 1e-3)) as recording,
        pytest.raises(ValueError, match="pass may_overlap=True"),
    ):
        bin_recording(recording, 2, label="stimulus")


def test_a_label_without_text_is_missing(tmp_path):
    names = np.array(["up", "down"] * 20, object)
    names[5] = ""
    with (
        recorded(tmp_path, trials(word=names)) as recording,
        pytest.raises(ValueError, match="trial 5 has no 'word'"),
    ):
        bin_recording(recording, 2, label="word")


def test_a_window_replaces_the_presentation(tmp_path):
    with recorded(tmp_path) as recording:
        binned = bin_recording(
            recording, 2, stimulus="flashes", label="stimulus", window=(-0.1, 0.6)
        )
    onset = trials().query("stimulus == 'flashes'").start_s.to_numpy()
    np.testing.assert_array_equal(binned.start_s, onset - 0.1)
    expected = bin_spikes(TRAINS, onset - 0.1, onset + 0.6, 2)
    np.testing.assert_array_equal(binned.counts, expected)
    assert binned.source["window_s"] == [-0.1, 0.6]


def test_presentations_of_any_order_are_taken_in_order_of_time(tmp_path):
    table = trials().sample(frac=1, random_state=3).reset_index(drop=True)
    with recorded(tmp_path, table) as recording:
        binned = bin_recording(recording, 1, stimulus="natural_scenes")
    assert (np.diff(binned.start_s) > 0).all()
    in_table = table.loc[binned.presentation_id]
    np.testing.assert_array_equal(binned.start_s, in_table.start_s)
    np.testing.assert_array_equal(binned.labels, in_table.frame)


def test_dropped_labels_are_left_out_and_counted(tmp_path):
    with recorded(tmp_path) as recording:
        binned = bin_recording(recording, 1, stimulus="natural_scenes", drop=(-1,))
        assert binned.source["dropped_presentations"] == 6
        assert binned.classes.tolist() == [0, 1, 2, 3]
        with pytest.raises(ValueError, match="all presentations have a label of drop"):
            bin_recording(recording, 1, stimulus="natural_scenes", drop=range(-1, 4))


def test_invalid_units_have_no_spikes_and_lost_presentations_are_counted(tmp_path):
    invalid = pd.DataFrame({"start_s": [0.5, 1.0, 8.0], "stop_s": [0.9, 1.1, 9.2]})
    who = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 1]], bool)
    with recorded(tmp_path, invalid=invalid, invalid_neurons=who) as recording:
        binned = bin_recording(recording, 2, label="stimulus")
    # The first interval lies between presentations and only touches them.
    assert binned.presentation_id[:3].tolist() == [0, 1, 2]
    assert binned.valid[:3].tolist() == [[1, 1, 1], [0, 1, 1], [1, 1, 1]]
    assert binned.source["invalid_presentations"] == 2
    assert {9, 10}.isdisjoint(binned.presentation_id)
    expected = bin_spikes(TRAINS, [0.9], [1.4], 2)[0]
    expected[:, 0] = 0
    np.testing.assert_array_equal(binned.counts[1], expected)


def test_a_window_into_an_invalid_stretch_is_invalid(tmp_path):
    invalid = pd.DataFrame({"start_s": [0.6], "stop_s": [0.7]})
    who = np.array([[0, 1, 0]], bool)
    with recorded(tmp_path, invalid=invalid, invalid_neurons=who) as recording:
        assert bin_recording(recording, 1, label="stimulus").valid.all()
        binned = bin_recording(recording, 1, label="stimulus", window=(0, 0.65))
    assert binned.valid[0].tolist() == [True, False, True]


def test_a_presentation_that_is_invalid_before_the_window_is_invalid(tmp_path):
    invalid = pd.DataFrame({"start_s": [0.0], "stop_s": [0.1]})
    who = np.array([[0, 0, 1]], bool)
    with recorded(tmp_path, invalid=invalid, invalid_neurons=who) as recording:
        binned = bin_recording(recording, 1, label="stimulus", window=(0.3, 0.5))
    assert binned.valid[0].tolist() == [True, True, False]


def test_a_recording_that_is_invalid_throughout_is_refused(tmp_path):
    invalid = pd.DataFrame({"start_s": [0.0], "stop_s": [41.0]})
    with (
        recorded(tmp_path, invalid=invalid) as recording,
        pytest.raises(ValueError, match="no unit is valid in any"),
    ):
        bin_recording(recording, 1, label="stimulus")


def test_another_stimulus_or_a_pause_or_a_column_ends_a_block(tmp_path):
    with recorded(tmp_path) as recording:
        binned = bin_recording(recording, 1, stimulus="natural_scenes")
    np.testing.assert_array_equal(binned.block, np.arange(30) // 3)
    start_s = np.arange(40) * 0.5 + 15 * (np.arange(40) >= 25)
    table = trials(start_s=start_s, stop_s=start_s + 0.5)
    with recorded(tmp_path, table) as recording:
        binned = bin_recording(recording, 1, label="stimulus")
    np.testing.assert_array_equal(binned.block, np.arange(40) >= 25)
    with recorded(tmp_path, trials(block=np.arange(40) // 20 * 7)) as recording:
        binned = bin_recording(recording, 1, stimulus="natural_scenes")
    np.testing.assert_array_equal(binned.block, binned.presentation_id >= 20)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stimulus": "movies"}, r"'movies'; choose from \['flashes', 'natural_scenes"),
        ({"label": "image"}, r"no column 'image'; choose from \['start_s'"),
        ({"stimulus": "flashes"}, "trial 3 has no 'frame'"),
        ({"signal": "lfp"}, r"no activity 'lfp'; choose from \['spikes'\]"),
        ({"window": (0.2, 0.2), "label": "stimulus"}, "window must be"),
        ({"window": (-0.1, 0.2), "label": "stimulus"}, "trial 0 is counted from -0.1"),
        ({"window": (0, 9), "label": "stimulus"}, "the recording lasts from 0.0 to"),
        ({"n_bins": 0, "label": "stimulus"}, "n_bins must be a positive integer"),
    ],
)
def test_impossible_wishes_are_answered_with_the_choices(tmp_path, options, words):
    options = {"n_bins": 2, **options}
    with (
        recorded(tmp_path) as recording,
        pytest.raises(ValueError, match=words),
    ):
        bin_recording(recording, **options)


def test_tables_that_cannot_be_used_are_refused(tmp_path):
    with (
        recorded(tmp_path, trials().iloc[:0]) as recording,
        pytest.raises(ValueError, match="table of trials is empty"),
    ):
        bin_recording(recording, 1)
    with (
        recorded(tmp_path, trials().drop(columns="stimulus")) as recording,
        pytest.raises(ValueError, match="no column 'stimulus' to choose 'x' from"),
    ):
        bin_recording(recording, 1, stimulus="x")


def test_voltages_are_no_spikes(tmp_path):
    save_recording(
        tmp_path / "v.h5",
        dt_ms=1.0,
        activity={"spikes": np.zeros((50, 2), np.float32)},
        quantities={"spikes": "voltage"},
        trials=pd.DataFrame({"start_s": [0.0], "stop_s": [0.02], "frame": [0]}),
    )
    with (
        open_recording(tmp_path / "v.h5") as recording,
        pytest.raises(ValueError, match="must be counts of spikes, got voltage"),
    ):
        bin_recording(recording, 1)


@pytest.mark.parametrize("dt_ms", [1.0, 0.5, 20.0, 33.3])
@pytest.mark.parametrize("start_s", [0.0, 10.3, 1200.05])
@pytest.mark.parametrize(("n_bins", "steps"), [(10, 20), (3, 9), (1, 7)])
def test_bins_of_whole_steps_hold_exactly_their_steps(
    tmp_path, dt_ms, start_s, n_bins, steps
):
    """However the times of the presentations were computed."""
    counts = RNG.poisson(0.5, (2000, 2))
    first = np.arange(0, 2000 - steps, steps)  # touching
    valid = np.ones(counts.shape, bool)
    for step in first[1::5]:
        valid[step : step + steps, 0] = False
    onset_s = start_s + first * (dt_ms / 1000)
    save_recording(
        tmp_path / "a.h5",
        dt_ms=dt_ms,
        start_s=start_s,
        activity={"spikes": counts},
        quantities={"spikes": "count"},
        valid=valid,
        trials=pd.DataFrame(
            {
                "start_s": onset_s,
                "stop_s": start_s + (first + steps) * (dt_ms / 1000),
                "frame": 0,
            }
        ),
    )
    with open_recording(tmp_path / "a.h5") as recording:
        binned = bin_recording(recording, n_bins)
    rows = first[:, None] + np.arange(steps)
    expected = counts[rows].reshape(len(first), n_bins, -1, 2).sum(axis=2)
    is_valid = valid[rows].all(axis=1)
    np.testing.assert_array_equal(binned.valid, is_valid)
    np.testing.assert_array_equal(binned.counts, expected * is_valid[:, None])


def test_the_last_presentation_may_end_with_the_recording_but_for_rounding(tmp_path):
    dt_ms, n_steps = 33.3, 300
    stop_s = np.nextafter(n_steps * dt_ms / 1000, np.inf)
    save_recording(
        tmp_path / "a.h5",
        dt_ms=dt_ms,
        activity={"spikes": np.ones((n_steps, 1), np.int64)},
        quantities={"spikes": "count"},
        trials=pd.DataFrame({"start_s": [0.0], "stop_s": [stop_s], "frame": [1]}),
    )
    with open_recording(tmp_path / "a.h5") as recording:
        assert bin_recording(recording, 1).counts.item() == n_steps


@pytest.mark.parametrize(
    ("labels", "drop", "kept"),
    [
        ([0, 1, 2], (1.5,), [0, 1, 2]),
        ([0, 1, 2], ("1",), [0, 2]),
        ([-1, 1, 2], (-1, 7), [1, 2]),
        (["a", "b", "c"], ("abc",), ["a", "b", "c"]),
        (["1", "2", "3"], (1,), ["2", "3"]),
    ],
)
def test_labels_are_dropped_only_if_they_are_the_same(tmp_path, labels, drop, kept):
    table = trials()[:3].assign(frame=labels)
    with recorded(tmp_path, table) as recording:
        binned = bin_recording(recording, 2, drop=drop)
        write_binned(bin_recording(recording, 2), tmp_path / "b.h5")
    assert binned.labels.tolist() == kept
    assert load_binned(tmp_path / "b.h5", 2, drop=drop).labels.tolist() == kept


def test_text_cannot_be_dropped_from_numbers(tmp_path):
    with recorded(tmp_path) as recording:
        table = {"stimulus": "natural_scenes", "drop": ("blank",)}
        with pytest.raises(ValueError, match="a.h5: labels are whole .*'blank'"):
            bin_recording(recording, 2, **table)


def test_what_is_dropped_may_last_no_time_or_lie_outside(tmp_path):
    table = trials()[:4].assign(frame=[0, 1, -1, -1])
    table.loc[2, "stop_s"] = table.loc[2, "start_s"]
    table.loc[3, "stop_s"] = 99.0
    with recorded(tmp_path, table) as recording:
        assert bin_recording(recording, 2, drop=(-1,)).labels.tolist() == [0, 1]
        with pytest.raises(ValueError, match=r"a.h5: trial 2 must last .* 1.8 to 1.8"):
            bin_recording(recording, 2)


@pytest.mark.parametrize("n_bins", [0, -1, 2.5])
def test_the_number_of_bins_must_be_one(tmp_path, n_bins):
    message = f"n_bins must be .* got {n_bins}"
    with recorded(tmp_path) as recording, pytest.raises(ValueError, match=message):
        bin_recording(recording, n_bins, label="stimulus")


@pytest.mark.parametrize("window", [(1, 0), (1, 2, 3), (0, np.nan), 5])
def test_a_window_has_two_ends_in_order(tmp_path, window):
    message = r"window must be \(from, to\) in s, got"
    with recorded(tmp_path) as recording, pytest.raises(ValueError, match=message):
        bin_recording(recording, 2, label="stimulus", window=window)
