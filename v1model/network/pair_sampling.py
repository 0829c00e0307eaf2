"""Exact sampling of random connections at a cost proportional to their number.

Every ordered pair of neurons is connected independently with probability p(pair).
Listing all pairs is too slow, so pairs of map squares are given a bound on p and
a Poisson number of candidate pairs, which are then thinned: a Poisson process of
intensity -log(1 - p) that is collapsed onto distinct pairs is exactly a set of
independent Bernoulli(p) draws.
"""

import dataclasses

import numpy as np

SQUARE = 50.0  # um, side of a map square
NEGLIGIBLE = 1e-9  # pairs of squares with a smaller probability are left out
# Above this bound the intensity would diverge; all pairs are listed instead.
LISTED = 0.9
BATCH = 1 << 19  # candidates evaluated at a time: they stay in the cache


@dataclasses.dataclass(frozen=True)
class MappedCells:
    """Neurons of one population, grouped by the map square that they lie in.

    Args:
        x, z, angle: Position (um) and preferred direction (degrees) of the neurons,
            (n,) float32, sorted by square.
        index: Which neuron of the population each of them is, (n,) int32.
        first, count: Where each of the occupied squares begins, and its size, (q,).
        low, high: Smallest box around the neurons of each square, (q, 2), um.
    """

    x: np.ndarray
    z: np.ndarray
    angle: np.ndarray
    index: np.ndarray
    first: np.ndarray
    count: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, x, z, angle):
        """Maps neurons; `x`, `z` in um and `angle` in degrees, (n,)."""
        column = np.floor(x / SQUARE).astype(np.int64)
        row = np.floor(z / SQUARE).astype(np.int64)
        square = (column - column.min()) * (np.ptp(row) + 1) + row - row.min()
        index = np.argsort(square, kind="stable")
        _, first, count = np.unique(
            square[index], return_index=True, return_counts=True
        )
        place = np.stack([x[index], z[index]], axis=1).astype(np.float32)
        return cls(
            x=np.ascontiguousarray(place[:, 0]),
            z=np.ascontiguousarray(place[:, 1]),
            angle=angle[index].astype(np.float32),
            index=index.astype(np.int32),
            first=first,
            count=count,
            low=np.minimum.reduceat(place, first),
            high=np.maximum.reduceat(place, first),
        )

    def __len__(self):
        return len(self.index)


@dataclasses.dataclass(frozen=True)
class _SquarePairs:
    """Pairs of a source and a target square, and a bound on p between them, (Q,)."""

    first_source: np.ndarray
    n_source: np.ndarray
    first_target: np.ndarray
    n_target: np.ndarray
    bound: np.ndarray

    @property
    def n_pairs(self):
        return self.n_source * self.n_target

    def take(self, index):
        columns = (getattr(self, f.name)[index] for f in dataclasses.fields(self))
        return _SquarePairs(*columns)


def sample_pairs(rng, source, target, rule, *, is_same):
    """Draws the connections from one population to another.

    Args:
        rng: NumPy Generator.
        source, target: MappedCells.
        rule: ConnectionRule with the probability of a pair.
        is_same: Whether both are one population; nobody connects to itself.

    Returns:
        Target and source neurons of the connections, two (S,) int64 arrays counted
        within their population, sorted by target, then source, without duplicates.
    """
    squares = _square_pairs(source, target, rule)
    is_dense = squares.bound >= LISTED
    keys = []
    for draw, chosen in ((_draw, ~is_dense), (_list, is_dense)):
        pairs = draw(rng, squares.take(chosen), source, target, rule)
        for of_target, of_source in pairs:
            post = target.index[of_target].astype(np.int64)
            pre = source.index[of_source]
            key = post * len(source) + pre
            keys.append(key[pre != post] if is_same else key)
    key = np.sort(np.concatenate([np.empty(0, np.int64), *keys]))
    is_first = np.ones(len(key), bool)
    is_first[1:] = key[1:] != key[:-1]
    return np.divmod(key[is_first], len(source))


def probability(rule, dx, dz, angle):
    """Probability of a connection between two different neurons.

    Args:
        rule: ConnectionRule.
        dx, dz: Lateral distance, um.
        angle: Difference of the preferred directions, degrees.
    """
    p = np.exp((dx * dx + dz * dz) * (-1 / rule.sigma**2)) * rule.peak
    if rule.tuning_slope == 0:
        return p
    # Direction becomes orientation: the angle to the next multiple of 180 degrees.
    turns = angle / 180
    orientation = np.abs(turns - np.rint(turns)) * 180
    return p * (rule.tuning_intercept + rule.tuning_slope * orientation)


def _square_pairs(source, target, rule):
    """The pairs of squares between which connections are possible at all."""
    gap_2 = 0.0  # squared distance between the two boxes, (targets, sources)
    for axis in range(2):
        before = source.low[:, axis] - target.high[:, axis, None]
        after = target.low[:, axis, None] - source.high[:, axis]
        gap_2 = gap_2 + np.maximum(np.maximum(before, after), 0) ** 2
    peak = rule.peak * rule.tuning_intercept
    reach_2 = rule.sigma**2 * np.log(peak / NEGLIGIBLE)
    in_target, in_source = np.nonzero(gap_2 < reach_2)
    # The margin covers the rounding of p and of the boxes, in single precision.
    bound = 1.0001 * peak * np.exp(-gap_2[in_target, in_source] / rule.sigma**2)
    return _SquarePairs(
        first_source=source.first[in_source].astype(np.int32),
        n_source=source.count[in_source].astype(np.int32),
        first_target=target.first[in_target].astype(np.int32),
        n_target=target.count[in_target].astype(np.int32),
        bound=bound.astype(np.float64),
    )


def _draw(rng, squares, source, target, rule):
    """Poisson candidates, thinned; a connection may occur more than once."""
    rate = -np.log1p(-squares.bound)
    n_drawn = rng.poisson(rate * squares.n_pairs)
    has_any = n_drawn > 0
    squares, rate, n_drawn = squares.take(has_any), rate[has_any], n_drawn[has_any]
    for batch in _batches(n_drawn):
        square = np.repeat(np.arange(batch.start, batch.stop), n_drawn[batch])
        nth = (rng.random(len(square)) * squares.n_pairs[square]).astype(np.int32)
        pair, p = _candidates(squares, square, nth, source, target, rule)
        keep = np.log1p(-p) / (-rate).astype(np.float32)[square]
        is_kept = rng.random(len(keep), dtype=np.float32) < keep
        yield pair[0][is_kept], pair[1][is_kept]


def _list(rng, squares, source, target, rule):
    """Every pair, kept with its probability."""
    for batch in _batches(squares.n_pairs):
        n = squares.n_pairs[batch]
        square = np.repeat(np.arange(batch.start, batch.stop), n)
        nth = np.arange(len(square)) - np.repeat(np.cumsum(n) - n, n)
        pair, p = _candidates(squares, square, nth, source, target, rule)
        is_kept = rng.random(len(p), dtype=np.float32) < p
        yield pair[0][is_kept], pair[1][is_kept]


def _batches(counts):
    """Slices of the squares with at most about BATCH candidates each."""
    total = np.cumsum(counts)
    n_cuts = int(total[-1]) // BATCH if len(total) else -1
    cuts = np.searchsorted(total, BATCH * np.arange(1, n_cuts + 1)).tolist()
    ends = [0, *cuts, len(counts)]
    return [slice(a, b) for a, b in zip(ends, ends[1:], strict=False) if a < b]


def _candidates(squares, square, nth, source, target, rule):
    """Target and source (in square order) of the nth pair of a square, and p."""
    of_target, of_source = np.divmod(nth, squares.n_source[square])
    of_target += squares.first_target[square]
    of_source += squares.first_source[square]
    p = probability(
        rule,
        target.x[of_target] - source.x[of_source],
        target.z[of_target] - source.z[of_source],
        target.angle[of_target] - source.angle[of_source],
    )
    return (of_target, of_source), p
