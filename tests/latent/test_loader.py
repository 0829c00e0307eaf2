"""Chunks from the disk to tensors."""

import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from tests.latent.recorded import write
from v1model.latent.acquisition import phases_of
from v1model.latent.config import Acquisition, TrainingConfig
from v1model.latent.interpolation import INTERPOLATED
from v1model.latent.loader import ChunkLoader
from v1model.latent.source import open_source

MODES = ("all_time_points", "time_aligned", "staggered_random")


def options(path, mode="time_aligned", interpolation="linear", **others):
    return TrainingConfig(
        training_data_path=str(path),
        time_units=4,
        evolve_multiple_steps=2,
        acquisition_mode=Acquisition(mode=mode, interpolation=interpolation),
        **others,
    )


@pytest.fixture
def path(tmp_path):
    valid = np.ones((300, 5), bool)
    valid[50:80, 1] = False
    write(tmp_path / "a.h5", 300, valid=valid)
    return tmp_path / "a.h5"


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    names = [one.name for one in threading.enumerate() if one not in before]
    assert [name for name in names if name.startswith("stage")] == []


class Counted:
    """A source that says what was read of it.

    Args:
        source: ActivitySource.
        fails_at: Reading this step raises.
    """

    def __init__(self, source, fails_at=None):
        self.source, self.read_windows, self.fails_at = source, [], fails_at

    def __getattr__(self, name):
        return getattr(self.source, name)

    def read(self, start, stop):
        self.read_windows.append((start, stop))
        if self.fails_at is not None and start <= self.fails_at < stop:
            raise OSError("the disk is gone")
        return self.source.read(start, stop)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kept_bytes", [0, 2**30])
@pytest.mark.parametrize("rows", [40, None])
def test_a_chunk_is_the_rows_of_the_recording(path, mode, kept_bytes, rows):
    training = options(path, mode)
    with open_source(training) as source:
        whole = source.read(0, 300)
        arguments = {"rows": rows, "kept_bytes": kept_bytes}
        with ChunkLoader(source, training, 6, 300, **arguments) as loader:
            chunks = list(loader.epoch(0))
            assert loader.is_kept == (kept_bytes > 0)
            assert [start for start, _ in chunks] == loader.plan.epoch(0).tolist()
            n_rows = 292 if rows is None else rows
    for start, chunk in chunks:
        inside = slice(start, start + n_rows)
        assert chunk["activity"].shape == (n_rows, 5)
        np.testing.assert_array_equal(chunk["activity"], whole.activity[inside])
        np.testing.assert_array_equal(chunk["stimulus"], whole.stimulus[inside])
        np.testing.assert_array_equal(chunk["valid"], whole.valid[inside])
        assert chunk["origin"].dtype == tf.int32 and chunk["origin"] == start % 4
        assert ("filled" in chunk) == (mode == "staggered_random")


@pytest.mark.parametrize("kept_bytes", [0, 2**30])
@pytest.mark.parametrize("interpolation", ["linear", "causal"])
def test_gaps_are_filled_as_in_the_whole_recording(path, interpolation, kept_bytes):
    """The borders of a chunk are none of the recording's."""
    training = options(path, "staggered_random", interpolation)
    with open_source(training) as source:
        stretch = source.read(100, 300)
        loader = ChunkLoader(source, training, 100, 300, rows=40, kept_bytes=kept_bytes)
        chunks = list(loader.epoch(0))
        loader.close()
    phases = phases_of(training.acquisition_mode, 4, 5)
    np.testing.assert_array_equal(phases, loader.phases)
    fill = INTERPOLATED[interpolation]
    filled = fill(stretch.activity, phases, 4, 100 % 4, stretch.valid)
    for start, chunk in chunks:
        expected = filled[start - 100 : start - 60]
        np.testing.assert_allclose(chunk["filled"], expected, rtol=1e-6, atol=1e-6)
    if interpolation == "causal":
        assert min(start for start, _ in chunks) == 104  # all were observed by then


def test_a_neuron_that_is_missing_for_a_whole_chunk_has_the_given_value(path):
    training = options(path, "staggered_random", "causal")
    means = np.arange(5) + 7.0
    with open_source(training) as source:
        loader = ChunkLoader(
            source, training, 0, 300, rows=16, unknown=means, kept_bytes=0
        )
        (_, chunk), *_ = loader.chunks([60])
        loader.close()
    filled = chunk["filled"].numpy()
    assert (filled[:, 1] == 8).all() and (filled[:, [0, 2, 3, 4]] < 7).all()


def test_nothing_outside_the_steps_is_read(path):
    training = options(path, "staggered_random")
    with open_source(training) as source:
        counted = Counted(source)
        with ChunkLoader(counted, training, 101, 203, rows=40, kept_bytes=0) as loader:
            list(loader.epoch(0))
    starts, stops = np.transpose(counted.read_windows)
    assert starts.min() >= 101 and stops.max() <= 203


def test_the_same_epoch_has_the_same_chunks(path):
    training = options(path)

    def starts(number):
        with (
            open_source(training) as source,
            ChunkLoader(source, training, 0, 300, rows=24, kept_bytes=0) as loader,
        ):
            return [start for start, _ in loader.epoch(number)]

    assert starts(3) == starts(3) != starts(4)
    assert sorted(starts(3)) == sorted(starts(4))


def test_a_small_recording_is_read_once(path):
    training = options(path)
    with open_source(training) as source:
        for rows, same in ((40, False), (None, True)):
            counted = Counted(source)
            with ChunkLoader(counted, training, 0, 300, rows=rows) as loader:
                found = [chunk for k in range(3) for _, chunk in loader.epoch(k)]
            assert len(counted.read_windows) == 1
            if same:  # it stays on the device too
                assert len({id(chunk["activity"]) for chunk in found}) == 1


@pytest.mark.parametrize("kept_bytes, rows", [(0, 24), (2**30, 24), (2**30, None)])
def test_a_failing_read_is_raised_at_the_next_chunk(path, kept_bytes, rows):
    training = options(path)
    began = time.perf_counter()
    with open_source(training) as source:
        counted = Counted(source, fails_at=150)
        arguments = {"rows": rows, "kept_bytes": kept_bytes}
        with (
            ChunkLoader(counted, training, 0, 300, **arguments) as loader,
            pytest.raises(OSError, match="the disk is gone"),
        ):
            list(loader.epoch(0))
        counted.fails_at = None
        with ChunkLoader(counted, training, 0, 300, **arguments) as loader:
            assert len(list(loader.epoch(0))) == len(loader.plan.starts)
    assert time.perf_counter() - began < 10


def test_an_epoch_may_be_left_early_and_another_begun(path):
    training = options(path)
    with open_source(training) as source:
        counted = Counted(source)
        loader = ChunkLoader(counted, training, 0, 300, rows=12, kept_bytes=0)
        for number in range(3):
            for _ in loader.epoch(number):
                break
        assert len(counted.read_windows) < 3 * 6 < len(loader.plan.starts)
        older = loader.epoch(3)
        next(older)
        assert len(list(loader.epoch(4))) == len(loader.plan.starts)
        assert list(older) == []  # it ended when the next one began
        loader.close()
        loader.close()


def test_a_slow_training_holds_few_chunks(path):
    training = options(path)
    with open_source(training) as source:
        counted = Counted(source)
        with ChunkLoader(counted, training, 0, 300, rows=12, kept_bytes=0) as loader:
            for n_taken, _ in enumerate(loader.epoch(0), 1):
                time.sleep(0.005)
                assert len(counted.read_windows) <= n_taken + 3


def test_chunks_of_ones_own_choice_must_lie_in_the_plan(path):
    training = options(path)
    with (
        open_source(training) as source,
        ChunkLoader(source, training, 0, 300, rows=40) as loader,
    ):
        found = [start for start, _ in loader.chunks([8, 8, 120])]
        assert found == [8, 8, 120]
        with pytest.raises(ValueError, match="a.h5: .* steps 0 to 260, got 264"):
            loader.chunks([264])


def test_all_chunks_have_one_signature(path):
    """Otherwise every chunk would be compiled anew."""
    training, traces = options(path, "staggered_random"), []

    @tf.function(autograph=False)
    def total(chunk):
        traces.append(1)
        return tf.add_n([tf.reduce_sum(tf.cast(x, tf.float32)) for x in chunk.values()])

    with (
        open_source(training) as source,
        ChunkLoader(source, training, 3, 299, rows=40, kept_bytes=0) as loader,
    ):
        for _, chunk in loader.epoch(0):
            total(chunk)
    assert len(traces) == 1


def test_tensors_are_on_the_chosen_device(path):
    training = options(path)
    with (
        open_source(training) as source,
        ChunkLoader(source, training, 0, 300, device="/CPU:0") as loader,
    ):
        _, chunk = next(loader.epoch(0))
    assert "CPU:0" in chunk["activity"].device
