"""Trials: what is shown when, when the answer is due, and the batch made of them."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from v1model.config import CHUNK_MS
from v1model.lgn.current import current_from_rates, spikes_from_rates
from v1model.stimuli.streams import check_split, spike_generator

GRAY = -1  # picture number of the gray screen


class Batch(NamedTuple):
    """B trials, ready for the column.

    inputs: LGN current, or spikes, (B, T, I) float32.
    labels: Right answer in each chunk of 50 ms, (B, C) int32; 0 where none is due.
    weights: Loss weight of each chunk, (B, C) float32; 1 where an answer is due.
    image_labels: Picture shown in each chunk, (B, C) int32, or GRAY; the last of them
        if there are several.
    noise_seeds: Seed of the noise inside the column, (B, 2) int32, one per trial.
    continues: 1 where the column goes on from the trial before in the same stream,
        (B,) float32; 0 where it starts at rest.
    tasks: Number of the trial's task among the members of a mixture, (B,) int32.
    """

    inputs: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    image_labels: np.ndarray
    noise_seeds: np.ndarray
    continues: np.ndarray
    tasks: np.ndarray

    @property
    def for_column(self):
        """Inputs of ColumnModel."""
        return {
            "lgn": self.inputs,
            "noise_seed": self.noise_seeds,
            "continues": self.continues,
            "task": self.tasks,
        }


class Places(NamedTuple):
    """Where B trials of one task stand among all its trials; each field (B,) int.

    epoch: Streams begin anew in each. In validation always 0.
    lane: The stream; one for each trial of the global batch.
    position: How many trials the stream had before, in this epoch.
    number: How many trials the task had before, in all lanes and epochs.
    """

    epoch: np.ndarray
    lane: np.ndarray
    position: np.ndarray
    number: np.ndarray

    def chosen(self, index):
        """Some of the places."""
        return Places(*(field[index] for field in self))


def places_of(split, step, batch_size, steps_per_epoch):
    """The places of a task that has every trial of every batch; see `Task.batch`."""
    epoch, position = divmod(step, steps_per_epoch)
    if split == "validation":
        epoch, step = 0, position
    lane = np.arange(batch_size)
    return Places(
        np.full(batch_size, epoch),
        lane,
        np.full(batch_size, position),
        step * batch_size + lane,
    )


class Segment(NamedTuple):
    """A stretch of a trial: `ms` of the trial's picture number `slot`, or of GRAY."""

    slot: int
    ms: int


@dataclasses.dataclass(frozen=True)
class Timeline:
    """What a trial of a task shows, and when it asks; every trial has the same.

    Args:
        segments: In order of time. Slots count the pictures of a trial from 0.
        windows: Chunk in which the first, second, ... answer is due.
        weight_elsewhere: Loss weight of the chunks in which no answer is due.

    Raises:
        ValueError: A duration is not positive, the trial is not a whole number of
            chunks, a window lies outside it, or the weight elsewhere is not below 1,
            which marks the windows.
    """

    segments: tuple[Segment, ...]
    windows: tuple[int, ...]
    weight_elsewhere: float = 0.0

    def __post_init__(self):
        for segment in self.segments:
            if segment.ms <= 0:
                raise ValueError(f"a segment must last longer than 0 ms: {segment}.")
        if self.duration_ms % CHUNK_MS:
            raise ValueError(
                f"a trial must last a multiple of {CHUNK_MS} ms, "
                f"got {self.duration_ms}."
            )
        for chunk in self.windows:
            if not 0 <= chunk < self.n_chunks:
                raise ValueError(
                    f"response chunk {chunk} is outside 0..{self.n_chunks - 1}."
                )
        if not 0 <= self.weight_elsewhere < 1:
            raise ValueError(
                "response_weight_elsewhere must lie in [0, 1), "
                f"got {self.weight_elsewhere}."
            )

    @property
    def duration_ms(self):
        return sum(segment.ms for segment in self.segments)

    @property
    def n_chunks(self):
        return self.duration_ms // CHUNK_MS

    @property
    def n_slots(self):
        """Pictures per trial."""
        return 1 + max(segment.slot for segment in self.segments)

    @property
    def slots(self):
        """Slot shown in each ms, (T,) int; GRAY for none."""
        slot, ms = np.array(self.segments).T
        return np.repeat(slot, ms)

    def labels(self, answers):
        """(B, C) int32 from the right answer in each window, (B, n_windows)."""
        labels = np.zeros((len(answers), self.n_chunks), np.int32)
        labels[:, self.windows] = answers
        return labels

    def weights(self, is_asked):
        """(B, C) float32 from whether each answer counts, (B, n_windows) bool."""
        shape = (len(is_asked), self.n_chunks)
        weights = np.full(shape, self.weight_elsewhere, np.float32)
        weights[:, self.windows] = is_asked
        return weights

    def image_labels(self, pictures):
        """(B, C) int32 from the picture in each slot, (B, n_slots)."""
        slot = self.slots.reshape(self.n_chunks, CHUNK_MS).max(axis=1)
        with_gray = np.pad(pictures, ((0, 0), (0, 1)), constant_values=GRAY)
        return with_gray[:, slot].astype(np.int32)  # slot GRAY = -1 is the last column


def repeated(segments, n):
    """Segments of n presentations, each with its own slots."""
    n_slots = 1 + max(segment.slot for segment in segments)
    return tuple(
        Segment(slot if slot == GRAY else slot + k * n_slots, ms)
        for k in range(n)
        for slot, ms in segments
    )


class Plan(NamedTuple):
    """What B trials show and ask, before any picture is drawn.

    pictures: Picture in each slot of the earlier trials and of this one,
        (B, n_slots * (1 + n_before)) int; GRAY for none.
    answers: Right answer in each window, (B, n_windows) int.
    is_asked: Whether the answer counts, (B, n_windows) bool.
    noise_seeds: (B, 2) int32.
    """

    pictures: np.ndarray
    answers: np.ndarray
    is_asked: np.ndarray
    noise_seeds: np.ndarray


def check_batch(split, step, batch_size, steps_per_epoch):
    """Raises ValueError if there is no such batch; for arguments see `Task.batch`."""
    check_split(split)
    sizes = {"batch_size": batch_size, "steps_per_epoch": steps_per_epoch}
    for name, value in sizes.items():
        if value <= 0:
            raise ValueError(f"{name} must be positive, got {value}.")
    if step < 0:
        raise ValueError(f"step must not be negative, got {step}.")


@dataclasses.dataclass(frozen=True)
class Task:
    """A stream of trials, and what the column needs to answer them.

    Args:
        name: Key in TASKS.
        timeline: Of every trial.
        n_classes: Number of answers.
        pools: Readout pools whose activity gives the logits.
        has_threshold: Whether a constant is the logit of class 0 and the only pool
            that of class 1 (Chen et al. 2022).
        carries_state: Whether the column goes from one trial of a stream to the next
            without a reset.
        plans: Function (split, Places) -> Plan.
        rates: Function (segments with picture numbers as slots, n_ms) -> LGN rates
            of the last n_ms, (n_ms, I), Hz; gray before the first segment.
        n_before: Earlier trials that the LGN still responds to.
        current_input: Whether rates enter as currents, otherwise as spikes.
    """

    name: str
    timeline: Timeline
    n_classes: int
    pools: tuple[int, ...]
    has_threshold: bool
    carries_state: bool
    plans: Callable[[str, Places], Plan]
    rates: Callable[[list[Segment], int], np.ndarray]
    n_before: int = 0
    current_input: bool = True

    @property
    def members(self):
        """The task alone; a mixture has several."""
        return (self,)

    @property
    def seq_len(self):
        """Length of a trial, ms."""
        return self.timeline.duration_ms

    @property
    def n_chunks(self):
        """Chunks of 50 ms per trial."""
        return self.timeline.n_chunks

    def batch(self, split, step, batch_size, steps_per_epoch, lanes=None):
        """The trials of one step.

        A pure function of its arguments and of the task's seed: steps may be asked
        for in any order, again, and by several processes.

        Args:
            split: "training" or "validation"; no picture, orientation or sequence of
                cues is in both. The validation set is fixed: its trials repeat after
                steps_per_epoch steps.
            step: Counted from the first step of the run, across epochs.
            batch_size: Number of trials of the whole batch, over all replicas.
            steps_per_epoch: Steps after which streams begin anew.
            lanes: Which trials of the batch are made, (B,) int; None makes all.

        Returns:
            Batch.
        """
        check_batch(split, step, batch_size, steps_per_epoch)
        places = places_of(split, step, batch_size, steps_per_epoch)
        return self.trials(split, places if lanes is None else places.chosen(lanes))

    def plan(self, split, step, batch_size, steps_per_epoch):
        """What the trials of `batch` show and ask: Plan."""
        check_batch(split, step, batch_size, steps_per_epoch)
        return self.plans(split, places_of(split, step, batch_size, steps_per_epoch))

    def trials(self, split, places):
        """The trials at B places: Batch."""
        plan = self.plans(split, places)
        shown = repeated(self.timeline.segments, 1 + self.n_before)
        inputs = []
        for pictures, noise_seed in zip(plan.pictures, plan.noise_seeds, strict=True):
            row = [Segment(GRAY if k == GRAY else pictures[k], ms) for k, ms in shown]
            inputs.append(self._input(row, noise_seed))
        return Batch(
            inputs=np.stack(inputs),
            labels=self.timeline.labels(plan.answers),
            weights=self.timeline.weights(plan.is_asked),
            image_labels=self.timeline.image_labels(
                plan.pictures[:, -self.timeline.n_slots :]
            ),
            noise_seeds=plan.noise_seeds,
            continues=(self.carries_state & (places.position > 0)).astype(np.float32),
            tasks=np.zeros(len(places.lane), np.int32),
        )

    def _input(self, shown, noise_seed):
        rates = self.rates(shown, self.seq_len)
        if self.current_input:
            return current_from_rates(rates)
        return spikes_from_rates(rates, spike_generator(noise_seed))
