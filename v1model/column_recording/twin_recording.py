"""TwinRecorder: a column while it sees movies from which a twin can learn.

Trials are short and begin at rest, so that many run side by side. What a trial is shown
and which noise it has follow from its number alone.
"""

import dataclasses
import functools
import json
import pathlib

import numpy as np
import pandas as pd

import v1model
from v1model.atomic import atomic_path
from v1model.column_recording.lgn_fields import field_positions, linear_fields
from v1model.column_recording.parts import Parts
from v1model.column_recording.recorder import (
    fingerprint,
    neuron_table,
    require_recording_of,
)
from v1model.column_recording.twin_stimuli import (
    FRAME_MS,
    PIXELS,
    Patch,
    as_averaged,
    contrast_of,
    draw_movie,
    movie_table,
)
from v1model.config import NetworkConfig
from v1model.lgn import LGN, spikes_from_rates
from v1model.network.populations import rough_population
from v1model.options import option, require, require_positive
from v1model.recordings import RecordingWriter, Signal
from v1model.runs import versions
from v1model.simulation import lgn_generator, simulate, trial_seeds, untrained_column
from v1model.stimuli import view_of
from v1model.trained_run import find_subject

SETTLING_MS = 500  # from rest on, not recorded
GREY_MS = 240  # the beginning of a trial: the twin's memory before the movie
MOVIE_MS = 4800
PIECE_MS = 240  # run at once
SIDE_BY_SIDE = 16  # trials
LEAST_RATE = 0.2  # Hz over the training trials; who fires less is left out
SPIKES, MOVIE = "spikes", "movie"


@dataclasses.dataclass(frozen=True)
class TwinConfig:
    """The column, what it is shown, and what is kept of it."""

    data_dir: str = option("", "GLIF_network folder; empty builds a column.")
    neurons: int = option(2000, "Neurons of the column.")
    seed: int = option(3000, "Of the movies and of all noise.")
    minutes: float = option(20.0, "Of the movies for training.")
    checks_share: float = option(0.3, "Of these that are checks, not photographs.")
    test_movies: int = option(4, "Movies of each type for the test.")
    repeats: int = option(20, "How often each of those is shown.")
    bin_ms: int = option(20, f"Bin of the recording, ms; divides {FRAME_MS}.")
    background: str = option(
        "shared",
        "Poisson background: one source for all neurons, as published, or one each.",
        choices=("shared", "independent"),
    )

    def __post_init__(self):
        for name in ("neurons", "minutes", "test_movies"):
            require_positive(self, name)
        require(self.seed >= 0, "seed", "must not be negative", self.seed)
        is_share = 0 <= self.checks_share <= 1
        require(is_share, "checks_share", "must lie in 0..1", self.checks_share)
        require(self.repeats > 1, "repeats", "must be at least 2", self.repeats)
        divides = self.bin_ms > 0 and FRAME_MS % self.bin_ms == 0
        require(divides, "bin_ms", f"must divide {FRAME_MS}", self.bin_ms)


class TwinRecorder:
    """A column, the trials that it is shown, and the recording that is made of them.

    Args:
        config: TwinConfig.
        out: Path of the recording, .h5; parts of it lie beside it until it is complete.

    Raises:
        OSError, ValueError: An option, or a file that it names, is wrong; or there is
            another recording in its place, whole or in parts.
    """

    def __init__(self, config, out):
        self.config, self.out = config, pathlib.Path(out).expanduser()
        network = NetworkConfig(
            data_dir=config.data_dir, neurons=config.neurons, seed=config.seed
        )
        self.network = find_subject(network).network
        self.patch = Patch.of(view_of(self.network.lgn))
        self.movies = movie_table(
            config.minutes,
            config.test_movies,
            config.repeats,
            config.checks_share,
            MOVIE_MS,
            config.seed,
        )
        self.trials = trial_table(self.movies, config.seed)
        self.job = {
            "options": json.loads(json.dumps(dataclasses.asdict(config))),
            "network": fingerprint(self.network),
            "version": v1model.__version__,
        }
        self.is_complete = self.out.exists()
        if self.is_complete:
            require_recording_of(self.job, self.out)
        self._parts = Parts(self.out, self.job)

    def record(self, report=None):
        """Simulates what is not there yet, and joins it.

        Args:
            report: Called after every batch of trials as report(trials done, all).

        Returns:
            Path of the recording.

        Raises:
            ValueError: Another program is recording there.
        """
        if self.is_complete:
            return self.out
        with self._parts.locked():
            self._parts.open()
            batches = self._batches()
            missing = [k for k in range(len(batches)) if not self._path(k).is_file()]
            if missing:
                layers = untrained_column(
                    self.network,
                    shared_background=self.config.background == "shared",
                )
            for k in missing:
                self._simulate(layers, k, batches[k])
                if report is not None:
                    report(int(batches[k][-1]) + 1, len(self.trials))
            self._join(batches)
            self._parts.remove()
        self.is_complete = True
        return self.out

    def levels(self, number):
        """Frames of a movie, (F, PIXELS, PIXELS) uint8."""
        n_frames = MOVIE_MS // FRAME_MS
        return draw_movie(self.movies.iloc[number], number, n_frames, self.config.seed)

    def lgn_rates(self, number):
        """Rates of the LGN to a movie, with the grey before it, (t, I) Hz."""
        contrast = contrast_of(self.levels(number)).reshape(-1, PIXELS**2)
        shown = self._pixel_responses @ contrast.T
        responses = np.concatenate([np.zeros_like(shown[:, :1]), shown], axis=1)
        durations = [SETTLING_MS + GREY_MS] + [FRAME_MS] * len(contrast)
        return self._lgn.rates_from_spatial(responses, durations)

    def averaged_fields(self, ids, n_lags):
        """Averages that checks would trigger if neurons did what the wiring says alone.

        See `linear_fields` and `as_averaged`.

        Args:
            ids: Of the neurons, as in the recording.
            n_lags: Bins of the recording; 0 is the newest.

        Returns:
            (n, n_lags, PIXELS, PIXELS) float32.
        """
        position = {one: row for row, one in enumerate(self.network.node_id.tolist())}
        rows = np.array([position[one] for one in ids])
        found = linear_fields(
            self.network.lgn, self._pixel_responses, rows, self.config.bin_ms, n_lags
        )
        found = found.reshape(len(rows), n_lags, PIXELS, PIXELS)
        return as_averaged(found, self.config.bin_ms)

    @functools.cached_property
    def _lgn(self):
        return LGN(self.network.lgn.units)

    @functools.cached_property
    def _pixel_responses(self):
        """Spatial responses of the LGN to each pixel of the movie: they are linear."""
        pixels = np.eye(PIXELS**2, dtype=np.float32).reshape(-1, PIXELS, PIXELS)
        return self._lgn.spatial_responses(self.patch.on_screen(pixels))

    def _batches(self):
        numbers = np.arange(len(self.trials))
        return np.array_split(numbers, -(-len(numbers) // SIDE_BY_SIDE))

    def _path(self, k):
        return self._parts.folder / f"trials_{k:05d}.npz"

    def _simulate(self, layers, k, numbers):
        """Keeps the spikes of some trials: bin and neuron of each, trial by trial."""
        movies = self.trials["movie"].iloc[numbers]
        rates = {movie: self.lgn_rates(movie) for movie in movies.unique()}
        seeds = np.array(trial_seeds(self.config.seed, len(self.trials)))[numbers]
        streams = [lgn_generator(seed) for seed in seeds]

        def pieces():
            for start in range(0, SETTLING_MS + GREY_MS + MOVIE_MS, PIECE_MS):
                yield np.stack(
                    [
                        spikes_from_rates(
                            rates[movie][start : start + PIECE_MS], stream
                        )
                        for movie, stream in zip(movies, streams, strict=True)
                    ]
                )

        # What the simulation returns for its step t happens at t + 1.
        found, start = [], 1 - SETTLING_MS
        for activity in simulate(layers, pieces(), seeds.tolist()):
            spikes = activity.spikes.numpy() > 0
            trial, step, neuron = np.nonzero(spikes)
            found.append((trial, (start + step) // self.config.bin_ms, neuron))
            start += spikes.shape[1]
        trial, place, neuron = (
            np.concatenate(part) for part in zip(*found, strict=True)
        )
        kept = (place >= 0) & (place < self._trial_bins)
        order = np.lexsort((neuron[kept], place[kept], trial[kept]))
        with atomic_path(self._path(k)) as partial, partial.open("wb") as file:
            np.savez_compressed(
                file,
                trial=numbers[trial[kept][order]].astype(np.int32),
                bin=place[kept][order].astype(np.int32),
                neuron=neuron[kept][order].astype(np.int32),
            )

    @property
    def _trial_bins(self):
        return (GREY_MS + MOVIE_MS) // self.config.bin_ms

    def _join(self, batches):
        parts = []
        for k in range(len(batches)):
            with np.load(self._path(k)) as file:
                parts.append([file[name] for name in ("trial", "bin", "neuron")])
        trial, place, neuron = (
            np.concatenate(part) for part in zip(*parts, strict=True)
        )
        kept = self._active(trial, neuron)
        position = np.full(self.network.n_neurons, -1)
        position[kept] = np.arange(kept.sum())
        is_kept = kept[neuron]
        trial, place = trial[is_kept], place[is_kept]
        neuron = position[neuron[is_kept]]
        first = np.searchsorted(trial, np.arange(len(self.trials) + 1))
        dt_ms, n_bins = float(self.config.bin_ms), self._trial_bins
        index = self._frame_index()
        frames_each = MOVIE_MS // FRAME_MS
        writer = RecordingWriter(
            self.out,
            neurons=self.neurons()[kept].reset_index(drop=True),
            dt_ms=dt_ms,
            signals={SPIKES: Signal("count", "uint8")},
            source="v1model column",
            session_id=f"column-{self.job['network'][:8]}",
            metadata=self._metadata(kept),
            frames={MOVIE: np.empty((0, PIXELS, PIXELS), np.uint8)},
        )
        with writer:
            for number in range(len(self.movies)):
                writer.add_frames(MOVIE, self.levels(number))
            for number, movie in enumerate(self.trials["movie"]):
                own = slice(first[number], first[number + 1])
                shown = np.where(index >= 0, index + movie * frames_each, -1)
                writer.append(
                    {SPIKES: (place[own], neuron[own])},
                    {MOVIE: shown},
                    n_steps=n_bins,
                )
            start_s = np.arange(len(self.trials)) * n_bins * dt_ms / 1000
            times = {"start_s": start_s, "stop_s": start_s + n_bins * dt_ms / 1000}
            writer.add_trials(pd.concat([pd.DataFrame(times), self.trials], axis=1))

    def neurons(self):
        """All neurons of the column as a table.

        `center_y` and `center_x` are where its LGN units look on average, pixels of the
        movie, NaN for neurons that have none; `lgn_synapses` is how many they have.
        """
        table = neuron_table(self.network)
        found = field_positions(self.network.lgn, self.network.n_neurons)
        row, column = self.patch.pixels_of(found.x, found.y)
        return table.assign(
            population=self.populations.astype(object),
            center_y=row,
            center_x=column,
            lgn_synapses=found.n_synapses,
        )

    @property
    def populations(self):
        """Which of the 17 populations each neuron is of, (N,) str."""
        types = self.network.types
        return rough_population(types.pop_name)[self.network.type_index]

    def _active(self, trial, neuron):
        """Neurons that fire in training trials, (N,) bool."""
        is_training = (self.trials["part"] == "train").to_numpy()
        seconds = is_training.sum() * (GREY_MS + MOVIE_MS) / 1000
        counts = np.bincount(
            neuron[is_training[trial]], minlength=self.network.n_neurons
        )
        kept = counts >= LEAST_RATE * seconds
        if not kept.any():
            raise ValueError(
                f"{self.out}: no neuron of the column fires at {LEAST_RATE} Hz; give "
                "more --neurons."
            )
        return kept

    def _frame_index(self):
        """Frame of the movie in each bin of a trial; -1 is grey."""
        per_frame = FRAME_MS // self.config.bin_ms
        frames = np.repeat(np.arange(MOVIE_MS // FRAME_MS), per_frame)
        before = np.full(GREY_MS // self.config.bin_ms, -1)
        return np.concatenate([before, frames])

    def _metadata(self, kept):
        names, where = np.unique(self.populations, return_inverse=True)
        silent = np.bincount(where[~kept], minlength=len(names))
        return {
            "job": self.job,
            "versions": versions(),
            "patch": {**self.patch._asdict(), "degrees_per_pixel": self.patch.degrees},
            "least_rate_hz": LEAST_RATE,
            "silent": dict(zip(names.tolist(), silent.tolist(), strict=True)),
        }


def trial_table(movies, seed):
    """Trials in random order: columns type, part, picture, movie and repeat."""
    repeats = movies["repeats"].to_numpy()
    movie = np.repeat(np.arange(len(movies)), repeats)
    repeat = np.concatenate([np.arange(n) for n in repeats])
    order = np.random.default_rng([seed, 2]).permutation(len(movie))
    shown = movies.drop(columns="repeats").iloc[movie[order]].reset_index(drop=True)
    return shown.assign(movie=movie[order], repeat=repeat[order])
