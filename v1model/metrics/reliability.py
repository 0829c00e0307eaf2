"""Numbers that say how much of a response repeats, which bounds what can be predicted.

Responses have their repeats first and their stimuli second, (R, S, ...); a repeat that
is missing is NaN. Repeats have no identity: the first of one stimulus has nothing to do
with the first of another.
"""

import numpy as np


def signal_power(responses):
    """Variance over stimuli of the expected response, without bias.

    The variance of the measured means, less what the noise of the repeats adds to it
    (Sahani & Linden, NIPS 2003; Schoppe et al., Front. Comput. Neurosci. 2016). Noise
    may make it negative.

    Args:
        responses: (R, S, ...).

    Returns:
        (...); NaN where fewer than two stimuli have a response, or none has two.

    Raises:
        ValueError: There are not at least two axes.
    """
    return _powers(responses)[0]


def noise_power(responses):
    """Variance over repeats, averaged over stimuli: (...), as for `signal_power`."""
    return _powers(responses)[1]


def explainable_variance(responses):
    """Share of the variance of single responses that repeats: signal of all power.

    Arguments and errors are those of `signal_power`.

    Returns:
        (...) in [0, 1]: 0 where noise alone explains the means, NaN where nothing
        varied.
    """
    signal, noise, _ = _powers(responses)
    return _share(signal, np.maximum(signal, 0) + noise)


def cc_max(responses):
    """Largest correlation that a model can have with the mean response.

        CC_max = sqrt(signal power / variance of the means)

    is that of the true response (Schoppe et al. 2016). A model's correlation divided
    by it is the normalised correlation. Arguments and errors are those of
    `signal_power`.

    Returns:
        (...) in [0, 1]: 0 where noise alone explains the means, NaN where the means
        did not vary.
    """
    signal, _, measured = _powers(responses)
    return np.sqrt(_share(signal, measured))


def split_half_correlation(responses, seed, n_splits=20):
    """Correlation over stimuli between the means of two random halves of the repeats.

    Averaged over splits. A stimulus needs two repeats, of an odd number one is left
    out, and a different one in each split.

    Args:
        responses: (R, S, ...).
        seed: Of the splits.
        n_splits: How many.

    Returns:
        (...); NaN where a half does not vary.

    Raises:
        ValueError: There are not at least two axes, or no split.
    """
    responses = _checked(responses)
    if n_splits < 1:
        raise ValueError(f"n_splits must be at least 1, got {n_splits}.")
    rng = np.random.default_rng(seed)
    in_half = np.isfinite(responses).sum(axis=0) // 2
    total = 0.0
    for _ in range(n_splits):
        order = rng.random(responses.shape[:2]).argsort(axis=0)
        shuffled = responses[order, np.arange(responses.shape[1])]
        is_there = np.isfinite(shuffled)
        rank = np.cumsum(is_there, axis=0)  # from 1
        first = is_there & (rank <= in_half)
        second = is_there & (rank > in_half) & (rank <= 2 * in_half)
        means = [_mean_of(shuffled, half, in_half) for half in (first, second)]
        total = total + _correlation(*means)
    return total / n_splits


def spearman_brown(correlation):
    """Reliability of all repeats, 2 r / (1 + r), from the correlation r of halves."""
    correlation = np.asarray(correlation, np.float64)
    return 2 * correlation / (1 + correlation)


def split_half_reliability(responses, seed, n_splits=20):
    """Split-half correlation, corrected to all repeats; see `spearman_brown`.

    Its square root is CC_max by split halves (Hsu, Borst & Theunissen, Network 2004).
    Arguments and errors are those of `split_half_correlation`.
    """
    return spearman_brown(split_half_correlation(responses, seed, n_splits))


def _powers(responses):
    """Signal power, noise power and variance of the measured means, (...) each."""
    responses = _checked(responses)
    is_there = np.isfinite(responses)
    n = is_there.sum(axis=0)  # (S, ...)
    mean = _mean_of(responses, is_there, n)
    residual = np.where(is_there, responses - mean, 0)
    scatter = (residual**2).sum(axis=(0, 1))
    freedom = np.maximum(n - 1, 0).sum(axis=0)
    noise = np.where(freedom > 0, scatter / np.maximum(freedom, 1), np.nan)
    is_used = n > 0
    n_used = is_used.sum(axis=0)
    grand = np.where(is_used, mean, 0).sum(axis=0) / np.maximum(n_used, 1)
    deviation = np.where(is_used, mean - grand, 0)
    measured = (deviation**2).sum(axis=0) / np.maximum(n_used - 1, 1)
    measured = np.where(n_used > 1, measured, np.nan)
    of_mean = np.where(is_used, 1 / np.maximum(n, 1), 0).sum(axis=0)
    return measured - noise * of_mean / np.maximum(n_used, 1), noise, measured


def _share(part, whole):
    is_known = whole > 0
    share = np.clip(part / np.where(is_known, whole, 1), 0, 1)
    return np.where(is_known, share, np.nan)


def _mean_of(responses, chosen, n):
    """Mean over the chosen repeats, (S, ...); NaN where there is none."""
    total = np.where(chosen, responses, 0).sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _correlation(one, two):
    """Over the first axis, of what is not NaN in either; NaN where one is constant."""
    is_used = np.isfinite(one) & np.isfinite(two)
    n = np.maximum(is_used.sum(axis=0), 1)
    one, two = (
        np.where(is_used, values - np.where(is_used, values, 0).sum(axis=0) / n, 0)
        for values in (one, two)
    )
    scale = np.sqrt((one**2).sum(axis=0) * (two**2).sum(axis=0))
    product = (one * two).sum(axis=0)
    return np.where(scale > 0, product / np.where(scale > 0, scale, 1), np.nan)


def _checked(responses):
    responses = np.asarray(responses, np.float64)
    if responses.ndim < 2:
        raise ValueError(
            f"responses must be (repeats, stimuli, ...), got shape {responses.shape}."
        )
    return responses
