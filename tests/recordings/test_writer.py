"""RecordingWriter: what is appended is there, or the old file is."""

import itertools
import signal
import subprocess
import sys
import textwrap
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recordings.made_up import SIGNALS, append, assert_same_files, made_up, write
from v1model.recordings import RecordingWriter, Signal, open_recording


@pytest.fixture(scope="module")
def content():
    return made_up()


@pytest.fixture
def writer(content, tmp_path):
    """An open writer of which 10 steps have been appended."""
    with RecordingWriter(
        tmp_path / "a.h5",
        neurons=content.neurons,
        dt_ms=content.dt_ms,
        start_s=content.start_s,
        signals=SIGNALS,
        frames={"movie": content.frames},
    ) as writer:
        append(writer, content, 0, 10)
        yield writer


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, 40), max_size=6))
def test_how_a_recording_is_cut_into_appends_does_not_matter(
    tmp_path_factory, content, cuts
):
    folder = tmp_path_factory.mktemp("cuts")
    whole = write(content, folder / "whole.h5")
    assert_same_files(whole, write(content, folder / "parts.h5", cuts))


def test_counts_and_events_in_any_order_are_the_same(content, tmp_path):
    step, neuron = np.nonzero(content.counts)
    n = content.counts[step, neuron]
    step, neuron = np.repeat(step, n), np.repeat(neuron, n)
    order = np.random.default_rng(1).permutation(len(step))
    ways = {
        "counts": content.counts,
        "floats": content.counts.astype(float),
        "events": (step[order], neuron[order]),
    }
    for name, values in ways.items():
        with RecordingWriter(
            tmp_path / f"{name}.h5",
            neurons=content.neurons,
            dt_ms=1,
            signals={"spikes": Signal("count")},
        ) as writer:
            writer.append({"spikes": values}, n_steps=content.n_steps)
    for name in ("floats", "events"):
        assert_same_files(tmp_path / "counts.h5", tmp_path / f"{name}.h5")


def test_the_index_of_many_steps_without_events_is_right(tmp_path):
    neurons = pd.DataFrame({"id": [1, 2]})
    with RecordingWriter(
        tmp_path / "a.h5", neurons=neurons, dt_ms=1, signals={"s": Signal("count")}
    ) as writer:
        nobody = (np.empty(0, int), np.empty(0, int))
        writer.append({"s": nobody}, n_steps=100_000)
        writer.append({"s": (np.array([5]), np.array([1]))}, n_steps=10)
    with open_recording(tmp_path / "a.h5") as recording:
        assert recording.n_steps == 100_010
        step, neuron = recording.activity["s"].events()
    assert (step.tolist(), neuron.tolist()) == ([100_005], [1])


def test_an_empty_recording_is_a_recording(content, tmp_path):
    path = tmp_path / "a.h5"
    with RecordingWriter(path, neurons=content.neurons, dt_ms=1, signals=SIGNALS):
        pass
    with open_recording(path) as recording:
        assert recording.n_steps == 0 and not len(recording.trials)
        for one in recording.activity.values():
            assert one.read().shape == (0, 7)
        assert recording.valid().shape == (0, 7)


WRONG = {
    "spikes": [
        (np.full((5, 7), 256), "neuron 0 has 256 spikes in step 0 .*than uint8"),
        (np.full((5, 7), -1), "must not be negative, got -1"),
        (np.full((5, 7), 0.5), "whole numbers"),
        (np.full((5, 7), np.nan), "whole numbers"),
        (np.zeros((5, 6)), r"activity 'spikes' must have shape \(t, 7\), got \(5, 6\)"),
        (np.zeros((4, 7)), "lengths disagree: .*'spikes'.: 4"),
        ((np.zeros(256, int), np.zeros(256, int)), "neuron 0 has 256 spikes in step 0"),
        ((np.array([5]), np.array([0])), r"steps must lie in 0\.\.4, got 5 to 5"),
        ((np.array([0]), np.array([7])), r"neurons must lie in 0\.\.6, got 7 to 7"),
        ((np.array([0, 1]), np.array([0])), r"same length .*\(2,\) and \(1,\)"),
        ((np.array([0.5]), np.array([0])), "steps must be integers"),
    ],
    "exact": [
        ((np.array([2.508, 2.507]), np.array([0, 1])), "in order, got 2.507 s after"),
        ((np.array([np.nan]), np.array([0])), r"must lie in \[2.507, .*got nan"),
        ((np.array([2.5]), np.array([0])), r"must lie in \[2.507, .*got 2.5"),
        (np.zeros((5, 7)), r"give \(time_s, neuron\), not an array"),
    ],
    "voltages": [
        (np.full((5, 7), np.nan), "got nan of neuron 0 in step 10"),
        (np.full((5, 7), 70_000.0), "finite in float16 .*got 70000.0 of neuron 0"),
        (np.full((5, 7), "a"), "must hold numbers"),
    ],
    "movie": [
        (np.full(5, 4), r"stimulus/movie: indices must lie in -1\.\.3, got 4 to 4"),
        (np.full(5, 0.0), "indices of frames"),
        (np.full(6, 0), "lengths disagree"),
    ],
    "gray": [(np.zeros((5, 3, 3)), r"rows of shape \(3, 2\), got \(3, 3\)")],
    "running": [(np.zeros((5, 1), complex), "behavior/running must hold numbers")],
    "valid": [
        (np.ones((5, 6), bool), r"valid must be bool of shape \(7,\) or \(5, 7\)"),
        (np.ones(7), "valid must be bool"),
    ],
}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [(name, *case) for name, cases in WRONG.items() for case in cases],
)
def test_what_is_wrong_is_refused_and_nothing_of_it_added(
    writer, content, tmp_path, name, values, message
):
    fine = {
        "activity": {
            "spikes": np.zeros((5, 7), int),
            "exact": (np.array([2.508]), np.array([3])),
            "voltages": np.zeros((5, 7)),
            "rates": np.zeros((5, 7)),
        },
        "stimulus": {"movie": np.zeros(5, int), "gray": np.zeros((5, 3, 2))},
        "behavior": {"running": np.zeros((5, 1))},
        "valid": None,
    }
    if name == "valid":
        wrong = {**fine, "valid": values}
    else:
        wrong = {
            key: {k: values if k == name else v for k, v in part.items()}
            for key, part in fine.items()
            if key != "valid"
        }
    with pytest.raises(ValueError, match=message) as caught:
        writer.append(**wrong)
    assert str(caught.value).startswith(str(tmp_path / "a.h5"))
    assert writer.n_steps == 10
    append(writer, content, 10, content.n_steps)
    writer.add_trials(content.trials)


def test_after_a_refused_append_the_file_is_as_without_it(content, tmp_path):
    good = write(content, tmp_path / "good.h5", cuts=[10])
    options = {"neurons": content.neurons, "dt_ms": 0.7, "start_s": 2.5}
    options |= {"source": "made up", "session_id": "s1", "metadata": {"a": [1, "b"]}}
    with RecordingWriter(
        tmp_path / "bad.h5",
        signals=SIGNALS,
        frames={"movie": content.frames},
        **options,
    ) as writer:
        append(writer, content, 0, 10)
        with pytest.raises(ValueError):
            writer.append({"spikes": np.zeros((5, 7))})
        with pytest.raises(ValueError):
            append(writer, content, 0, 10)  # exact times of the past
        append(writer, content, 10, 40)
        writer.add_trials(content.trials)
    assert_same_files(good, tmp_path / "bad.h5")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"id": [1, 2, 1]}), "unique, got 1 more than once"),
        (pd.DataFrame({"id": [0.5, 1]}), "'id' of integers, got float64"),
        (pd.DataFrame({"name": ["a"]}), r"'id' of integers, got \['name'\]"),
        (pd.DataFrame({"id": np.empty(0, int)}), "at least one row"),
    ],
)
def test_neurons_need_ids_of_their_own(tmp_path, frame, message):
    with pytest.raises(ValueError, match=message):
        RecordingWriter(tmp_path / "a.h5", neurons=frame, dt_ms=1, signals=SIGNALS)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"start_s": [0.0, 2.0], "stop_s": [1.0, 1.5]}, "trial 1 .* 2.0 to 1.5 s"),
        ({"start_s": [np.nan], "stop_s": [1.0]}, "trial 0 .* nan to 1.0 s"),
        ({"start_s": [0.0]}, "column 'stop_s'"),
    ],
)
def test_a_trial_stops_after_it_starts(writer, content, times, message):
    with pytest.raises(ValueError, match=message):
        writer.add_trials(pd.DataFrame(times))
    assert writer.n_steps == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("weight",), "quantity 'weight' is unknown; choose from"),
        (("count", "float32"), "dtype of a count must be one of"),
        (("voltage", "int8"), "dtype of a voltage must be one of .* got int8"),
        (("rate", None, None, True), "no exact times"),
    ],
)
def test_a_signal_is_one_that_can_be_stored(arguments, message):
    with pytest.raises(ValueError, match=message):
        Signal(*arguments)


def test_metadata_must_be_json_and_fit(content, tmp_path):
    options = {"neurons": content.neurons, "dt_ms": 1, "signals": SIGNALS}
    for metadata, message in (
        ({"a": {1, 2}}, "must be JSON-able"),
        ({"a": "b" * 70_000}, "at most 60000 bytes of JSON, got 70009"),
    ):
        with pytest.raises(ValueError, match=message):
            RecordingWriter(tmp_path / "a.h5", metadata=metadata, **options)


def test_a_writer_that_fails_leaves_the_old_file(content, tmp_path):
    path = write(content, tmp_path / "a.h5")
    before = path.read_bytes()
    with (
        pytest.raises(KeyError),
        RecordingWriter(
            path, neurons=content.neurons, dt_ms=1, signals={"s": Signal("count")}
        ) as writer,
    ):
        writer.append({"s": np.ones((9, 7))})
        raise KeyError
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
    import os, signal, sys
    import numpy as np, pandas as pd
    from v1model.recordings import RecordingWriter, Signal

    writer = RecordingWriter(
        sys.argv[1],
        neurons=pd.DataFrame({"id": range(3000)}),
        dt_ms=1,
        signals={"v": Signal("voltage")},
    )
    with writer:
        for _ in range(5):
            writer.append({"v": np.ones((200, 3000))})
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_leaves_the_old_file_and_the_next_one_cleans_up(
    content, tmp_path
):
    path = write(content, tmp_path / "a.h5")
    before = path.read_bytes()
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2
    write(content, path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_closed_writer_takes_nothing(content, tmp_path):
    writer = RecordingWriter(
        tmp_path / "a.h5", neurons=content.neurons, dt_ms=1, signals=SIGNALS
    )
    with pytest.raises(ValueError, match="not open for writing"):
        writer.append({})


def test_frames_can_be_added_while_they_are_shown(tmp_path):
    rng = np.random.default_rng(0)
    pictures = rng.random((3, 4, 4, 5))
    with RecordingWriter(
        tmp_path / "a.h5",
        neurons=pd.DataFrame({"id": [1]}),
        dt_ms=1,
        signals={"r": Signal("rate")},
        frames={"movie": np.empty((0, 4, 5))},
    ) as writer:
        for four in pictures:
            first = writer.add_frames("movie", four)
            index = first + np.array([0, 1, 1, 2, 3, 3])
            writer.append({"r": np.zeros((6, 1))}, {"movie": index})
        with pytest.raises(ValueError, match=r"shape \(4, 5\), got \(4, 4\)"):
            writer.add_frames("movie", np.zeros((1, 4, 4)))
        with pytest.raises(ValueError, match="'film' was not declared.*movie"):
            writer.add_frames("film", np.zeros((1, 4, 4)))
    with open_recording(tmp_path / "a.h5") as recording:
        expected = pictures[:, [0, 1, 1, 2, 3, 3]].reshape(-1, 4, 5)
        np.testing.assert_array_equal(recording.stimulus["movie"].read(), expected)


def test_memory_does_not_grow_with_the_recording(tmp_path):
    rng = np.random.default_rng(0)
    voltages, spikes = rng.normal(-70, 4, (100, 3000)), rng.random((100, 3000)) < 0.01
    peaks = []
    for n_appends in (24, 192):
        tracemalloc.start()
        with RecordingWriter(
            tmp_path / "a.h5",
            neurons=pd.DataFrame({"id": range(3000)}),
            dt_ms=1,
            signals={"s": Signal("count"), "v": Signal("voltage", "float16")},
        ) as writer:
            for _ in range(n_appends):
                writer.append({"s": spikes, "v": voltages})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Eight times as long. How many chunks are on their way is up to the threads.
    assert peaks[1] < 1.6 * peaks[0]


def test_every_name_must_come_with_every_append(writer):
    zeros = {name: np.zeros((5, 7)) for name in ("spikes", "voltages", "rates")}
    with pytest.raises(ValueError, match="same activity: .*exact.*got"):
        writer.append(zeros)
    zeros["exact"] = (np.empty(0), np.empty(0, int))
    for n in range(2):
        names = itertools.islice(["movie", "gray"], n)
        with pytest.raises(ValueError, match="same stimulus and behavior"):
            writer.append(zeros, {name: np.zeros((5, 3, 2)) for name in names})


FULL = """
    import resource, sys
    import numpy as np, pandas as pd
    from v1model.recordings import RecordingWriter, Signal

    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
    values = np.random.default_rng(0).random((200, 3000))
    with RecordingWriter(
        sys.argv[1],
        neurons=pd.DataFrame({"id": range(3000)}),
        dt_ms=1,
        signals={"v": Signal("voltage")},
    ) as writer:
        for _ in range(20):
            writer.append({"v": values})
"""


def test_a_full_disk_is_one_line_and_leaves_the_old_file(content, tmp_path):
    path = write(content, tmp_path / "a.h5")
    before = path.read_bytes()
    command = [sys.executable, "-c", textwrap.dedent(FULL), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(f"{path} cannot be written: File too large.")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
