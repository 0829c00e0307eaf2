"""Sampled connections against probabilities from plain loops over all pairs."""

import dataclasses
import math

import numpy as np
import pytest

from v1model.network import pair_sampling
from v1model.network.pair_sampling import MappedCells, sample_pairs
from v1model.network.tables import connection_rules

REPEATS = 300


def cloud(n, seed):
    """Positions over several map squares, and directions."""
    rng = np.random.default_rng(seed)
    x, z = rng.uniform(-110, 110, (2, n))
    return x, z, rng.uniform(0, 360, n)


def probabilities(source, target, rule, is_same):
    """The rule of the publication for every pair, in loops and double precision."""
    p = np.zeros((len(target[0]), len(source[0])))
    for i, (xt, zt, at) in enumerate(zip(*target, strict=True)):
        for j, (xs, zs, angle) in enumerate(zip(*source, strict=True)):
            if is_same and i == j:
                continue
            m = abs(angle - at) % 180
            orientation = min(m, 180 - m)
            distance = math.sqrt((xs - xt) ** 2 + (zs - zt) ** 2)
            p[i, j] = rule.peak * math.exp(-((distance / rule.sigma) ** 2))
            p[i, j] *= rule.tuning_intercept + rule.tuning_slope * orientation
    return p


@pytest.mark.parametrize(
    ("pair", "is_same"),
    [
        (("e4", "e4"), True),
        (("e2", "e5"), False),
        (("e4", "i4P"), False),
        (("i2S", "i2P"), False),  # reaches p = 1
        (("i2S", "i2H"), False),  # 0.93
        (("i5H", "i6S"), True),  # rare
    ],
    ids=str,
)
@pytest.mark.parametrize("batch", [1 << 19, 64])
def test_every_pair_connects_with_its_probability(pair, is_same, batch, monkeypatch):
    monkeypatch.setattr(pair_sampling, "BATCH", batch)
    rule = connection_rules()[pair]
    source = cloud(50, 1)
    target = source if is_same else cloud(40, 2)
    p = probabilities(source, target, rule, is_same)
    cells = MappedCells.of(*source), MappedCells.of(*target)
    counts = np.zeros(p.shape)
    totals = []
    for repeat in range(REPEATS):
        rng = np.random.default_rng(repeat)
        post, pre = sample_pairs(rng, *cells, rule, is_same=is_same)
        np.add.at(counts, (post, pre), 1)
        totals.append(len(post))
    variance = p * (1 - p)
    # The total over pairs and repeats, its spread, and every pair by itself.
    error = counts.sum() - REPEATS * p.sum()
    assert abs(error) < 4.5 * np.sqrt(REPEATS * variance.sum())
    spread = np.var(totals) / variance.sum()
    assert abs(spread - 1) < 4.5 * np.sqrt(2 / REPEATS)
    is_open = variance > 1e-9
    deviation = (counts - REPEATS * p)[is_open] ** 2 / (REPEATS * variance[is_open])
    kurtosis = np.mean((1 / variance[is_open] - 6) / REPEATS + 2)
    assert abs(deviation.mean() - 1) < 4.5 * np.sqrt(kurtosis / deviation.size)
    assert not counts[p == 0].any()


def test_connections_of_different_pairs_are_independent():
    rule = connection_rules()["e4", "i4P"]
    source, target = cloud(50, 1), cloud(40, 2)
    cells = MappedCells.of(*source), MappedCells.of(*target)
    p = probabilities(source, target, rule, False)
    samples = np.zeros((REPEATS, *p.shape))
    for repeat in range(REPEATS):
        post, pre = sample_pairs(
            np.random.default_rng(repeat), *cells, rule, is_same=False
        )
        samples[repeat, post, pre] = 1
    standard = (samples - p) / np.sqrt(p * (1 - p))
    for neighbour in (standard[:, 1:], standard[:, :, 1:]):
        own = standard[:, : neighbour.shape[1], : neighbour.shape[2]]
        products = own * neighbour
        error = products.std() / np.sqrt(products.size)
        assert abs(products.mean()) < 4.5 * error


def test_certain_neighbours_are_all_connected():
    rule = dataclasses.replace(connection_rules()["i2S", "i2P"], sigma=1e6)
    cells = MappedCells.of(*cloud(30, 3))
    post, pre = sample_pairs(np.random.default_rng(0), cells, cells, rule, is_same=True)
    assert len(post) == 30 * 29
    assert np.all(post != pre)


def test_pairs_are_sorted_and_unique():
    rule = connection_rules()["e2", "e2"]
    source, target = MappedCells.of(*cloud(300, 4)), MappedCells.of(*cloud(200, 5))
    post, pre = sample_pairs(
        np.random.default_rng(1), source, target, rule, is_same=False
    )
    assert len(post) > 1000
    assert np.all(np.diff(post * 300 + pre) > 0)
    assert post.max() < 200
    assert pre.max() < 300


def test_cells_too_far_apart_make_no_synapse():
    rule = connection_rules()["e2", "e2"]
    x, z, angle = cloud(20, 6)
    near, far = MappedCells.of(x, z, angle), MappedCells.of(x + 5000, z, angle)
    post, pre = sample_pairs(np.random.default_rng(2), near, far, rule, is_same=False)
    assert len(post) == len(pre) == 0


def test_single_cells_can_be_mapped_and_connected():
    rule = connection_rules()["i2S", "i2P"]
    one = MappedCells.of(*(np.array([v]) for v in (10.0, 20.0, 30.0)))
    post, pre = sample_pairs(np.random.default_rng(0), one, one, rule, is_same=False)
    np.testing.assert_array_equal(post, [0])
    np.testing.assert_array_equal(pre, [0])
    assert not len(
        sample_pairs(np.random.default_rng(0), one, one, rule, is_same=True)[0]
    )
