"""Predicting activity with a trained model, from arrays of one's own."""

import keras
import numpy as np
import tensorflow as tf

from v1model.latent.stimulus_frequency import downsample

BLOCK_VALUES = 6_000_000  # predictions that are decoded at a time: 24 MB of float32


def predict(model, activity, stimulus, start, n_steps):
    """What follows a step of a recording, given the stimulus: (n_steps, N) float32.

    The activity of row `start` is encoded once and evolved; nothing after it is read.
    Row k of the answer is of row start + 1 + k, to which the stimulus of the rows
    start to start + k leads.

    Args:
        model: LatentModel, or anything with encode, encode_stimulus, evolve and decode.
        activity: (T, N) in the units of the recording that it was trained on. It may
            end at `start`.
        stimulus: (T, S); S is 0 without a stimulus.
        start: Row of the first known activity.
        n_steps: Steps to predict.

    Raises:
        ValueError: The stimulus or the activity does not reach as far, or `n_steps` is
            not positive.
    """
    activity, stimulus = np.asarray(activity), np.asarray(stimulus)
    for name, array, axis, known in (
        ("activity", activity, "N", "n_neurons"),
        ("stimulus", stimulus, "S", "n_inputs"),
    ):
        n = getattr(model, known, axis)
        if array.ndim != 2 or n not in (axis, array.shape[1]):
            raise ValueError(f"{name} must be (T, {n}), got {array.shape}.")
    if not 0 <= start < len(activity):
        raise ValueError(f"start must be one of {len(activity)} rows, got {start}.")
    if n_steps < 1:
        raise ValueError(f"n_steps must be positive, got {n_steps}.")
    if start + n_steps > len(stimulus):
        raise ValueError(
            f"{n_steps} steps from row {start} on need {start + n_steps} rows of the "
            f"stimulus, got {len(stimulus)}."
        )
    runner = Runner(model)
    state = runner.encode(activity[start : start + 1])
    found = np.empty((n_steps, activity.shape[1]), np.float32)
    for block in blocks(n_steps, block_steps(1, activity.shape[1])):
        frames = stimulus[start + block.start : start + block.stop]
        states = runner.evolve(state, [frames], len(frames))
        found[block] = runner.decode(states)[:, 0]
        state = states[-1]
    return found


class Runner:
    """A model as rollouts use it: arrays in and out, compiled where TensorFlow made it.

    Args:
        model: With encode, encode_stimulus, evolve and decode.
        frequency: Which frames of the stimulus it knows, one of STIMULUS_FREQUENCIES.
        time_units: Steps between two frames that it knows.

    Attributes:
        unit: Steps of which a block must be a multiple.
        resting: (N,) activity of neurons that are not known; None is 0.
    """

    def __init__(self, model, frequency="ALL", time_units=1):
        self._frequency, self._time_units = frequency, time_units
        self.unit = 1 if frequency == "ALL" else time_units
        mean = getattr(model, "mean", None)
        self.resting = None if mean is None else np.asarray(mean)
        self._model = model
        self._parts = _encode, _evolve, _decode
        if isinstance(model, keras.Model):
            # Otherwise every step of a rollout would be a few calls from Python.
            self._parts = _COMPILED

    def n_frames(self, n_steps):
        """Frames from the first step on that so many steps take."""
        if self._frequency == "ALL":
            return n_steps
        # Interpolation needs the frame after the last one.
        return (-(-n_steps // self.unit) + 1) * self.unit

    def encode(self, activity):
        """Latent states (R, L) of activity (R, N)."""
        encode, _, _ = self._parts
        return np.asarray(encode(self._model, np.asarray(activity, np.float32)))

    def evolve(self, state, frames, n_steps):
        """Latent states after 1 to n_steps steps, (n_steps, R, L).

        Args:
            state: (R, L).
            frames: R arrays (t, S), of `n_frames` steps or of what the recording has;
                after its end they are like its last one.
            n_steps: A multiple of `unit`, unless it is the end.
        """
        n = self.n_frames(n_steps)
        padded = [
            np.concatenate([own[:n], np.repeat(own[-1:], max(0, n - len(own)), axis=0)])
            for own in frames
        ]
        together = np.stack(padded, axis=1).astype(np.float32, copy=False)
        _, evolve, _ = self._parts
        drive = together, self._frequency, self._time_units
        return np.asarray(evolve(self._model, np.asarray(state), *drive))[:n_steps]

    def decode(self, states):
        """Activity (..., N) of latent states (..., L)."""
        _, _, decode = self._parts
        return np.asarray(decode(self._model, states))


def _encode(model, activity):
    return model.encode(activity)


def _evolve(model, state, frames, frequency, time_units):
    encoded = model.encode_stimulus(frames)
    if frequency != "ALL":
        encoded = downsample(encoded, frequency, time_units)
    return model.evolve(state, encoded)


def _decode(model, states):
    return model.decode(states)


# One for all: what was compiled for a model is there for the next diagnosis of it.
_COMPILED = [
    tf.function(part, reduce_retracing=True, autograph=False)
    for part in (_encode, _evolve, _decode)
]


def block_steps(n_starts, n_neurons, unit=1):
    """Steps that are decoded at a time, a multiple of `unit`."""
    steps = BLOCK_VALUES // max(1, n_starts * n_neurons)
    return max(1, steps // unit) * unit


def blocks(n_steps, size):
    """Slices of so many steps that cover [0, n_steps)."""
    return [slice(k, min(k + size, n_steps)) for k in range(0, n_steps, size)]
