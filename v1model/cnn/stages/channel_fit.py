"""Channel weights of single neurons: Poisson regressions of what their masks see.

With its place fixed, a neuron's rate is f(w . x + b), x being what its mask sees of
each channel. Its weights minimise

    sum_t m (r - y log r) / sum_t m y  +  penalty / 2 sum_c w_c^2     (ridge)
                                       or  penalty sum_c |w_c|        (lasso)

in units of the standard deviation of each x, by Newton steps with the expected
curvature, which is never negative. Each neuron has the penalty that predicts its
validation best, so that one which fires little is held back and another is not.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3)  # nats per spike
KINDS = ("ridge", "lasso")
MOST_STEPS = 25
TOLERANCE = 1e-6  # of the objective, nats per spike
SMALLEST = 1e-8  # rate, spikes per bin
_SHRUNK = 1e-4  # lasso: weights below this, in standard deviations, count as it


class Rates(NamedTuple):
    """How rates follow from u, per neuron: gain f(u) + offset.

    activation: softplus or exp.
    gain: (N,).
    offset: (N,), spikes per bin.
    """

    activation: str
    gain: np.ndarray
    offset: np.ndarray

    def of(self, u, n):
        """Rates and their derivatives, (T,) each."""
        if self.activation == "exp":
            value = slope = np.exp(np.minimum(u, 50))
        else:
            value, slope = np.logaddexp(0, u), special.expit(u)
        return self.gain[n] * value + self.offset[n] + SMALLEST, self.gain[n] * slope


class ChannelFit(NamedTuple):
    """Weights of some neurons.

    weights: (C, N).
    bias: (N,).
    penalty: (N,) the one that was best in validation.
    gain: (N,) nats per spike in validation, less those of the start.
    """

    weights: np.ndarray
    bias: np.ndarray
    penalty: np.ndarray
    gain: np.ndarray


def fit_channels(train, validation, start, rates, neurons, kind="ridge"):
    """Fits the channel weights of some neurons; a fit that is no gain is not taken.

    Args:
        train, validation: Pairs of x (N, T, C), counts (T, N) and mask (T, N).
        start: Weights (C, N) and bias (N,) that are kept where nothing is better.
        rates: Rates.
        neurons: Numbers of the neurons.
        kind: ridge or lasso.

    Returns:
        ChannelFit; of other neurons it has the start.
    """
    weights, bias = (np.array(one, np.float64) for one in start)
    n_neurons = weights.shape[1]
    best_penalty, gains = np.full(n_neurons, np.nan), np.zeros(n_neurons)
    # Each neuron has bins of its own and other numbers of steps and of halvings.
    for n in neurons:
        own = [_of_neuron(part, n) for part in (train, validation)]
        if any(spikes == 0 for *_, spikes in own):
            continue
        (x, y, spikes), held_out = own
        mean, scale = x.mean(axis=0), x.std(axis=0)
        scale = np.where(scale > 1e-6 * (1 + np.abs(mean)), scale, np.inf)
        z = np.concatenate([(x - mean) / scale, np.ones((len(x), 1))], axis=1)
        first = _loss(held_out, weights[:, n], bias[n], rates, n)
        best, w = first, None
        for penalty in PENALTIES:
            w = _minimum(z, y, spikes, penalty, kind, rates, n, w)
            own_weights = w[:-1] / scale
            own_bias = w[-1] - own_weights @ mean
            loss = _loss(held_out, own_weights, own_bias, rates, n)
            if loss < best:
                best, best_penalty[n] = loss, penalty
                weights[:, n], bias[n] = own_weights, own_bias
        gains[n] = first - best
    return ChannelFit(weights, bias, best_penalty, gains)


def _of_neuron(part, n):
    """x (t, C) and y (t,) of the bins that count, and the spikes in them."""
    x, counts, mask = part
    rows = mask[:, n] > 0
    y = counts[rows, n].astype(np.float64)
    return x[n][rows].astype(np.float64), y, y.sum()


def _loss(part, weights, bias, rates, n):
    x, y, spikes = part
    rate, _ = rates.of(x @ weights + bias, n)
    return (rate - y * np.log(rate)).sum() / spikes


def _minimum(z, y, spikes, penalty, kind, rates, n, start):
    """Weights (C + 1,), the last one being the bias."""
    w = np.zeros(z.shape[1]) if start is None else start.copy()
    if start is None:
        w[-1] = _bias_of(y.mean(), rates, n)

    def curvature(w):
        own = np.ones_like(w)
        if kind == "lasso":  # |w| is at most w^2 / 2|v| + |v| / 2
            own = 1 / np.maximum(np.abs(w), _SHRUNK)
        own[-1] = 0
        return penalty * own

    def objective(w, bend):
        rate, slope = rates.of(z @ w, n)
        value = (rate - y * np.log(rate)).sum() / spikes + 0.5 * w @ (bend * w)
        return value, rate, slope

    for _ in range(MOST_STEPS):
        bend = curvature(w)
        value, rate, slope = objective(w, bend)
        gradient = z.T @ (slope * (1 - y / rate)) / spikes + bend * w
        hessian = (z * (slope**2 / rate / spikes)[:, None]).T @ z
        hessian += np.diag(bend + 1e-9 * np.trace(hessian) / len(w))
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-4:
            new = objective(w - size * step, bend)[0]
            if new <= value - 1e-4 * size * gradient @ step:
                break
            size /= 2
        else:
            return w
        w = w - size * step
        if value - new < TOLERANCE:
            return w
    return w


def _bias_of(mean, rates, n):
    value = max((mean - rates.offset[n]) / rates.gain[n], 1e-6)
    if rates.activation == "exp":
        return np.log(value)
    return value + np.log(-np.expm1(-value))
