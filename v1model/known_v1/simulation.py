"""Recordings of known neurons: the movie, their true rates and Poisson spikes."""

import math
import pathlib

import numpy as np
import pandas as pd

from v1model.known_v1 import ceilings, movies, neurons, pictures
from v1model.known_v1.gaze import draw_gaze
from v1model.recordings import save_recording

MOVIE, SPIKES, RATE = "movie", "spikes", "rate"
EYE, VELOCITY, FIXATION, GRATING = (
    "eye_position",
    "eye_velocity",
    "is_fixating",
    "grating",
)
TYPES = ("backimage", "gaborium", "gratings", "fixrsvp")
# Shares of the trials of gaborium and gratings, at least one; the rest is training.
HELD_OUT = {"validation": 0.1, "test": 0.3}
FIXRSVP_S, FIXRSVP_PICTURES = 2.0, 8  # of a trial; shown one after the other in it
FAST_EYE = 100.0  # degrees/s, from which on behaviour acts no more


def simulate(path, config):
    """Writes a recording of known neurons.

    The signal `rate` are the true rates (Hz) from which `spikes` were drawn. Trials
    have the columns type, part, picture and sequence (which movie was repeated; -1 is
    none); no picture is in two parts. Between trials the screen is grey.

    Args:
        path: Where to, .h5.
        config: KnownV1Config.

    Returns:
        The path.

    Raises:
        ValueError: A picture cannot be used, or there are too few.
    """
    # Seeds and not generators are spawned: those cannot before NumPy 1.25.
    shown, noise = np.random.SeedSequence(config.seed).spawn(2)
    noise = np.random.default_rng(noise)
    table = neurons.draw_neurons(np.random.default_rng(shown.spawn(1)[0]), config)
    session = _Session(np.random.default_rng(shown), config)
    frames, behavior, trials = session.shown()
    drive = neurons.drives(movies.seen(frames), table, config.sampling_rate)
    is_calibration = _bins_of(trials, len(frames), type="backimage", part="train")
    table = neurons.calibrated(table, drive[is_calibration])
    rates = neurons.rates(drive, table)
    speed = np.hypot(*behavior[VELOCITY].T)
    rates *= np.exp(config.behavior_gain * np.clip(speed / FAST_EYE, 0, 1))[:, None]
    per_bin = rates / config.sampling_rate
    spikes = noise.poisson(per_bin)
    for part in ("train", "test"):
        here = _bins_of(trials, len(frames), type="backimage", part=part)
        bits = ceilings.expected_bits(per_bin[here])
        table[f"oracle_bps_{part}"] = bits
    times = trials[["start", "stop"]] / config.sampling_rate
    save_recording(
        path,
        dt_ms=1000 / config.sampling_rate,
        activity={SPIKES: spikes, RATE: rates.astype(np.float32)},
        quantities={SPIKES: "count", RATE: "rate"},
        neurons=table,
        trials=trials.drop(columns=["start", "stop"]).assign(
            start_s=times["start"], stop_s=times["stop"]
        ),
        stimulus={MOVIE: frames},
        behavior=behavior,
        valid=_valid(noise, trials, spikes.shape, config.missing_share),
        source="known neurons",
        session_id=f"known_{config.seed}",
        metadata={"known_v1": config.model_dump(mode="json")},
    )
    return pathlib.Path(path)


class _Session:
    """The trials of a recording, one after the other.

    Args:
        rng: NumPy Generator.
        config: KnownV1Config.
    """

    def __init__(self, rng, config):
        self.rng, self.config = rng, config
        self.n_trial = self._bins(config.trial_s)
        self.n_gap = self._bins(config.gap_s)
        paths = pictures.picture_paths(config.pictures)
        self.pictures = {
            part: [pictures.load_picture(path, config.scale) for path in own]
            for part, own in pictures.paths_by_part(paths, config.picture_seed).items()
        }

    def shown(self):
        """Frames (T, H, W) uint8, behaviour by name and the table of trials."""
        trials = [*self._backimage(), *self._gaborium(), *self._gratings()]
        trials = [trials[k] for k in self.rng.permutation(len(trials))]
        trials += self._fixrsvp()
        n = sum(len(trial["frames"]) + self.n_gap for trial in trials) + self.n_gap
        size = self.config.frame_size
        frames = np.full((n, size, size), movies.GREY, np.uint8)
        behavior = {
            EYE: np.zeros((n, 2), np.float32),
            VELOCITY: np.zeros((n, 2), np.float32),
            FIXATION: np.ones(n, np.uint8),
            GRATING: np.zeros((n, 3), np.float32),
        }
        rows, start = [], self.n_gap
        for trial in trials:
            stop = start + len(trial["frames"])
            frames[start:stop] = trial["frames"]
            for name, series in trial.get("behavior", {}).items():
                behavior[name][start:stop] = series
            rows.append({"start": start, "stop": stop, **trial["row"]})
            start = stop + self.n_gap
        return frames, behavior, pd.DataFrame(rows)

    def _bins(self, seconds):
        return round(seconds * self.config.sampling_rate)

    def _n_trials(self, minutes):
        return math.ceil(round(60 * minutes / self.config.trial_s, 6))

    def _backimage(self):
        """Trials of free viewing, each part with its own pictures."""
        for part, own in self.pictures.items():
            for k in range(self._n_trials(getattr(self.config, f"{part}_minutes"))):
                picture = own[k % len(own)]
                gaze = self._gaze(picture, self.n_trial)
                row = _row(type="backimage", part=part, picture=picture.name)
                yield {**self._viewed(picture, gaze), "row": row}

    def _gaborium(self):
        for part in self._parts(self.config.gaborium_minutes):
            shape = (self.n_trial, self.config.frame_size)
            frames = movies.gabor_frames(self.rng, *shape, self.config.scale)
            yield {"frames": frames, "row": _row(type="gaborium", part=part)}

    def _gratings(self):
        for part in self._parts(self.config.gratings_minutes):
            shape = (self.n_trial, self.config.frame_size)
            frames, shown = movies.grating_frames(self.rng, *shape, self.config.scale)
            row = _row(type="gratings", part=part)
            yield {"frames": frames, "row": row, "behavior": {GRATING: shown}}

    def _fixrsvp(self):
        """Repeats of the same pictures of the test under the same gaze."""
        own, n = self.pictures["test"], self._bins(FIXRSVP_S)
        if not self.config.fixrsvp_repeats:
            return []
        each = -(-n // FIXRSVP_PICTURES)
        chosen = [own[k % len(own)] for k in range(FIXRSVP_PICTURES)]
        gazes = [self._gaze(picture, each) for picture in chosen]
        found = []
        for _ in range(self.config.fixrsvp_repeats):
            shift = self.config.fixrsvp_jitter * self.rng.standard_normal(2)
            parts = [
                self._viewed(picture, gaze, shift)
                for picture, gaze in zip(chosen, gazes, strict=True)
            ]
            row = _row(type="fixrsvp", part="test", sequence=0)
            frames = np.concatenate([part["frames"] for part in parts])[:n]
            behavior = {
                name: np.concatenate([part["behavior"][name] for part in parts])[:n]
                for name in parts[0]["behavior"]
            }
            found.append({"frames": frames, "row": row, "behavior": behavior})
        return found

    def _gaze(self, picture, n_bins):
        config = self.config
        return draw_gaze(
            self.rng,
            n_bins,
            self._room(picture),
            config.sampling_rate,
            config.pixels_per_degree * config.scale,
        )

    def _room(self, picture):
        return np.array(picture.pixels.shape) - self.config.frame_size - 1

    def _viewed(self, picture, gaze, shift=0.0):
        """Frames and behaviour while a picture is looked at."""
        room = self._room(picture)
        place = np.clip(gaze.position + shift, 0, room - 1e-6)
        frames = movies.crops(picture.pixels, place, self.config.frame_size)
        degrees = (place - room / 2) / (
            self.config.pixels_per_degree * self.config.scale
        )
        velocity = np.diff(degrees, axis=0, prepend=degrees[:1])
        behavior = {
            EYE: degrees,
            VELOCITY: velocity * self.config.sampling_rate,
            FIXATION: gaze.is_fixating,
        }
        return {"frames": movies.stored(frames), "behavior": behavior}

    def _parts(self, minutes):
        """The part of each of the trials of a stimulus without pictures."""
        n = self._n_trials(minutes)
        numbers = {name: max(1, round(n * share)) for name, share in HELD_OUT.items()}
        numbers["train"] = n - sum(numbers.values())
        if numbers["train"] < 1:  # too few to be divided
            numbers = {"test": n}
        return [name for name, k in numbers.items() for _ in range(k)]


def _row(type="", part="", picture="", sequence=-1):
    return {"type": type, "part": part, "picture": picture, "sequence": sequence}


def _bins_of(trials, n_bins, type, part):
    """Which bins belong to trials of a type and a part: (T,) bool."""
    found = np.zeros(n_bins, bool)
    own = trials[(trials["type"] == type) & (trials["part"] == part)]
    for start, stop in zip(own["start"], own["stop"], strict=True):
        found[start:stop] = True
    return found


def _valid(rng, trials, shape, missing_share):
    """Which values are there, (T, N) bool; None for all."""
    if not missing_share:
        return None
    valid = np.ones(shape, bool)
    for start, stop in zip(trials["start"], trials["stop"], strict=True):
        valid[start:stop] = rng.random(shape[1]) >= missing_share
    return valid
