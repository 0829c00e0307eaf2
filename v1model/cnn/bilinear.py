"""Bilinear interpolation between pixels, as weights of pixels; outside there is 0.

A weight is a product of two tent functions, max(0, 1 - |pixel - place|), so that the
same few lines serve a whole grid (two small matrices) and scattered points. Places are
in pixels: 0 is the centre of the first row or column.
"""

import tensorflow as tf


def tent_weights(places, size):
    """Weights of the pixels along one axis: (..., size), at most two are not 0.

    Args:
        places: (...) float32, pixels.
        size: Pixels of the axis.
    """
    near = 1 - tf.abs(places[..., None] - tf.range(size, dtype=places.dtype))
    # The same as relu(near), but on a pixel its gradient is the mean of both sides'
    # and not 0: a grid that starts on the pixels could never leave them.
    return (near + tf.abs(near)) / 2


def point_weights(points, height, width):
    """Weights of all pixels for each point, (..., H W).

    Args:
        points: (..., 2) float32: y, x in pixels.
        height, width: H and W, pixels.
    """
    rows = tent_weights(points[..., 0], height)
    columns = tent_weights(points[..., 1], width)
    weights = rows[..., :, None] * columns[..., None, :]
    shape = tf.concat((tf.shape(points)[:-1], [height * width]), 0)
    return tf.reshape(weights, shape)


def sample_points(frames, points):
    """What frames show at points between the pixels.

    Reads four pixels for each point, whatever the size of the frames.

    Args:
        frames: (B, T, H, W, C) float32.
        points: (P, 2) float32: y, x in pixels, the same for all frames.

    Returns:
        (B, T, P, C) float32.
    """
    shape = tf.shape(frames)
    height, width = shape[2], shape[3]
    pixels = tf.reshape(frames, (shape[0], shape[1], height * width, shape[4]))
    low = tf.floor(tf.stop_gradient(points))
    beyond = points - low  # in [0, 1)
    low = tf.cast(low, tf.int32)
    size = tf.stack((height, width))
    result = 0.0
    for corner in ((0, 0), (0, 1), (1, 0), (1, 1)):
        place = low + corner
        weight = tf.reduce_prod(
            tf.where(tf.equal(corner, 1), beyond, 1 - beyond), axis=-1
        )
        is_inside = tf.reduce_all((place >= 0) & (place < size), axis=-1)
        weight = tf.where(is_inside, weight, tf.zeros_like(weight))
        place = tf.clip_by_value(place, 0, size - 1)
        index = place[:, 0] * width + place[:, 1]
        result += weight[:, None] * tf.gather(pixels, index, axis=2)
    return result
