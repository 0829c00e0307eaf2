"""What is learned of units from training presentations: selection, z-scores, noise."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Standardizer:
    """z-scores of spike counts with mean and deviation of the training presentations.

        z = (count - mean) / scale

    A unit that never varied in training becomes 0, and so does one where it was not
    valid.

    Args:
        unit_ids: Of the units that it was fitted to, (U,).
        mean, scale: Spikes per bin, (U,) float64; `scale` is 0 for a constant unit.
        n_bins: T of the counts; a mean of other bins is another mean.
    """

    unit_ids: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    n_bins: int

    @classmethod
    def fit(cls, training):
        """Standardizer of the bins of training presentations in which units are valid.

        Args:
            training: BinnedSpikes, such as `binned.take(split.train)`.
        """
        counts = training.counts
        n = training.n_bins * training.valid.sum(axis=0)
        least = np.maximum(n, 1)
        # Sums of integers are exact, so that a constant unit has no deviation at all.
        total = counts.sum(axis=(0, 1), dtype=np.int64)
        squares = np.einsum("ptu,ptu->u", counts, counts, dtype=np.int64)
        scatter = squares * n - total * total
        return cls(
            unit_ids=training.units["id"].to_numpy(),
            mean=total / least,
            scale=np.sqrt(scatter) / least,
            n_bins=training.n_bins,
        )

    def apply(self, binned):
        """z-scores of all presentations, (P, T, U) float32.

        Raises:
            ValueError: Units or bins are not those of the training presentations.
        """
        ids = binned.units["id"].to_numpy()
        if not np.array_equal(ids, self.unit_ids):
            raise ValueError(
                f"a standardizer of {len(self.unit_ids)} units cannot be applied to "
                f"these {len(ids)}: their ids differ."
            )
        if binned.n_bins != self.n_bins:
            raise ValueError(
                f"a standardizer of {self.n_bins} bins cannot be applied to "
                f"{binned.n_bins}."
            )
        is_constant = self.scale == 0
        factor = np.where(is_constant, 0, 1 / np.where(is_constant, 1, self.scale))
        mean = self.mean.astype(np.float32)
        z = (binned.counts - mean) * factor.astype(np.float32)
        return z * binned.valid[:, None, :]

    def to_json(self):
        """As plain lists and numbers, for a file of results or of a model."""
        return {
            "unit_ids": self.unit_ids.tolist(),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "n_bins": self.n_bins,
        }

    @classmethod
    def from_json(cls, values):
        """What `to_json` returned."""
        return cls(
            unit_ids=np.array(values["unit_ids"], np.int64),
            mean=np.array(values["mean"], np.float64),
            scale=np.array(values["scale"], np.float64),
            n_bins=int(values["n_bins"]),
        )


def select_units(training, *, lowest_hz=0.0, highest_hz=np.inf):
    """Which units fired in training, at a rate in a range, (U,) bool.

    Args:
        training: BinnedSpikes of training presentations only.
        lowest_hz, highest_hz: Range of the mean rate, both ends included. A unit
            without a spike is never selected.

    Raises:
        ValueError: The range is empty, or no unit is left.
    """
    if not 0 <= lowest_hz <= highest_hz:
        raise ValueError(
            f"lowest_hz and highest_hz must be a range, got {lowest_hz} to "
            f"{highest_hz} Hz."
        )
    rates = mean_unit_rates(training)
    chosen = (rates > 0) & (rates >= lowest_hz) & (rates <= highest_hz)
    if not chosen.any():
        raise ValueError(
            f"no unit fired at {lowest_hz} to {highest_hz} Hz in training; rates are "
            f"{np.nanmin(rates):g} to {np.nanmax(rates):g} Hz."
            if np.isfinite(rates).any()
            else "no unit is valid in training."
        )
    return chosen


def mean_unit_rates(binned):
    """Mean rate of each unit where it was valid, (U,) Hz; NaN where it never was."""
    spikes = binned.counts.sum(axis=(0, 1), dtype=np.int64)
    seconds = (binned.stop_s - binned.start_s) @ binned.valid
    is_seen = seconds > 0
    return np.where(is_seen, spikes / np.where(is_seen, seconds, 1), np.nan)


def unit_correlations(training, kind="noise"):
    """Correlations between units over presentations, (U, U) float64.

    Args:
        training: BinnedSpikes of training presentations only.
        kind: One of CORRELATIONS. "total": of the spike counts of presentations.
            "noise": of what differs between repeats, counts less the mean of their
            class. "signal": of the means of classes; their own noise lowers it.

    Returns:
        Each pair over what is valid of both. 1 on the diagonal, and 0 for a pair of
        which one did not vary.

    Raises:
        ValueError: The kind is unknown.
    """
    if kind not in CORRELATIONS:
        raise ValueError(f"kind must be one of {sorted(CORRELATIONS)}, got {kind!r}.")
    return _pairwise_correlation(*CORRELATIONS[kind](training))


def _total(binned):
    return binned.counts.sum(axis=1, dtype=np.float64), binned.valid


def _signal(binned):
    """Mean counts of classes, (K, U), and whether there are any."""
    counts, targets = _total(binned)[0], binned.targets
    sums = np.zeros((len(binned.classes), binned.n_units))
    n = np.zeros_like(sums)
    np.add.at(sums, targets, counts)
    np.add.at(n, targets, binned.valid)
    return sums / np.maximum(n, 1), n > 0


def _noise(binned):
    means, _ = _signal(binned)
    return _total(binned)[0] - means[binned.targets], binned.valid


CORRELATIONS = {"total": _total, "noise": _noise, "signal": _signal}


def _pairwise_correlation(values, valid):
    """Of the columns of (n, U), each pair over the rows in which both are valid."""
    valid = valid.astype(np.float64)
    centre = (values * valid).sum(axis=0) / np.maximum(valid.sum(axis=0), 1)
    values = (values - centre) * valid
    n = np.maximum(valid.T @ valid, 1)
    sums = values.T @ valid  # [i, j]: of i where j is valid
    scatter = np.maximum((values**2).T @ valid - sums**2 / n, 0)
    product = values.T @ values - sums * sums.T / n
    scale = np.sqrt(scatter * scatter.T)
    # Rounding leaves a constant unit with a scatter of about this.
    varies = scale > 1e-12 * n
    result = np.clip(np.where(varies, product / np.where(varies, scale, 1), 0), -1, 1)
    np.fill_diagonal(result, 1)
    return result
