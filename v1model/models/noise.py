"""The rest of the brain: currents that enter the column beside the LGN's.

Every trial brings its own seed. What a trial receives is a function of that seed only:
not of the batch it sits in, of the replica that runs it, or of earlier calls. Time is
drawn in blocks, each from the seed and its number, so that a trial that is run in
segments receives what it receives when it is run at once.
"""

import keras
import numpy as np
import tensorflow as tf

from v1model.config import CHUNK_MS
from v1model.models.poisson import count_tables, draw_counts
from v1model.models.stored_arrays import StoredArrays
from v1model.network.data import N_RECEPTORS

BACKGROUND_RATE_HZ = 1000.0  # one Poisson source for all neurons (Billeh et al. 2020)
BLOCK = CHUNK_MS  # steps that are drawn together


@keras.saving.register_keras_serializable("v1model")
class PoissonBackground(StoredArrays, keras.layers.Layer):
    """Poisson spikes from the rest of the brain, with the weights of Billeh et al.

    Either one source reaches every neuron, as in Billeh et al. (2020), or each neuron
    has a source of its own. Mean and variance of what a neuron receives are the same;
    but one source for all makes the whole column fluctuate together.

    Counts per step are drawn by inverting the Poisson distribution function at a
    uniform number of 32 bits. Weights are kept over V_th - E_L in the variable
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
        first_step: Step of the trial that the result begins with, a multiple of BLOCK;
            int, which is checked, or scalar tensor.

    Returns:
        Currents over V_th - E_L, (B, T, N * R), or (B, T, P) if compact.

    Raises:
        ValueError: `first_step` is negative or no multiple of BLOCK.
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
        self.tables = count_tables(rate_hz * dt / 1000)
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

    def call(self, seeds, n_steps, first_step=0):
        n_neurons = self.n_receptors // N_RECEPTORS
        n_sources = 1 if self.options["shared"] else n_neurons
        tables = type(self.tables)(*map(tf.constant, self.tables))
        weights = tf.gather(tf.convert_to_tensor(self.weights_variable), self.receptors)
        neurons = self.receptors // N_RECEPTORS
        is_every_neuron = np.array_equal(neurons, np.arange(n_neurons))

        def draw(seed, trial):
            del trial
            counts = draw_counts(BLOCK * n_sources, seed, tables)
            counts = tf.reshape(counts, (BLOCK, n_sources))
            if n_sources > 1 and not is_every_neuron:
                counts = tf.gather(counts, neurons, axis=-1)
            return tf.cast(counts, self.variable_dtype) * weights

        signature = tf.TensorSpec((BLOCK, len(self.receptors)), self.variable_dtype)
        return _in_blocks(draw, seeds, n_steps, first_step, signature)

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

    def call(self, seeds, n_steps, first_step=0):
        pool = self.arrays["pool"]
        n_targets = self.options["n_targets"]
        quick, slow = (tf.constant(np.float32(f) * pool) for f in self.options["scale"])

        def draw_from(values, shape, seed):
            index = tf.random.stateless_uniform(shape, seed, 0, len(pool), tf.int32)
            return tf.gather(values, index)

        def draw(seed, trial):
            currents = draw_from(quick, (BLOCK, n_targets), seed)
            return currents + draw_from(slow, (1, n_targets), trial)

        signature = tf.TensorSpec((BLOCK, n_targets), tf.float32)
        currents = _in_blocks(draw, seeds, n_steps, first_step, signature)
        return tf.cast(currents, self.variable_dtype)

    def get_config(self):
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config):
        """A layer without its pool; loading a `.keras` file brings it."""
        config.pop("autocast", None)
        return cls(**config)


def _in_blocks(draw, seeds, n_steps, first_step, signature):
    """Noise of some trials from one step on, put together from whole blocks.

    Args:
        draw: Function of a seed of its own and the trial's seed, (2,) int64 each, that
            returns a block.
        seeds: (B, 2) int32.
        n_steps: T.
        first_step: See PoissonBackground.
        signature: TensorSpec of a block, (BLOCK, columns).

    Returns:
        (B, T, columns).
    """
    known = tf.get_static_value(first_step)
    if known is not None and (known < 0 or known % BLOCK):
        raise ValueError(f"first_step must be a multiple of {BLOCK}, got {known}.")
    n_blocks = -(-n_steps // BLOCK)
    # Seeds of 64 bits: those of two blocks never agree by chance.
    seeds = tf.cast(seeds, tf.int64)
    first = tf.cast(first_step, tf.int64) // BLOCK
    blocks = tf.tile(first + tf.range(n_blocks, dtype=tf.int64), (tf.shape(seeds)[0],))

    def draw_block(seed_and_block):
        seed, block = seed_and_block
        return draw(tf.random.fold_in(seed, block), seed)

    drawn = tf.map_fn(
        draw_block,
        (tf.repeat(seeds, n_blocks, axis=0), blocks),
        fn_output_signature=signature,
    )
    shape = (-1, n_blocks * BLOCK, signature.shape[1])
    return tf.reshape(drawn, shape)[:, :n_steps]


def background_weights(network):
    """Weight of one background spike at each receptor over V_th - E_L, (N * R,)."""
    synapses = network.background.synapses
    types = network.types.astype("float32")
    voltage_scale = (types.V_th - types.E_L)[network.type_index]
    weights = np.zeros(network.n_neurons * N_RECEPTORS, np.float32)
    target = synapses.post * N_RECEPTORS + synapses.receptor
    weights[target] = synapses.weight / voltage_scale[synapses.post]
    return weights
