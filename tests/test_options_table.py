"""The table of a grid whose options are changed one at a time."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.cnn import recorded
from tests.grids.grids import write_grid
from tests.programs import load_script
from tests.runs.made import made_run
from training import cnn_training
from training.grid_ledger import Ledger
from training.grid_plan import planned_runs
from v1model.grids import load_grid

NO_MONITORS = {"monitoring.fast_monitors": "none", "monitoring.slow_monitors": "none"}
SMALL = {
    "model": {
        "frontend": {"type": "learnable_temporal", "kernel_size": 4, "num_channels": 2},
        "convnet": {
            "type": "plain",
            "channels": [3],
            "stem": {"kernel_size": [1, 3, 3]},
            "blocks": [{"kernel_size": [1, 3, 3]}],
        },
    },
    "data": {"segment_bins": 10, "types": ["backimage"]},
    "training": {"epochs": 1, "steps_per_epoch": 2, "batch_size": 4},
}
NUMBERS = {
    "frame_one_step_mse": 0.1,
    "frame_constant_mse": 0.2,
    "rollout_latent_9step_mse_overall": 0.5,
    "rollout_latent_9step_constant_mse_overall": 1.0,
    "rollout_latent_9step_fraction_below_constant": 0.9,
    "rollout_latent_9step_diverged_starts": 2,
    "median_r2_bias": None,
}


@pytest.fixture(scope="module")
def script():
    return load_script("options_table")


def begun(path):
    """Folder of a grid, of which no run is there yet, and its PlannedRuns."""
    grid = load_grid(path)
    ledger = Ledger(grid, planned_runs(grid, path))
    ledger.begin(path.read_text(encoding="utf-8"))
    return ledger


@pytest.fixture
def readouts(tmp_path, monkeypatch):
    """Ledger of a grid of small read-out models: two are trained, two are not."""
    parts = ("train", "train", "test", "test", "validation", "validation")
    recorded.write(tmp_path / "eye.h5", n_trials=12, side=5, parts=parts)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL))
    path = write_grid(
        tmp_path,
        room="cnn",
        settings=str(tmp_path / "small.yaml"),
        options=NO_MONITORS,
        axes={"one_at_a_time": {"weights": {"loss.rate_weight_alpha": 1}}},
        seeds=[1, 2],
        recordings={"files": [str(tmp_path / "eye.h5")]},
    )
    ledger = begun(path)
    for run in ledger.runs[:2]:
        _, _, _, *words = run.command(ledger.grid)
        monkeypatch.setattr(sys, "argv", ["cnn_training", *words])
        cnn_training.cli()
    return ledger


def test_readouts_are_judged_once_and_drawn(script, readouts, monkeypatch, capsys):
    folder = readouts.folder
    script.main([str(folder)])
    table = pd.read_csv(folder / "options.csv")
    assert table["option"].tolist() == ["base", "weights"]
    known = ["bps_mean", "unseen_bps_mean", "gain_gap", "lag0_mass", "minutes"]
    assert table[known].notna().all(axis=None)
    assert table["bps_mean"].nunique() == 2
    text = (folder / "options.md").read_text()
    assert "means of 1 seeds" in text and "| weights |" in text
    assert "latency" not in text  # nobody knows these neurons'
    assert (folder / "options.png").stat().st_size > 1000
    printed = capsys.readouterr().out
    assert text in printed
    waiting = ", ".join(run.name for run in readouts.runs[2:])
    assert f"left out, not finished: {waiting}\n" in printed

    with pytest.raises(SystemExit, match="no trial is of part test and type movies"):
        script.main([str(folder), "--unseen=movies"])
    monkeypatch.setattr(script, "_judge", None)
    script.main([str(folder)])
    again = pd.read_csv(folder / "options.csv")
    pd.testing.assert_frame_equal(again, table)


def test_evolvers_have_a_table_for_each_part(script, tmp_path, capsys):
    axes = {"one_at_a_time": {"noise": {"training.latent_noise": 0.05}}}
    settings = "configs/latent_20step.yaml"
    path = write_grid(
        tmp_path, room="latent", settings=settings, axes=axes, seeds=[1, 2, 3]
    )
    ledger = begun(path)
    for run in ledger.runs:
        made = made_run(ledger.folder / run.name, "latent")
        seed = run.point.seed
        numbers = NUMBERS | {"frame_one_step_mse": 0.1 * seed}
        parts = {"Val": numbers, "unseen": numbers}
        result = {"minutes": seed, "diagnosis": parts}
        (made / "result.json").write_text(json.dumps(result))
    script.main([str(ledger.folder)])
    table = pd.read_csv(ledger.folder / "options.csv")
    assert table["part"].tolist() == ["Val", "unseen"] * 6
    np.testing.assert_allclose(table["frame_one_step_mse"], 0.1 * table["seed"])
    text = (ledger.folder / "options.md").read_text()
    assert "Val, means of 3 seeds" in text and "unseen, means of 3 seeds" in text
    # One step, between, interpolation, long, constant, below, diverged, R2, minutes.
    cells = (
        "2.0e-01 (1.0e-01) | - | - | 5.0e-01 | 1.0e+00 | 0.900 | 2 | - | 2.0 (1.0) |"
    )
    assert text.count(f"| noise | {cells}") == 2
    assert (ledger.folder / "options.png").stat().st_size > 1000
    assert text in capsys.readouterr().out


@pytest.mark.parametrize(
    ("room", "option", "message"),
    [
        ("column", "n_epochs", "room must be cnn or latent, got column"),
        ("latent", "latent_dims", "has no axes.one_at_a_time"),
    ],
)
def test_another_grid_is_refused(script, tmp_path, room, option, message):
    axes = {"product": {option: [4, 8]}}
    ledger = begun(write_grid(tmp_path, room=room, axes=axes))
    with pytest.raises(SystemExit, match=f"options_table: .*grid.json.*{message}"):
        script.main([str(ledger.folder)])


def test_a_folder_without_finished_runs_is_refused(script, tmp_path):
    with pytest.raises(SystemExit, match="grid.json does not exist: no grid was run"):
        script.main([str(tmp_path)])
    axes = {"one_at_a_time": {"training.latent_noise": [0.05]}}
    ledger = begun(write_grid(tmp_path, room="latent", axes=axes))
    with pytest.raises(SystemExit, match="results: none of 2 runs is finished"):
        script.main([str(ledger.folder)])
