"""BillehColumn: the recurrent network as a Keras cell."""

import keras
import numpy as np
import tensorflow as tf

from v1model.engine.compiled import CompiledColumn
from v1model.engine.glif3 import (
    INTEGRATIONS,
    GLIF3State,
    glif3_parameters,
    glif3_step,
)
from v1model.engine.portable_tables import portable_tables
from v1model.engine.stepwise import recurrent_current, sparse_weights
from v1model.engine.surrogate import gaussian_spike
from v1model.engine.wiring import Wiring, wiring_of
from v1model.losses import L2Regularizer, StiffRegularizer
from v1model.models.constraints import SignedConstraint
from v1model.models.stored_arrays import StoredArrays
from v1model.network.data import N_RECEPTORS


@keras.saving.register_keras_serializable("v1model")
class BillehColumn(StoredArrays, keras.layers.Layer):
    """GLIF3 column of Billeh et al. (2020), one step per call.

    The equations and their order are those of Chen, Scherr & Maass (2022), see
    `v1model/engine/glif3.py`. Weights are kept over V_th - E_L of their target, in the
    variable `sparse_recurrent_weights`, in canonical order (post, receptor, pre).

    States, weights and sums are float32 also under mixed precision (float64 with
    dtype="float64").

    Args:
        network: Network; None stands for a layer that is about to be loaded.
        dt: Length of a step, ms.
        integration: "published", or "exact": as NEST integrates, see
            `v1model/engine/exact.py`. The stepwise engine has its gradients, the
            compiled one simulates it without.
        gauss_std, dampening_factor: Width and height of the Gaussian surrogate
            derivative, in units of V_th - E_L.
        gradient_tolerance: Surrogate derivatives below it count as zero in the compiled
            and the portable engine; 0 is exact.
        recurrent_weight_scale: Factor on the initial weights.
        max_delay: Longest delay, ms; longer ones are clipped.
        train_recurrent: Whether the weights are trained.
        use_dale_law: Whether weights keep the sign of their presynaptic neuron.
        stiff_cost, l2_cost: Strengths of StiffRegularizer and L2Regularizer.
        sizes: Set by `get_config` only: neurons, synapses, delays, input receptors.

    Call arguments:
        inputs: Input currents over V_th - E_L, (B, N * R).
        state: GLIF3State.

    Returns:
        (spikes (B, N), voltages in mV (B, N)), and the next GLIF3State.
    """

    def __init__(
        self,
        network=None,
        *,
        dt=1.0,
        integration="published",
        gauss_std=0.28,
        dampening_factor=0.5,
        gradient_tolerance=0.0,
        recurrent_weight_scale=1.0,
        max_delay=5,
        train_recurrent=True,
        use_dale_law=True,
        stiff_cost=0.0,
        l2_cost=0.0,
        sizes=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self.supports_jit = False  # XLA has no sparse products
        self.options = {
            "dt": dt,
            "integration": integration,
            "gauss_std": gauss_std,
            "dampening_factor": dampening_factor,
            "gradient_tolerance": gradient_tolerance,
            "recurrent_weight_scale": recurrent_weight_scale,
            "max_delay": max_delay,
            "train_recurrent": train_recurrent,
            "use_dale_law": use_dale_law,
            "stiff_cost": stiff_cost,
            "l2_cost": l2_cost,
        }
        for name in ("dt", "gauss_std", "dampening_factor", "max_delay"):
            if self.options[name] <= 0:
                raise ValueError(f"{name} must be positive, got {self.options[name]}.")
        if integration not in INTEGRATIONS:
            raise ValueError(
                f"unknown integration {integration!r}, choose from {[*INTEGRATIONS]}."
            )
        if (network is None) == (sizes is None):
            raise ValueError("BillehColumn needs a network.")
        self.dt = dt
        self.spike_function = gaussian_spike(gauss_std, dampening_factor)
        self.surrogate = (gauss_std, dampening_factor, gradient_tolerance)
        if network is None:
            self.n_neurons, self.n_synapses, self.n_delays = sizes[:3]
            self.n_input_receptors = sizes[3]
        else:
            self.arrays = _cell_arrays(network, self.options, self.variable_dtype)
            self.use_arrays()
        n = self.n_neurons
        self.state_size = GLIF3State(
            self.n_delays * n, n, n, n, n, n * N_RECEPTORS, n * N_RECEPTORS
        )
        self.build()

    def use_arrays(self):
        """Derives parameters and wiring from `self.arrays`."""
        arrays = self.arrays
        parameters = INTEGRATIONS[self.options["integration"]]
        self.parameters = parameters(*(arrays[name] for name in parameters._fields))
        self.n_neurons = len(self.parameters.decay)
        self.n_synapses = len(arrays["target"])
        self.n_delays = int(arrays["n_delays"])
        self.wiring = Wiring(
            self.n_neurons,
            N_RECEPTORS,
            self.n_delays,
            arrays["target"],
            arrays["pre"],
            arrays["delay"],
        )
        self.input_receptors = arrays["input_receptors"]
        self.n_input_receptors = len(self.input_receptors)
        self._compiled = {}
        self._portable_tables = None
        self._on_device = None
        if self.built:
            self._attach_network_to_weights()

    def build(self, input_shape=None):
        del input_shape
        if self.built:
            return
        self.recurrent_weights = self.add_weight(
            name="sparse_recurrent_weights",
            shape=(self.n_synapses,),
            initializer="zeros",
            trainable=self.options["train_recurrent"],
            autocast=False,
        )
        self.built = True
        if self.arrays is not None:
            self.recurrent_weights.assign(self.arrays["initial_weights"])
            self._attach_network_to_weights()

    def _attach_network_to_weights(self):
        """Dale's law and the regularisers need signs and initial values."""
        variable = self.recurrent_weights
        if self.options["use_dale_law"]:
            is_positive = self.arrays["is_excitatory"][self.arrays["pre"]]
            variable.constraint = SignedConstraint(is_positive)
        if self.options["stiff_cost"] and self.options["l2_cost"]:
            raise ValueError("choose one of stiff_cost and l2_cost.")
        if self.options["stiff_cost"]:
            variable.regularizer = StiffRegularizer(
                self.options["stiff_cost"], self.arrays["initial_weights"]
            )
        elif self.options["l2_cost"]:
            variable.regularizer = L2Regularizer(self.options["l2_cost"])

    def compiled(self, channels):
        """The CompiledColumn for inputs of (P,) receptors; None stands for all."""
        key = channels is None
        if key not in self._compiled:
            self._compiled[key] = CompiledColumn(
                self.parameters, self.wiring, self.surrogate, self.dt, channels
            )
        return self._compiled[key]

    @property
    def portable_tables(self):
        """The PortableTables of the wiring; graphs share one copy."""
        if self._portable_tables is None:
            self._portable_tables = portable_tables(self.wiring)
        return self._portable_tables

    @property
    def tensors(self):
        """Parameters as tensors that the graph reads, not constants it folds."""
        if self._on_device is None:
            with tf.init_scope():
                self._on_device = type(self.parameters)(
                    *(tf.Variable(array, trainable=False) for array in self.parameters)
                )
        return type(self.parameters)(
            *(tf.convert_to_tensor(variable) for variable in self._on_device)
        )

    def call(self, inputs, state):
        weights = tf.convert_to_tensor(self.recurrent_weights)
        matrix = sparse_weights(weights, self.wiring)
        state = GLIF3State(*state)
        current = recurrent_current(matrix, state.z_buffer)
        current += tf.cast(inputs, self.variable_dtype)
        z, v, state = glif3_step(
            state, current, self.tensors, self.spike_function, self.dt
        )
        return (z, self.to_millivolt(v)), state

    def to_millivolt(self, v):
        """Scaled voltages in mV, (..., N)."""
        return v * self.parameters.voltage_scale + self.parameters.voltage_offset

    def to_scaled(self, voltages):
        """Voltages in mV scaled so that E_L = 0 and V_th = 1, (..., N)."""
        p = self.parameters
        return (tf.cast(voltages, p.decay.dtype) - p.voltage_offset) / p.voltage_scale

    def zero_state(self, batch_size):
        """No spikes, no currents, every voltage at reset: GLIF3State of (B, ...)."""
        dtype = self.variable_dtype
        state = GLIF3State(*(tf.zeros((batch_size, n), dtype) for n in self.state_size))
        return state._replace(v=state.v + self.parameters.v_reset)

    def get_initial_state(self, batch_size=None):
        """Keras' name of `zero_state`."""
        return self.zero_state(batch_size)

    def get_config(self):
        sizes = (
            self.n_neurons,
            self.n_synapses,
            self.n_delays,
            self.n_input_receptors,
        )
        return {**super().get_config(), **self.options, "sizes": sizes}

    @classmethod
    def from_config(cls, config):
        """A column without a network; loading a `.keras` file brings it."""
        config.pop("autocast", None)
        return cls(**config)


def _cell_arrays(network, options, dtype):
    """What the cell keeps of a network; the network itself is not changed."""
    types = network.types.astype(dtype)
    parameters = glif3_parameters(
        types, network.type_index, options["dt"], options["integration"]
    )
    synapses = network.recurrent
    wiring = wiring_of(
        synapses, network.n_neurons, N_RECEPTORS, options["max_delay"], options["dt"]
    )
    weights = synapses.weight / parameters.voltage_scale[synapses.post]
    weights = weights.astype(dtype) * np.dtype(dtype).type(
        options["recurrent_weight_scale"]
    )
    return {
        **parameters._asdict(),
        "target": wiring.target,
        "pre": wiring.pre,
        "delay": wiring.delay,
        "n_delays": np.int32(wiring.n_delays),
        "input_receptors": network.input_receptors,
        "is_excitatory": network.is_excitatory,
        "initial_weights": weights,
    }
