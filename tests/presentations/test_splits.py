"""Laws of splits: disjoint, complete, apart in time, the same test set for all K."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.presentations.binned import BinnedSpikes
from v1model.presentations.splits import (
    K_SHOT_SEEDS,
    Split,
    block_split,
    k_shot_split,
    k_shot_splits,
    random_split,
    shuffled_labels,
    stratified_split,
)


def session(labels, block=None, overlap_s=0.0, rng=None):
    """A session whose rows are in any order of time."""
    n = len(labels)
    place = np.arange(n) if rng is None else rng.permutation(n)
    return BinnedSpikes(
        counts=np.zeros((n, 2, 1), np.uint8),
        labels=np.asarray(labels),
        start_s=place * 0.25,
        stop_s=place * 0.25 + 0.25 + overlap_s,
        block=np.zeros(n, int) if block is None else np.asarray(block)[place],
        valid=np.ones((n, 1), bool),
        units=pd.DataFrame({"id": [7]}),
    )


@st.composite
def sessions(draw, n_least=20):
    n = draw(st.integers(n_least, 120))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    n_classes = draw(st.integers(1, 8))
    blocks = np.sort(rng.integers(draw(st.integers(1, 3)), size=n))
    return session(rng.integers(n_classes, size=n), blocks, rng=rng)


shares = st.tuples(st.floats(0.1, 0.4), st.floats(0.1, 0.4))
seeds = st.integers(0, 100)


def assert_is_partition(split, n):
    together = np.concatenate(split)
    assert sorted(together) == list(range(n))
    for part in split:
        assert (np.diff(part) > 0).all() and part.dtype == np.int64


@settings(deadline=None)
@given(sessions(), shares, seeds)
def test_every_split_is_disjoint_and_complete(binned, share, seed):
    validation, test = share
    n = binned.n_presentations
    for split in (
        random_split(binned, seed, validation=validation, test=test),
        stratified_split(binned, seed, validation=validation, test=test),
        block_split(binned, validation=validation, test=test),
    ):
        assert_is_partition(split, n)
        for part, wanted in zip(split[1:], share, strict=True):
            assert abs(len(part) - wanted * n) <= 1 + len(binned.classes)


@settings(deadline=None)
@given(sessions(), shares, seeds)
def test_a_stratified_split_has_its_share_of_every_class(binned, share, seed):
    split = stratified_split(binned, seed, validation=share[0], test=share[1])
    for label in binned.classes:
        size = (binned.labels == label).sum()
        in_part = [(binned.labels[part] == label).sum() for part in split]
        assert in_part[0] >= 1
        if size > 20:
            assert abs(in_part[1] - share[0] * size) <= 1
            assert abs(in_part[2] - share[1] * size) <= 1


def test_equal_classes_are_split_alike():
    binned = session(np.repeat(np.arange(119), 50))
    split = stratified_split(binned, 3, validation=0.1, test=0.2)
    for part, n in zip(split, (35, 5, 10), strict=True):
        assert (np.bincount(binned.targets[part]) == n).all()


def test_the_whole_part_is_right_where_the_share_of_a_class_is_less_than_one():
    binned = session(np.repeat(np.arange(100), 5))
    split = stratified_split(binned, 0, validation=0.1, test=0.1)
    assert [len(part) for part in split] == [400, 50, 50]


@settings(deadline=None)
@given(sessions(60), shares, st.integers(0, 3), st.booleans())
def test_a_block_split_leaves_a_gap_between_parts(binned, share, gap, within_blocks):
    try:
        split = block_split(
            binned,
            validation=share[0],
            test=share[1],
            gap=gap,
            within_blocks=within_blocks,
        )
    except ValueError as error:
        assert "is empty" in str(error)
        return
    place = np.argsort(np.argsort(binned.start_s))
    for first in range(3):
        for second in range(first):
            apart = place[split[first]][:, None] - place[split[second]]
            assert (np.abs(apart) > gap).all()
    n_boundaries = 2 if not within_blocks else 3 * len(set(binned.block))
    assert sum(map(len, split)) >= binned.n_presentations - 2 * gap * n_boundaries


@settings(deadline=None)
@given(sessions(), shares)
def test_a_block_split_is_in_order_of_time(binned, share):
    split = block_split(binned, validation=share[0], test=share[1])
    last = [binned.stop_s[part].max() for part in split]
    first = [binned.start_s[part].min() for part in split]
    assert last[0] <= first[1] and last[1] <= first[2]


def test_within_blocks_every_block_is_in_every_part():
    binned = session(np.zeros(90), np.repeat([0, 1, 2], 30))
    split = block_split(binned, within_blocks=True)
    for part, n in zip(split, (21, 3, 6), strict=True):
        assert np.bincount(binned.block[part]).tolist() == [n, n, n]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 7), seeds, seeds)
def test_training_has_k_of_each_class_and_the_rest_does_not_depend_on_k(k, seed, other):
    binned = session(np.random.default_rng(1).permutation(np.repeat([-1, 4, 9], 11)))
    split = k_shot_split(binned, k, seed)
    assert (np.bincount(binned.targets[split.train]) == k).all()
    most = k_shot_split(binned, 7, other)
    np.testing.assert_array_equal(split.test, most.test)
    np.testing.assert_array_equal(split.validation, most.validation)
    larger = k_shot_split(binned, 7, seed)
    assert set(split.train) <= set(larger.train)
    assert not set(split.train) & {*split.test, *split.validation}


def test_different_seeds_draw_different_training_presentations():
    binned = session(np.repeat(np.arange(20), 20))
    drawn = {tuple(k_shot_split(binned, 3, seed).train) for seed in range(5)}
    assert len(drawn) == 5


def test_a_k_shot_split_keeps_the_parts_of_its_base():
    binned = session(np.tile(np.arange(4), 25))
    base = block_split(binned, gap=2)
    split = k_shot_split(binned, 2, 0, base=base)
    assert set(split.train) <= set(base.train)
    np.testing.assert_array_equal(split.test, base.test)


def test_a_class_with_too_few_presentations_is_refused_or_kept_whole(caplog):
    binned = session([0] * 20 + [5] * 4)
    base = Split(np.arange(2, 24), np.array([0]), np.array([1]))
    with pytest.raises(ValueError, match="1 of 2 classes .* class 5 with 4"):
        k_shot_split(binned, 6, 0, base=base)
    with caplog.at_level(logging.WARNING):
        split = k_shot_split(binned, 6, 0, base=base, too_few="keep")
    assert np.bincount(binned.targets[split.train]).tolist() == [6, 4]
    assert "class 5 with 4" in caplog.text


def test_the_protocol_gives_all_k_with_all_seeds_and_needs_five():
    binned = session(np.repeat(np.arange(3), 20))
    rows = list(k_shot_splits(binned, (1, 5)))
    assert [row[:2] for row in rows] == [(k, s) for k in (1, 5) for s in K_SHOT_SEEDS]
    assert len({tuple(split.test) for _, _, split in rows}) == 1
    with pytest.raises(ValueError, match=r"at least 5 different seeds, got \[1, 1, 2"):
        next(k_shot_splits(binned, (1,), (1, 1, 2, 3, 4)))


@given(seeds)
def test_shuffled_labels_are_the_same_labels_elsewhere(seed):
    binned = session(np.repeat(np.arange(10), 10))
    shuffled = shuffled_labels(binned, seed)
    np.testing.assert_array_equal(np.sort(shuffled.labels), binned.labels)
    assert (shuffled.labels == binned.labels).mean() < 0.5
    np.testing.assert_array_equal(shuffled.counts, binned.counts)


def test_the_same_seed_draws_the_same_split():
    binned = session(np.repeat(np.arange(10), 10))
    for split in (random_split, stratified_split):
        for one, two in zip(split(binned, 5), split(binned, 5), strict=True):
            np.testing.assert_array_equal(one, two)
        assert not np.array_equal(split(binned, 5).test, split(binned, 6).test)


def test_parts_that_would_share_spikes_are_refused():
    binned = session(np.zeros(40), overlap_s=0.1)
    for split in (random_split, stratified_split):
        with pytest.raises(ValueError, match="overlapping presentations need"):
            split(binned, 0)
    with pytest.raises(ValueError, match="before one of another part"):
        block_split(binned)
    assert len(block_split(binned, gap=1).test) == 8


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"validation": -0.1}, "must not be negative"),
        ({"validation": 0.5, "test": 0.5}, "leave something"),
        ({"test": 0.001}, "the test part of a split of 40 presentations is empty"),
        ({"test": float("nan")}, "must not be negative"),
    ],
)
@pytest.mark.parametrize("kind", ["random", "stratified", "block"])
def test_impossible_shares_are_refused(kind, options, words):
    binned = session(np.arange(40) % 4)
    with pytest.raises(ValueError, match=words):
        if kind == "block":
            block_split(binned, **options)
        elif kind == "random":
            random_split(binned, 0, **options)
        else:
            stratified_split(binned, 0, **options)


@pytest.mark.parametrize("gap", [-1, 1.5])
def test_an_impossible_gap_is_refused(gap):
    with pytest.raises(ValueError, match="gap must be a number of presentations"):
        block_split(session(np.zeros(40)), gap=gap)


@pytest.mark.parametrize(
    ("k", "too_few", "words"),
    [(0, "refuse", "k must be"), (1.5, "refuse", "k must be"), (1, "drop", "one of")],
)
def test_an_impossible_k_is_refused(k, too_few, words):
    with pytest.raises(ValueError, match=words):
        k_shot_split(session(np.zeros(40)), k, 0, too_few=too_few)


def test_no_part_is_asked_for_where_its_share_is_zero():
    split = stratified_split(session(np.zeros(10)), 0, validation=0)
    assert [len(part) for part in split] == [8, 0, 2]
