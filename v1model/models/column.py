"""ColumnModel: LGN activity in, answers out."""

from typing import NamedTuple

import keras
import tensorflow as tf

from v1model.engine.glif3 import GLIF3State
from v1model.models.cell import BillehColumn
from v1model.models.noise import DecodedNoise, PoissonBackground
from v1model.models.readouts import PoolReadout
from v1model.models.rnn import ColumnRNN
from v1model.models.sparse import SparseLayer


class ColumnOutput(NamedTuple):
    """Everything that the column did in a batch of trials.

    logits: (B, C, K).  spikes: (B, T, N).  voltages: (B, T, N), mV.
    state: the last GLIF3State.
    """

    logits: tf.Tensor
    spikes: tf.Tensor
    voltages: tf.Tensor
    state: GLIF3State

    @property
    def prediction(self):
        """Probability of each class, (B, C, K)."""
        return tf.nn.softmax(self.logits)


@keras.saving.register_keras_serializable("v1model")
class ColumnModel(keras.Model):
    """The column with its input, its noise and its readout.

    Layers keep their published names: `input_layer`, `rsnn`, `prediction`.

    Args:
        input_layer: SparseLayer.
        rsnn: ColumnRNN.
        readout: PoolReadout.
        noise: PoissonBackground, DecodedNoise or None.

    Call arguments:
        inputs: A dict: `lgn` (B, T, I); `noise_seed` (B, 2) int32 if there is noise;
            optionally `state`, a GLIF3State to start from; optionally `continues`,
            (B,), 1 where a trial continues the state that `carry_state` kept, 0 where
            it starts at rest.

    Returns:
        ColumnOutput.
    """

    def __init__(self, input_layer, rsnn, readout, noise=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.input_layer = input_layer
        self.rsnn = rsnn
        self.readout = readout
        self.noise = noise
        self._carried = None

    def build(self, input_shape):
        batch, steps, _ = input_shape["lgn"]
        self.input_layer.build(input_shape["lgn"])
        self.rsnn.build((batch, steps, self.input_layer.n_targets))
        self.readout.build((batch, steps, self.rsnn.cell.n_neurons))
        self.built = True

    def call(self, inputs, training=None):
        del training  # noise is part of the brain, in training and out of it
        currents = self.input_layer(inputs["lgn"])
        if self.noise is not None:
            currents += self.noise(inputs["noise_seed"], n_steps=currents.shape[1])
        activity = self.rsnn(currents, initial_state=self._initial_state(inputs))
        return ColumnOutput(
            self.readout(activity.spikes),
            activity.spikes,
            activity.voltages,
            activity.state,
        )

    def _initial_state(self, inputs):
        if "state" in inputs:
            return GLIF3State(*inputs["state"])
        at_rest = self.rsnn.cell.zero_state(tf.shape(inputs["lgn"])[0])
        if self._carried is None or "continues" not in inputs:
            return at_rest
        carries_on = tf.cast(inputs["continues"], at_rest.v.dtype)[:, None] > 0
        return GLIF3State(
            *(
                tf.where(carries_on, tf.convert_to_tensor(kept), rest)
                for kept, rest in zip(self._carried, at_rest, strict=True)
            )
        )

    def carry_state(self, batch_size):
        """Keeps the state between batches, for tasks whose trials follow each other.

        Args:
            batch_size: Trials per replica.
        """
        zero = self.rsnn.cell.zero_state(batch_size)
        self._carried = GLIF3State(
            *(
                tf.Variable(
                    tensor,
                    trainable=False,
                    synchronization=tf.VariableSynchronization.ON_READ,
                )
                for tensor in zero
            )
        )

    def keep_state(self, state):
        """Stores the state that the next batch continues."""
        for kept, tensor in zip(self._carried, state, strict=True):
            kept.assign(tensor)

    @property
    def carries_state(self):
        """Whether `carry_state` was asked for."""
        return self._carried is not None

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        layers = ("input_layer", "rsnn", "readout", "noise")
        config = {name: serialize(getattr(self, name)) for name in layers}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config):
        config.pop("autocast", None)
        for name in ("input_layer", "rsnn", "readout", "noise"):
            config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)


def column_model(network, config, pools, *, chunk, has_threshold, noise_pool=None):
    """Builds the column of a network.

    Args:
        network: Network.
        config: ColumnConfig.
        pools: Neurons of each readout pool, (K, P).
        chunk: Steps per chunk of the readout.
        has_threshold: Whether a constant rivals a single pool.
        noise_pool: Values of the decoded noise, or None for the Poisson background.

    Returns:
        ColumnModel, built.
    """
    dtype = "mixed_float16" if config.mixed_precision else "float32"
    cell = BillehColumn(
        network,
        gauss_std=config.gauss_std,
        dampening_factor=config.dampening_factor,
        gradient_tolerance=config.gradient_tolerance,
        max_delay=config.max_delay,
        train_recurrent=config.train_recurrent,
        use_dale_law=config.use_dale_law,
        stiff_cost=config.recurrent_weight_regularization,
        l2_cost=config.l2_regularization,
        dtype=dtype,
        name="cell",
    )
    input_layer = SparseLayer(
        network,
        input_weight_scale=config.input_weight_scale,
        train_input=config.train_input,
        use_dale_law=config.use_dale_law,
        compact=noise_pool is None,  # decoded noise reaches every receptor
        engine=config.engine,
        dtype=dtype,
        name="input_layer",
    )
    if noise_pool is None:
        noise = PoissonBackground(
            network,
            shared=config.background == "shared",
            compact=True,
            dtype=dtype,
            name="background",
        )
    else:
        noise = DecodedNoise(
            noise_pool,
            n_targets=input_layer.n_targets,
            scale=config.scale,
            dtype=dtype,
            name="decoded_noise",
        )
    readout = PoolReadout(
        pools,
        chunk,
        config.dampening_factor,
        has_threshold,
        config.readout_scale,
        dtype=dtype,
        name="prediction",
    )
    rsnn = ColumnRNN(cell, engine=config.engine, dtype=dtype, name="rsnn")
    model = ColumnModel(input_layer, rsnn, readout, noise, dtype=dtype, name="column")
    model.build({"lgn": (None, None, network.lgn.n_inputs)})
    return model
