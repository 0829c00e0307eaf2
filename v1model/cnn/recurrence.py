"""Recurrence: a memory per pixel of the map, from the oldest bin to the newest.

ConvGRU (Ballas et al., ICLR 2016) and ConvLSTM (Shi et al., NeurIPS 2015), with biases
such that the memory is kept before training.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from v1model.cnn.chain import frames_after
from v1model.cnn.layer_params import NoLayer
from v1model.cnn.recurrence_params import RecurrentParams

KEPT = 1.0  # bias towards the past at the start: sigmoid(1) = 0.73 of it is kept
_EPS = 1e-5


class Weights(NamedTuple):
    """What a step needs beside the input: tensors.

    gates: Kernels of the recurrent convolutions, (k, k, hidden, gates hidden).
    candidate: That of the ConvGRU's candidate, (k, k, hidden, hidden); None in a LSTM.
    norm: Gain and bias of the layer norm, a pair (hidden,) for each gate; None without
        one, where the input has the bias.
    """

    gates: tf.Tensor
    candidate: tf.Tensor | None
    norm: list | None


def gru_step(state, driven, weights, dtype):
    """h' = (1 - z) h + z n; z, r = sigmoid(.. h), n = tanh(.. (r h)).

    Args:
        state: (h,), (B, H, W, hidden) float32.
        driven: Convolved input of z, r and n, (B, H, W, 3 hidden) float32.
        weights: Weights.
        dtype: Of the convolutions.

    Returns:
        The next state.
    """
    (h,) = state
    # Splits, not slices: the gradient of a slice fills a whole tensor with zeros.
    driven_z, driven_r, driven_n = tf.split(driven, 3, -1)
    z, r = tf.split(_convolved(h, weights.gates, dtype), 2, -1)
    z = tf.sigmoid(_normed(driven_z + z, weights, 0))
    r = tf.sigmoid(_normed(driven_r + r, weights, 1))
    n = driven_n + _convolved(r * h, weights.candidate, dtype)
    n = tf.tanh(_normed(n, weights, 2))
    return (h + z * (n - h),)


def lstm_step(state, driven, weights, dtype):
    """c' = f c + i g, h' = o tanh(c'); i, f, o = sigmoid(.. h), g = tanh(.. h).

    Args:
        state: (h, c), (B, H, W, hidden) float32 each.
        driven: Convolved input of i, f, o and g, (B, H, W, 4 hidden) float32.
        weights: Weights.
        dtype: Of the convolutions.

    Returns:
        The next state.
    """
    h, c = state
    gates = tf.split(driven + _convolved(h, weights.gates, dtype), 4, -1)
    i, f, o, g = (_normed(gate, weights, k) for k, gate in enumerate(gates))
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return tf.sigmoid(o) * tf.tanh(c), c


def _convolved(h, kernel, dtype):
    h, kernel = tf.cast(h, dtype), tf.cast(kernel, dtype)
    if kernel.shape[:2] == (1, 1):  # many small convolutions cost more than products
        y = tf.tensordot(h, kernel[0, 0], 1)
    else:
        y = tf.nn.conv2d(h, kernel, 1, "SAME")
    return tf.cast(y, tf.float32)


def _normed(gate, weights, k):
    """A gate, the k-th one, with a norm over its channels, if that is wanted."""
    if weights.norm is None:
        return gate
    gain, bias = weights.norm[k]
    mean, variance = tf.nn.moments(gate, -1, keepdims=True)
    return (gate - mean) * tf.math.rsqrt(variance + _EPS) * gain + bias


class Cell(NamedTuple):
    """A kind of memory.

    step: (state, driven, weights, dtype) -> state.
    n_states: Tensors of the state.
    n_gates: Gates that the input drives.
    n_recurrent: Of these, those that the state drives by one convolution.
    bias: Of each gate before training.
    """

    step: object
    n_states: int
    n_gates: int
    n_recurrent: int
    bias: tuple[float, ...]


CELLS = {
    "convgru": Cell(gru_step, 1, 3, 2, (-KEPT, 0.0, 0.0)),  # z overwrites
    "convlstm": Cell(lstm_step, 2, 4, 4, (0.0, KEPT, 0.0, 0.0)),  # f keeps
}


@keras.saving.register_keras_serializable(package="v1model")
class ConvRecurrence(keras.layers.Layer):
    """ConvGRU or ConvLSTM; see `gru_step` and `lstm_step`.

    has_endless_memory: The state knows all frames of a segment, so rates depend, less
        and less, on where it begins.

    The convolutions of the input are done for all bins at once, only those of the state
    one after the other. The state is float32 and begins at 0, or at a learned number
    per channel. The first `memory_bins` outputs are those of a memory that is not yet
    filled; they are left out.

    Args:
        params: RecurrentParams, or a dictionary of them.

    Call arguments:
        x: (B, T, H, W, C).

    Returns:
        (B, T - memory_bins, H, W, hidden), with `is_joined` the C channels of the input
        before them.
    """

    has_endless_memory = True

    def __init__(self, params, **kwargs):
        super().__init__(**kwargs)
        self.params = RecurrentParams.model_validate(params)
        self.memory_bins = self.params.memory_bins
        self.cell = CELLS[self.params.type]

    def build(self, input_shape):
        params, cell = self.params, self.cell
        n, size = params.hidden, (params.kernel_size, params.kernel_size)
        self.input_kernel = self.add_weight(
            shape=(*size, input_shape[-1], cell.n_gates * n),
            initializer="glorot_uniform",
            name="input_kernel",
        )
        self.gate_kernel = self._add_recurrent("gate_kernel", cell.n_recurrent * n)
        self.candidate_kernel = None
        if cell.n_recurrent < cell.n_gates:
            self.candidate_kernel = self._add_recurrent("candidate_kernel", n)
        first = [value for value in cell.bias for _ in range(n)]
        self.bias = self._add_vector("bias", first)
        self.gain = None
        if params.use_layer_norm:
            self.gain = self._add_vector("gain", [1.0] * len(first))
        self.first_state = None
        if params.learnable_h0:
            self.first_state = self.add_weight(
                shape=(cell.n_states, n),
                initializer="zeros",
                autocast=False,
                name="first_state",
            )
        self.built = True

    def _add_recurrent(self, name, n_outputs):
        params = self.params
        shape = (params.kernel_size, params.kernel_size, params.hidden, n_outputs)
        return self.add_weight(shape=shape, initializer="orthogonal", name=name)

    def _add_vector(self, name, values):
        return self.add_weight(
            shape=(len(values),),
            initializer=lambda shape, dtype: tf.constant(values, dtype, shape),
            autocast=False,
            name=name,
        )

    def call(self, x):
        frames, shape = tf.reshape(x, (-1, *x.shape[2:])), tf.shape(x)
        driven = tf.nn.conv2d(frames, tf.cast(self.input_kernel, x.dtype), 1, "SAME")
        driven = tf.cast(driven, tf.float32)
        if self.gain is None:
            driven += tf.convert_to_tensor(self.bias.value)
        driven = tf.reshape(driven, (shape[0], shape[1], *driven.shape[1:]))
        driven = tf.transpose(driven, (1, 0, 2, 3, 4))
        size = (shape[0], *x.shape[2:4], self.params.hidden)
        h = self._run(driven, self._start(size), self._weights(), x.dtype)
        h = tf.transpose(h[self.memory_bins :], (1, 0, 2, 3, 4))
        n_out = frames_after(x.shape[1], self.memory_bins)
        h = tf.cast(tf.ensure_shape(h, (x.shape[0], n_out, *h.shape[2:])), x.dtype)
        return tf.concat([x[:, self.memory_bins :], h], -1) if self._is_joined else h

    @property
    def _is_joined(self):
        return self.params.is_joined

    def multiply_adds(self, shape):
        """Of the convolutions, for an input of this shape."""
        batch, frames, height, width, channels = shape
        n, cell = self.params.hidden, self.cell
        per_pixel = self.params.kernel_size**2 * n * cell.n_gates * (channels + n)
        return batch * frames * height * width * per_pixel

    def _weights(self):
        candidate, norm = self.candidate_kernel, None
        if self.gain is not None:
            both = (self.gain, self.bias)
            parts = [tf.split(one.value, self.cell.n_gates) for one in both]
            norm = list(zip(*parts, strict=True))
        return Weights(
            tf.convert_to_tensor(self.gate_kernel.value),
            None if candidate is None else tf.convert_to_tensor(candidate.value),
            norm,
        )

    def _start(self, size):
        if self.first_state is None:
            return (tf.zeros(size),) * self.cell.n_states
        return tuple(tf.broadcast_to(h, size) for h in tf.unstack(self.first_state))

    def _run(self, driven, state, weights, dtype):
        """h after each bin, (T, B, H, W, hidden), of driven (T, B, H, W, gates)."""
        n_bins = tf.shape(driven)[0]
        inputs = tf.TensorArray(tf.float32, n_bins).unstack(driven)
        outputs = tf.TensorArray(tf.float32, n_bins, element_shape=state[0].shape)

        def advance(t, state, outputs):
            state = self.cell.step(state, inputs.read(t), weights, dtype)
            return t + 1, state, outputs.write(t, state[0])

        _, _, outputs = tf.while_loop(
            lambda t, *_: t < n_bins,
            advance,
            (0, state, outputs),
            maximum_iterations=n_bins,
        )
        return outputs.stack()

    def compute_output_shape(self, input_shape):
        batch, frames, *pixels, channels = input_shape
        frames = frames_after(frames, self.memory_bins)
        kept = channels if self._is_joined else 0
        return (batch, frames, *pixels, kept + self.params.hidden)

    def get_config(self):
        return super().get_config() | {"params": self.params.model_dump(mode="json")}


@keras.saving.register_keras_serializable(package="v1model")
class NoRecurrence(keras.layers.Layer):
    """Features as they are."""

    memory_bins = 0

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape


def make_recurrence(params, **kwargs):
    """The layer of RecurrenceParams.

    Args:
        params: NoLayer or RecurrentParams.
        **kwargs: Of a Keras layer, as `name`.
    """
    if isinstance(params, NoLayer):
        return NoRecurrence(**kwargs)
    return ConvRecurrence(params, **kwargs)
