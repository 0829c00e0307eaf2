"""How activity scatters around what the decoder says: Gaussian, Poisson, Bernoulli.

A likelihood turns the decoder's raw output, any real number, into mean activity, and
compares it with what was recorded. Raw output and targets are (..., N); `valid` of the
same shape says which targets count, and whatever stands in the others, NaN too, changes
neither a loss nor its gradient.
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from v1model.latent.config import LOSSES
from v1model.latent.network_params import LIKELIHOODS as NAMES

_HUBER_DELTA = 1.0  # where a squared error becomes a linear one
# Below it log softplus(x) is x in float32, and softplus(x) may be 0.
_LINEAR_BELOW = -15.0


def _huber(error):
    size = tf.abs(error)
    near = tf.minimum(size, _HUBER_DELTA)
    return near * (size - near / 2)


_LOSSES = {
    "mse_loss": tf.square,
    "l1_loss": tf.abs,
    "huber_loss": _huber,
    "smooth_l1_loss": _huber,  # the same with their default widths, 1
}


class Gaussian:
    """Real numbers around the output itself: voltages, rates, calcium.

        mean = raw

    Args:
        loss_function: One of config.LOSSES: mse_loss is the Gaussian's negative log
            likelihood, but for a factor and a constant; the others are robust ones.

    Raises:
        ValueError: There is no loss of that name.
    """

    def __init__(self, loss_function="mse_loss"):
        if loss_function not in _LOSSES:
            raise ValueError(
                f"loss_function must be one of {LOSSES}, got {loss_function!r}."
            )
        self._loss = _LOSSES[loss_function]

    def mean(self, raw):
        """Mean activity, (..., N)."""
        return raw

    def raw_of(self, mean):
        """The raw output that has this mean, (..., N)."""
        return mean

    def loss(self, raw, target, valid=None):
        """The chosen loss, averaged over valid entries: scalar; 0 where there is none.

        Args:
            raw: Output of the decoder, (..., N).
            target: Recorded activity, (..., N).
            valid: (..., N) bool; None where all are.
        """
        return _mean_of_valid(lambda y: self._loss(y - raw), target, valid)

    def sample(self, raw, seed):
        """Activity with unit variance around the mean, (..., N), a function of seed.

        Args:
            raw: Output of the decoder, (..., N).
            seed: (2,) int32.
        """
        return tfp.distributions.Normal(raw, tf.ones((), raw.dtype)).sample(seed=seed)

    def deviance(self, mean, target):
        """Squared error, (..., N) NumPy float64."""
        return np.square(np.subtract(target, mean, dtype=np.float64))


class Poisson:
    """Counts of spikes per step.

        mean = softplus(raw)

    grows no faster than the output, so that a rollout that goes astray stays finite.
    """

    def mean(self, raw):
        """Expected count of a step, (..., N)."""
        return tf.math.softplus(raw)

    def raw_of(self, mean):
        """The raw output that has this mean, (..., N); 0 is taken as 1e-6."""
        return tfp.math.softplus_inverse(tf.maximum(mean, 1e-6))

    def loss(self, raw, target, valid=None):
        """Mean negative log likelihood of valid counts: scalar; 0 where there is none.

        Args:
            raw: Output of the decoder, (..., N).
            target: Counts, (..., N).
            valid: (..., N) bool; None where all are.
        """
        counts = self._counts(raw)
        return _mean_of_valid(lambda y: -counts.log_prob(y), target, valid)

    def sample(self, raw, seed):
        """Counts, (..., N), a function of seed, (2,) int32."""
        return self._counts(raw).sample(seed=seed)

    def deviance(self, mean, target):
        """2 (y log(y / mean) - y + mean), (..., N) NumPy float64; inf at mean 0 < y."""
        target, mean = (np.asarray(x, np.float64) for x in (target, mean))
        return 2 * (_times_log_ratio(target, mean) - target + mean)

    def _counts(self, raw):
        return tfp.distributions.Poisson(log_rate=_log_softplus(raw))


class Bernoulli:
    """Whether there was a spike in a step; two are as good as one.

    mean = sigmoid(raw)
    """

    def mean(self, raw):
        """Probability of a spike, (..., N)."""
        return tf.math.sigmoid(raw)

    def raw_of(self, mean):
        """The raw output that has this mean, (..., N); kept 1e-6 away from 0 and 1."""
        mean = tf.clip_by_value(mean, 1e-6, 1 - 1e-6)
        return tf.math.log(mean) - tf.math.log1p(-mean)

    def loss(self, raw, target, valid=None):
        """Mean negative log likelihood of valid entries: scalar; 0 where there is none.

        Args:
            raw: Output of the decoder, (..., N).
            target: Counts, (..., N).
            valid: (..., N) bool; None where all are.
        """
        spikes = self._spikes(raw)
        return _mean_of_valid(
            lambda y: -spikes.log_prob(tf.minimum(y, 1)), target, valid
        )

    def sample(self, raw, seed):
        """0 or 1, (..., N), a function of seed, (2,) int32."""
        return self._spikes(raw).sample(seed=seed)

    def deviance(self, mean, target):
        """-2 log likelihood, (..., N) NumPy float64; inf where it was impossible."""
        target, mean = (np.asarray(x, np.float64) for x in (target, mean))
        spiked = np.minimum(target, 1)
        return 2 * (
            _times_log_ratio(spiked, mean) + _times_log_ratio(1 - spiked, 1 - mean)
        )

    def _spikes(self, raw):
        return tfp.distributions.Bernoulli(logits=raw, dtype=raw.dtype)


COUNTED = ("poisson", "bernoulli")  # of spikes; no other quantity is possible
LIKELIHOODS = dict(zip(NAMES, (Gaussian(), Poisson(), Bernoulli()), strict=True))


def likelihood_of(params):
    """The likelihood that a configuration names.

    Args:
        params: ModelParams.
    """
    if params.likelihood == "gaussian":
        return Gaussian(params.training.loss_function)
    return LIKELIHOODS[params.likelihood]


def deviance_explained(likelihood, mean, target, valid=None):
    """Share of each neuron's deviance that a prediction explains.

        1 - D(prediction) / D(mean of the neuron)

    is 1 where the prediction equals the target and 0 where it is as good as the
    neuron's mean over these steps; of a Gaussian it is R2.

    Args:
        likelihood: One of LIKELIHOODS.
        mean: Predicted mean activity, (T, N).
        target: Recorded activity, (T, N).
        valid: (T, N) bool; None where all are.

    Returns:
        (N,) float64, at most 1; NaN where the target does not vary, and where the
        prediction is NaN.
    """
    target = np.asarray(target, np.float64)
    valid = np.ones(target.shape, bool) if valid is None else np.asarray(valid)
    # Of what is not valid the prediction is taken as right: nobody looks at it.
    mean = np.where(valid, np.asarray(mean, np.float64), 0.5)
    target = np.where(valid, target, 0.5)
    if isinstance(likelihood, Bernoulli):
        target = np.minimum(target, 1)
    n = np.maximum(valid.sum(axis=0), 1)
    null = np.where(valid, target, 0).sum(axis=0) / n
    model, nothing = (
        np.where(valid, likelihood.deviance(of, target), 0).sum(axis=0)
        for of in (mean, np.broadcast_to(null, target.shape))
    )
    # Of a constant neuron rounding may leave a deviance, which is none.
    highest = np.where(valid, target, -np.inf).max(axis=0)
    lowest = np.where(valid, target, np.inf).min(axis=0)
    varies = (highest > lowest) & (nothing > 0)
    return np.where(varies, 1 - model / np.where(varies, nothing, 1), np.nan)


def _mean_of_valid(cost, target, valid):
    """Mean of cost(target) over valid entries, whatever stands in the others."""
    if valid is None:
        return tf.reduce_mean(cost(target))
    # Twice: 0 goes in, so that nothing is NaN, and what comes out of it is left out.
    costs = cost(tf.where(valid, target, tf.zeros_like(target)))
    n = tf.math.count_nonzero(valid, dtype=costs.dtype)
    kept = tf.where(valid, costs, tf.zeros_like(costs))
    return tf.reduce_sum(kept) / tf.maximum(n, 1)


def _log_softplus(x):
    """log(log(1 + exp(x))), finite for every finite x, as is its gradient."""
    is_linear = x < _LINEAR_BELOW
    bounded = tf.where(is_linear, tf.zeros_like(x), x)
    return tf.where(is_linear, x, tf.math.log(tf.math.softplus(bounded)))


def _times_log_ratio(y, mean):
    """y log(y / mean), 0 where y is 0, inf where only the mean is 0."""
    is_none = y == 0
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(is_none, 1, y)) - np.log(np.where(is_none, 1, mean))
    return np.where(is_none, 0, y * logs)
