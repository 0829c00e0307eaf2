"""The benchmark of rollouts times two loops that do the same."""

import importlib
import pathlib
import sys

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def program():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield importlib.import_module("latent_rollout")
        for name in ("latent_rollout", "results_table"):
            sys.modules.pop(name, None)


def test_a_row_says_how_much_faster_a_rollout_is(program, monkeypatch):
    monkeypatch.setattr(program, "STATES", 20)
    row = program.measure(program.model_of(40), 2, 1)
    assert row["steps"] == 10
    rates = row["whole_per_second"] / row["plain_per_second"]
    assert row["times_faster"] == pytest.approx(rates, rel=0.05)
    assert f"{row['times_faster']:g}x" in program.words_of(row)


def test_loops_that_disagree_are_refused(program, monkeypatch):
    right = program.plain_rollout
    monkeypatch.setattr(program, "STATES", 20)
    monkeypatch.setattr(
        program, "plain_rollout", lambda *a: right(*a) * np.float32(1.1)
    )
    with pytest.raises(SystemExit, match="differ by"):
        program.measure(program.model_of(40), 2, 1)


def test_the_model_that_is_timed_is_the_published_one(program):
    assert program.model_of(13741).count_params() - 2 * 13741 == 19_090_861
