"""RecordingData: a recording as the read-out models see it, one row per bin."""

import logging

import numpy as np

from v1model.cnn.model_spec import RecordingSpec
from v1model.cnn.movies import StoredMovie
from v1model.cnn.trial_parts import TYPE, assign_parts, held_out_neurons, types_of
from v1model.recordings import open_recording

logger = logging.getLogger(__name__)


def load_recordings(paths, data):
    """Loads several recordings: a list of RecordingData.

    Args:
        paths: Of their files.
        data: DataParams.

    Raises:
        ValueError: As `load_recording`, or two have the same name.
    """
    recordings = [load_recording(path, data) for path in paths]
    by_name = {}
    for one in recordings:
        other = by_name.setdefault(one.spec.name, one)
        if other is not one:
            raise ValueError(
                f"{one.path}: session_id must be another than that of {other.path}, "
                f"got '{one.spec.name}' in both; read-outs are keyed by it."
            )
    return recordings


def load_recording(path, data):
    """Loads a recording: RecordingData.

    Args:
        path: Of the file.
        data: DataParams.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no recording, lacks what `data` names, has no trials, or its
            movie is of a type whose grey level nobody knows.
    """
    with open_recording(path) as recording:
        return RecordingData(recording, data)


class RecordingData:
    """Movie, spike counts, behaviour and trials of a recording of T bins.

    The movie stays as it is stored (uint8 or floating point numbers), and becomes
    float32 where `movie` is called.

    Args:
        recording: Recording, open.
        data: DataParams.

    Attributes:
        path: Of the file.
        spec: RecordingSpec. Its name is the session's id, or the file's name.
        metadata: Of the file.
        neurons: Data frame of N rows: those of `data.units`, in the file's order.
        trials: Data frame of the trials that are used, in order of time: `start` and
            `stop` (bins that lie in it as a whole), `type`, `part` (train, validation,
            test, or unused) and the columns of the file.
        counts: (T, N) float32, spikes per bin; 0 where not valid. Rates in Hz become
            expected spikes per bin.
        valid: (T, N) bool: the neuron is valid, its count a number, `data.mask` not 0,
            and movie and behaviour are known.
        behavior: (T, V) float32, 0 where it is not known; None where none is named.
        held_out: (N,) bool, neurons that joint training does not see.
    """

    def __init__(self, recording, data):
        self.path, self.metadata = recording.path, recording.metadata
        self._invalid_lags = data.invalid_lags
        self._rows = _rows_of(recording, data.units)
        self.neurons = recording.neurons.iloc[self._rows].reset_index(drop=True)
        self.trials = _trials(recording, data)
        self._movie = _movie(recording, data.stimulus)
        self.behavior, is_known = _behavior(recording, data.behavior)
        is_known &= self._movie.is_finite() & _mask(recording, data.mask)
        counts, valid = read_counts(recording, data.activity)
        self.counts, self.valid = counts[:, self._rows], valid[:, self._rows]
        self.valid &= is_known[:, None]
        self.counts[~self.valid] = 0
        self.spec = RecordingSpec(
            recording.session_id or recording.path.stem,
            len(self.neurons),
            tuple(int(size) for size in self._movie.frame_shape),
            0 if self.behavior is None else self.behavior.shape[1],
            1000 / recording.dt_ms,
        )
        self.held_out = held_out_neurons(self.spec, data)

    @property
    def n_bins(self):
        """T."""
        return len(self.counts)

    def movie(self, start, stop):
        """Frames of bins [start, stop), (t, H, W, C) float32, about -0.5 to 0.5."""
        return self._movie.read(start, stop)

    def signal(self, name):
        """Another count or rate of the file, as `counts` are: (T, N) float32.

        It is NaN where it is not valid.
        """
        with open_recording(self.path) as recording:
            counts, valid = read_counts(recording, name)
        counts[~valid] = np.nan
        return counts[:, self._rows]

    def has(self, part):
        """Whether any trial is of a part."""
        return bool((self.trials["part"] == part).any())

    def trials_of(self, parts=None, types=None):
        """Rows of `trials`, of some parts and types; None for all.

        Raises:
            ValueError: There are none.
        """
        wanted = np.ones(len(self.trials), bool)
        for column, values in (("part", parts), ("type", types)):
            if values is None:
                continue
            values = (values,) if isinstance(values, str) else tuple(values)
            wanted &= self.trials[column].isin(values).to_numpy()
        if not wanted.any():
            found = self.trials.groupby(["part", "type"]).size().to_dict()
            raise ValueError(
                f"{self.path}: no trial is of part {parts} and type {types}; there "
                f"are {found}."
            )
        return self.trials[wanted]

    def usable(self, memory_bins):
        """Which counts a model can be judged by, (T, N) bool.

        They are valid, in a trial of which `memory_bins` bins came before, and none of
        the last `data.invalid_lags` bins of the trial (None: the model's memory) was
        invalid for all neurons: there the movie or the eyes are not to be trusted.

        Args:
            memory_bins: Past bins that a model needs.
        """
        lags = memory_bins if self._invalid_lags is None else self._invalid_lags
        is_bad = ~self.valid.any(axis=1)
        bins = np.arange(self.n_bins)
        last_bad = np.maximum.accumulate(np.where(is_bad, bins, -self.n_bins - lags))
        usable = np.zeros(self.n_bins, bool)
        for start, stop in zip(self.trials["start"], self.trials["stop"], strict=True):
            rows = slice(start + memory_bins, stop)
            before = last_bad[rows]
            usable[rows] = (before < start) | (bins[rows] - before > lags)
        return self.valid & usable[:, None]

    def mean_counts(self, part="train"):
        """Mean spikes per valid bin of the trials of a part, (N,) float32.

        0 for a neuron that is never valid there.
        """
        spikes, n_valid = np.zeros((2, self.spec.n_neurons))
        trials = self.trials_of(part)
        for start, stop in zip(trials["start"], trials["stop"], strict=True):
            spikes += self.counts[start:stop].sum(axis=0, dtype=np.float64)
            n_valid += self.valid[start:stop].sum(axis=0)
        return (spikes / np.maximum(n_valid, 1)).astype(np.float32)


def require_joint(recordings, model):
    """Refuses recordings that one model cannot be shared by.

    Args:
        recordings: List of RecordingData.
        model: ModelParams.

    Raises:
        ValueError: Sampling rates, channels or numbers of behaviour differ, or sizes of
            frames that no adapter brings onto one grid.
    """
    first = recordings[0]
    is_resampled = model.adapter.type != "none" and model.adapter.grid_size is not None
    for one in recordings[1:]:
        pairs = {
            "channels": (one.spec.frame_shape[2], first.spec.frame_shape[2]),
            "numbers of behaviour": (one.spec.n_behavior, first.spec.n_behavior),
        }
        if not np.isclose(one.spec.sampling_rate, first.spec.sampling_rate, rtol=1e-6):
            rates = (one.spec.sampling_rate, first.spec.sampling_rate)
            pairs["sampling rate"] = tuple(f"{rate:.7g} Hz" for rate in rates)
        if not is_resampled:
            pairs["frames"] = (one.spec.frame_shape[:2], first.spec.frame_shape[:2])
        for what, (found, expected) in pairs.items():
            if found != expected:
                advice = "; model.adapter.grid_size helps" * (what == "frames")
                raise ValueError(
                    f"{one.path}: {what} must be {expected}, as in {first.path}, got "
                    f"{found}{advice}."
                )


def require_parts(recordings, parts):
    """Refuses recordings that could not be judged, before anything is trained.

    Args:
        recordings: List of RecordingData.
        parts: Of which each must have a trial.

    Raises:
        ValueError: One has none.
    """
    for one in recordings:
        for part in parts:
            if not one.has(part):
                found = one.trials["part"].value_counts().to_dict()
                raise ValueError(
                    f"{one.path}: at least one trial must be for {part}, got {found}; "
                    "data.validation_share, test_share, split_by and split_seed decide."
                )


def read_counts(recording, name=None):
    """Spikes per bin, (T, N) float32, and which are numbers of valid neurons, (T, N).

    Args:
        recording: Recording, open.
        name: Of a count or of a rate in Hz; None for the only count.

    Raises:
        ValueError: There is none, it is not clear which, or it is no count or rate.
    """
    activity, where = recording.activity, f"{recording.path}: data.activity"
    kinds = {name: one.quantity for name, one in activity.items()}
    if name is None:
        names = [name for name, quantity in kinds.items() if quantity == "count"]
        if len(names) != 1:
            raise ValueError(f"{where} must name one of {kinds}, got none.")
        name = names[0]
    if kinds.get(name) not in ("count", "rate"):
        raise ValueError(
            f"{where} must name a count or a rate, of {kinds}, got '{name}'."
        )
    counts = np.array(activity[name].read(), np.float32)
    valid = np.array(recording.valid(), bool)
    valid &= np.isfinite(counts)
    if kinds[name] == "rate":
        counts *= np.float32(recording.dt_ms / 1000)
    if (counts[valid] < 0).any():
        raise ValueError(f"{where}: '{name}' must not be negative where it is valid.")
    return counts, valid


def _rows_of(recording, units):
    """Rows of the neurons that are kept, an int array or a slice of all."""
    if not units:
        return slice(None)
    ids = recording.neurons["id"].to_numpy()
    unknown = [unit for unit in units if unit not in ids]
    if unknown:
        raise ValueError(
            f"{recording.path}: data.units must be ids of its {len(ids)} neurons, "
            f"{ids.min()} to {ids.max()}, got {unknown[0]}."
        )
    return np.flatnonzero(np.isin(ids, units))


def _trials(recording, data):
    """The trials that are used, with bins, types and parts, in order of time."""
    path, clock = recording.path, recording.clock
    trials = recording.trials
    if not len(trials):
        raise ValueError(f"{path}: trials must have at least one row, got none.")
    trials = trials.assign(part=assign_parts(trials, data, path), type=types_of(trials))
    start_s, stop_s = (clock.snapped(trials[f"{end}_s"]) for end in ("start", "stop"))
    start = clock.steps(start_s)
    start = start + (clock.times(start) < start_s)
    stop = clock.steps(stop_s)
    trials["start"], trials["stop"] = np.clip((start, stop), 0, recording.n_steps)
    if data.types:
        known = sorted(set(trials[TYPE]))
        unknown = [one for one in data.types if one not in known]
        if unknown:
            raise ValueError(
                f"{path}: data.types must be of the trials' types {known}, got "
                f"'{unknown[0]}'."
            )
        trials = trials[trials[TYPE].isin(data.types)]
    is_empty = trials["stop"] <= trials["start"]
    if is_empty.any():
        logger.warning(
            "%s: %d of %d trials hold no whole bin and are left out.",
            path,
            is_empty.sum(),
            len(trials),
        )
        trials = trials[~is_empty]
    if not len(trials):
        raise ValueError(f"{path}: no trial holds a whole bin of {recording.dt_ms} ms.")
    trials = trials.sort_values("start", kind="stable").reset_index(drop=True)
    overlaps = np.flatnonzero(
        trials["start"].to_numpy()[1:] < trials["stop"].to_numpy()[:-1]
    )
    if overlaps.size:
        row = trials.iloc[int(overlaps[0]) + 1]
        raise ValueError(
            f"{path}: trials must not overlap, but one begins at {row['start_s']} s, "
            "before the last one has ended; data.types may choose some."
        )
    return trials


def _movie(recording, name):
    series = recording.stimulus
    where = f"{recording.path}: data.stimulus"
    if name is None:
        if len(series) != 1:
            raise ValueError(f"{where} must name one of {sorted(series)}, got none.")
        name = next(iter(series))
    if name not in series:
        raise ValueError(f"{where} must be one of {sorted(series)}, got '{name}'.")
    one = series[name]
    where = f"{recording.path}: stimulus '{name}'"
    if one.is_framed:
        return StoredMovie(one.frames, one.index(), where)
    return StoredMovie(one.read(), None, where)


def _behavior(recording, names):
    """Behaviour, (T, V) float32 or None, and in which bins it is known, (T,) bool."""
    is_known = np.ones(recording.n_steps, bool)
    if not names:
        return None, is_known
    columns = [_columns(recording, "behavior", name) for name in names]
    behavior = np.concatenate(columns, axis=1)
    is_known = np.isfinite(behavior).all(axis=1)
    behavior[~is_known] = 0
    return behavior, is_known


def _mask(recording, name):
    """In which bins `data.mask` is not 0, (T,) bool."""
    if name is None:
        return np.ones(recording.n_steps, bool)
    columns = _columns(recording, "mask", name)
    return (np.isfinite(columns) & (columns != 0)).all(axis=1)


def _columns(recording, option, name):
    """One behaviour, (T, v) float32."""
    if name not in recording.behavior:
        raise ValueError(
            f"{recording.path}: data.{option} must name behaviour, of "
            f"{sorted(recording.behavior)}, got '{name}'."
        )
    rows = np.asarray(recording.behavior[name].read(), np.float32)
    return rows.reshape(len(rows), -1)
