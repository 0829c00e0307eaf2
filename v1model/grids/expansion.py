"""Expansion: the points of a grid, from its axes alone."""

import itertools
from typing import NamedTuple

from v1model.grids.recording_subsets import Subset

BASE = "base"  # of one_at_a_time: nothing is changed


class Level(NamedTuple):
    """One value of one axis.

    axis: Name in the grid file: an option, or a name of the user's own.
    value: The option's value, or the name of the level; BASE for no change.
    options: What it sets, values by dotted name.
    """

    axis: str
    value: object
    options: dict


class Point(NamedTuple):
    """One run of a grid, before its configuration is made."""

    levels: tuple[Level, ...]
    seed: int
    subset: Subset

    def options(self, base):
        """Values by dotted name: those of all runs, with those of the levels."""
        found = dict(base)
        for level in self.levels:
            found |= level.options
        return found


def points_of(grid, subsets):
    """The points of a grid: seeds, subsets of recordings, and axes, in that order.

    All variants with the first seed come first: a grid that is stopped early has as
    much of each.

    Args:
        grid: GridFile.
        subsets: Subset list.

    Returns:
        Point list.

    Raises:
        ValueError: Two axes set the same option, or an axis has a value twice.
    """
    axes = grid.axes
    ways = [*_product(axes.product)]
    if axes.zip:
        ways.append(_zipped(axes.zip))
    if axes.one_at_a_time:
        ways.append(_one_at_a_time(axes.one_at_a_time))
    _require_apart(ways)
    return [
        Point(tuple(itertools.chain.from_iterable(chosen)), seed, subset)
        for seed in grid.seeds
        for subset in subsets
        for chosen in itertools.product(*ways)
    ]


def _product(axes):
    """For each axis its choices, each a tuple of one Level."""
    for name, values in axes.items():
        yield [(level,) for level in _levels(name, values)]


def _levels(name, values):
    if isinstance(values, dict):
        return [Level(name, own, options) for own, options in values.items()]
    for number, value in enumerate(values):
        if value in values[:number]:
            raise ValueError(f"axes: {name} must have each value once, got {value!r}")
    return [Level(name, value, {name: value}) for value in values]


def _zipped(axes):
    """Choices of the axes that go together: tuples of a Level of each."""
    columns = [
        [Level(name, value, {name: value}) for value in values]
        for name, values in axes.items()
    ]
    return list(zip(*columns, strict=True))


def _one_at_a_time(axes):
    """The base and each change alone; the axis of all is one."""
    name = "one_at_a_time"
    choices = [(Level(name, BASE, {}),)]
    for key, change in axes.items():
        if isinstance(change, dict):
            choices.append((Level(name, key, change),))
            continue
        for level in _levels(key, change):
            words = f"{key}={level.value}"
            choices.append((Level(name, words, level.options),))
    return choices


def _require_apart(ways):
    """Refuses an option that two axes set."""
    owner = {}
    for choices in ways:
        own = {
            option: level.axis
            for levels in choices
            for level in levels
            for option in level.options
        }
        for option, axis in own.items():
            if option in owner:
                raise ValueError(
                    f"axes: {axis} and {owner[option]} both set {option}; one of them "
                    "must leave it out."
                )
        owner |= own
