"""Pearson's correlation of counts and predicted rates, and what there is to reach.

Values are (T, N), results (N,); NaN for a neuron whose counts do not vary, or that is
not seen.
"""

from typing import NamedTuple

import numpy as np

from v1model.metrics.masked import masked_pair
from v1model.metrics.reliability import cc_max, split_half_reliability

SMALLEST_CC_MAX = 0.3  # below it a normalised correlation is noise over noise
SMALLEST_FEV = 0.15  # share that repeats; the usual limit of FEVE
TRUNCATION = 4.0  # standard deviations of a Gaussian, beyond which it is 0
CEILINGS = ("analytic", "halves")


class PairMoments(NamedTuple):
    """First and second moments of two values over bins, (N,) float64 each.

    Moments of parts of a recording give those of the whole: `merged` (Chan, Golub &
    LeVeque 1983). `squares_*` and `products` are sums about the means.
    """

    n: np.ndarray
    mean_a: np.ndarray
    mean_b: np.ndarray
    squares_a: np.ndarray
    squares_b: np.ndarray
    products: np.ndarray

    def merged(self, other):
        """Moments over the bins of both."""
        n = self.n + other.n
        share = other.n / np.maximum(n, 1)
        a, b = other.mean_a - self.mean_a, other.mean_b - self.mean_b
        between = self.n * share
        return PairMoments(
            n,
            self.mean_a + share * a,
            self.mean_b + share * b,
            self.squares_a + other.squares_a + between * a**2,
            self.squares_b + other.squares_b + between * b**2,
            self.products + other.products + between * a * b,
        )

    def correlation(self):
        """Pearson's, (N,)."""
        scale = np.sqrt(self.squares_a * self.squares_b)
        # What is left of a constant by rounding is no variance.
        smallest = 1e-12 * self.n * np.abs(self.mean_a * self.mean_b)
        is_known = scale > smallest
        value = self.products / np.where(is_known, scale, 1)
        return np.where(is_known, np.clip(value, -1, 1), np.nan)


def pair_moments(a, b, mask=None):
    """PairMoments of (T, N) values, of the bins where the mask is True."""
    a, b, mask = masked_pair(a, b, mask)
    n = mask.sum(axis=0, dtype=np.float64)
    means = [x.sum(axis=0, dtype=np.float64) / np.maximum(n, 1) for x in (a, b)]
    a, b = (np.where(mask, x - m, 0) for x, m in zip((a, b), means, strict=True))
    sums = [np.einsum("tn,tn->n", x, y) for x, y in ((a, a), (b, b), (a, b))]
    return PairMoments(n, *means, *sums)


def correlation(counts, rates, mask=None):
    """Pearson's correlation over the bins that count, (N,).

    0 where the counts vary and the rates do not: these neurons stay in means over
    neurons, so that a model gains nothing by not predicting them.

    Args:
        counts: (T, N), or (T,) of one neuron.
        rates: Same shape; anything, as NaN, where the mask is False.
        mask: Broadcasts to (T, N); None takes all bins.

    Raises:
        ValueError: Shapes differ, or what counts is negative or not finite.
    """
    moments = pair_moments(counts, rates, mask)
    found = moments.correlation()
    is_varying = moments.squares_a > 1e-12 * moments.n * moments.mean_a**2
    return np.where(np.isnan(found) & is_varying, 0, found)


def smoothed(values, mask, sd_bins, runs=None):
    """Values smoothed over time by a Gaussian, without what the mask leaves out.

    Each bin is the weighted mean of those around it that count, so that gaps do not
    pull it to 0.

    Args:
        values: (T, N).
        mask: (T, N) bool.
        sd_bins: Standard deviation, bins; 0 changes nothing.
        runs: Number of the trial of each bin, (T,): nothing is smoothed across trials;
            None is one run.

    Returns:
        (T, N) floats; 0 where the mask is False.
    """
    mask = np.broadcast_to(mask, values.shape)
    values = np.where(mask, values, 0)
    values = values.astype(np.result_type(values, np.float32), copy=False)
    if sd_bins == 0:
        return values
    # One column says it all where the mask is the same for all neurons.
    is_shared = bool((mask == mask[:, :1]).all())
    weights = (mask[:, :1] if is_shared else mask).astype(values.dtype)
    runs = np.zeros(len(values)) if runs is None else np.asarray(runs)
    edges = np.flatnonzero(np.diff(runs)) + 1
    result = np.zeros_like(values)
    for own in np.split(np.arange(len(values)), edges):
        if len(own):
            rows = slice(own[0], own[-1] + 1)
            sums = _blurred(values[rows], sd_bins)
            total = _blurred(weights[rows], sd_bins)
            result[rows] = sums / np.where(total > 0, total, 1)
    return np.where(mask, result, 0)


def _blurred(values, sd_bins):
    """Values times a Gaussian of sum 1 over time, 0 beyond the ends, (t, N).

    A sum over shifted rows: SciPy's filter takes ten times as long along this axis.
    """
    reach = round(TRUNCATION * sd_bins)
    taps = np.exp(-0.5 * (np.arange(reach + 1) / sd_bins) ** 2)
    taps = (taps / (taps[0] + 2 * taps[1:].sum())).astype(values.dtype)
    result = taps[0] * values
    for lag, tap in enumerate(taps[1:], start=1):
        scaled = tap * values
        result[lag:] += scaled[:-lag]
        result[:-lag] += scaled[lag:]
    return result


def smoothed_correlation(counts, rates, mask=None, sd_bins=1, runs=None):
    """Correlation of counts and rates that are smoothed alike; see `smoothed`."""
    counts, rates, mask = masked_pair(counts, rates, mask)
    pair = (smoothed(x, mask, sd_bins, runs) for x in (counts, rates))
    return correlation(*pair, mask)


class NormalizedCorrelation(NamedTuple):
    """Correlation with the mean over repeats, and the largest one that is possible.

    cc_abs: Correlation over stimuli of mean response and mean prediction, (N,).
    cc_max: That of the true rate, (N,).
    cc_norm: cc_abs / cc_max, not clipped, (N,); NaN where cc_max is below 0.3.
    n_left_out: Neurons that are NaN for that reason.
    """

    cc_abs: np.ndarray
    cc_max: np.ndarray
    cc_norm: np.ndarray
    n_left_out: int


def normalized_correlation(responses, predictions, ceiling="analytic", seed=0):
    """CC_norm (Schoppe et al., Front. Comput. Neurosci. 2016): NormalizedCorrelation.

    Repeats of the same stimulus must have had the same input, moving eyes included;
    otherwise the ceiling is one of models that do not see the eyes.

    Args:
        responses: (R, S, N), NaN where a repeat is missing.
        predictions: Same shape, or (S, N): alike in all repeats.
        ceiling: "analytic": root of the signal power's share of the means' variance;
            "halves": root of the corrected correlation of random halves.
        seed: Of the halves.

    Raises:
        ValueError: An unknown ceiling, or shapes that do not fit.
    """
    if ceiling not in CEILINGS:
        raise ValueError(f"ceiling must be one of {CEILINGS}, got '{ceiling}'.")
    responses = np.asarray(responses, np.float64)
    predictions = _fitting(predictions, responses)
    is_there = np.isfinite(responses) & np.isfinite(predictions)
    n = is_there.sum(axis=0)
    response, prediction = (
        np.where(is_there, x, 0).sum(axis=0) / np.maximum(n, 1)
        for x in (responses, predictions)
    )
    # Shifted so that nothing is negative, which changes no correlation.
    shift = [np.minimum(x.min(axis=0), 0) for x in (response, prediction)]
    absolute = correlation(response - shift[0], prediction - shift[1], n > 0)
    known = np.where(is_there, responses, np.nan)
    if ceiling == "analytic":
        largest = cc_max(known)
    else:
        reliability = split_half_reliability(known, seed)
        largest = np.sqrt(np.where(reliability > 0, reliability, 0))
        largest = np.where(np.isnan(reliability), np.nan, largest)
    is_known = largest >= SMALLEST_CC_MAX
    normal = np.where(is_known, absolute / np.where(is_known, largest, 1), np.nan)
    return NormalizedCorrelation(absolute, largest, normal, int((~is_known).sum()))


def correlation_to_average(responses, predictions):
    """Correlation over stimuli of the mean over repeats and the mean prediction, (N,).

    Arguments are those of `normalized_correlation`.
    """
    return normalized_correlation(responses, predictions).cc_abs


def explainable_variance_explained(responses, predictions):
    """FEVE: 1 - (mean (y - r)^2 - noise) / (variance of y - noise), (N,).

    Noise is the variance over repeats of the same stimulus. 1 for the true rate, 0 for
    the mean, whatever the noise (Cadena et al., PLoS Comput. Biol. 2019). Arguments
    are those of `normalized_correlation`.

    Returns:
        FEVE, not clipped, NaN where less than 0.15 of the variance repeats (FEV), and
        FEV, (N,) each.
    """
    responses = np.asarray(responses, np.float64)
    predictions = _fitting(predictions, responses)
    is_there = np.isfinite(responses) & np.isfinite(predictions)
    y, r = (np.where(is_there, x, 0) for x in (responses, predictions))
    n = is_there.sum(axis=(0, 1))
    per_stimulus = is_there.sum(axis=0)
    mean = y.sum(axis=0) / np.maximum(per_stimulus, 1)
    within = (np.where(is_there, y - mean, 0) ** 2).sum(axis=(0, 1))
    freedom = np.maximum(per_stimulus - 1, 0).sum(axis=0)
    noise = np.where(freedom > 0, within / np.maximum(freedom, 1), np.nan)
    error = ((y - r) ** 2).sum(axis=(0, 1)) / np.maximum(n, 1)
    grand = y.sum(axis=(0, 1)) / np.maximum(n, 1)
    total = (np.where(is_there, y - grand, 0) ** 2).sum(axis=(0, 1)) / np.maximum(
        n - 1, 1
    )
    is_varying = total > 0
    share = 1 - noise / np.where(is_varying, total, 1)
    share = np.where(is_varying, share, np.nan)
    is_known = share >= SMALLEST_FEV
    signal = np.where(is_known, total - noise, 1)
    return np.where(is_known, 1 - (error - noise) / signal, np.nan), share


def _fitting(predictions, responses):
    predictions = np.asarray(predictions, np.float64)
    if responses.ndim != 3 or predictions.shape not in (
        responses.shape,
        responses.shape[1:],
    ):
        raise ValueError(
            f"responses {responses.shape} must be (R, S, N), and predictions "
            f"{predictions.shape} the same or (S, N)."
        )
    return np.broadcast_to(predictions, responses.shape)
