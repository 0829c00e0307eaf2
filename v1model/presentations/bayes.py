"""The best that any decoder can do on a synthetic session: Bayes' rule, true rates."""

import numpy as np
from scipy.special import logsumexp

N_NODES = 32
# The nodes are spread wider than the likeliest gains of the mean class: those of
# another class lie a little beside them.
_SPREAD = 1.5
_NEWTON_STEPS = 12
_PIECE = 512  # presentations at a time
_TIE = 1e-9  # of logarithms of probabilities
_SMALLEST = 1e-300  # its logarithm is finite


def bayes_log_posterior(session, presentations=None, n_nodes=N_NODES):
    """Logarithm of the probability of each class, given the spikes.

    Rates, drift and loadings are known, the gain z is not: it is integrated out,

        p(spikes | c) = integral of normal(z) prod_(b,u) Poisson(spikes | c, z) dz

    by Gauss-Hermite quadrature around the likeliest z, and the presentation may have
    been missed, with the spikes of a blank. Classes are equally likely before. Units
    that are not valid say nothing.

    Args:
        session: SyntheticSession.
        presentations: Which ones, indices or a mask; None for all.
        n_nodes: Of the quadrature.

    Returns:
        (P, K) float64, classes in the order of `session.binned.classes`.
    """
    rows = np.arange(session.binned.n_presentations)
    rows = rows if presentations is None else rows[presentations]
    parts = [
        _log_posterior(session, rows[first : first + _PIECE], n_nodes)
        for first in range(0, len(rows), _PIECE)
    ]
    return np.concatenate([np.empty((0, len(session.rates))), *parts])


def bayes_accuracy(session, presentations=None, top=1):
    """Share of presentations whose class is among the `top` likeliest.

    Classes that are equally likely, such as images to which no unit answers, are right
    as often as a draw among them.

    No decoder is expected to do better on presentations that it has not seen; on a
    given few of them one may, by luck.

    Args:
        session: SyntheticSession.
        presentations: Which ones, indices or a mask; None for all.
        top: How many answers are allowed.

    Raises:
        ValueError: There is no presentation, or no such number of classes.
    """
    if not 1 <= top <= len(session.rates):
        raise ValueError(f"top must lie in 1..{len(session.rates)}, got {top}.")
    targets = session.binned.targets
    targets = targets if presentations is None else targets[presentations]
    if not len(targets):
        raise ValueError("bayes_accuracy needs at least one presentation, got none.")
    posterior = bayes_log_posterior(session, presentations)
    beyond_truth = posterior - posterior[np.arange(len(targets)), targets][:, None]
    n_likelier = (beyond_truth > _TIE).sum(axis=1)
    n_alike = (np.abs(beyond_truth) <= _TIE).sum(axis=1)
    return float(np.mean(np.clip((top - n_likelier) / n_alike, 0, 1)))


def _log_posterior(session, rows, n_nodes):
    binned, loading = session.binned, session.loading
    counts = binned.counts[rows].astype(np.float64)
    known = session.drift[rows] * binned.bin_s[rows, None] * binned.valid[rows]
    flat = counts.reshape(len(rows), -1)
    log_rates = np.log(np.maximum(session.rates, _SMALLEST))
    pattern = flat @ log_rates.reshape(len(log_rates), -1).T  # (P, K)
    rates = session.rates.sum(axis=1)  # (K, U), over the bins
    pull = counts.sum(axis=1) @ loading  # (P,)

    def expected(z):
        """Spikes of each unit at gain z, per Hz summed over bins, (P, U)."""
        return known * np.exp(np.outer(z, loading) - loading**2 / 2)

    centre, width = _likeliest_gain(expected, rates.mean(axis=0), loading, pull)
    nodes, weights = np.polynomial.hermite.hermgauss(n_nodes)
    terms = []
    for node, weight in zip(nodes, weights, strict=True):
        z = centre + np.sqrt(2) * _SPREAD * width * node
        prior = np.log(weight) + node**2 - z**2 / 2 + pull * z
        terms.append(prior[:, None] - expected(z) @ rates.T)
    if_seen = pattern + logsumexp(terms, axis=0)
    log_likelihood = np.logaddexp(
        np.log1p(-session.missed) + if_seen,
        np.log(max(session.missed, _SMALLEST)) + if_seen[:, :1],
    )
    return log_likelihood - logsumexp(log_likelihood, axis=1, keepdims=True)


def _likeliest_gain(expected, rates, loading, pull):
    """Mode and width of the gain of each presentation for the mean class, (P,) each."""
    z = np.zeros(len(pull))
    for _ in range(_NEWTON_STEPS):
        of_units = expected(z) * rates
        curvature = 1 + of_units @ loading**2
        step = (pull - of_units @ loading - z) / curvature
        z = z + np.clip(step, -1, 1)
    return z, 1 / np.sqrt(curvature)
