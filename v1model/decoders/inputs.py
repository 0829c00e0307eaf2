"""Inputs: what a decoder sees of binned spikes, fitted on training data only."""

import dataclasses

import numpy as np

from v1model.presentations.units import Standardizer, select_units


@dataclasses.dataclass(frozen=True)
class Inputs:
    """From the counts of a session to the numbers of a decoder, of the same units.

    These are z-scores, or the counts themselves. A unit that is not valid in a
    presentation has 0 there: its mean, or no spike, and a decoder of counts is told.
    Units that are silent in the training part are left out.

    Args:
        classes: Labels, increasing, (K,).
        standardizer: Standardizer of the units that are used.
        is_scaled: Whether the decoder sees z-scores, not counts.
    """

    classes: np.ndarray
    standardizer: Standardizer
    is_scaled: bool = True

    @classmethod
    def fit(cls, training, is_scaled=True):
        """The Inputs of a training part.

        Args:
            training: BinnedSpikes.
            is_scaled: Whether the decoder sees z-scores, not counts.

        Raises:
            ValueError: Fewer than two classes, or no unit that fires.
        """
        classes = training.classes
        if len(classes) < 2:
            raise ValueError(
                f"session {training.session_id}: decoding needs two classes at least, "
                f"the training part has {classes.tolist()}."
            )
        training = training.take_units(select_units(training))
        return cls(classes, Standardizer.fit(training), is_scaled)

    @property
    def unit_ids(self):
        """Units that are used, (U,)."""
        return self.standardizer.unit_ids

    @property
    def n_bins(self):
        return self.standardizer.n_bins

    @property
    def n_units(self):
        return len(self.unit_ids)

    @property
    def n_classes(self):
        return len(self.classes)

    def apply(self, binned):
        """What the decoder sees, (P, T, U) float32.

        Raises:
            ValueError: `binned` has another number of bins, or lacks a unit.
        """
        binned = self._known(binned)
        if self.is_scaled:
            return self.standardizer.apply(binned)
        return binned.counts.astype(np.float32)

    def valid(self, binned):
        """Which units were recorded, (P, U) bool."""
        return self._known(binned).valid

    def targets(self, binned):
        """Position of each label in `classes`, (P,) int64.

        Raises:
            ValueError: A label is none of the classes.
        """
        place = np.searchsorted(self.classes, binned.labels)
        place = np.minimum(place, self.n_classes - 1)
        is_unknown = self.classes[place] != binned.labels
        if is_unknown.any():
            names = np.unique(binned.labels[is_unknown])[:5].tolist()
            raise ValueError(
                f"session {binned.session_id}: labels {names} are not among the "
                f"{self.n_classes} classes of the training part."
            )
        return place.astype(np.int64)

    def _known(self, binned):
        """The units of the decoder, in its order."""
        if binned.n_bins != self.n_bins:
            raise ValueError(
                f"session {binned.session_id}: there are {binned.n_bins} bins, "
                f"the decoder reads {self.n_bins}."
            )
        ids = binned.units["id"].to_numpy()
        if np.array_equal(ids, self.unit_ids):
            return binned
        order = np.argsort(ids)
        place = np.searchsorted(ids[order], self.unit_ids)
        found = order[np.minimum(place, len(ids) - 1)]
        is_missing = ids[found] != self.unit_ids
        if is_missing.any():
            raise ValueError(
                f"session {binned.session_id}: {is_missing.sum()} of the "
                f"{self.n_units} units of the decoder are missing, such as "
                f"{self.unit_ids[is_missing][:3].tolist()}."
            )
        return binned.take_units(found)
