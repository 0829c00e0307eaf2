"""BinnedSpikes: spike counts of many units in the bins of many presentations."""

import dataclasses

import numpy as np
import pandas as pd

_PER_PRESENTATION = ("labels", "start_s", "stop_s", "block", "presentation_id")


@dataclasses.dataclass(frozen=True)
class BinnedSpikes:
    """Spike counts per presentation, bin and unit, with what was shown.

    P presentations, T bins each, U units. Bin b of a presentation covers
    [start + (stop - start) b / T, start + (stop - start) (b + 1) / T).

    Args:
        counts: Spikes, (P, T, U) unsigned integers; 0 where `valid` is False.
        labels: What was shown, (P,) integers or str; equal ones are repeats.
        start_s, stop_s: When, (P,) float64, s.
        block: Which uninterrupted stretch of the stimulus each belongs to, (P,) int64.
        valid: Whether the unit was recorded properly all the while, (P, U) bool.
        units: One row per unit, U rows; the column "id" (integers) is unique.
        session_id: Of the recording; results are keyed by it.
        source: Where the counts come from and what was left out, JSON-able.
        presentation_id: Of each presentation in the table that it comes from, (P,)
            int64; counted from 0 where it is not given.

    Raises:
        ValueError: Shapes disagree, a presentation does not end after it began, counts
            are no unsigned integers, or ids of units repeat.
    """

    counts: np.ndarray
    labels: np.ndarray
    start_s: np.ndarray
    stop_s: np.ndarray
    block: np.ndarray
    valid: np.ndarray
    units: pd.DataFrame
    session_id: str = ""
    source: dict = dataclasses.field(default_factory=dict)
    presentation_id: np.ndarray = None

    def __post_init__(self):
        if self.presentation_id is None:
            object.__setattr__(self, "presentation_id", np.arange(len(self.counts)))
        for name in ("counts", *_PER_PRESENTATION, "valid"):
            object.__setattr__(self, name, np.asarray(getattr(self, name)))
        if self.counts.ndim != 3 or self.counts.dtype.kind != "u":
            raise ValueError(
                "binned spikes: counts must be unsigned integers of shape (P, T, U), "
                f"got {self.counts.dtype} of shape {self.counts.shape}."
            )
        n, _, n_units = self.counts.shape
        for name in _PER_PRESENTATION:
            self._require_shape(name, (n,))
        self._require_shape("valid", (n, n_units))
        if len(self.units) != n_units or "id" not in self.units:
            raise ValueError(
                f"binned spikes: units must have {n_units} rows and a column 'id', got "
                f"{len(self.units)} rows of {list(self.units)}."
            )
        if self.units["id"].duplicated().any():
            raise ValueError("binned spikes: ids of units repeat.")
        is_wrong = ~(self.stop_s > self.start_s)
        if is_wrong.any():
            row = int(np.flatnonzero(is_wrong)[0])
            raise ValueError(
                f"binned spikes: presentation {row} must stop after it started, got "
                f"{self.start_s[row]} to {self.stop_s[row]} s."
            )

    def _require_shape(self, name, shape):
        if getattr(self, name).shape != shape:
            raise ValueError(
                f"binned spikes: {name} must have shape {shape}, got "
                f"{getattr(self, name).shape}."
            )

    @property
    def n_presentations(self):
        return self.counts.shape[0]

    @property
    def n_bins(self):
        return self.counts.shape[1]

    @property
    def n_units(self):
        return self.counts.shape[2]

    @property
    def bin_s(self):
        """Length of a bin of each presentation, (P,) s."""
        return (self.stop_s - self.start_s) / self.n_bins

    @property
    def classes(self):
        """Different labels, increasing, (K,)."""
        return np.unique(self.labels)

    @property
    def targets(self):
        """Position of each label in `classes`, (P,) int64."""
        return np.unique(self.labels, return_inverse=True)[1].astype(np.int64).ravel()

    def take(self, presentations):
        """Some of the presentations, in that order: indices or a mask."""
        columns = {
            name: getattr(self, name)[presentations]
            for name in ("counts", *_PER_PRESENTATION, "valid")
        }
        return dataclasses.replace(self, **columns)

    def keep(self, ids):
        """The units of some ids, in the order of the table.

        Raises:
            ValueError: A unit is not there.
        """
        own = self.units["id"]
        unknown = [unit for unit in ids if unit not in own.to_numpy()]
        if unknown:
            raise ValueError(
                f"units must be ids of the {self.n_units} of session "
                f"'{self.session_id}', {own.min()} to {own.max()}, got {unknown[0]}."
            )
        return self.take_units(own.isin(ids).to_numpy())

    def take_units(self, units):
        """Some of the units, in that order: indices or a mask."""
        return dataclasses.replace(
            self,
            counts=self.counts[:, :, units],
            valid=self.valid[:, units],
            units=self.units.iloc[np.arange(self.n_units)[units]].reset_index(
                drop=True
            ),
        )
