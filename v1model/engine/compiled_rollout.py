"""The compiled engine as one differentiable TensorFlow operation."""

import tensorflow as tf

from v1model.engine.adjoint_state import Run, Upstream
from v1model.engine.glif3 import GLIF3State


def compiled_rollout(x, weights, state, column):
    """T steps of the column, with the hand-written adjoint as gradient.

    Args:
        x: Input currents, (B, T, P) float32.
        weights: Recurrent weights in canonical order, (S,) float32.
        state: GLIF3State before the first step.
        column: CompiledColumn.

    Returns:
        Spikes (B, T, N), scaled voltages (B, T, N), and the last GLIF3State.

    Raises:
        NotImplementedError: A gradient of a column with the exact integration is asked
            for; when it is, not before.
    """
    n = column.wiring.n_neurons
    shapes = [tensor.shape for tensor in state]

    def run_forward(x, weights, *state):
        spikes, voltages, refractory, last = column.forward(
            x, weights, GLIF3State(*state)
        )
        return spikes, voltages, refractory, *last

    def run_backward(*arrays):
        *run, weights, spikes_up, voltages_up = arrays[:7]
        up = Upstream(spikes_up, voltages_up, GLIF3State(*arrays[7:]))
        x_b, weights_b, state_b = column.backward(Run(*run), up, weights)
        return x_b, weights_b, *state_b

    @tf.custom_gradient
    def rollout(x, weights, *state):
        types = [tf.float32, tf.float32, tf.uint8] + [tf.float32] * len(state)
        spikes, voltages, refractory, *last = tf.numpy_function(
            run_forward, (x, weights, *state), types
        )
        spikes.set_shape((x.shape[0], x.shape[1], n))
        voltages.set_shape((x.shape[0], x.shape[1], n))
        for tensor, shape in zip(last, shapes, strict=True):
            tensor.set_shape(shape)

        def gradient(*upstream):
            if column.is_exact:
                raise NotImplementedError(
                    "the compiled engine has no gradient of the exact integration: "
                    'use engine="stepwise".'
                )
            saved = (spikes, voltages, refractory, state[0], weights)
            types = [tf.float32] * (2 + len(state))
            gradients = tf.numpy_function(run_backward, (*saved, *upstream), types)
            for tensor, like in zip(gradients, (x, weights, *state), strict=True):
                tensor.set_shape(like.shape)
            return gradients

        return (spikes, voltages, *last), gradient

    spikes, voltages, *last = rollout(x, weights, *state)
    return spikes, voltages, GLIF3State(*last)
