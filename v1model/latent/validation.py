"""Validation: the error of rollouts where the held-out part is observed."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.latent.acquisition import observed
from v1model.latent.interpolation import INTERPOLATED
from v1model.latent.missing import filled
from v1model.latent.splits import first_start
from v1model.latent.stimulus_frequency import encoded_stimulus

N_STARTS, FEWEST_STARTS = 32, 4
STAGGERED = "staggered_random"
LARGEST = 1 << 28  # bytes of targets; where neurons are many, starts are fewer


class _Rollout(NamedTuple):
    """What a rollout is given and compared with; K steps are compared.

    x: (N,), at the start.  stimulus: (T + 1, S).  target: (K, N).
    counts: (K, N) bool, what is observed.
    """

    x: np.ndarray
    stimulus: np.ndarray
    target: np.ndarray
    counts: np.ndarray


class Answers(NamedTuple):
    """What a model answered in R rollouts, of which K steps are compared.

    start: (R, N) float32, activity at the start.  predicted, target: (K, R, N) float32,
    in the recording's units.  counts: (K, R, N) bool, what is observed.
    """

    start: np.ndarray
    predicted: np.ndarray
    target: np.ndarray
    counts: np.ndarray


class Validation:
    """Rollouts of a training's length from places that stay the same.

    Only observed activity is compared, so that the choice of a model knows no more than
    its training.

    Args:
        model: LatentModel.
        source: ActivitySource.
        start, stop: Steps for validation.
        phases: (N,), or None.
        n_starts: Places, evenly spaced; fewer where there are not so many.

    Attributes:
        starts: Steps of the recording.
        constant: Mean squared error of activity that stays as it is at the start.

    Raises:
        ValueError: Nothing can be compared.
    """

    def __init__(self, model, source, start, stop, phases, n_starts=N_STARTS):
        self.model, self.training, self.phases = model, model.params.training, phases
        tu = self.training.time_units
        self.n_steps = tu * self.training.evolve_multiple_steps
        self.is_staggered = self.training.acquisition_mode.mode == STAGGERED
        every = 1 if self.is_staggered else tu
        self._after = np.arange(every, self.n_steps + 1, every)  # steps after a start
        first = first_start(self.training, start)
        n_places = (stop - first - self.n_steps - 1) // tu + 1
        room = max(LARGEST // (4 * len(self._after) * source.n_neurons), FEWEST_STARTS)
        n_starts = min(n_starts, n_places, room)
        places = np.unique(np.linspace(0, n_places - 1, n_starts).astype(int))
        self.starts = first + tu * places
        rollouts = [self._read(source, int(step), stop) for step in self.starts]
        x, *others = zip(*rollouts, strict=True)
        arrays = [np.stack(x), *(np.stack(other, 1) for other in others)]
        x, _, target, counts = arrays
        self._n = int(counts.sum())
        if not self._n:
            raise ValueError(
                f"{source.path}: no neuron is observed and valid in the rollouts of "
                f"steps {start} to {stop}, which are for validation."
            )
        squares = np.where(counts, (target - x) ** 2, 0)
        self.constant = float(squares.sum(dtype=np.float64) / self._n)
        self._tensors = [tf.constant(array) for array in arrays]

    def error(self):
        """Mean squared error of the model, in the recording's units squared."""
        _, _, target, counts = self._tensors
        squares = (self.model.activity(self._raw()) - target) ** 2
        squares = tf.cast(tf.where(counts, squares, 0.0), tf.float64)
        return float(tf.reduce_sum(squares)) / self._n

    def loss(self):
        """Mean loss of counts, which says more of rates than their squared error."""
        _, _, target, counts = self._tensors
        return float(self.model.likelihood.loss(self._raw(), target, counts))

    def answers(self):
        """The Answers of the model."""
        start, _, target, counts = (tensor.numpy() for tensor in self._tensors)
        predicted = self.model.activity(self._raw()).numpy()
        return Answers(start, predicted, target, counts)

    def _read(self, source, start, stop):
        """The _Rollout from a step of the recording."""
        tu, acquisition = self.training.time_units, self.training.acquisition_mode
        # Two cycles on either side, so that gaps are filled from both; what was before
        # the held-out part is known.
        begin, row = max(start - 2 * tu, 0), start - max(start - 2 * tu, 0)
        end = min(start + self.n_steps + 2 * tu, stop)
        stretch = source.read(begin, end)
        x, valid = stretch.activity[row], stretch.valid
        target = stretch.activity[row + self._after]
        counts = np.ones(target.shape, bool)
        if self.is_staggered:
            fill = INTERPOLATED[acquisition.interpolation]
            unknown = self.model.mean.numpy()
            x = fill(stretch.activity, self.phases, tu, begin % tu, valid, unknown)[row]
            counts &= observed(self.phases, tu, start + self._after)
        elif valid is not None:
            x = filled(x, valid[row], self.model.mean).numpy()
        if valid is not None:
            counts &= valid[row + self._after]
        frames = stretch.stimulus[row : row + self.n_steps + 1]
        return _Rollout(x, frames, target, counts)

    def _raw(self):
        """What the decoder answers where something is compared, (K, starts, N)."""
        x, stimulus, _, _ = self._tensors
        return self._rolled_out(x, stimulus)

    @tf.function(reduce_retracing=True)
    def _rolled_out(self, x, stimulus):
        model, every = self.model, self._after[0]
        states = model.evolve(model.encode(x), encoded_stimulus(model, stimulus))
        return model.decode_raw(states[every - 1 :: every])
