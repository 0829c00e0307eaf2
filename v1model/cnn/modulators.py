"""Modulators: behaviour acts on features."""

import keras
import tensorflow as tf

from v1model.cnn.chain import build_chain
from v1model.cnn.layer_params import NoLayer
from v1model.cnn.modulator_params import ConcatParams, FilmParams, GruModulatorParams
from v1model.cnn.recurrence import ConvRecurrence
from v1model.cnn.recurrence_params import RecurrentParams


class _Modulator(keras.layers.Layer):
    """Features (B, T, H, W, C) and behaviour (B, T0 >= T, V), aligned at the end.

    Args:
        params: Its options, or a dictionary of them.

    Raises:
        ValueError: There is no behaviour.
    """

    params_type = None
    memory_bins = 0

    def __init__(self, params, **kwargs):
        super().__init__(**kwargs)
        self.params = self.params_type.model_validate(params)

    def recent(self, x, behavior):
        """The behaviour of the features' bins, (B, T, V)."""
        if behavior is None:
            raise ValueError(
                f"modulator {self.params.type} needs behavior; this input has none."
            )
        return behavior[:, tf.shape(behavior)[1] - tf.shape(x)[1] :]

    def dense(self, size, activation="gelu", **kwargs):
        return keras.layers.Dense(size, activation, dtype=self.dtype_policy, **kwargs)

    def compute_output_shape(self, x_shape, behavior_shape=None):
        return tuple(x_shape)

    def get_config(self):
        return super().get_config() | {"params": self.params.model_dump(mode="json")}


@keras.saving.register_keras_serializable(package="v1model")
class NoModulator(_Modulator):
    """Features as they are, whatever the behaviour."""

    params_type = NoLayer

    def __init__(self, params=None, **kwargs):
        super().__init__(params or NoLayer(), **kwargs)

    def build(self, x_shape, behavior_shape=None):
        self.built = True

    def call(self, x, behavior=None):
        return x


@keras.saving.register_keras_serializable(package="v1model")
class ConcatModulator(_Modulator):
    """y = [x, network(behaviour)], the same numbers in every pixel."""

    params_type = ConcatParams

    def build(self, x_shape, behavior_shape):
        self.network = [self.dense(n) for n in self.params.hidden]
        build_chain(self.network, tuple(behavior_shape))
        self.built = True

    def call(self, x, behavior=None):
        embedded = self.recent(x, behavior)
        for layer in self.network:
            embedded = layer(embedded)
        return tf.concat([x, _spread(embedded, x)], -1)

    def compute_output_shape(self, x_shape, behavior_shape=None):
        *shape, channels = x_shape
        return (*shape, channels + self.params.hidden[-1])


@keras.saving.register_keras_serializable(package="v1model")
class FilmModulator(_Modulator):
    """y_c = (1 + scale_c) x_c + shift_c, both linear in network(behaviour).

    The linear maps begin at 0, so before training nothing is changed (Perez et al.,
    AAAI 2018).
    """

    params_type = FilmParams

    def build(self, x_shape, behavior_shape):
        self.network = [self.dense(n) for n in self.params.hidden]
        shape = build_chain(self.network, tuple(behavior_shape))
        self.change = self.dense(
            2 * x_shape[-1], None, kernel_initializer="zeros", name="change"
        )
        self.change.build(shape)
        self.built = True

    def call(self, x, behavior=None):
        embedded = self.recent(x, behavior)
        for layer in [*self.network, self.change]:
            embedded = layer(embedded)
        scale, shift = tf.split(embedded[:, :, None, None], 2, -1)
        return (1 + scale) * x + shift


@keras.saving.register_keras_serializable(package="v1model")
class GruModulator(_Modulator):
    """A ConvGRU over features and an embedding of behaviour; one output per bin.

    The first `memory_bins` outputs, those of an empty memory, are left out.
    """

    params_type = GruModulatorParams

    def __init__(self, params, **kwargs):
        super().__init__(params, **kwargs)
        options = self.params
        self.memory_bins = options.memory_bins
        self.embedding = self.dense(options.embedding, None, name="embedding")
        memory = RecurrentParams(
            type="convgru",
            hidden=options.hidden,
            kernel_size=options.kernel_size,
            memory_bins=options.memory_bins,
        )
        self.memory = ConvRecurrence(memory, dtype=self.dtype_policy, name="memory")

    def build(self, x_shape, behavior_shape):
        self.embedding.build(tuple(behavior_shape))
        *shape, channels = x_shape
        self.memory.build((*shape, channels + self.params.embedding))
        self.built = True

    def call(self, x, behavior=None):
        embedded = self.embedding(self.recent(x, behavior))
        return self.memory(tf.concat([x, _spread(embedded, x)], -1))

    def compute_output_shape(self, x_shape, behavior_shape=None):
        return self.memory.compute_output_shape(x_shape)


def _spread(vectors, x):
    """Vectors (B, T, V) in each pixel of x: (B, T, H, W, V)."""
    shape = tf.shape(x)
    size = (shape[0], shape[1], shape[2], shape[3], vectors.shape[-1])
    return tf.broadcast_to(vectors[:, :, None, None], size)


MODULATORS = {
    "none": NoModulator,
    "concat": ConcatModulator,
    "film": FilmModulator,
    "convgru": GruModulator,
}


def make_modulator(params, **kwargs):
    """The layer of ModulatorParams.

    Args:
        params: One of modulator_params.ModulatorParams.
        **kwargs: Of a Keras layer, as `name`.

    Returns:
        A layer, call(x (B, T, H, W, C), behavior (B, T0 >= T, V)).
    """
    return MODULATORS[params.type](params, **kwargs)
