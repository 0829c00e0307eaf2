"""Which frames of the stimulus the evolver is given, and what fills the others."""

import tensorflow as tf


def downsample(encoded, frequency, time_units, after=None):
    """The encoded stimulus of a rollout as if it were known less often.

    ALL leaves it. NONE is zero, which is not the code of a dark frame.
    TIME_UNITS_CONSTANT knows frames 0, time_units, 2 time_units... and holds each until
    the next; TIME_UNITS_INTERPOLATE goes straight from each to the next. What follows
    the last known frame needs a frame of the future, `after`; without it the last one
    is held.

    Args:
        encoded: (T, B, E), the frames of steps 0 to T - 1 of the rollout.
        frequency: One of STIMULUS_FREQUENCIES.
        time_units: Steps between two known frames.
        after: The frame of step T, (B, E); used where T is a multiple of time_units.

    Returns:
        (T, B, E).

    Raises:
        ValueError: The frequency is unknown.
    """
    if frequency not in _FILLED:
        raise ValueError(
            f"stimulus_frequency must be one of {sorted(_FILLED)}, got {frequency}."
        )
    return _FILLED[frequency](tf.convert_to_tensor(encoded), time_units, after)


def encoded_stimulus(model, frames):
    """What the evolver is given in a rollout of a training, (T, B, E).

    Args:
        model: LatentModel.
        frames: Stimulus of steps 0 to T, (T + 1, B, S).
    """
    training = model.params.training
    encoded = model.encode_stimulus(frames)
    known, after = encoded[:-1], encoded[-1]
    return downsample(known, training.stimulus_frequency, training.time_units, after)


def _held(encoded, time_units, after):
    steps = tf.range(tf.shape(encoded)[0])
    return tf.gather(encoded, steps - steps % time_units)


def _interpolated(encoded, time_units, after):
    n_steps = tf.shape(encoded)[0]
    known = encoded if after is None else tf.concat([encoded, after[None]], 0)
    steps = tf.range(n_steps)
    last = steps - steps % time_units
    following = last + time_units
    following = tf.where(following < tf.shape(known)[0], following, last)
    weight = tf.cast(steps % time_units, encoded.dtype) / time_units
    start = tf.gather(known, last)
    return start + weight[:, None, None] * (tf.gather(known, following) - start)


_FILLED = {
    "ALL": lambda encoded, time_units, after: encoded,
    "NONE": lambda encoded, time_units, after: tf.zeros_like(encoded),
    "TIME_UNITS_CONSTANT": _held,
    "TIME_UNITS_INTERPOLATE": _interpolated,
}
