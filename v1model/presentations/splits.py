"""Splits of presentations into training, validation and test.

A split is made of presentations, before any sequence or bin is looked at, so all bins
of a presentation are in one part. Parts never share a time either: where presentations
overlap, so that a spike is counted in both, a split that would put them in two parts is
refused.
"""

import dataclasses
import logging
from typing import NamedTuple

import numpy as np

K_SHOT_SEEDS = (0, 1, 2, 3, 4)
K_SHOT_CHOICES = ("refuse", "keep")  # what becomes of classes with too few
_TRAIN, _VALIDATION, _TEST = range(3)
# Presentations that overlap by less than this touch, s; clocks are rounded to 33 us.
_ROUNDING_S = 1e-6
_logger = logging.getLogger(__name__)


class Split(NamedTuple):
    """Increasing indices of presentations, disjoint, int64."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def block_split(binned, *, validation=0.1, test=0.2, within_blocks=False, gap=0):
    """Chronological: first training, then validation, then test.

    What drifts over the session differs between the parts, as it will for a decoder
    that is used later; with `within_blocks` every block of the stimulus is cut like
    this, so that all parts have seen the whole session. Classes are as frequent in a
    part as chance has it.

    Args:
        binned: BinnedSpikes.
        validation, test: Shares of the presentations; 0 for none.
        within_blocks: Whether to cut each block, not the session.
        gap: So many presentations at least lie between any two of different parts.
            They are left out: of training rather than of validation, and of
            validation rather than of test.

    Returns:
        Split.

    Raises:
        ValueError: Impossible shares, a part is empty, or presentations of two parts
            overlap.
    """
    _check_shares(validation, test)
    if int(gap) != gap or gap < 0:
        raise ValueError(f"gap must be a number of presentations, got {gap}.")
    order = np.lexsort((binned.stop_s, binned.start_s))
    part = np.full(len(order), _TRAIN)
    blocks = binned.block[order] if within_blocks else np.zeros(len(order))
    for block in np.unique(blocks):
        rows = np.flatnonzero(blocks == block)
        n_test = round(test * len(rows))
        n_last = n_test + round(validation * len(rows))
        part[rows[len(rows) - n_last :]] = _VALIDATION
        part[rows[len(rows) - n_test :]] = _TEST
    part[~_is_apart(part, int(gap))] = -1
    by_presentation = np.empty(len(order), np.int64)
    by_presentation[order] = part
    return _split(binned, by_presentation, validation, test)


def random_split(binned, seed, *, validation=0.1, test=0.2):
    """Presentations drawn without regard to when and what was shown.

    Arguments and errors are those of `stratified_split`.
    """
    _check_shares(validation, test)
    drawn = np.random.default_rng(seed).permutation(binned.n_presentations)
    n_test = round(test * len(drawn))
    part = np.full(len(drawn), _TRAIN)
    part[drawn[: n_test + round(validation * len(drawn))]] = _VALIDATION
    part[drawn[:n_test]] = _TEST
    return _split(binned, part, validation, test)


def stratified_split(binned, seed, *, validation=0.1, test=0.2):
    """Presentations drawn class by class, so that all parts have the same mixture.

    A part has its share of each class to within one presentation, and its share of
    the session where classes are large enough. Every class has at least one
    presentation in training.

    Args:
        binned: BinnedSpikes.
        seed: Of the draw.
        validation, test: Shares of the presentations; 0 for none.

    Returns:
        Split.

    Raises:
        ValueError: Impossible shares, a part is empty, or presentations of two parts
            overlap.
    """
    _check_shares(validation, test)
    rng = np.random.default_rng(seed)
    sizes = np.bincount(binned.targets)
    n_test = _quotas(sizes, test, sizes - 1, rng)
    n_validation = _quotas(sizes, validation, sizes - 1 - n_test, rng)
    rank, of_class = _ranks(binned.targets, rng), binned.targets
    part = np.full(binned.n_presentations, _TRAIN)
    part[rank < (n_test + n_validation)[of_class]] = _VALIDATION
    part[rank < n_test[of_class]] = _TEST
    return _split(binned, part, validation, test)


def k_shot_split(binned, k, seed, *, base=None, too_few="refuse"):
    """K training presentations of each class; everything else is the same for all K.

    Validation and test are those of `base`, whatever `k` and `seed` are; training is
    drawn from the training part of `base`. With the same seed the draw for a smaller
    K is part of the draw for a larger one.

    Args:
        binned: BinnedSpikes.
        k: Training presentations per class.
        seed: Of the draw; results need several, see `k_shot_splits`.
        base: Split; None for `stratified_split(binned, 0)`, which leaves 70 % of each
            class for training: K up to 35 where a class has 50 presentations.
        too_few: What becomes of a class with fewer than `k` training presentations in
            `base`: "refuse" raises an error, "keep" trains on all that it has and logs
            a warning. It stays in validation and test.

    Returns:
        Split.

    Raises:
        ValueError: `k` is no positive integer, a class has too few presentations, or
            `too_few` is unknown.
    """
    if int(k) != k or k < 1:
        raise ValueError(f"k must be a positive number of presentations, got {k}.")
    if too_few not in K_SHOT_CHOICES:
        raise ValueError(f"too_few must be one of {K_SHOT_CHOICES}, got {too_few!r}.")
    base = stratified_split(binned, 0) if base is None else base
    of_class = binned.targets[base.train]
    n_there = np.bincount(of_class, minlength=len(binned.classes))
    is_small = n_there < k
    if is_small.any():
        words = (
            f"{is_small.sum()} of {len(n_there)} classes have fewer than {k} training "
            f"presentations, such as class {binned.classes[np.argmax(is_small)]} with "
            f"{n_there[np.argmax(is_small)]}"
        )
        if too_few == "refuse":
            raise ValueError(f"k-shot split: {words}.")
        _logger.warning("K-shot split: %s; all that there are are used.", words)
    rank = _ranks(of_class, np.random.default_rng(seed))
    return base._replace(train=base.train[rank < k])


def k_shot_splits(binned, ks, seeds=K_SHOT_SEEDS, *, base=None, too_few="refuse"):
    """All draws of a K-shot protocol, one after another: (k, seed, Split).

    Arguments are those of `k_shot_split`.

    Raises:
        ValueError: Fewer than five different seeds, which say little about the spread.
    """
    if len(set(seeds)) < len(K_SHOT_SEEDS):
        raise ValueError(
            f"K-shot results need at least {len(K_SHOT_SEEDS)} different seeds, got "
            f"{list(seeds)}."
        )
    base = stratified_split(binned, 0) if base is None else base
    for k in ks:
        for seed in seeds:
            yield k, seed, k_shot_split(binned, k, seed, base=base, too_few=too_few)


def shuffled_labels(binned, seed):
    """The same presentations with their labels permuted: a control, to be at chance."""
    order = np.random.default_rng(seed).permutation(binned.n_presentations)
    return dataclasses.replace(binned, labels=binned.labels[order])


def _check_shares(validation, test):
    if not (validation >= 0 and test >= 0 and validation + test < 1):
        raise ValueError(
            "shares of validation and test must not be negative and leave something "
            f"for training, got {validation} and {test}."
        )


def _ranks(of_class, rng):
    """Place of each presentation in a random order of its class, (P,), from 0."""
    order = np.lexsort((rng.random(len(of_class)), of_class))
    sizes = np.bincount(of_class)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - first
    return rank


def _quotas(sizes, share, most, rng):
    """Presentations of each class for a part, (K,): `share` of each, rounded.

    They are rounded down, then up where most is missing, until the sum is right.
    """
    wanted = share * sizes
    quotas = np.minimum(np.floor(wanted + 1e-9).astype(np.int64), most)
    is_free = quotas < most
    missing = wanted - quotas + rng.uniform(0, 1e-6, len(sizes))
    urgent = np.lexsort((-missing, ~is_free))
    n_more = round(share * sizes.sum()) - quotas.sum()
    quotas[urgent[: np.clip(n_more, 0, is_free.sum())]] += 1
    return quotas


def _is_apart(part, gap):
    """Which members of a sequence stay if the less precious part gives way, (P,)."""
    is_kept = np.ones(len(part), bool)
    for distance in range(1, min(gap, len(part) - 1) + 1):
        first, second = part[:-distance], part[distance:]
        is_kept[:-distance] &= first >= second
        is_kept[distance:] &= second >= first
    return is_kept


def _split(binned, part, validation, test):
    split = Split(
        *(np.flatnonzero(part == index) for index in (_TRAIN, _VALIDATION, _TEST))
    )
    for name, rows, share in zip(
        split._fields, split, (1, validation, test), strict=True
    ):
        if share > 0 and not len(rows):
            raise ValueError(
                f"the {name} part of a split of {len(part)} presentations is empty."
            )
    _require_apart(binned, part)
    return split


def _require_apart(binned, part):
    """Refuses a split in which two parts share a time."""
    rows = np.flatnonzero(part >= 0)
    rows = rows[np.argsort(binned.start_s[rows], kind="stable")]
    start, stop, part = binned.start_s[rows], binned.stop_s[rows], part[rows]
    for index in range(3):
        ends = np.where(part != index, stop, -np.inf)
        until = np.concatenate(([-np.inf], np.maximum.accumulate(ends)[:-1]))
        shares = (part == index) & (start < until - _ROUNDING_S)
        if shares.any():
            row = int(rows[np.argmax(shares)])
            raise ValueError(
                f"presentation {row} begins at {binned.start_s[row]} s, before one of "
                "another part of the split has ended; overlapping presentations need "
                "block_split with a gap."
            )
