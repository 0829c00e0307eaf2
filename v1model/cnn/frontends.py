"""Frontends: filters in time that all pixels share, the first layers of a core."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.causal import CausalLayer, bins_of, convolve_time
from v1model.cnn.dynamical_adaptation import DynamicalAdaptation
from v1model.cnn.frontend_params import LearnableTemporalParams, TemporalBasisParams
from v1model.cnn.layer_params import NoLayer
from v1model.cnn.temporal_kernels import (
    initial_kernels,
    latency_mask,
    raised_cosines,
    unit_norm,
    without_sum,
)
from v1model.cnn.windows import hann_window


class _TemporalFilters(CausalLayer):
    """(B, T, H, W, C) -> (B, T - memory_bins, H, W, C M), see `convolve_time`."""

    n_kernels = 1

    def kernels(self):
        """The filters as they act, (memory_bins + 1, M) float32; row 0 is lag 0."""
        raise NotImplementedError

    def call(self, x):
        return convolve_time(x, self.kernels())

    def compute_output_shape(self, input_shape):
        shape = super().compute_output_shape(input_shape)
        return (*shape[:-1], shape[-1] * self.n_kernels)


@keras.saving.register_keras_serializable("v1model")
class NoFrontend(CausalLayer):
    """The movie as it is."""

    params_type = NoLayer

    def kernels(self):
        """(1, 1): the newest bin."""
        return tf.ones((1, 1))

    def call(self, x):
        return x


@keras.saving.register_keras_serializable("v1model")
class LearnableTemporal(_TemporalFilters):
    """Learned kernels in time, the same for each pixel and channel.

    `raw_kernels` (K, M) is trained. What acts is made of it in this order: times the
    hard mask of latencies and the anti-alias window, w; projected to the sum 0; divided
    by its length and times g (M,), `gain`; spread by the dilation; averaged over the
    last `pool_bins`. So a mask, a window and a projection hold whatever training does,
    and the length that weight normalization sets is the length that acts.

    Raises:
        ValueError: The mask leaves no tap, or one that must have the sum 0.
    """

    params_type = LearnableTemporalParams

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(params, sampling_rate, **kwargs)
        options = self.params
        self.n_kernels = options.num_channels
        bins = (options.kernel_size - 1) * options.dilation + options.pool_bins
        self.memory_bins = bins - 1
        youngest = bins_of(options.min_latency_ms, self.sampling_rate)
        # Tap i has the lag i * dilation; the ramp counts bins, too.
        lags = np.arange(options.kernel_size) * options.dilation
        self.n_masked = int(np.sum(lags < youngest))
        n_left = options.kernel_size - self.n_masked
        n_needed = 2 if self._is_bound() else 1  # one tap of sum 0 is 0
        if n_left < n_needed:
            raise ValueError(
                f"frontend.min_latency_ms {options.min_latency_ms:g} leaves {n_left} "
                f"of {options.kernel_size} taps at {self.sampling_rate:g} Hz, which "
                f"are {options.dilation} bins apart; at least {n_needed} must be left."
            )
        mask = latency_mask(lags[-1] + 1, youngest, options.mask_ramp_bins)[lags]
        if options.aa_signal:
            mask = mask * hann_window(mask.shape, options.aa_power)
        self.window = mask

    def _is_bound(self):
        options = self.params
        return options.is_zero_sum and options.free_channels < options.num_channels

    def build(self, input_shape):
        options = self.params
        shape = (options.kernel_size, options.num_channels)
        # Drawn as Keras draws weights, so that a seed of Keras decides.
        normal = keras.initializers.RandomNormal(0.0, 1.0)
        with tf.init_scope():  # a layer may be built while a graph is made
            kernels = initial_kernels(
                options.init_type,
                *shape,
                self.n_masked,
                self.sampling_rate / options.dilation,
                lambda shape: np.asarray(normal(shape)),
            )
            length = np.linalg.norm(self._bound(tf.constant(kernels)), axis=0)
        # Effective kernels are float32 in every precision: sums are 0 to the last bit.
        self.raw_kernels = self.add_weight(
            shape=shape,
            initializer=lambda shape, dtype: tf.constant(kernels, dtype),
            autocast=False,
            name="raw_kernels",
        )
        self.gain = self.bias = None
        if options.use_weight_norm and not options.keep_unit_norm:
            self.gain = self.add_weight(
                shape=shape[1:],
                initializer=lambda shape, dtype: tf.constant(length, dtype),
                autocast=False,
                name="gain",
            )
        if options.bias:
            self.bias = self.add_weight(
                shape=(input_shape[-1] * shape[1],), initializer="zeros", name="bias"
            )
        super().build(input_shape)

    def _bound(self, kernels):
        """Masked, windowed and projected."""
        if self._is_bound():
            return without_sum(kernels, self.window, self.params.free_channels)
        return self.window[:, None] * kernels

    def kernels(self):
        options = self.params
        kernels = self._bound(tf.convert_to_tensor(self.raw_kernels))
        if options.use_weight_norm:
            kernels = unit_norm(kernels)
            if self.gain is not None:
                kernels *= self.gain
        if options.dilation == 1 and options.pool_bins == 1:
            return kernels
        spread = np.zeros((self.memory_bins + 1, options.kernel_size), np.float32)
        for tap in range(options.kernel_size):
            first = tap * options.dilation
            spread[first : first + options.pool_bins, tap] = 1 / options.pool_bins
        return tf.matmul(spread, kernels)

    def call(self, x):
        y = super().call(x)
        return y if self.bias is None else y + self.bias


@keras.saving.register_keras_serializable("v1model")
class TemporalBasis(_TemporalFilters):
    """Fixed raised cosines in log time, each of the sum of squares 1.

    Time is logarithmic from one bin on: t -> log(t + 1 / fs).

    Raises:
        ValueError: The peaks are not in order or not within the kernel.
    """

    params_type = TemporalBasisParams

    def __init__(self, params, sampling_rate, **kwargs):
        super().__init__(params, sampling_rate, **kwargs)
        options = self.params
        self.n_kernels = options.n_cosines
        self.memory_bins = options.kernel_size - 1
        bin_ms = 1000 / self.sampling_rate
        times = np.arange(options.kernel_size) * bin_ms
        # One cosine has the first peak alone.
        ends = (options.first_peak_ms, options.last_peak_ms)[: options.n_cosines]
        if ends[-1] > times[-1] or sorted(set(ends)) != list(ends):
            raise ValueError(
                "frontend.first_peak_ms and last_peak_ms must be in order and within "
                f"the kernel of {times[-1]:g} ms, got {' and '.join(map(str, ends))}."
            )
        peaks = np.log(np.array(ends) + bin_ms)
        peaks = np.linspace(peaks[0], peaks[-1], options.n_cosines)
        cosines = raised_cosines(np.log(times + bin_ms), peaks)
        self._kernels = (cosines / np.linalg.norm(cosines, axis=0)).astype(np.float32)

    def kernels(self):
        return tf.constant(self._kernels)


FRONTENDS = {
    "none": NoFrontend,
    "learnable_temporal": LearnableTemporal,
    "temporal_basis": TemporalBasis,
    "da": DynamicalAdaptation,
}


def make_frontend(params, sampling_rate):
    """The layer of FrontendParams.

    Args:
        params: One of FrontendParams.
        sampling_rate: Bins per second, Hz.
    """
    return FRONTENDS[params.type](params, sampling_rate)
