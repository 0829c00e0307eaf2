"""The benchmark of the two modes compares modes that give the same rates."""

import argparse
import importlib
import pathlib
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"
OPTIONS = argparse.Namespace(bins=12, repeats=1)


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module("cnn_sequence")
    monkeypatch.setattr(module, "SIDE", 8)
    monkeypatch.setattr(module, "N_NEURONS", 3)
    yield module
    for name in ("cnn_sequence", "results_table"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["resnet", "resnet_convgru"])
def test_a_row_says_how_many_times_fewer_products_there_are(program, name):
    row = program.measure(name, OPTIONS)
    ratio = row["window_mmac"] / row["sequence_mmac"]
    assert row["times_fewer"] == pytest.approx(ratio, rel=0.05)
    assert f"{row['times_fewer']:g}x" in program.words_of(row)
    assert row["memory_bins"] < program.LAGS


@pytest.mark.parametrize("name", ["resnet", "resnet_convgru"])
def test_modes_that_disagree_are_refused(program, monkeypatch, name):
    right = program.ReadoutModel.predict_windows

    def wrong(model, *arguments):
        return 1.01 * right(model, *arguments)

    monkeypatch.setattr(program.ReadoutModel, "predict_windows", wrong)
    with pytest.raises(SystemExit, match=f"{name}: rates of bin 0 differ by 0.01"):
        program.measure(name, OPTIONS)
