"""How neurons are tuned to the direction of a grating, and what chance gives them.

Few spikes look tuned: a neuron that fired once has answered to one direction only. So
every index is held against a neuron with the same spikes and no preference.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from v1model.metrics import dsi, osi

LEVEL = 0.95  # of the points beyond which an index is not put down to chance
DRAWS = 1000
# From here on the length of the mean vector of n random directions is Rayleigh's to
# within 2 %: P(length > r) = exp(-n r^2).
MANY_SPIKES = 200


@dataclasses.dataclass(frozen=True)
class Tuning:
    """Spikes of N neurons under gratings in K directions.

    Args:
        counts: Spikes, over all trials of a direction, (N, K).
        directions: In which the gratings move, (K,), degrees, evenly spaced over the
            circle, at least 3.

    Raises:
        ValueError: Lengths differ, a count is negative, or the directions are not
            evenly spaced.
    """

    counts: np.ndarray
    directions: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "counts", np.asarray(self.counts))
        object.__setattr__(self, "directions", np.asarray(self.directions, float))
        osi(self.counts[:1], self.directions)  # refuses what is no tuning curve
        if (self.counts < 0).any():
            raise ValueError(f"counts must not be negative, got {self.counts.min()}.")

    @property
    def total(self):
        """Spikes of each neuron, (N,)."""
        return self.counts.sum(axis=1)

    @property
    def osi(self):
        """Orientation selectivity, (N,); NaN for a silent neuron."""
        return osi(self.counts, self.directions)

    @property
    def dsi(self):
        """Direction selectivity, (N,); NaN for a silent neuron."""
        return dsi(self.counts, self.directions)

    @property
    def preferred_direction(self):
        """Angle of the mean vector, (N,), degrees in 0-360; NaN without spikes."""
        return self._angle(1)

    @property
    def preferred_orientation(self):
        """Direction across the preferred bars, (N,), degrees in 0-180, or NaN."""
        return self._angle(2)

    def _angle(self, harmonic):
        phase = np.exp(1j * harmonic * np.deg2rad(self.directions))
        angle = np.rad2deg(np.angle(self.counts @ phase)) % 360 / harmonic
        return np.where(self.total > 0, angle, np.nan)

    def untuned(self, rng):
        """Poisson neurons of the same mean rates that prefer nothing: a Tuning.

        Args:
            rng: NumPy Generator.
        """
        n_directions = len(self.directions)
        mean = np.repeat(self.total[:, None] / n_directions, n_directions, axis=1)
        return Tuning(rng.poisson(mean), self.directions)

    def beyond_chance(self, rng):
        """Whose selectivity is not put down to chance: (by OSI, by DSI), (N,) bool.

        Chance is a neuron with as many spikes, each under a random direction.

        Args:
            rng: NumPy Generator.
        """
        limits = chance_limits(self.total, self.directions, rng)
        # A silent neuron is NaN, which is beyond nothing.
        return self.osi > limits.osi, self.dsi > limits.dsi


class ChanceLimits(NamedTuple):
    """Points that chance passes in 5 % of all cases: of the OSI and the DSI, (N,)."""

    osi: np.ndarray
    dsi: np.ndarray


def chance_limits(totals, directions, rng, draws=DRAWS):
    """95 % points of the indices of neurons without preference.

    Args:
        totals: Spikes of each neuron, (N,) int.
        directions: (K,), degrees, evenly spaced.
        rng: NumPy Generator.
        draws: Neurons drawn for each number of spikes below `MANY_SPIKES`.

    Returns:
        ChanceLimits; 1, which nothing exceeds, for a silent neuron.
    """
    totals = np.rint(totals).astype(np.int64)
    sizes, position = np.unique(totals, return_inverse=True)
    rayleigh = np.sqrt(-np.log(1 - LEVEL) / np.maximum(sizes, 1))
    limits = np.stack([rayleigh, rayleigh])
    limits[:, sizes == 0] = 1.0
    even = np.full(len(directions), 1 / len(directions))
    for k in np.flatnonzero((sizes > 0) & (sizes < MANY_SPIKES)):
        counts = rng.multinomial(sizes[k], even, size=draws)
        drawn = osi(counts, directions), dsi(counts, directions)
        # The next higher of the drawn values: few spikes have few possible indices.
        limits[:, k] = np.quantile(drawn, LEVEL, axis=1, method="higher")
    return ChanceLimits(*limits[:, position.ravel()])


def turn_between(angles, others, period=360.0):
    """Angles minus others, in [-period/2, period/2) degrees; NaN where either is."""
    difference = np.asarray(angles, float) - others
    return (difference + period / 2) % period - period / 2


class Alignment(NamedTuple):
    """How one set of angles follows another.

    correlation: -1 to 1, whatever the offset (Fisher and Lee, Biometrika 1983).
    offset: Mean of the first minus the second, degrees, in (-period/2, period/2].
    concentration: Of that difference, 0 (anything) to 1 (always the offset).
    """

    correlation: float
    offset: float
    concentration: float


def alignment(angles, others, period=360.0):
    """The Alignment of n angles with n others.

    Args:
        angles, others: (n,), degrees; pairs with NaN are left out.
        period: 360 for directions, 180 for orientations.

    Raises:
        ValueError: Fewer than three pairs are left.
    """
    is_known = np.isfinite(angles) & np.isfinite(others)
    if is_known.sum() < 3:
        raise ValueError(f"alignment needs 3 pairs of angles, got {is_known.sum()}.")
    turn = 2 * np.pi / period
    a = turn * np.asarray(angles, float)[is_known]
    b = turn * np.asarray(others, float)[is_known]
    mean = np.exp(1j * (a - b)).mean()
    offset = np.angle(mean) / turn
    return Alignment(_fisher_lee(a, b), float(offset), float(abs(mean)))


def _fisher_lee(a, b):
    """sum sin(a_i - a_j) sin(b_i - b_j), scaled, over all pairs; a, b in radians."""
    n = len(a)
    together = np.cos(a) @ np.cos(b) * (np.sin(a) @ np.sin(b))
    crossed = np.cos(a) @ np.sin(b) * (np.sin(a) @ np.cos(b))
    spread = [n**2 - abs(np.exp(2j * angle).sum()) ** 2 for angle in (a, b)]
    return float(4 * (together - crossed) / np.sqrt(spread[0] * spread[1]))
