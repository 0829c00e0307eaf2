"""A small grid of each room, trained to the end."""

import csv

import pytest

from tests.cnn import recorded
from tests.grids.grids import write_grid
from training import grid
from training.grid_options import GridOptions
from v1model.rooms import ROOMS

NO_MONITORS = {"monitoring.fast_monitors": "none", "monitoring.slow_monitors": "none"}
GRIDS = {
    "column": {
        "options": {
            "network.neurons": 500,
            "network.neurons_per_output": 4,
            "trials.task": "ori_diff",
            "steps_per_epoch": 2,
            "n_epochs": 1,
            "val_steps": 2,
        },
        "axes": {"product": {"column.gauss_std": [0.2, 0.3]}},
    },
    "latent": {
        "settings": "configs/latent_1step.yaml",
        "options": {
            "latent_dims": 4,
            "training.epochs": 1,
            "training.steps_per_epoch": 3,
            "training.reconstruction_warmup_epochs": 0,
        },
        "axes": {"product": {"training.learning_rate": [1e-3, 1e-4]}},
    },
    "cnn": {
        "settings": "configs/linear_nonlinear.yaml",
        "options": {
            "training.epochs": 1,
            "training.steps_per_epoch": 2,
            "data.segment_bins": 8,
            "model.frontend.kernel_size": 4,
        },
        "axes": {"product": {"training.learning_rate": [1e-3, 1e-4]}},
        "recordings": {"files": ["a.h5"], "subset": "units", "limit": 1},
    },
    "decoder": {"axes": {"product": {"decoder": ["naive_bayes", "logistic"]}}},
}


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_a_grid_is_trained_and_leaves_scores(room, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    recorded.write(tmp_path / "a.h5", n_trials=20, parts=None, types=("backimage",))
    given = GRIDS[room]
    options = given.get("options", {}) | NO_MONITORS
    path = write_grid(tmp_path, **given | {"room": room, "options": options})
    grid.main(path, GridOptions())
    assert "2 runs: 2 finished" in capsys.readouterr().out
    with (tmp_path / "results" / "runs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert float(row[ROOMS[room].score]) == float(row[ROOMS[room].score])
        assert float(row["minutes"]) > 0
        assert (tmp_path / "results" / row["run"] / "scores.csv").is_file()
    grid.main(path, GridOptions())
    assert capsys.readouterr().out.count("was finished") == 2
