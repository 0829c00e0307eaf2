"""A bound on how much the linear path of the evolver can amplify."""

import tensorflow as tf

_SQUARINGS = 7  # of the matrix: as good as 2^7 iterations of the power method


def limited_gain(kernel, largest):
    """The kernel (L, P) whose last L columns, plus 1, amplify by `largest` at most.

    The linear path of a step is z (1 + K) with K the last L columns. If its largest
    singular value is above the bound, 1 + K is scaled down to it.
    """
    n = int(kernel.shape[0])
    before, linear = kernel[:, :-n], kernel[:, -n:] + tf.eye(n)
    gain = spectral_norm(linear)
    linear *= tf.minimum(1.0, largest / gain)
    return tf.concat([before, linear - tf.eye(n)], 1)


def spectral_norm(matrix):
    """Largest singular value of a matrix, by the power method from a fixed vector.

    The gradient holds the singular vectors fixed, which is exact where they are.
    """
    still = tf.stop_gradient(matrix)
    power = tf.matmul(still, still, transpose_a=True)
    for _ in range(_SQUARINGS):
        power /= tf.norm(power)
        power @= power
    # Any vector that no symmetry makes orthogonal to the answer.
    probe = tf.cos(tf.range(int(matrix.shape[1]), dtype=matrix.dtype))[:, None]
    right = tf.linalg.l2_normalize(power @ probe)
    left = tf.linalg.l2_normalize(still @ right)
    return tf.squeeze(tf.matmul(left, matrix @ right, transpose_a=True))
