"""SparseLayer: from LGN activity to currents at the receptors."""

import keras
import numpy as np
import tensorflow as tf

from v1model.engine.portable_projection import portable_projection, projection_tensors
from v1model.engine.projection import (
    ProjectionTable,
    compiled_projection,
    projection_table,
    stepwise_projection,
)
from v1model.models.constraints import SignedConstraint
from v1model.models.engines import choose_engine
from v1model.models.stored_arrays import StoredArrays
from v1model.network.data import N_RECEPTORS

_PROJECTIONS = {
    "compiled": compiled_projection,
    "portable": portable_projection,
    "stepwise": stepwise_projection,
}


@keras.saving.register_keras_serializable("v1model")
class SparseLayer(StoredArrays, keras.layers.Layer):
    """Input synapses: y = W x for every step of a sequence.

    Weights are kept over V_th - E_L of their target, in the variable
    `sparse_input_weights`, in canonical order. Delays of input synapses are ignored, as
    published. Sums and currents are float32 also under mixed precision: the gradients
    of the voltage loss are below the smallest float16.

    Args:
        network: Network whose `lgn` projects; None stands for a layer that is about to
            be loaded.
        input_weight_scale: Factor on the initial weights.
        train_input: Whether the weights are trained.
        use_dale_law: Whether weights keep their sign.
        compact: Whether the result has a column only for those receptors that LGN or
            background reach (`Network.input_receptors`), one in four.
        engine: See ColumnRNN.
        sizes: Set by `get_config` only: inputs, synapses, targets.

    Call arguments:
        inputs: Current or spikes of each LGN unit, (B, T, I).

    Returns:
        Currents over V_th - E_L, (B, T, N * R), or (B, T, P) if compact.
    """

    def __init__(
        self,
        network=None,
        *,
        input_weight_scale=1.0,
        train_input=True,
        use_dale_law=True,
        compact=False,
        engine="auto",
        sizes=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self.supports_jit = False  # XLA has neither sparse products nor Python calls
        self.options = {
            "input_weight_scale": input_weight_scale,
            "train_input": train_input,
            "use_dale_law": use_dale_law,
            "compact": compact,
            "engine": engine,
        }
        if (network is None) == (sizes is None):
            raise ValueError("SparseLayer needs a network.")
        choose_engine(engine)
        if network is None:
            self.n_inputs, self.n_synapses, self.n_targets = sizes
        else:
            self.arrays = _input_arrays(network, input_weight_scale)
            self.use_arrays()
        self.build()

    def use_arrays(self):
        """Derives the projection table from `self.arrays`."""
        arrays = self.arrays
        target, receptors = arrays["target"], arrays["input_receptors"]
        self.n_targets = int(arrays["n_targets"])
        if self.options["compact"]:
            target = np.searchsorted(receptors, target).astype(np.int32)
            self.n_targets = len(receptors)
        self.table = ProjectionTable(target, arrays["start"], arrays["pre"])
        self._tensors = None
        self.n_inputs = int(arrays["n_inputs"])
        self.n_synapses = len(arrays["pre"])
        if self.built:
            self._attach_signs()

    def build(self, input_shape=None):
        if input_shape is not None and input_shape[-1] != self.n_inputs:
            raise ValueError(
                f"the network has {self.n_inputs} inputs, got inputs of shape "
                f"{tuple(input_shape)}."
            )
        if self.built:
            return
        self.input_weights = self.add_weight(
            name="sparse_input_weights",
            shape=(self.n_synapses,),
            initializer="zeros",
            trainable=self.options["train_input"],
            autocast=False,
        )
        self.built = True
        if self.arrays is not None:
            self.input_weights.assign(self.arrays["initial_weights"])
            self._attach_signs()

    def _attach_signs(self):
        if self.options["use_dale_law"]:
            is_positive = self.arrays["initial_weights"] >= 0
            self.input_weights.constraint = SignedConstraint(is_positive)

    def call(self, inputs):
        if inputs.shape[-1] != self.n_inputs:
            raise ValueError(
                f"the network has {self.n_inputs} inputs, got inputs of shape "
                f"{tuple(inputs.shape)}."
            )
        x = tf.cast(inputs, self.variable_dtype)
        weights = tf.convert_to_tensor(self.input_weights)
        engine = choose_engine(self.options["engine"], self.variable_dtype)
        table = self.tensors if engine == "portable" else self.table
        return _PROJECTIONS[engine](x, weights, table, self.n_targets)

    @property
    def tensors(self):
        """ProjectionTensors of the table; graphs share one copy."""
        if self._tensors is None:
            self._tensors = projection_tensors(
                self.table, self.n_targets, self.n_inputs
            )
        return self._tensors

    def get_config(self):
        sizes = (self.n_inputs, self.n_synapses, self.n_targets)
        return {**super().get_config(), **self.options, "sizes": sizes}

    @classmethod
    def from_config(cls, config):
        """A layer without a network; loading a `.keras` file brings it."""
        config.pop("autocast", None)
        return cls(**config)


def _input_arrays(network, scale):
    synapses = network.lgn.synapses
    types = network.types.astype("float32")
    voltage_scale = (types.V_th - types.E_L)[network.type_index]
    table = projection_table(synapses, N_RECEPTORS)
    weights = synapses.weight / voltage_scale[synapses.post]
    return {
        **table._asdict(),
        "n_inputs": np.int32(network.lgn.n_inputs),
        "n_targets": np.int32(network.n_neurons * N_RECEPTORS),
        "input_receptors": network.input_receptors,
        "initial_weights": (weights * np.float32(scale)).astype(np.float32),
    }
