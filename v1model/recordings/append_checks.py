"""What is refused before any of it is added to a recording."""

import json

import numpy as np

from v1model.recordings.schema import LONGEST_METADATA


class AppendChecks:
    """The checks of what is appended to one recording.

    Args:
        path: Of its file, for errors.
        n_neurons: N.
        signals: Signal by name.
    """

    def __init__(self, path, n_neurons, signals):
        self._path, self._n_neurons, self._signals = path, n_neurons, signals

    def length(self, activity, series, valid, n_steps):
        """The number of steps t on which everything agrees.

        Args:
            activity: Arrays (t, N), or tuples of events, by name.
            series: Arrays (t, ...) by (folder, name).
            valid: (t, N), (N,) or None.
            n_steps: t, or None.
        """
        lengths = {} if n_steps is None else {"n_steps": int(n_steps)}
        for name, values in activity.items():
            if isinstance(values, tuple):
                continue
            shape = np.shape(values)
            if len(shape) != 2 or shape[1] != self._n_neurons:
                raise ValueError(
                    f"{self._path}: activity '{name}' must have shape (t, "
                    f"{self._n_neurons}), got {shape}."
                )
            lengths[f"activity '{name}'"] = shape[0]
        for (folder, name), values in series.items():
            if not values.ndim:
                raise ValueError(
                    f"{self._path}: {folder} '{name}' must have shape (t, ...), got ()."
                )
            lengths[f"{folder} '{name}'"] = len(values)
        if np.ndim(valid) == 2:
            lengths["valid"] = len(valid)
        if not lengths:
            raise ValueError(f"{self._path}: n_steps is needed, no array says it.")
        if len(set(lengths.values())) > 1 or min(lengths.values()) < 0:
            raise ValueError(f"{self._path}: lengths disagree: {lengths}.")
        return next(iter(lengths.values()))

    def valid(self, valid, t):
        """A mask as an array (t, N) or (N,), or None."""
        if valid is None:
            return None
        valid = np.asarray(valid)
        shapes = [(self._n_neurons,), (t, self._n_neurons)]
        if valid.dtype != bool or valid.shape not in shapes:
            raise ValueError(
                f"{self._path}: valid must be bool of shape {shapes[0]} or "
                f"{shapes[1]}, got {valid.dtype} of shape {valid.shape}."
            )
        return valid

    def array(self, name, values, start, valid):
        """An array (t, N) from step `start` on in the precision of its signal."""
        where = f"{self._path}: activity '{name}'"
        values = _numbers(values, where)
        dtype = self._signals[name].dtype
        with np.errstate(over="ignore"):
            stored = values.astype(dtype, copy=False)
        is_fine = np.isfinite(stored)
        if is_fine.all():
            return stored
        is_bad = ~is_fine if valid is None else ~is_fine & valid
        if is_bad.any():
            step, neuron = np.argwhere(is_bad)[0]
            raise ValueError(
                f"{where} must be finite in {dtype} where it is valid, got "
                f"{values[step, neuron]} of neuron {neuron} in step {start + step}."
            )
        return stored

    def series(self, key, values, stored, n_frames):
        """Refuses values of a stimulus or behaviour that do not fit to earlier ones.

        Args:
            key: (folder, name).
            values: (t, ...).
            stored: RowAppender, or None if these are the first.
            n_frames: Pictures so far if the values are indices of them, else None.
        """
        where = f"{self._path}: {'/'.join(key)}"
        _numbers(values, where)
        if n_frames is not None:
            if values.dtype.kind not in "iu" or values.ndim != 1:
                raise ValueError(
                    f"{where} must be indices of frames, (t,) integers, got "
                    f"{values.dtype} of shape {values.shape}."
                )
            if values.size and not -1 <= values.min() <= values.max() < n_frames:
                raise ValueError(
                    f"{where}: indices must lie in -1..{n_frames - 1}, got "
                    f"{values.min()} to {values.max()}."
                )
        if stored is None:
            return
        if values.shape[1:] != stored.row_shape:
            raise ValueError(
                f"{where} must have rows of shape {stored.row_shape}, got "
                f"{values.shape[1:]}."
            )
        if not np.can_cast(values.dtype, stored.dtype, "same_kind"):
            raise ValueError(
                f"{where} began as {stored.dtype}, got {values.dtype} now."
            )
        if stored.dtype.kind in "iu" and values.size:
            limits = np.iinfo(stored.dtype)
            if not limits.min <= values.min() <= values.max() <= limits.max:
                raise ValueError(
                    f"{where} must lie in {stored.dtype}, got {values.min()} to "
                    f"{values.max()}."
                )

    def same_names(self, given, expected, what):
        """Refuses other names than those that were declared, or came first."""
        if given.keys() != expected.keys():
            raise ValueError(
                f"{self._path}: every append needs the same {what}: "
                f"{_names(expected)}, got {_names(given)}."
            )


def require_name(name, path):
    """Refuses what cannot be the name of a signal or a series."""
    if not isinstance(name, str) or not name or "/" in name or name == ".":
        raise ValueError(f"{path}: {name!r} cannot be a name.")


def json_of(metadata, path):
    """Metadata as JSON text that an attribute of HDF5 can hold."""
    try:
        text = json.dumps(metadata, sort_keys=True)
    except TypeError as error:
        raise ValueError(f"{path}: metadata must be JSON-able: {error}.") from error
    if len(text.encode()) > LONGEST_METADATA:
        raise ValueError(
            f"{path}: metadata must be at most {LONGEST_METADATA} bytes of JSON, got "
            f"{len(text.encode())}."
        )
    return text


def _numbers(values, where):
    values = np.asarray(values)
    if values.dtype.kind not in "iufb":
        raise ValueError(f"{where} must hold numbers, got {values.dtype}.")
    return values


def _names(mapping):
    return sorted(name if isinstance(name, str) else "/".join(name) for name in mapping)
