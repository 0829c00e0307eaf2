"""ColumnRNN: the column over time, state in and state out."""

from typing import NamedTuple

import keras
import tensorflow as tf

from v1model.engine.channels import input_column, spread
from v1model.engine.compiled_rollout import compiled_rollout
from v1model.engine.glif3 import GLIF3State
from v1model.engine.portable import portable_rollout
from v1model.engine.stepwise import stepwise_rollout
from v1model.models.engines import choose_engine


class ColumnActivity(NamedTuple):
    """What the column did, and where it stopped.

    spikes: (B, T, N), 0 or 1.  voltages: (B, T, N), mV.  state: the last GLIF3State.
    """

    spikes: tf.Tensor
    voltages: tf.Tensor
    state: GLIF3State


@keras.saving.register_keras_serializable("v1model")
class ColumnRNN(keras.layers.Layer):
    """Runs a BillehColumn over a sequence of any length.

    A long recording is run in chunks by passing on the state: chunks give the same
    spikes as one long call.

    Args:
        cell: BillehColumn.
        engine: "compiled" (event-driven loops on CPU), "portable" (event-driven
            TensorFlow operations for any device), both with a hand-written exact
            adjoint; "stepwise" (one TensorFlow step at a time, the reference); or
            "auto".

    Call arguments:
        inputs: Currents over V_th - E_L of all receptors, (B, T, N * R), or of those
            that LGN or background reach, (B, T, P): the compact results of SparseLayer
            and PoissonBackground.
        initial_state: GLIF3State; zero_state by default.

    Returns:
        ColumnActivity. Spikes have the layer's compute dtype, everything else that of
        the cell's weights.
    """

    def __init__(self, cell, engine="auto", **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.supports_jit = False  # XLA has neither sparse products nor Python calls
        self.cell = cell
        self.engine = engine
        choose_engine(engine, integration=cell.options["integration"])

    def build(self, inputs_shape):  # the name that Keras gives compute_output_shape
        self._check_currents(inputs_shape)
        self.built = True

    def call(self, inputs, initial_state=None):
        self._check_currents(inputs.shape)
        cell = self.cell
        x = tf.cast(inputs, cell.variable_dtype)
        if initial_state is None:
            initial_state = cell.zero_state(tf.shape(x)[0])
        state = GLIF3State(*initial_state)
        self._check_state(state, x.shape[0])
        weights = tf.convert_to_tensor(cell.recurrent_weights)
        n_receptors = cell.state_size.psc
        channels = None if x.shape[-1] == n_receptors else cell.input_receptors
        integration = cell.options["integration"]
        engine = choose_engine(self.engine, cell.variable_dtype, integration)
        if engine == "compiled":
            spikes, v, state = compiled_rollout(
                x, weights, state, cell.compiled(channels)
            )
        elif engine == "portable":
            tables, surrogate = cell.portable_tables, cell.surrogate
            spikes, v, state = portable_rollout(
                x, weights, state, cell.tensors, tables, surrogate, cell.dt, channels
            )
        else:
            if channels is not None:
                x = spread(x, input_column(channels, n_receptors))
            spike = cell.spike_function
            spikes, v, state = stepwise_rollout(
                x, weights, state, cell.tensors, cell.wiring, spike, cell.dt
            )
        return ColumnActivity(
            tf.cast(spikes, self.compute_dtype),
            cell.to_millivolt(v),
            state,
        )

    def _check_currents(self, shape):
        sizes = (self.cell.state_size.psc, self.cell.n_input_receptors)
        if len(shape) != 3 or shape[-1] not in sizes:
            raise ValueError(
                f"ColumnRNN needs currents of shape (B, T, {sizes[0]}), or "
                f"(B, T, {sizes[1]}) if compact, got {tuple(shape)}."
            )

    def _check_state(self, state, batch_size):
        for name, size in self.cell.state_size._asdict().items():
            shape = tf.TensorShape(getattr(state, name).shape)
            if not shape.is_compatible_with((batch_size, size)):
                raise ValueError(
                    f"initial_state: {name} must have shape ({batch_size}, {size}), "
                    f"got {tuple(shape)}."
                )

    def compute_output_shape(self, inputs_shape, initial_state_shape=None):
        del initial_state_shape
        batch, steps = inputs_shape[:2]
        shape = (batch, steps, self.cell.n_neurons)
        state = GLIF3State(*((batch, size) for size in self.cell.state_size))
        return ColumnActivity(shape, shape, state)

    def get_config(self):
        cell = keras.saving.serialize_keras_object(self.cell)
        return {**super().get_config(), "cell": cell, "engine": self.engine}

    @classmethod
    def from_config(cls, config):
        config.pop("autocast", None)
        cell = keras.saving.deserialize_keras_object(config.pop("cell"))
        return cls(cell, **config)
