"""The rest of the brain: currents that enter the column beside the LGN's.

Every trial brings its own seed. What a trial receives is a function of that seed only:
not of the batch it sits in, of the replica that runs it, or of earlier calls.
"""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from v1model.models.stored_arrays import StoredArrays
from v1model.network.data import N_RECEPTORS

BACKGROUND_RATE_HZ = 1000.0  # one Poisson source for all neurons (Billeh et al. 2020)


@keras.saving.register_keras_serializable("v1model")
class PoissonBackground(StoredArrays, keras.layers.Layer):
    """Poisson spikes from the rest of the brain, with the weights of Billeh et al.

    Either one source reaches every neuron, as in Billeh et al. (2020), or each neuron
    has a source of its own. Mean and variance of what a neuron receives are the same;
    but one source for all makes the whole column fluctuate together.

    Counts per step are drawn by inverting the Poisson distribution function at a
    uniform number. Weights are kept over V_th - E_L in the variable
    `rest_of_brain_weights`, which is not trained.

    Args:
        network: Network whose `background` projects; None stands for a layer that is
            about to be loaded.
        rate_hz: Rate of a source.
        shared: Whether all neurons have one source.
        compact: As in SparseLayer.
        dt: ms.

    Call arguments:
        seeds: One seed per trial, (B, 2) int32.
        n_steps: T.

    Returns:
        Currents over V_th - E_L, (B, T, N * R), or (B, T, P) if compact.
    """

    def __init__(
        self,
        network=None,
        *,
        rate_hz=BACKGROUND_RATE_HZ,
        shared=True,
        compact=False,
        dt=1.0,
        sizes=None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        if (network is None) == (sizes is None):
            raise ValueError("PoissonBackground needs a network.")
        if rate_hz <= 0:
            raise ValueError(f"rate_hz must be positive, got {rate_hz}.")
        self.options = {
            "rate_hz": rate_hz,
            "shared": shared,
            "compact": compact,
            "dt": dt,
        }
        mean = rate_hz * dt / 1000
        most = int(mean + 10 * np.sqrt(mean) + 15)  # P(more spikes in a step) < 1e-13
        counts = tfp.distributions.Poisson(np.float64(mean))
        table = counts.cdf(np.arange(most, dtype=np.float64))
        self.distribution_function = np.asarray(table, np.float32)
        if network is None:
            self.n_receptors = sizes
        else:
            self.arrays = {
                "weights": background_weights(network),
                "input_receptors": network.input_receptors,
            }
            self.use_arrays()
        self.build()

    def use_arrays(self):
        """Derives which receptor each column of the result stands for."""
        self.n_receptors = len(self.arrays["weights"])
        self.receptors = np.arange(self.n_receptors, dtype=np.int32)
        if self.options["compact"]:
            self.receptors = self.arrays["input_receptors"]

    def build(self, input_shape=None):
        del input_shape
        if self.built:
            return
        self.weights_variable = self.add_weight(
            name="rest_of_brain_weights",
            shape=(self.n_receptors,),
            initializer="zeros",
            trainable=False,
            autocast=False,
        )
        self.built = True
        if self.arrays is not None:
            self.weights_variable.assign(self.arrays["weights"])

    def call(self, seeds, n_steps):
        n_neurons = self.n_receptors // N_RECEPTORS
        n_sources = 1 if self.options["shared"] else n_neurons
        shape = (n_steps, n_sources)
        table = tf.constant(self.distribution_function)

        def draw(seed):
            uniform = tf.reshape(tf.random.stateless_uniform(shape, seed), (-1,))
            counts = tf.searchsorted(table, uniform, side="right")
            return tf.cast(tf.reshape(counts, shape), self.variable_dtype)

        signature = tf.TensorSpec(shape, self.variable_dtype)
        counts = tf.map_fn(draw, seeds, fn_output_signature=signature)
        weights = tf.gather(tf.convert_to_tensor(self.weights_variable), self.receptors)
        neurons = self.receptors // N_RECEPTORS
        if n_sources > 1 and not np.array_equal(neurons, np.arange(n_neurons)):
            counts = tf.gather(counts, neurons, axis=-1)
        return counts * weights

    def get_config(self):
        return {**super().get_config(), **self.options, "sizes": self.n_receptors}

    @classmethod
    def from_config(cls, config):
        """A layer without a network; loading a `.keras` file brings it."""
        config.pop("autocast", None)
        return cls(**config)


@keras.saving.register_keras_serializable("v1model")
class DecodedNoise(StoredArrays, keras.layers.Layer):
    """Noise drawn from a pool of measured values (Chen, Scherr & Maass 2022).

    Each receptor of each neuron receives quick * a new draw per step plus slow * one
    draw per trial. The pool is in units of V_th - E_L.

    Args:
        pool: Values to draw from, 1-D; None stands for a layer that is about to be
            loaded.
        n_targets: N * R.
        scale: Factors (quick, slow).

    Call arguments and result: as PoissonBackground.
    """

    def __init__(self, pool=None, *, n_targets, scale=(2.0, 2.0), **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.options = {"n_targets": n_targets, "scale": tuple(scale)}
        if pool is not None:
            pool = np.asarray(pool, np.float32)
            if pool.ndim != 1 or len(pool) == 0 or not np.isfinite(pool).all():
                raise ValueError(
                    f"decoded noise must be a 1-D array of finite numbers, got shape "
                    f"{pool.shape}."
                )
            self.arrays = {"pool": pool}
        self.built = True

    def use_arrays(self):
        """Nothing to derive: the pool is read as it is."""

    def call(self, seeds, n_steps):
        pool = tf.constant(self.arrays["pool"])
        n_targets = self.options["n_targets"]
        quick, slow = self.options["scale"]

        def draw(seed):
            index = tf.random.stateless_uniform(
                (n_steps + 1, n_targets), seed, 0, len(self.arrays["pool"]), tf.int32
            )
            values = tf.gather(pool, index)
            return quick * values[1:] + slow * values[:1]

        signature = tf.TensorSpec((n_steps, n_targets), tf.float32)
        currents = tf.map_fn(draw, seeds, fn_output_signature=signature)
        return tf.cast(currents, self.variable_dtype)

    def get_config(self):
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config):
        """A layer without its pool; loading a `.keras` file brings it."""
        config.pop("autocast", None)
        return cls(**config)


def background_weights(network):
    """Weight of one background spike at each receptor over V_th - E_L, (N * R,)."""
    synapses = network.background.synapses
    types = network.types.astype("float32")
    voltage_scale = (types.V_th - types.E_L)[network.type_index]
    weights = np.zeros(network.n_neurons * N_RECEPTORS, np.float32)
    target = synapses.post * N_RECEPTORS + synapses.receptor
    weights[target] = synapses.weight / voltage_scale[synapses.post]
    return weights
