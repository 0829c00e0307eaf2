"""Neurons that were not recorded all the time: what the encoder sees, what counts.

A value that is not valid may be anything, NaN too. The encoder is given the neuron's
mean in its place, `LatentModel.mean`, which is 0 after centring: of a neuron that was
not seen it is the best guess that needs nothing else. (With normalization "none" the
mean of the model is 0, in the units of the recording; choose "global" or "neuron" for
recordings with gaps.) As a target it does not count; the losses of `likelihoods` take
the mask. So it reaches neither a loss nor a gradient.

A model that is trained with some neurons hidden from the encoder (`hidden`) also
encodes recordings in which neurons are missing.
"""

from typing import NamedTuple

import tensorflow as tf


class Observed(NamedTuple):
    """Rows of a chunk.

    activity: (..., N), finite; the mean where not valid.  valid: (..., N) bool, or None
    where all is valid.
    """

    activity: tf.Tensor
    valid: tf.Tensor | None


def observed(chunk, rows, mean):
    """The Observed at some rows of a chunk.

    Args:
        chunk: Tensors by name: activity (C, N), and valid (C, N) bool unless all is.
        rows: Indices (...), int32.
        mean: What stands for a missing value, (N,); `LatentModel.mean`.
    """
    activity, valid = tf.gather(chunk["activity"], rows), chunk.get("valid")
    if valid is None:
        return Observed(activity, None)
    valid = tf.gather(valid, rows)
    return Observed(filled(activity, valid, mean), valid)


def filled(activity, valid, mean):
    """Activity (..., N) with the mean (N,) where it is not valid.

    Args:
        activity: (..., N); anything where not valid.
        valid: (..., N) bool; None where all is.
        mean: (N,).
    """
    if valid is None:
        return tf.convert_to_tensor(activity)
    activity = tf.convert_to_tensor(activity)
    mean = tf.cast(mean, activity.dtype)
    return tf.where(valid, activity, tf.broadcast_to(mean, tf.shape(activity)))


def hidden(activity, mean, share, seed):
    """Activity of which some neurons are hidden at random: they are at the mean.

    The other values are not scaled up, because missing neurons are not made up for
    later either.

    Args:
        activity: (B, N), finite; what the encoder would be given.
        mean: (N,).
        share: Probability of being hidden, of each neuron in each row, 0 to 1.
        seed: (2,) int32.
    """
    drawn = tf.random.stateless_uniform(tf.shape(activity), seed)
    return filled(activity, drawn >= share, mean)
