import csv
import importlib
import pathlib
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module("convert_session")
    monkeypatch.setattr(module, "RESULTS", tmp_path / "a.csv")
    yield module
    for name in ("convert_session", "results_table"):
        sys.modules.pop(name, None)


def test_both_ways_are_measured_and_kept_by_the_size_of_the_session(benchmark, capsys):
    for units in (3, 2, 3):
        benchmark.main(["--units", str(units), "--seconds", "2000"])
    with benchmark.RESULTS.open(newline="") as file:
        rows = [(row["way"], row["units"]) for row in csv.DictReader(file)]
    ways = ("convert", "sort_at_once")
    assert rows == [(way, units) for way in ways for units in ("2", "3")]
    assert "times less than one sort" in capsys.readouterr().out
