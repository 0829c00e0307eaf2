"""Expansion: which points a grid has."""

import itertools

import pytest

from tests.grids.grids import grid_of
from v1model.grids import Subset, points_of

NOTHING = [Subset(())]


def options_of(points, base=None):
    return [point.options(base or {}) for point in points]


def test_a_product_has_every_value_with_every_other():
    grid = grid_of(axes={"product": {"a": [1, 2], "b": ["x", "y", "z"]}})
    found = options_of(points_of(grid, NOTHING))
    expected = [{"a": a, "b": b} for a, b in itertools.product([1, 2], ["x", "y", "z"])]
    assert found == expected


def test_a_zip_goes_side_by_side_and_is_multiplied_with_a_product():
    axes = {"zip": {"a": [1, 2], "b": [3, 4]}, "product": {"c": [5, 6]}}
    found = options_of(points_of(grid_of(axes=axes), NOTHING))
    pairs = [(1, 3), (2, 4)]
    assert found == [{"c": c, "a": a, "b": b} for c in (5, 6) for a, b in pairs]


def test_one_at_a_time_is_the_base_and_each_change_alone():
    axes = {"one_at_a_time": {"wide": {"a": 9, "b": 8}, "c": [1, 2]}}
    found = options_of(points_of(grid_of(axes=axes), NOTHING), {"a": 0, "c": 0})
    assert found == [
        {"a": 0, "c": 0},
        {"a": 9, "b": 8, "c": 0},
        {"a": 0, "c": 1},
        {"a": 0, "c": 2},
    ]


def test_a_level_can_be_named_and_set_several_options():
    axes = {"product": {"core": {"small": {"a": 1, "b": 2}, "large": {"a": 3}}}}
    points = points_of(grid_of(axes=axes), NOTHING)
    assert [point.levels[0].value for point in points] == ["small", "large"]
    assert options_of(points) == [{"a": 1, "b": 2}, {"a": 3}]


def test_all_variants_with_the_first_seed_come_first():
    grid = grid_of(axes={"product": {"a": [1, 2]}}, seeds=[5, 7])
    subsets = [Subset(("x",)), Subset(("y",))]
    found = [
        (point.seed, point.subset.paths, point.options({})["a"])
        for point in points_of(grid, subsets)
    ]
    assert found == [*itertools.product((5, 7), (("x",), ("y",)), (1, 2))]


def test_without_axes_there_is_a_run_for_each_seed():
    assert len(points_of(grid_of(seeds=[1, 2, 3]), NOTHING)) == 3


def test_an_option_belongs_to_one_axis():
    axes = {"product": {"a": [1]}, "one_at_a_time": {"wide": {"a": 2}}}
    with pytest.raises(ValueError, match="one_at_a_time and a both set a"):
        points_of(grid_of(axes=axes), NOTHING)


def test_a_value_stands_once_in_an_axis():
    with pytest.raises(ValueError, match="a must have each value once, got 2"):
        points_of(grid_of(axes={"product": {"a": [1, 2, 2]}}), NOTHING)


def test_expansion_leaves_the_grid_as_it_was():
    grid = grid_of(options={"a": 1}, axes={"product": {"a": [2, 3]}})
    for point in points_of(grid, NOTHING):
        point.options(grid.options)["b"] = 1
    assert grid.options == {"a": 1}
    assert grid.axes.product == {"a": [2, 3]}
