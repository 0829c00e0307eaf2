"""Arrays as a source of activity, for recordings that lie in memory."""

import numpy as np

from v1model.latent.source import Stretch


class ArraySource:
    """What `ActivitySource` is for a file, for arrays.

    Args:
        activity: (T, N) float32.
        stimulus: (T, S) float32; None is no stimulus.
        valid: (T, N) bool; None where all is valid.
        cell_types: (N,) names; None where they are unknown.
        name: For figures and errors.
        dt_ms: Of a step.

    Raises:
        ValueError: The lengths disagree.
    """

    connectome = None

    def __init__(
        self,
        activity,
        stimulus=None,
        *,
        valid=None,
        cell_types=None,
        name="arrays",
        dt_ms=1.0,
    ):
        self._activity = np.asarray(activity, np.float32)
        self.n_steps, self.n_neurons = self._activity.shape
        if stimulus is None:
            stimulus = np.zeros((self.n_steps, 0))
        self._stimulus = np.asarray(stimulus, np.float32)
        self._valid = None if valid is None else np.asarray(valid, bool)
        if cell_types is None:
            cell_types = np.full(self.n_neurons, "")
        self.cell_types = np.asarray(cell_types)
        self.n_inputs = self._stimulus.shape[1]
        self.name = self.path = name
        self.dt_ms, self.has_gaps = dt_ms, self._valid is not None
        for words, array, shape in (
            ("stimulus", self._stimulus, (self.n_steps, self.n_inputs)),
            ("valid", self._valid, (self.n_steps, self.n_neurons)),
            ("cell_types", self.cell_types, (self.n_neurons,)),
        ):
            if array is not None and array.shape != shape:
                raise ValueError(
                    f"{name}: {words} must have shape {shape}, got {array.shape}."
                )

    def read(self, start, stop):
        """Steps [start, stop): Stretch."""
        rows = slice(start, stop)
        valid = None if self._valid is None else self._valid[rows]
        activity = self._activity[rows]
        if valid is not None:
            activity = np.where(valid, activity, np.float32(0))
        return Stretch(activity, self._stimulus[rows], valid)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass
