"""A bound on how much the linear path of the evolver can amplify."""

import tensorflow as tf

_ITERATIONS = 20  # of the power method; the gap of trained evolvers needs about ten


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
    n = int(matrix.shape[1])
    right = tf.cos(tf.range(n, dtype=matrix.dtype))[
        :, None
    ]  # no symmetry to get lost in
    for _ in range(_ITERATIONS):
        left = tf.linalg.l2_normalize(still @ right)
        right = tf.linalg.l2_normalize(tf.matmul(still, left, transpose_a=True))
    left = tf.linalg.l2_normalize(still @ right)
    return tf.squeeze(tf.matmul(left, matrix @ right, transpose_a=True))
