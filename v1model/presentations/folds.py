"""Folds of presentations, so that each is tested once by a decoder of others."""

import numpy as np

from v1model.presentations.splits import Split

N_FOLDS = 5


def stratified_folds(binned, seed):
    """N_FOLDS Splits: a fifth of each class is tested, the next fifth validates.

    Args:
        binned: BinnedSpikes.
        seed: Of the division.

    Returns:
        List of Splits, each of all presentations and with each class in all parts.

    Raises:
        ValueError: A class has fewer presentations than there are folds.
    """
    sizes = np.bincount(binned.targets)
    if sizes.min() < N_FOLDS:
        raise ValueError(
            f"session {binned.session_id}: each class must be shown {N_FOLDS} times or "
            f"more, {binned.classes[sizes.argmin()]} was {sizes.min()} times."
        )
    rng = np.random.default_rng(seed)
    part = np.empty(binned.n_presentations, np.int64)
    for target in range(len(sizes)):
        rows = np.flatnonzero(binned.targets == target)
        part[rng.permutation(rows)] = np.arange(len(rows)) % N_FOLDS
    return [
        Split(
            train=np.flatnonzero((part != k) & (part != (k + 1) % N_FOLDS)),
            validation=np.flatnonzero(part == (k + 1) % N_FOLDS),
            test=np.flatnonzero(part == k),
        )
        for k in range(N_FOLDS)
    ]
