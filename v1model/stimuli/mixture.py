"""Mixture: trials of several tasks in one batch."""

import dataclasses
import functools

import numpy as np

from v1model.stimuli.streams import generator
from v1model.stimuli.trials import Batch, Places, Task, check_batch

_KEPT_EPOCHS = 4  # of the schedule: training and validation, and a neighbour of each


@dataclasses.dataclass(frozen=True)
class Mixture:
    """A stream of trials of several tasks, to be read like a Task.

    The trials of a batch, and those of one batch after the other, are dealt out in
    rounds: each round has as many trials of a task as its weight says, in an order that
    the seed draws. So every batch is as mixed as its size allows. Validation has as
    many trials of each task.

    A task's own trials are those that it has alone: each of its kinds is shown once
    before one returns, and a stream of pictures goes on in its lane of the batch when
    that lane next has a trial of this task.

    Args:
        members: Tasks with trials of one length.
        weights: Trials of each task per round, not negative; 0 leaves a task out.
        seed: Decides the order.

    Raises:
        ValueError: Lengths differ, or the weights are no such numbers.
    """

    members: tuple[Task, ...]
    weights: tuple[int, ...]
    seed: int

    def __post_init__(self):
        weights = self.weights
        if len(weights) != len(self.members) or min(weights) < 0 or not any(weights):
            names = ", ".join(task.name for task in self.members)
            raise ValueError(
                f"task_weights must be one number from 0 on for each of {names}, not "
                f"all 0, got {tuple(weights)}."
            )
        lengths = {task.name: task.seq_len for task in self.members}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"trials of a batch must have one length, got {lengths}.")
        kept = functools.lru_cache(_KEPT_EPOCHS)
        object.__setattr__(self, "_schedule", kept(self._draw_schedule))

    @property
    def seq_len(self):
        """Length of a trial, ms."""
        return self.members[0].seq_len

    @property
    def n_chunks(self):
        """Chunks of 50 ms per trial."""
        return self.members[0].n_chunks

    def batch(self, split, step, batch_size, steps_per_epoch, lanes=None):
        """The trials of one step, as `Task.batch`, of which `tasks` says the task."""
        check_batch(split, step, batch_size, steps_per_epoch)
        lanes = np.arange(batch_size) if lanes is None else np.asarray(lanes)
        tasks, places = self.places(split, step, batch_size, steps_per_epoch)
        tasks, places = tasks[lanes], places.chosen(lanes)
        present = np.unique(tasks)
        parts = [
            self.members[k].trials(split, places.chosen(tasks == k)) for k in present
        ]
        order = np.argsort(
            np.concatenate([np.flatnonzero(tasks == k) for k in present])
        )
        fields = zip(*parts, strict=True)
        whole = Batch(*(np.concatenate(field)[order] for field in fields))
        return whole._replace(tasks=tasks.astype(np.int32))

    def places(self, split, step, batch_size, steps_per_epoch):
        """Task of each trial of a batch, (B,), and its place among the task's own."""
        epoch, position = divmod(step, steps_per_epoch)
        if split == "validation":
            epoch = 0
        schedule, before = self._schedule(split, epoch, batch_size, steps_per_epoch)
        tasks = schedule[position]
        lanes = np.arange(batch_size)
        is_same = schedule[:position] == tasks  # (earlier steps, B)
        earlier = np.bincount(schedule[:position].ravel(), minlength=len(self.members))
        in_batch = np.tril(tasks[:, None] == tasks, -1).sum(axis=1)
        return tasks, Places(
            np.full(batch_size, epoch),
            lanes,
            is_same.sum(axis=0),
            before[tasks] + earlier[tasks] + in_batch,
        )

    def _draw_schedule(self, split, epoch, batch_size, steps_per_epoch):
        """Task of each trial of an epoch, (steps, B), and all trials of each before."""
        weights = np.array(self.weights)
        if split == "validation":
            weights = (weights > 0).astype(int)
        n_members, per_round = len(weights), int(weights.sum())
        one_round = np.repeat(np.arange(n_members), weights)
        n_trials = batch_size * steps_per_epoch
        first_round, skipped = divmod(epoch * n_trials, per_round)
        n_rounds = -(-(skipped + n_trials) // per_round)
        rounds = [
            generator(self.seed, split, "tasks", first_round + k).permutation(one_round)
            for k in range(n_rounds)
        ]
        dealt = np.concatenate(rounds)
        begun = np.bincount(dealt[:skipped], minlength=n_members)
        schedule = dealt[skipped : skipped + n_trials]
        return (
            schedule.reshape(steps_per_epoch, batch_size),
            first_round * weights + begun,
        )
