"""Mixture: every task gets its share, and its trials are those that it has alone."""

import numpy as np
import pytest

from v1model.stimuli import TASKS, Mixture, task_dataset
from v1model.stimuli.trials import Places

STEPS = 7
NAMES = [*TASKS]


@pytest.fixture(scope="module")
def alone(make):
    """The five tasks with the seed of the mixture."""
    return [make(name) for name in NAMES]


@pytest.fixture(scope="module")
def mixture(make):
    return make("all")


def tasks_of(mixture, split, batch_size, steps=range(STEPS)):
    return np.stack(
        [mixture.places(split, step, batch_size, STEPS)[0] for step in steps]
    )


def test_the_default_task_is_the_mixture_of_all_five(make):
    assert [task.name for task in make("all").members] == NAMES


@pytest.mark.parametrize("split", ["training", "validation"])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 8])
def test_any_five_trials_in_a_row_of_a_round_ask_all_five_tasks(
    mixture, split, batch_size
):
    dealt = tasks_of(mixture, split, batch_size).ravel()
    for k in range(0, len(dealt) - 4, 5):
        assert sorted(dealt[k : k + 5]) == [0, 1, 2, 3, 4]


def test_a_batch_of_five_replicas_with_a_trial_each_trains_five_tasks(mixture):
    for step in range(STEPS):
        tasks = mixture.batch("training", step, 5, STEPS).tasks
        assert sorted(tasks) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("weights", [(3, 1, 1, 1, 1), (0, 2, 0, 1, 4), (0, 0, 0, 0, 2)])
def test_tasks_come_as_often_as_their_weights_say(make, weights):
    mixture = make("all", task_weights=weights)
    names = [name for name, weight in zip(NAMES, weights, strict=True) if weight]
    assert [task.name for task in mixture.members] == names
    n_rounds = 6
    dealt = tasks_of(mixture, "training", sum(weights), range(n_rounds))
    counts = np.bincount(dealt.ravel())
    np.testing.assert_array_equal(
        counts, n_rounds * np.array([w for w in weights if w])
    )
    held_out = tasks_of(mixture, "validation", len(names), range(STEPS))
    np.testing.assert_array_equal(np.bincount(held_out.ravel()), STEPS)


@pytest.mark.parametrize("split", ["training", "validation"])
def test_each_trial_is_one_that_the_task_has_alone(mixture, alone, split):
    """With its numbers among all trials of the task, and its place in its stream."""
    seen = {k: [] for k in range(5)}
    in_lane = {}
    for step in range(STEPS):
        batch = mixture.batch(split, step, 4, STEPS)
        for lane, k in enumerate(batch.tasks):
            position = in_lane.get((k, lane), 0)
            in_lane[k, lane] = position + 1
            here = np.array([0]), np.array([lane]), np.array([position])
            place = Places(*here, np.array([len(seen[k])]))
            seen[k].append(lane)
            expected = alone[k].trials(split, place)
            for name in ("inputs", "labels", "weights", "noise_seeds", "continues"):
                np.testing.assert_array_equal(
                    getattr(batch, name)[lane], getattr(expected, name)[0], err_msg=name
                )


def test_numbers_go_on_from_epoch_to_epoch_without_a_gap(mixture):
    for k in range(5):
        numbers = []
        for step in range(4 * STEPS):
            tasks, places = mixture.places("training", step, 3, STEPS)
            numbers += [*places.number[tasks == k]]
        np.testing.assert_array_equal(numbers, np.arange(len(numbers)))


def test_only_the_change_tasks_continue_and_only_within_an_epoch(mixture):
    for step in range(2 * STEPS):
        batch = mixture.batch("training", step, 5, STEPS)
        assert not batch.continues[batch.tasks >= 2].any()
        if step % STEPS == 0:
            assert not batch.continues.any()
    assert batch.continues.any()


def test_a_batch_may_be_made_in_pieces(mixture):
    whole = mixture.batch("training", 3, 6, STEPS)
    pieces = [
        mixture.batch("training", 3, 6, STEPS, lanes)
        for lanes in ([0, 1, 2], [3, 4, 5])
    ]
    for name in whole._fields:
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(joined, getattr(whole, name), err_msg=name)


def test_the_order_depends_on_the_seed_and_on_nothing_else(make, mixture):
    again = tasks_of(make("all"), "training", 4)
    np.testing.assert_array_equal(again, tasks_of(mixture, "training", 4))
    assert (again != tasks_of(make("all", seed=1), "training", 4)).any()


def test_no_two_tasks_share_a_noise_seed(mixture):
    seeds = np.concatenate(
        [mixture.batch("training", step, 4, STEPS).noise_seeds for step in range(STEPS)]
    )
    assert len(np.unique(seeds, axis=0)) == len(seeds)


def test_a_dataset_feeds_each_replica_its_own_block(mixture):
    blocks = [np.array([0, 1]), np.array([2, 3])]
    dataset = task_dataset(mixture, "validation", 4, 0, STEPS, 20, blocks)
    assert dataset.cardinality() == 2 * STEPS
    fed = list(dataset.as_numpy_iterator())
    for step in range(STEPS):
        batch = mixture.batch("validation", step, 4, STEPS)
        for k, block in enumerate(blocks):
            inputs, labels, _ = fed[2 * step + k]
            np.testing.assert_array_equal(inputs["lgn"], batch.inputs[block])
            np.testing.assert_array_equal(inputs["task"], batch.tasks[block])
            np.testing.assert_array_equal(labels, batch.labels[block])


def test_blocks_of_different_sizes_are_refused(mixture):
    with pytest.raises(ValueError, match="all replicas need as many trials"):
        task_dataset(
            mixture, "training", 3, 0, STEPS, 20, [np.arange(1), np.arange(1, 3)]
        )


def test_trials_of_different_lengths_do_not_mix(make):
    tasks = make("garrett", seq_len=300), make("evidence")
    with pytest.raises(ValueError, match="one length.*'garrett': 300.*'evidence': 600"):
        Mixture(tasks, (1, 1), 0)


@pytest.mark.parametrize("weights", [(1,), (0, 0), (1, -1)])
def test_impossible_weights_are_refused(make, weights):
    with pytest.raises(ValueError, match="task_weights .* each of ori_diff, evidence"):
        Mixture((make("ori_diff"), make("evidence")), weights, 0)
