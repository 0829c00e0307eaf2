"""Stages that work at the same time: order, errors, room, and no thread left behind."""

import contextlib
import random
import threading
import time

import pytest

from v1model.latent.overlap import Overlapped


@contextlib.contextmanager
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    left = [one for one in threading.enumerate() if one not in before]
    assert left == []


@contextlib.contextmanager
def within(seconds):
    """A hang would be a failure only after the time limit of the whole run."""
    began = time.perf_counter()
    yield
    assert time.perf_counter() - began < seconds


def slow(seconds, function=lambda item: item):
    def stage(item):
        time.sleep(seconds)
        return function(item)

    return stage


def test_results_come_in_order_through_all_stages():
    stages = (lambda item: item + 1, str, lambda item: item * 2)
    with no_thread_is_left():
        found = list(Overlapped(range(20), stages, (2, 1, 1)))
    assert found == [str(k + 1) * 2 for k in range(20)]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_whoever_is_slow_for_a_while(seed):
    rng = random.Random(seed)
    pauses = [[rng.choice([0, 0, 0.004]) for _ in range(40)] for _ in range(3)]

    def paused(k):
        def stage(item):
            time.sleep(pauses[k][item])
            return item

        return stage

    found = []
    with no_thread_is_left():
        for item in Overlapped(range(40), (paused(0), paused(1)), (2, 1)):
            time.sleep(pauses[2][item])
            found.append(item)
    assert found == list(range(40))


def test_no_items_are_no_results():
    with no_thread_is_left():
        assert list(Overlapped([], (str, str), (1, 1))) == []


def test_the_end_stays_the_end():
    results = Overlapped([1], (str,), (1,))
    assert list(results) == ["1"]
    assert list(results) == []


def test_loading_hides_behind_the_work_of_the_consumer():
    began = time.perf_counter()
    for _ in Overlapped(range(8), (slow(0.03), slow(0.01)), (2, 1)):
        time.sleep(0.03)
    assert time.perf_counter() - began < 0.85 * 8 * (0.03 + 0.01 + 0.03)


def test_results_that_are_ready_are_had_at_once():
    with Overlapped(range(5), (slow(0.05),), (2,)) as results:
        time.sleep(0.3)
        with within(0.04):
            assert [next(results), next(results)] == [0, 1]


@pytest.mark.parametrize("stage", [0, 1])
def test_an_error_of_a_stage_is_raised_by_the_next_get_at_once(stage):
    """Published code waited for ever."""
    is_taken = threading.Event()

    def failing(item):
        if item == 2:
            is_taken.wait()
            raise OSError("the disk is gone")
        return item

    stages = [lambda item: item] * 2
    stages[stage] = failing
    with no_thread_is_left(), within(5):
        results = Overlapped(range(10), stages, (4, 4))
        assert next(results) == 0
        is_taken.set()
        time.sleep(0.1)  # 1 is ready
        with pytest.raises(OSError, match="the disk is gone") as caught:
            next(results)
        # The trace leads to the line that failed.
        assert caught.traceback[-1].name == "failing"
        assert list(results) == []


def test_an_error_wakes_a_consumer_that_waits():
    def failing(item):
        time.sleep(0.1)
        raise ValueError("damaged")

    with no_thread_is_left(), within(2), pytest.raises(ValueError, match="damaged"):
        next(Overlapped(range(3), (failing, str), (1, 1)))


def test_an_error_of_the_items_is_raised_too():
    def items():
        yield 1
        raise KeyError("no more")

    with no_thread_is_left(), pytest.raises(KeyError):
        list(Overlapped(items(), (str,), (1,)))


def test_closing_early_stops_the_stages():
    read = []
    with no_thread_is_left(), within(2):
        with Overlapped(range(10_000), (read.append, slow(0.01)), (3, 2)) as results:
            next(results)
        n = len(read)
        time.sleep(0.05)
        assert len(read) == n < 20
    results.close()


@pytest.mark.parametrize("room", [(1, 1), (3, 1), (2, 4)])
def test_a_slow_consumer_is_not_run_away_from(room):
    made, most = [], 0
    results = Overlapped(range(12), (lambda item: made.append(item), str), room)
    for n_taken, _ in enumerate(results, 1):
        time.sleep(0.01)
        most = max(most, len(made) - n_taken)
    assert 1 <= most <= sum(room)
