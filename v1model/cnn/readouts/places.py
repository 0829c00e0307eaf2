"""Where neurons look on a feature map: points, Gaussians and spreads.

Places are y, x in [-1, 1]: the centres of the first and the last row or column of the
map's pixels. Widths are in half of the longer side, so that a turned Gaussian keeps its
shape on a map that is not square.
"""

import numpy as np
import tensorflow as tf

_SMALLEST_PIXELS = 0.3  # narrower, a Gaussian between pixels loses its gradient


def grid(height, width):
    """Places of the pixels, (H W, 2) float32; 0 along a side of one pixel."""
    rows, columns = (np.linspace(-1, 1, n) if n > 1 else [0] for n in (height, width))
    places = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1)
    return places.reshape(-1, 2).astype(np.float32)


def half_sides(height, width):
    """Half sides of the map, (2,) float32 pixels: from centre to centre of a pixel."""
    return np.float32([height - 1, width - 1]) / 2


def longer_half(height, width):
    """Pixels in a width of 1."""
    return max(float(half_sides(height, width).max()), 0.5)


def to_pixels(places, height, width):
    """Places in [-1, 1] as pixels from the first one, (..., 2)."""
    return (places + 1) * half_sides(height, width)


def smallest_width(height, width):
    """Widths are at least this."""
    return _SMALLEST_PIXELS / longer_half(height, width)


def turned(vectors, angles):
    """Vectors (..., N, 2), y and x, turned from y to x by angles (N,), radians."""
    cos, sin = tf.cos(angles), tf.sin(angles)
    y, x = vectors[..., 0], vectors[..., 1]
    return tf.stack((cos * y - sin * x, sin * y + cos * x), -1)


def gaussian_logs(centers, widths, angles, height, width):
    """Logarithms of Gaussians over the pixels, highest possible 0: (N, H W).

        -1/2 [(q_y / width_y)^2 + (q_x / width_x)^2],   q = R(angle)^T (p - center)

    Args:
        centers: (N, 2), places.
        widths: (N, 2), standard deviations along the Gaussian's own axes.
        angles: (N,), radians.
        height, width: H and W.
    """
    aspect = half_sides(height, width) / longer_half(height, width)
    away = (grid(height, width)[:, None] - centers) * aspect
    away = turned(away, -angles) / widths
    return -tf.transpose(tf.reduce_sum(tf.square(away), -1)) / 2


def gaussian_masks(centers, widths, angles, height, width):
    """Gaussians over the pixels, each with sum 1: (N, H W)."""
    return tf.nn.softmax(gaussian_logs(centers, widths, angles, height, width), axis=-1)


def energy_centers(energies, height, width):
    """Centres of mass, (N, 2) places, of (N, H W) that is not negative."""
    return _shares(energies) @ grid(height, width)


def energy_spreads(energies, height, width):
    """Mean squared distance from the centre of mass, in pixels^2 / (H W): (N,)."""
    pixels = grid(height, width) * half_sides(height, width)
    shares = _shares(energies)
    # About each centre, not as a difference of two large numbers.
    away = pixels - (shares @ pixels)[:, None]
    squares = tf.reduce_sum(tf.square(away), -1)
    return tf.reduce_sum(shares * squares, -1) / (height * width)


def energy_widths(energies, height, width):
    """Standard deviations along y and x, (N, 2), in half of the longer side."""
    pixels = grid(height, width) * half_sides(height, width)
    shares = _shares(energies)
    away = pixels - (shares @ pixels)[:, None]
    variance = tf.reduce_sum(shares[..., None] * tf.square(away), 1)
    return tf.sqrt(variance) / longer_half(height, width)


def _shares(energies):
    return tf.math.divide_no_nan(energies, tf.reduce_sum(energies, -1, keepdims=True))
