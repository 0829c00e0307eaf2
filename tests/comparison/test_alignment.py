"""Scores are aligned in the units that all runs have, and nothing is lost silently."""

import numpy as np
import pandas as pd
import pytest

from v1model.comparison.alignment import align, matrices_of, units_of


def scores(values, groups=None, units=None, **columns):
    n = len(values)
    return pd.DataFrame(
        {
            "group": groups or ["a"] * n,
            "unit": units or [f"n{k}" for k in range(n)],
            "bps": values,
            **columns,
        }
    )


def cells_of(**frames):
    """One seed, a run of the same name for each variant."""
    return {(name, "1"): [(name, frame)] for name, frame in frames.items()}


def test_units_are_paired_by_group_and_id_whatever_their_order():
    first = scores([1.0, 2.0, 3.0], ["a", "a", "b"], ["x", "y", "x"])
    second = scores([30.0, 10.0, 20.0], ["b", "a", "a"], ["x", "x", "y"])
    aligned, notes = align(cells_of(first=first, second=second), "bps")
    matrices = matrices_of(aligned)
    np.testing.assert_array_equal(matrices["first"][1], [[1, 2, 3]])
    np.testing.assert_array_equal(matrices["second"][1], [[10, 20, 30]])
    assert notes == []
    assert list(units_of(aligned)["unit"]) == ["x", "y", "x"]


def test_units_that_a_run_lacks_are_dropped_and_counted():
    first, second = scores([1.0, 2.0, 3.0]), scores([1.0, 2.0])
    aligned, notes = align(cells_of(first=first, second=second), "bps")
    assert len(aligned) == 4
    assert notes == [
        "1 of 3 units are not in all runs and were dropped: second lacks 1."
    ]


def test_units_without_a_score_are_dropped_and_counted():
    first, second = scores([1.0, np.nan, 3.0]), scores([1.0, 2.0, 3.0])
    aligned, notes = align(cells_of(first=first, second=second), "bps")
    assert matrices_of(aligned)["second"][1].tolist() == [[1.0, 3.0]]
    assert notes == ["1 units without a score in some run were dropped."]


def test_runs_of_one_recording_each_are_joined():
    cells = {
        ("one", "1"): [("p", scores([1.0], ["a"])), ("q", scores([2.0], ["b"]))],
        ("both", "1"): [("r", scores([3.0, 4.0], ["a", "b"], ["n0", "n0"]))],
    }
    aligned, _ = align(cells, "bps")
    assert matrices_of(aligned)["one"][1].tolist() == [[1.0, 2.0]]


def test_trials_that_differ_by_seed_are_paired_within_it():
    cells = {}
    for variant, plus in (("a", 0.0), ("b", 10.0)):
        for seed in ("3", "4"):
            units = [f"seed{seed}_trial{k}" for k in range(3)]
            frame = scores(np.arange(3) + 100.0 * int(seed) + plus, units=units)
            cells[variant, seed] = [(variant + seed, frame)]
    aligned, notes = align(cells, "bps")
    matrices = matrices_of(aligned)
    assert matrices["a"][1].shape == (2, 3)
    np.testing.assert_array_equal(matrices["b"][1] - matrices["a"][1], 10)
    assert notes == ["each seed has trials of its own, numbered from 0 within it."]


def test_runs_on_other_recordings_are_refused_with_their_names():
    cells = cells_of(first=scores([1.0], ["a"]), second=scores([1.0], ["b"]))
    with pytest.raises(ValueError, match="first is of a, but second is of b"):
        align(cells, "bps")


def test_scores_of_other_parts_of_the_data_are_refused():
    cells = cells_of(
        first=scores([1.0], part=["test"]), second=scores([1.0], part=["validation"])
    )
    with pytest.raises(ValueError, match="test in first, validation in second"):
        align(cells, "bps")


def test_a_column_that_is_not_there_is_answered_with_the_choices():
    with pytest.raises(ValueError, match=r"no column 'corr', choose from \['bps'\]"):
        align(cells_of(first=scores([1.0])), "corr")


def test_two_runs_that_score_the_same_units_for_one_seed_are_refused():
    cells = {("a", "1"): [("p", scores([1.0])), ("q", scores([2.0]))]}
    with pytest.raises(ValueError, match="p, q are the same variant and seed"):
        align(cells, "bps")


def test_no_score_anywhere_is_refused():
    cells = cells_of(first=scores([np.nan]), second=scores([1.0]))
    with pytest.raises(ValueError, match="no unit has a score in all runs"):
        align(cells, "bps")


def test_covariates_are_means_over_runs():
    first, second = scores([1.0], rate_hz=[2.0]), scores([1.0], rate_hz=[4.0])
    aligned, _ = align(cells_of(first=first, second=second), "bps")
    assert units_of(aligned)["rate_hz"].tolist() == [3.0]
