"""Target distribution of firing rates for training, in spikes per ms."""

import pathlib

import numpy as np

from v1model.network import restricted_pickle
from v1model.network.physiology import physiology_targets
from v1model.network.populations import rough_population

# A mean rate that no cortical unit exceeds; cuts the far tail of the log-normal
# fits, which rest on as few as 3 units.
MAX_RATE = 0.1  # spikes / ms


def draw_target_rates(network, seed):
    """One rate per neuron from the log-normal fits of its population.

    The fits are those of the mean drifting-grating rates of 3,156 Neuropixels
    units, one per population and layer. They stand in for the published
    `garrett_firing_rates.pkl`, which is not public.

    Returns:
        (N,) float32, spikes / ms.
    """
    fits = physiology_targets()
    group = rough_population(network.types.pop_name)
    mean = np.array([fits[name]["np_dg_lnmu"] for name in group])
    sd = np.array([fits[name]["np_dg_lnsd"] for name in group])
    rng = np.random.default_rng(seed)
    rate_hz = rng.lognormal(mean[network.type_index], sd[network.type_index])
    return np.minimum(rate_hz / 1000, MAX_RATE).astype(np.float32)


def read_target_rates(path):
    """Reads `garrett_firing_rates.pkl`: a pickled 1-D array, spikes / ms.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds something else, or rates outside 0-1 spikes per ms.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist.")
    rates = np.asarray(restricted_pickle.load(path))
    if rates.ndim != 1 or not len(rates) or rates.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: target rates must be a 1-D array of numbers, got shape "
            f"{rates.shape} of {rates.dtype}."
        )
    is_rate = (rates >= 0) & (rates <= 1)
    if not is_rate.all():
        row = int(np.argmin(is_rate))
        raise ValueError(
            f"{path}: target rate {rates[row]} in row {row} is not between 0 and 1 "
            "spikes per ms."
        )
    return rates


def resample_target_rates(rates, n, seed):
    """Draws n rates from the empirical distribution, sorted.

    Inverse-CDF sampling with linear interpolation (Chen et al. 2022); the legacy
    generator keeps the published numbers for the published seeds.

    Args:
        rates: (any,), spikes / ms.
        n: Number of rates.
        seed: Integer.

    Returns:
        (n,) float64, increasing.
    """
    rates = np.sort(rates)
    percentile = (np.arange(len(rates)) + 1).astype(np.float32) / len(rates)
    legacy = np.random.RandomState(seed)  # noqa: NPY002
    return np.sort(np.interp(legacy.uniform(size=n), percentile, rates))
