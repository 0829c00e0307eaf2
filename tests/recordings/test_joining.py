"""Recordings that are joined in time."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recordings.made_up import everything, made_up, write
from v1model.recordings import (
    RecordingWriter,
    Signal,
    concatenate,
    open_recording,
    save_recording,
)


def pieces_of(content, cuts):
    """Contents of the steps between the cuts, each beginning when it does."""
    borders = [0, *sorted(cuts), content.n_steps]
    for start, stop in zip(borders[:-1], borders[1:], strict=True):
        part = slice(start, stop)
        low, high = content.borders_s([start, stop])
        times = slice(*np.searchsorted(content.time_s, (low, high)))
        begun = content.trials["start_s"].between(low, high, inclusive="left")
        yield dataclasses.replace(
            content,
            start_s=low,
            time_s=content.time_s[times],
            neuron=content.neuron[times],
            trials=content.trials[begun],
            **{
                name: getattr(content, name)[part]
                for name in (
                    *("counts", "voltages", "rates", "gray", "index", "running"),
                    "valid",
                )
            },
        )


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, 40), max_size=3), start_s=st.floats(-5, 5))
def test_a_recording_cut_and_joined_is_the_recording(tmp_path_factory, cuts, start_s):
    folder = tmp_path_factory.mktemp("join")
    content = made_up()
    whole = write(content, folder / "whole.h5")
    paths = []
    for k, piece in enumerate(pieces_of(content, cuts)):
        # A piece may begin at any time; it is moved.
        moved = start_s if k else 2.5
        by = moved - piece.start_s
        trials = piece.trials.assign(
            start_s=piece.trials["start_s"] + by, stop_s=piece.trials["stop_s"] + by
        )
        clock = dataclasses.replace(piece, start_s=moved)
        end = np.nextafter(clock.borders_s(piece.n_steps), -np.inf)
        times = np.clip(piece.time_s + by, moved, end)
        piece = dataclasses.replace(clock, trials=trials, time_s=times)
        paths.append(write(piece, folder / f"{k}.h5"))
    concatenate(paths, folder / "joined.h5")
    with (
        open_recording(whole) as one,
        open_recording(folder / "joined.h5") as other,
    ):
        for name in ("spikes", "voltages", "rates"):
            np.testing.assert_array_equal(
                one.activity[name].read(), other.activity[name].read()
            )
        times, neurons = one.activity["exact"].spike_times()
        joined_times, joined_neurons = other.activity["exact"].spike_times()
        np.testing.assert_array_equal(neurons, joined_neurons)
        np.testing.assert_allclose(times, joined_times, atol=1e-12)
        np.testing.assert_array_equal(one.valid(), other.valid())
        for name in ("movie", "gray"):
            np.testing.assert_array_equal(
                one.stimulus[name].read(), other.stimulus[name].read()
            )
        np.testing.assert_array_equal(
            one.behavior["running"].read(), other.behavior["running"].read()
        )
        pd.testing.assert_frame_equal(one.trials, other.trials, atol=1e-12)
        assert len(other.metadata["joined"]) == len(paths)


def test_one_recording_joined_is_itself(tmp_path):
    path = write(made_up(n_steps=5000, n_neurons=300), tmp_path / "a.h5")
    concatenate([path], tmp_path / "b.h5")
    one, other = everything(path), everything(tmp_path / "b.h5")
    for found in (one, other):
        del found["@metadata"]
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_chunks_that_align_are_copied_as_they_are(tmp_path, monkeypatch):
    from v1model.recordings import chunks

    rng = np.random.default_rng(0)
    n = chunks.chunk_shape((600,), 4)[0]
    values = rng.random((3 * n + 5, 600)).astype(np.float32)
    quantities = {"r": "rate"}
    for name, part in (("a", values[:n]), ("b", values[n:])):
        save_recording(
            tmp_path / f"{name}.h5",
            dt_ms=1,
            activity={"r": part},
            quantities=quantities,
        )
    compressed = []
    own = chunks._compress
    monkeypatch.setattr(
        chunks, "_compress", lambda *a: compressed.append(a[0].shape) or own(*a)
    )
    concatenate([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "c.h5")
    assert [shape for shape in compressed if shape[1:] == (600,)] == [(n, 600)]
    with open_recording(tmp_path / "c.h5") as joined:
        np.testing.assert_array_equal(joined.activity["r"].read(), values)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"dt_ms": 2}, "b.h5 has dt_ms 2.0, not 1.0"),
        ({"quantities": {"r": "calcium"}}, "has the signals .*calcium"),
        ({"neurons": pd.DataFrame({"id": [3, 4]})}, "has other neurons"),
        ({"stimulus": {}}, "same stimulus and behavior"),
        ({"stimulus": {"s": np.zeros((5, 3))}}, r"stimulus/s has rows \(\(3,\)"),
        (
            {"frames": {"s": np.zeros((2, 2))}},
            "stimulus/s must both have frames",
        ),
    ],
)
def test_recordings_that_differ_are_not_joined(tmp_path, other, message):
    options = {
        "dt_ms": 1,
        "activity": {"r": np.zeros((5, 2))},
        "quantities": {"r": "rate"},
        "stimulus": {"s": np.zeros(5, int)},
    }
    save_recording(tmp_path / "a.h5", **options)
    save_recording(tmp_path / "b.h5", **{**options, **other})
    with pytest.raises(ValueError, match=message):
        concatenate([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "c.h5")
    assert not (tmp_path / "c.h5").exists()


def test_nothing_to_join_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no recordings"):
        concatenate([], tmp_path / "c.h5")


def test_joining_is_associative(tmp_path):
    neurons = made_up().neurons
    parts = [
        write(
            dataclasses.replace(made_up(seed=k), neurons=neurons), tmp_path / f"{k}.h5"
        )
        for k in range(3)
    ]
    concatenate(parts[:2], tmp_path / "01.h5")
    concatenate([tmp_path / "01.h5", parts[2]], tmp_path / "left.h5")
    concatenate(parts, tmp_path / "all.h5")
    left, whole = (everything(tmp_path / f"{name}.h5") for name in ("left", "all"))
    assert left.keys() == whole.keys()
    for name, value in whole.items():
        if value.dtype.kind == "f":  # a time that is moved twice is rounded twice
            np.testing.assert_allclose(left[name], value, rtol=1e-14)
        else:
            np.testing.assert_array_equal(left[name], value)


def test_each_recording_keeps_the_pictures_that_it_showed(tmp_path):
    rng, shown, paths = np.random.default_rng(0), [], []
    for k in range(3):
        frames, index = rng.random((k + 2, 3, 4)), rng.integers(-1, k + 2, 50)
        paths.append(tmp_path / f"{k}.h5")
        save_recording(
            paths[-1],
            dt_ms=1,
            activity={"r": np.zeros((50, 2))},
            quantities={"r": "rate"},
            stimulus={"movie": index},
            frames={"movie": frames},
        )
        shown.append(np.where(index[:, None, None] >= 0, frames[index], 0))
    concatenate(paths, tmp_path / "joined.h5")
    with open_recording(tmp_path / "joined.h5") as recording:
        movie = recording.stimulus["movie"]
        np.testing.assert_array_equal(movie.read(), np.concatenate(shown))
        assert movie.n_frames == 2 + 3 + 4


def test_numbers_of_frames_are_joined_where_the_frames_are(tmp_path):
    """Parts know which frame was on; the frames themselves are written once."""
    neurons = pd.DataFrame({"id": [0, 1]})
    options = {"neurons": neurons, "signals": {"spikes": Signal("count")}, "dt_ms": 1.0}
    counts, frames = np.zeros((3, 2), np.uint8), np.arange(8.0).reshape(2, 2, 2)
    with RecordingWriter(tmp_path / "part.h5", **options) as writer:
        writer.append({"spikes": counts}, {"screen": np.array([0, -1, 1])})
    framed = {"screen": frames[:0]}
    with (
        RecordingWriter(tmp_path / "whole.h5", frames=framed, **options) as writer,
        open_recording(tmp_path / "part.h5") as part,
    ):
        with pytest.raises(ValueError, match="screen must both have frames, or none"):
            writer.append_recording(part)
        for _ in range(2):
            writer.append_recording(part, numbered=["screen"])
        writer.add_frames("screen", frames)
    with open_recording(tmp_path / "whole.h5") as whole:
        assert whole.stimulus["screen"].index(0, 6).tolist() == [0, -1, 1, 0, -1, 1]
        np.testing.assert_array_equal(whole.stimulus["screen"].read(2, 3)[0], frames[1])
    with (
        RecordingWriter(tmp_path / "bare.h5", **options) as writer,
        open_recording(tmp_path / "part.h5") as part,
        pytest.raises(ValueError, match="screen must have frames here, and be numbers"),
    ):
        writer.append_recording(part, numbered=["screen"])
