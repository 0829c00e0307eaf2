"""In which chunks a recording is read."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from v1model.latent.acquisition import draw_starts
from v1model.latent.chunk_plan import CHUNK_BYTES, CHUNK_ROWS, ChunkPlan
from v1model.latent.config import Acquisition, TrainingConfig

MODES = ("all_time_points", "time_aligned", "staggered_random")


def options(time_units=4, multiples=2, mode="time_aligned", **others):
    acquisition = Acquisition(mode=mode, interpolation=others.pop("fill", "linear"))
    return TrainingConfig(
        time_units=time_units,
        evolve_multiple_steps=multiples,
        acquisition_mode=acquisition,
        **others,
    )


@settings(deadline=None, max_examples=200)
@given(
    time_units=st.integers(1, 6),
    multiples=st.integers(1, 3),
    mode=st.sampled_from(MODES),
    fill=st.sampled_from(["linear", "causal"]),
    start=st.integers(0, 30),
    n_steps=st.integers(20, 300),
    rows=st.integers(1, 120),
)
def test_every_rollout_lies_in_a_chunk(
    time_units, multiples, mode, fill, start, n_steps, rows
):
    training = options(time_units, multiples, mode, fill=fill)
    rollout = time_units * multiples
    waits = time_units * (mode == "staggered_random" and fill == "causal")
    first = next(t for t in range(start + waits, 999) if t % time_units == 0)
    stop = start + n_steps
    assume(stop - first >= rollout + time_units and rows >= rollout + time_units)
    plan = ChunkPlan(training, start, stop, 40, rows)
    assert plan.first == first
    assert not (plan.starts % time_units).any()
    assert plan.starts[0] == first and plan.starts[-1] + plan.rows <= stop
    assert plan.rows <= max(rows, stop - first if plan.is_whole else 0)
    begun = np.zeros(stop, int)
    for chunk in plan.starts:
        begun[chunk : chunk + plan.rows - rollout] += 1
        drawn = draw_starts(
            np.random.default_rng(0),
            plan.rows,
            time_units,
            multiples,
            1,
            plan.rows,
            mode,
            chunk % time_units,
        )
        begun[chunk + np.unique(drawn)] += 1000
    # The last time_units - 1 steps may be too few for another place.
    usable = begun[first : stop - rollout - (time_units - 1)]
    assert (usable % 1000 > 0).all()
    if mode == "time_aligned":
        usable = usable[::time_units][: (stop - first - rollout) // time_units]
    assert (usable[: len(usable) - time_units] >= 1000).all()


def test_an_epoch_reads_every_chunk_once_in_an_order_of_its_own():
    plan = ChunkPlan(options(), 0, 1000, 40, 60)
    assert len(plan.starts) > 15
    first, again, second = (plan.epoch(number) for number in (0, 0, 1))
    np.testing.assert_array_equal(np.sort(first), plan.starts)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(np.sort(second), plan.starts)
    assert (first != second).any()
    other = ChunkPlan(options(seed=7), 0, 1000, 40, 60)
    assert (other.epoch(0) != first).any()


def test_several_passes_and_any_number_of_chunks_are_spread_evenly():
    plan = ChunkPlan(options(data_passes_per_epoch=3), 0, 400, 40, 60)
    times = [np.count_nonzero(plan.epoch(0) == start) for start in plan.starts]
    assert times == [3] * len(plan.starts)
    some = plan.epoch(0, n_chunks=len(plan.starts) + 2)
    times = [np.count_nonzero(some == start) for start in plan.starts]
    assert sorted(set(times)) == [1, 2] and len(some) == len(plan.starts) + 2


def test_chunks_have_the_published_rows_unless_neurons_are_many():
    training = options()
    assert ChunkPlan(training, 0, 900_000, 40).rows == CHUNK_ROWS
    assert ChunkPlan(training, 0, 5000, 40).rows == 5000
    large = ChunkPlan(training, 0, 900_000, 4 * 13_741)
    assert CHUNK_BYTES // 2 < large.rows * 4 * 13_741 <= CHUNK_BYTES


@pytest.mark.parametrize("stop, rows", [(11, None), (100, 11)])
def test_chunks_that_are_shorter_than_a_rollout_are_refused(stop, rows):
    with pytest.raises(ValueError, match="a.h5: .* 12 rows, .* 4 x evolve_.* 2; got"):
        ChunkPlan(options(), 0, stop, 40, rows, "a.h5")
