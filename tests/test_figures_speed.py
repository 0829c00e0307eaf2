"""`benchmarks/figures_speed.py` times what it says."""

import csv
import importlib
import pathlib
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from v1model.network import build_column, neurons_of

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module("figures_speed")
    for name in ("figures_speed", "results_table"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("activity", "low", "high"),
    [("none", 0, 0), ("normal", 2.5, 3.5), ("runaway", 340, 360)],
)
def test_made_up_trials_have_the_rates_of_their_activity(program, activity, low, high):
    trial = program.made_up_trial(neurons_of(build_column(500, seed=1)), 20, activity)
    assert low <= trial.rates.mean() <= high
    assert trial.rates.max() <= 600 and len(trial.traced) == 20
    if activity == "runaway":
        assert trial.rates.min() > 150


def test_the_naive_figures_show_the_trial(program):
    neurons = neurons_of(build_column(500, seed=1))
    trial = program.made_up_trial(neurons, 20, "normal")
    (axes,) = program.scatter_of_spikes(trial, neurons).axes
    assert len(axes.collections[0].get_offsets()) == len(trial.spike_step)
    panels = program.subplots_of_voltages(trial, neurons).axes
    np.testing.assert_array_equal(panels[7].lines[0].get_ydata(), trial.voltages[:, 7])
    counts, _ = program.bars_of_types(trial, neurons).axes
    heights = sum(patch.get_height() for patch in counts.patches)
    assert heights == len(trial.spike_step)


def test_every_figure_of_every_trial_has_a_row(program, monkeypatch, tmp_path, capsys):
    """Drawn here are empty figures, so that the test is quick."""
    monkeypatch.setattr(program, "RESULTS", tmp_path / "speed.csv")
    for ways in ("STANDARD_FIGURES", "NAIVE"):
        empty = dict.fromkeys(getattr(program, ways), lambda *_: Figure((1, 1)))
        monkeypatch.setattr(program, ways, empty)
    monkeypatch.setattr(program, "TARGETS", {500: 100.0})
    program.main(["--sizes=500", "--repeats=1"])
    with (tmp_path / "speed.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [(row["activity"], row["figure"]) for row in rows]
    figures = ["raster", "voltages", "input", "population", "output"]
    activities = ["none", "normal", "runaway"]
    assert names == [(activity, name) for activity in activities for name in figures]
    assert [row["naive_seconds"] != "" for row in rows[:5]] == [1, 1, 0, 1, 0]
    assert capsys.readouterr().out.count("target 100 s reached") == 3
