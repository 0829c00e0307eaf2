"""The compiled engine as one differentiable TensorFlow operation."""

import tensorflow as tf

from v1model.engine.compiled import Upstream, backward, forward
from v1model.engine.glif3 import GLIF3State


def compiled_rollout(x, weights, state, constants, wiring, surrogate, dt):
    """T steps of the column, with the hand-written adjoint as gradient.

    Args:
        x: Input currents, (B, T, N * R) float32.
        weights: Recurrent weights in canonical order, (S,) float32.
        state: GLIF3State before the first step.
        constants: Constants (`engine/compiled.py`).
        wiring: Wiring.
        surrogate: Width, height and tolerance of the Gaussian derivative.
        dt: ms.

    Returns:
        Spikes (B, T, N), scaled voltages (B, T, N), and the last GLIF3State.
    """
    events = wiring.events
    n = wiring.n_neurons
    shapes = [tensor.shape for tensor in state]

    def run_forward(x, weights, *state):
        spikes, voltages, refractory, last = forward(
            x, weights, GLIF3State(*state), constants, events, dt
        )
        return spikes, voltages, refractory, *last

    def run_backward(*arrays):
        spikes, voltages, refractory, buffer, weights, *up = arrays
        run = (spikes, voltages, refractory, buffer)
        upstream = Upstream(up[0], up[1], GLIF3State(*up[2:]))
        x_b, weights_b, state_b = backward(
            run, upstream, weights, constants, events, surrogate, dt
        )
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
            saved = (spikes, voltages, refractory, state[0], weights)
            types = [tf.float32] * (2 + len(state))
            gradients = tf.numpy_function(run_backward, (*saved, *upstream), types)
            for tensor, like in zip(gradients, (x, weights, *state), strict=True):
                tensor.set_shape(like.shape)
            return gradients

        return (spikes, voltages, *last), gradient

    spikes, voltages, *last = rollout(x, weights, *state)
    return spikes, voltages, GLIF3State(*last)
