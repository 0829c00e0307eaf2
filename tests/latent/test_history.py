"""The table of a training, and when it may stop."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.fitting.history import History
from v1model.latent.early_stop import (
    BETTER,
    INTERVENING,
    early_stop_scalars,
    is_stuck,
)

DIVERGED = "rollout_latent_2000step_first_divergence_step"


def history_of(folder, errors, divergences=None):
    table = History(folder / "metrics.csv")
    divergences = divergences or [2000] * len(errors)
    for epoch, (error, step) in enumerate(zip(errors, divergences, strict=True), 1):
        row = {"phase": "joint", "epoch": epoch, "updates": 10 * epoch}
        table.add({**row, INTERVENING: float(error), DIVERGED: step})
    return table


def test_a_training_that_gets_better_is_never_stuck(tmp_path):
    """The published rule compares the last error with a window that contains it."""
    errors = [0.8**k for k in range(30)]
    for n in range(1, 30):
        assert not is_stuck(history_of(tmp_path, errors[:n]), 1, 1000)


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_counts_epochs_since_the_best_error_before(tmp_path, patience):
    errors = [1.0, 0.5, 0.5, 0.49, 0.6, 0.7]
    stuck = [
        is_stuck(history_of(tmp_path, errors[:n]), patience, 1000)
        for n in range(1, len(errors) + 1)
    ]
    assert stuck.index(True) + 1 == 2 + patience


def test_a_run_whose_rollouts_diverge_early_goes_on(tmp_path):
    errors = [1.0, 1.0, 1.0, 1.0]
    assert is_stuck(history_of(tmp_path, errors, [9, 9, 9, 1000]), 2, 1000)
    assert not is_stuck(history_of(tmp_path, errors, [2000, 9, 9, 999]), 2, 1000)


@settings(deadline=None)  # others may use the processor
@given(st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=12))
def test_nan_is_never_better(tmp_path_factory, errors):
    folder = tmp_path_factory.mktemp("tables")
    with_nan = [value for error in errors for value in (error, math.nan)]
    table = history_of(folder, [math.nan, *with_nan])
    assert is_stuck(table, 1, 0)
    shown = early_stop_scalars(table)
    assert shown["EarlyStop/best_max_intervening_mse"] == min(errors)


@given(st.lists(st.floats(1e-3, 1.0), min_size=2, max_size=12), st.integers(1, 4))
def test_stopping_follows_from_the_epochs_since_the_best(
    tmp_path_factory, errors, patience
):
    best, since = errors[0], 0
    for error in errors[1:]:
        since = 0 if error < BETTER * best else since + 1
        best = min(best, error) if since == 0 else best
    table = history_of(tmp_path_factory.mktemp("tables"), errors)
    assert is_stuck(table, patience, 0) == (since >= patience)


def test_the_best_row_is_below_all_before(tmp_path):
    table = History(tmp_path / "metrics.csv")
    found = []
    for epoch, value in enumerate([math.nan, 3.0, 4.0, 2.0, math.nan, 2.0, 1.0]):
        row = {"phase": "joint", "epoch": epoch, "updates": epoch}
        table.add({**row, "val_mse": value})
        found.append(table.is_best("val_mse"))
    assert found == [False, True, False, True, False, False, True]


def test_rows_after_the_checkpoint_are_forgotten(tmp_path):
    history_of(tmp_path, [1.0, 0.1, 0.7])
    table = History(tmp_path / "metrics.csv", updates=20)
    assert table.values(INTERVENING) == [(1, 1.0), (2, 0.1)]
    table.add({"phase": "joint", "epoch": 3, "updates": 30, INTERVENING: 0.2})
    assert len(History(tmp_path / "metrics.csv", updates=99).rows) == 3


def test_numbers_come_back_as_they_were(tmp_path):
    table = history_of(tmp_path, [1 / 3])
    again = History(tmp_path / "metrics.csv", updates=99)
    assert again.rows == table.rows
    assert again.values(INTERVENING) == [(1, 1 / 3)]
