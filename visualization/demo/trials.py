"""What the demo shows to the column: trials of tasks, or a stimulus of the user's."""

import dataclasses
from typing import NamedTuple

import numpy as np

from v1model.config import CHUNK_MS
from v1model.lgn import LGN, Movie, current_from_rates, spikes_from_rates
from v1model.stimuli.screen import trial_movie
from v1model.stimuli.streams import noise_seeds, spike_generator
from v1model.stimuli.trials import Batch


class Sample(NamedTuple):
    """What is shown at once.

    name: In words.  batch: Batch of B trials.  movie: Of the first trial, or None.
    """

    name: str
    batch: Batch
    movie: Movie | None


@dataclasses.dataclass(frozen=True)
class TaskTrials:
    """Held-out trials of some tasks in turn.

    Args:
        task: Task or Mixture of the column.
        names: Of the tasks that are shown.
        batch_size: B.
        n_samples: How many there are in all.

    Raises:
        ValueError: The column knows no such task.
    """

    task: object
    names: tuple[str, ...]
    batch_size: int
    n_samples: int

    def __post_init__(self):
        known = [member.name for member in self.task.members]
        for name in self.names:
            if name not in known:
                raise ValueError(
                    f"task: the column answers {', '.join(known)}, got {name}."
                )

    def __getitem__(self, number):
        name = self.names[number % len(self.names)]
        known = [member.name for member in self.task.members]
        question = known.index(name)
        member = self.task.members[question]
        place = "validation", number // len(self.names), self.batch_size, self.n_samples
        batch = member.batch(*place)
        batch = batch._replace(tasks=np.full(self.batch_size, question, np.int32))
        return Sample(name, batch, trial_movie(member, member.plan(*place).pictures[0]))


@dataclasses.dataclass(frozen=True)
class OwnTrials:
    """The same movie or picture again and again; only the noise differs.

    Args:
        name: Of the stimulus.
        movie: Movie.
        units: LGNUnits of the column.
        batch_size: B.
        seed: Of noise and LGN spikes.
        current_input: Whether LGN rates enter as currents, otherwise as spikes.
        question: Number of the question that the column is asked; no answer is right.
    """

    name: str
    movie: Movie
    units: object
    batch_size: int
    seed: int
    current_input: bool
    question: int = 0

    def __post_init__(self):
        object.__setattr__(self, "_rates", LGN(self.units).rates(self.movie))

    def __getitem__(self, number):
        n_chunks = self.movie.duration_ms // CHUNK_MS
        places = [(number, lane) for lane in range(self.batch_size)]
        seeds = noise_seeds(self.seed, "validation", places)
        chunks = np.zeros((self.batch_size, n_chunks))
        batch = Batch(
            inputs=np.stack([self._input(seed) for seed in seeds]),
            labels=chunks.astype(np.int32),
            weights=chunks.astype(np.float32),
            image_labels=chunks.astype(np.int32),
            noise_seeds=seeds,
            continues=np.zeros(self.batch_size, np.float32),
            tasks=np.full(self.batch_size, self.question, np.int32),
        )
        return Sample(self.name, batch, self.movie)

    def _input(self, seed):
        if self.current_input:
            return current_from_rates(self._rates)
        return spikes_from_rates(self._rates, spike_generator(seed))
