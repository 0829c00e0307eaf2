"""What groups of units know of what was shown: at equal size, by size, over time.

A logistic regression says from the spikes of units of one group what was shown. Every
presentation is tested once, by a decoder that was fitted to others: of five folds one
is tested, one chooses the penalty and three are fitted. In each fold other units are
drawn.
"""

import dataclasses

import numpy as np

from v1model.decoders.groups import EXCITATORY
from v1model.decoders.inputs import Inputs
from v1model.decoders.linear import fit_logistic
from v1model.decoders.parts import Part
from v1model.metrics import student_half_width, wilson_interval
from v1model.options import option, require_positive
from v1model.presentations.folds import N_FOLDS, stratified_folds
from v1model.presentations.splits import shuffled_labels

SIZES = (10, 30, 100, 300)  # units that are drawn, beside all


@dataclasses.dataclass(frozen=True)
class GroupOptions:
    """How groups of units are compared."""

    seed: int = option(3000, "Of the column's noise, of the folds and of all draws.")
    matched: int = option(90, "Neurons per layer and class that are compared.")
    draws: int = option(3, "How often others of them are drawn, for each fold anew.")
    timed: int = option(700, "Neurons per layer of the course in time, at most.")
    window_ms: int = option(40, "Length of the window that moves over the time.")
    step_ms: int = option(20, "How far it moves.")
    until_ms: int = option(400, "Where it ends, after the onset.")

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if field.name != "seed":
                require_positive(self, field.name)

    @property
    def window_stops(self):
        """Where the windows end, ms after the onset."""
        return range(self.step_ms, self.until_ms + 1, self.step_ms)


def at_equal_size(binned, groups, options, progress):
    """Yields rows of all groups: as many units of each, and the same with labels dealt
    out anew.

    Args:
        binned: BinnedSpikes.
        groups: Groups of its units.
        options: GroupOptions.
        progress: Called after every fit.
    """
    shuffled = shuffled_labels(binned, options.seed)
    for group in groups:
        n = min(options.matched, len(group.members))
        shares = [
            found.mean()
            for draw in range(options.draws)
            for _, found in _answers_of_folds(
                binned, group.members, n, options.seed + draw, progress
            )
        ]
        interval = mean_interval(shares)
        row = _row("matched", group, n, binned, np.mean(shares), interval)
        yield {**row, "tested": options.draws * row["tested"]}
        right = answers_right(shuffled, group.members, n, options.seed, progress)
        yield _row("shuffled", group, n, binned, *_share(right))


def by_size(binned, groups, options, progress):
    """Yields rows of more and more units, up to all; see `at_equal_size`."""
    for group in groups:
        for n in _sizes(group):
            right = answers_right(binned, group.members, n, options.seed, progress)
            yield _row("size", group, n, binned, *_share(right))


def over_time(counts, groups, options, progress):
    """Rows and answers of a window that moves, for excitatory groups and the LGN.

    Args:
        counts: Function of two times after the onset, ms, that returns BinnedSpikes of
            the spikes between them.
        groups, options, progress: See `at_equal_size`.

    Returns:
        dict by layer of rows (list) and answers, (windows, P) bool.
    """
    chosen = _timed(groups)
    n = min([options.timed, *(len(group.members) for group in chosen)])
    rows = {group.layer: [] for group in chosen}
    right = {group.layer: [] for group in chosen}
    for stop in options.window_stops:
        start = stop - options.window_ms
        binned = counts(start, stop)
        for group in chosen:
            found = answers_right(binned, group.members, n, options.seed, progress)
            row = _row("time", group, n, binned, *_share(found))
            rows[group.layer].append({**row, "start_ms": start, "stop_ms": stop})
            right[group.layer].append(found)
    return {layer: (rows[layer], np.stack(right[layer])) for layer in rows}


def n_fits(groups, options):
    """How often a decoder is fitted in all three."""
    matched = (options.draws + 1) * len(groups)
    sizes = sum(len(_sizes(group)) for group in groups)
    return N_FOLDS * (matched + sizes + len(_timed(groups)) * len(options.window_stops))


def answers_right(binned, members, n, seed, progress):
    """Whether each presentation is decoded rightly from n units, (P,) bool.

    Args:
        binned: BinnedSpikes.
        members: Units from which each fold draws n others.
        n: How many.
        seed: Of the folds and of the draws.
        progress: Called after every fit.
    """
    is_right = np.zeros(binned.n_presentations, bool)
    for test, found in _answers_of_folds(binned, members, n, seed, progress):
        is_right[test] = found
    return is_right


def _answers_of_folds(binned, members, n, seed, progress):
    """Yields what each fold tests, and whether it is decoded rightly."""
    rng = np.random.default_rng([seed, n])
    for split in stratified_folds(binned, seed):
        drawn = np.sort(rng.choice(members, n, replace=False))
        yield split.test, _decoded(binned.take_units(drawn), split)
        progress()


def _decoded(binned, split):
    """Whether each presentation of the test part is decoded rightly, (n,) bool."""
    parts = [binned.take(rows) for rows in split]
    if not parts[0].counts.any():
        return np.zeros(len(split.test), bool)  # nothing to read, no answer
    inputs = Inputs.fit(parts[0])
    training, validation, test = (Part.of(part, inputs) for part in parts)
    model = fit_logistic(training, validation, lambda *choice: None)
    return model.scores(test.inputs, test.valid).argmax(axis=1) == test.targets


def _sizes(group):
    n = len(group.members)
    return [*(size for size in SIZES if size < n), n]


def _timed(groups):
    return [group for group in groups if group.cell_class == EXCITATORY]


def _row(analysis, group, n, binned, accuracy, interval):
    """One result, with its 95 % interval."""
    return {
        "analysis": analysis,
        "layer": group.layer,
        "cell_class": group.cell_class,
        "neurons": n,
        "tested": binned.n_presentations,
        "accuracy": float(accuracy),
        "low": float(interval[0]),
        "high": float(interval[1]),
        "chance": 1 / len(binned.classes),
    }


def _share(is_right):
    """The share of right answers and its interval (Wilson's)."""
    return is_right.mean(), wilson_interval(int(is_right.sum()), len(is_right))


def mean_interval(shares):
    """Student's 95 % interval of a mean share, within 0 to 1.

    Of draws of units it covers their choice too.
    """
    shares = np.asarray(shares)
    half = student_half_width(shares)
    return max(shares.mean() - half, 0.0), min(shares.mean() + half, 1.0)
