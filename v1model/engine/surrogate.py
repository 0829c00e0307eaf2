"""Spike functions and their surrogate derivatives."""

import math

import tensorflow as tf


def gaussian_spike(width, height):
    """Heaviside step forwards, a Gaussian bump backwards (Chen et al. 2022).

        z = H(x),   dz/dx := height exp(-(x / width)^2)

    Args:
        width: In units of V_th - E_L.
        height: The dampening factor.

    Returns:
        A function of x = v - 1, any shape.
    """

    @tf.custom_gradient
    def spike(x):
        def gradient(upstream):
            return upstream * height * tf.exp(-tf.square(x / width))

        return tf.cast(x > 0, x.dtype), gradient

    return spike


def smooth_spike(width, height):
    """The function whose true derivative is the surrogate of `gaussian_spike`.

        z = height width sqrt(pi) / 2 (1 + erf(x / width))

    Spikes become real numbers, and gradients can be checked by finite differences.
    """
    scale = height * width * math.sqrt(math.pi) / 2

    def spike(x):
        return scale * (1 + tf.math.erf(x / width))

    return spike
