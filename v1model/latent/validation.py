"""Validation: the error of rollouts where the held-out part is observed."""

import numpy as np
import tensorflow as tf

from v1model.latent.acquisition import observed
from v1model.latent.interpolation import INTERPOLATED
from v1model.latent.stimulus_frequency import downsample

N_STARTS = 32
STAGGERED = "staggered_random"
_GROUP_BYTES = 1 << 28  # of predictions at a time


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
        constant: Mean squared error of activity that stays as it is at the start.
    """

    def __init__(self, model, source, start, stop, phases, n_starts=N_STARTS):
        self.model, self.training = model, model.params.training
        training, tu = self.training, self.training.time_units
        self.n_steps = tu * training.evolve_multiple_steps
        start += -start % tu  # where all are observed if they are observed together
        n_places = (stop - start - self.n_steps - 1) // tu + 1
        places = start + tu * np.unique(
            np.linspace(0, n_places - 1, min(n_starts, n_places)).astype(int)
        )
        chunks = self._chunks(source, start, stop, places, phases)
        self.start, self.stimulus, self.target, self.counts = chunks
        error = (self.target - self.start) ** 2
        self.constant = float(error[self.counts].mean(dtype=np.float64))
        bytes_each = 4 * len(self.target) * source.n_neurons
        self.at_once = max(int(_GROUP_BYTES // bytes_each), 1)

    def _chunks(self, source, first, stop, places, phases):
        """Of all places: x (B, N); s (T, B, S); targets and who counts, (K, B, N)."""
        training, tu = self.training, self.training.time_units
        self.is_staggered = training.acquisition_mode.mode == STAGGERED
        every = 1 if self.is_staggered else tu
        after = np.arange(every, self.n_steps + 1, every)  # steps after the start
        found = []
        for place in places:
            # Two windows more on either side, so that gaps are filled from both.
            begin = max(place - 2 * tu, first)
            end = min(place + self.n_steps + 2 * tu, stop)
            stretch = source.read(begin, end)
            row = place - begin
            x = stretch.activity[row]
            if self.is_staggered:
                fill = INTERPOLATED[training.acquisition_mode.interpolation]
                x = fill(stretch.activity, phases, tu, begin % tu, stretch.valid)[row]
            counts = observed(phases, tu, place + after)
            if phases is None or not self.is_staggered:
                counts = np.ones((len(after), 1), bool)
            counts = np.broadcast_to(counts, (len(after), source.n_neurons))
            if stretch.valid is not None:
                counts = counts & stretch.valid[row + after]
                if not self.is_staggered:
                    x = np.where(stretch.valid[row], x, self.model.mean.numpy())
            found.append(
                (
                    x,
                    stretch.stimulus[row : row + self.n_steps],
                    stretch.activity[row + after],
                    counts,
                )
            )
        x, s, target, counts = zip(*found, strict=True)
        return np.stack(x), np.stack(s, 1), np.stack(target, 1), np.stack(counts, 1)

    def error(self):
        """Mean squared error of the model, in the recording's units squared."""
        total = 0.0
        for k in range(0, len(self.start), self.at_once):
            part = slice(k, k + self.at_once)
            total += float(
                self._squares(
                    self.start[part],
                    self.stimulus[:, part],
                    self.target[:, part],
                    self.counts[:, part],
                )
            )
        return total / self.counts.sum()

    @tf.function(reduce_retracing=True)
    def _squares(self, start, stimulus, target, counts):
        encoded = self.model.encode_stimulus(stimulus)
        encoded = downsample(
            encoded, self.training.stimulus_frequency, self.training.time_units
        )
        states = self.model.evolve(self.model.encode(start), encoded)
        if not self.is_staggered:
            states = states[self.training.time_units - 1 :: self.training.time_units]
        error = (self.model.decode(states) - target) ** 2
        error = tf.where(counts, error, 0.0)
        return tf.reduce_sum(tf.cast(error, tf.float64))
