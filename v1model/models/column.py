"""ColumnModel: LGN activity in, answers out."""

from typing import NamedTuple

import keras
import tensorflow as tf

from v1model.engine.glif3 import GLIF3State
from v1model.models.cell import BillehColumn
from v1model.models.noise import DecodedNoise, PoissonBackground
from v1model.models.questions import Questions
from v1model.models.readouts import LinearReadout, PoolReadout
from v1model.models.rnn import ColumnRNN
from v1model.models.sparse import SparseLayer
from v1model.network.populations import neurons_named

_PARTS = ("input_layer", "rsnn", "readout", "noise", "questions")


class ColumnOutput(NamedTuple):
    """Everything that the column did in a batch of trials.

    logits: (B, C, K); NO_ANSWER where another question was asked.
    spikes: (B, T, N).  voltages: (B, T, N), mV.
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
        readout: PoolReadout or LinearReadout.
        noise: PoissonBackground, DecodedNoise or None.
        questions: Questions that the readout answers; None is a single one.

    Call arguments:
        inputs: A dict: `lgn` (B, T, I); `noise_seed` (B, 2) int32 if there is noise;
            `task` (B,) int32, the number of the question, if there are several;
            optionally `state`, a GLIF3State to start from; optionally `continues`,
            (B,), 1 where a trial continues the state that `carry_state` kept, 0 where
            it starts at rest; optionally `first_step`, scalar int32 tensor, at which
            step of a trial's noise the inputs begin, see PoissonBackground.

    Returns:
        ColumnOutput.
    """

    def __init__(
        self, input_layer, rsnn, readout, noise=None, questions=None, **kwargs
    ):
        super().__init__(autocast=False, **kwargs)
        if questions is None:
            questions = Questions(("response",), (readout.n_columns,), (True,))
        elif questions.n_columns != readout.n_columns:
            raise ValueError(
                f"{questions.n_columns} answers for {readout.n_columns} columns of the "
                "readout."
            )
        self.questions = questions
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
            currents += self.noise(
                inputs["noise_seed"],
                n_steps=currents.shape[1],
                first_step=inputs.get("first_step", 0),
            )
        activity = self.rsnn(currents, initial_state=self.initial_state(inputs))
        logits = self.readout(activity.spikes)
        return ColumnOutput(
            self.questions.masked(logits, question_of(inputs)),
            activity.spikes,
            activity.voltages,
            activity.state,
        )

    def initial_state(self, inputs):
        """Where the trials of a batch start, GLIF3State of (B, ...)."""
        if "state" in inputs:
            return GLIF3State(*inputs["state"])
        at_rest = self.rsnn.cell.zero_state(tf.shape(inputs["lgn"])[0])
        if self._carried is None or "continues" not in inputs:
            return at_rest
        carries_on = tf.cast(inputs["continues"], at_rest.v.dtype)[:, None] > 0
        stream = tf.maximum(self._stream_of(inputs), 0)
        return GLIF3State(
            *(
                tf.where(carries_on, tf.gather(kept, stream, batch_dims=1), rest)
                for kept, rest in zip(self._carried, at_rest, strict=True)
            )
        )

    def carry_state(self, batch_size):
        """Keeps the state between batches, for tasks whose trials follow each other.

        Every lane of the batch has a stream of each such task.

        Args:
            batch_size: Trials per replica.
        """
        n_streams = sum(self.questions.carries_state)
        self._carried = GLIF3State(
            *(
                tf.Variable(
                    tf.repeat(tensor[:, None], n_streams, axis=1),
                    trainable=False,
                    synchronization=tf.VariableSynchronization.ON_READ,
                )
                for tensor in self.rsnn.cell.zero_state(batch_size)
            )
        )

    def keep_state(self, state, inputs):
        """Stores the state that the next trials of the same streams continue.

        Args:
            state: GLIF3State at the end of the batch.
            inputs: Of the batch.
        """
        n_streams = self._carried.v.shape[1]
        is_stream = tf.range(n_streams) == self._stream_of(inputs)[:, None]
        for kept, tensor in zip(self._carried, state, strict=True):
            kept.assign(tf.where(is_stream[:, :, None], tensor[:, None], kept))

    def _stream_of(self, inputs):
        """Which kept state each trial has, (B,); -1 for none."""
        return tf.gather(self.questions.stream, question_of(inputs))

    @property
    def carries_state(self):
        """Whether `carry_state` was asked for."""
        return self._carried is not None

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        config = {name: serialize(getattr(self, name)) for name in _PARTS}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config):
        config.pop("autocast", None)
        for name in _PARTS:
            config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)


def question_of(inputs):
    """Number of the question that each trial asks, (B,) int32; 0 without `task`."""
    if "task" in inputs:
        return tf.cast(inputs["task"], tf.int32)
    return tf.zeros(tf.shape(inputs["lgn"])[:1], tf.int32)


def column_model(
    network,
    config,
    pools,
    *,
    chunk,
    has_threshold,
    noise_pool=None,
    questions=None,
):
    """Builds the column of a network.

    Args:
        network: Network.
        config: ColumnConfig.
        pools: Neurons of each readout pool, (K, P).
        chunk: Steps per chunk of the readout.
        has_threshold: Whether a constant rivals a pool; one for all, or (K,).
        noise_pool: Values of the decoded noise, or None for the Poisson background.
        questions: Questions that the readout answers; None is a single one.

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
        config.train_readout_scale,
        dtype=dtype,
        name="prediction",
    )
    if not config.neuron_output:
        readout = LinearReadout(
            neurons_named(network, config.linear_from, pools),
            readout.n_columns,
            chunk,
            config.dampening_factor,
            dtype=dtype,
            name="prediction",
        )
    rsnn = ColumnRNN(cell, engine=config.engine, dtype=dtype, name="rsnn")
    model = ColumnModel(
        input_layer, rsnn, readout, noise, questions, dtype=dtype, name="column"
    )
    model.build({"lgn": (None, None, network.lgn.n_inputs)})
    return model
