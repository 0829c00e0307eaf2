"""The benchmark of an update times forms that train the same."""

import argparse
import importlib
import pathlib
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module("latent_update")
    monkeypatch.setattr(module, "TIME_UNITS", 3)
    monkeypatch.setattr(module, "MULTIPLES", 2)
    monkeypatch.setattr(module, "ROWS", 50)
    yield module
    for name in ("latent_update", "results_table"):
        sys.modules.pop(name, None)


OPTIONS = argparse.Namespace(neurons=20, batch=4, updates=2)


@pytest.mark.parametrize("mode", ["time_aligned", "staggered_random"])
def test_a_row_says_how_much_faster_an_update_is(program, mode):
    row = program.measure(mode, OPTIONS)
    plain = min(row["loop_ms"], row["unrolled_ms"])
    assert row["times_faster"] == pytest.approx(plain / row["ours_ms"], abs=0.1)
    assert f"{row['times_faster']:g}x" in program.words_of(row)


def test_forms_that_disagree_are_refused(program, monkeypatch):
    right = program.plain_losses

    def wrong(*arguments):
        recon, evolve = right(*arguments)
        return recon, 1.1 * evolve

    monkeypatch.setattr(program, "plain_losses", wrong)
    with pytest.raises(SystemExit, match="time_aligned, loop: losses differ by 0.1"):
        program.measure("time_aligned", OPTIONS)
