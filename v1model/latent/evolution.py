"""Many steps of the evolver, and their exact gradient.

    z(t + 1) = z(t) + f(z(t), s(t))

f is a folded network whose dependence on the stimulus was added up before, so a step is
what depends on z: two or three small products. The adjoint is written by hand: it goes
back through the steps with the transposed products, and the gradients of the weights,
which do not depend on each other, are one large product for all steps at the end.
"""

import tensorflow as tf


def evolve(z, drive, kernel, hidden, activation):
    """States after 1 to T steps, (T, B, L).

    Args:
        z: (B, L), the first state.
        drive: (T, B, P), what stimulus, bias and noise add to g in each step; P is
            K h + L for K hidden layers.
        kernel: (L, P), from z to g.
        hidden: The K matrices of `Folded`.
        activation: Elementwise function.
    """
    n_hidden = len(hidden)
    n_latent = int(kernel.shape[0])
    n_before = int(kernel.shape[1]) - n_latent
    widths = [n_before // max(n_hidden, 1)] * n_hidden + [n_latent]
    # z + f(z): z is a part of the last product. As a third term of a sum it would make
    # large models fail: TensorFlow's memory optimizer turns such sums in a loop into
    # temporary variables, and one is left behind for the next call to stumble over.
    kernel += tf.pad(tf.eye(n_latent, dtype=kernel.dtype), ((0, 0), (n_before, 0)))

    @tf.custom_gradient
    def rollout(z, drive, kernel, *hidden):
        states, inputs = _forward(z, drive, kernel, hidden, widths, activation)

        def gradient(upstream):
            return _adjoint(
                upstream, z, states, inputs, kernel, hidden, widths, activation
            )

        return states, gradient

    return rollout(z, drive, kernel, *hidden)


def _forward(z, drive, kernel, hidden, widths, activation):
    """States (T, B, L), and what each hidden layer was given, K times (T, B, h)."""
    n_steps = tf.shape(drive)[0]
    kinds = [z.dtype] * (1 + len(hidden))
    arrays = [tf.TensorArray(kind, n_steps) for kind in kinds]

    def step(t, z, arrays):
        *parts, last = tf.split(z @ kernel + drive[t], widths, -1)
        h, given = None, []
        for i, part in enumerate(parts):
            given.append(part if i == 0 else h @ hidden[i - 1] + part)
            h = activation(given[-1])
        z = last if h is None else h @ hidden[-1] + last
        written = [a.write(t, x) for a, x in zip(arrays, (z, *given), strict=True)]
        return t + 1, z, written

    _, _, arrays = tf.while_loop(
        lambda t, *_: t < n_steps,
        step,
        (tf.constant(0), z, arrays),
        maximum_iterations=n_steps,
    )
    states, *inputs = (array.stack() for array in arrays)
    return states, inputs


def _adjoint(upstream, z, states, inputs, kernel, hidden, widths, activation):
    """Gradients by z, drive, kernel and each of hidden."""
    outputs, slopes = [], []
    for given in inputs:
        with tf.GradientTape() as tape:
            tape.watch(given)
            outputs.append(activation(given))
        slopes.append(tape.gradient(outputs[-1], given))
    n_steps = tf.shape(upstream)[0]
    back = tf.transpose(kernel)
    hidden_back = [tf.transpose(matrix) for matrix in hidden]

    def step(t, dz, array):
        t -= 1
        dz = dz + upstream[t]
        parts, d = [dz], dz
        for i in reversed(range(len(hidden))):
            d = (d @ hidden_back[i]) * slopes[i][t]
            parts.insert(0, d)
        dg = tf.concat(parts, -1)
        return t, dg @ back, array.write(t, dg)

    _, dz, array = tf.while_loop(
        lambda t, *_: t > 0,
        step,
        (n_steps, tf.zeros_like(z), tf.TensorArray(z.dtype, n_steps)),
        maximum_iterations=n_steps,
    )
    d_drive = array.stack()
    before = tf.concat([z[None], states[:-1]], 0)
    d_kernel = _summed_product(before, d_drive)
    d_parts = tf.split(d_drive, widths, -1)
    d_hidden = [
        _summed_product(h, d) for h, d in zip(outputs, d_parts[1:], strict=True)
    ]
    return dz, d_drive, d_kernel, *d_hidden


def _summed_product(left, right):
    """Sum over steps and trials of left^T right, (I, O), of (T, B, I) and (T, B, O)."""
    left = tf.reshape(left, (-1, left.shape[-1]))
    right = tf.reshape(right, (-1, right.shape[-1]))
    return tf.matmul(left, right, transpose_a=True)
