"""The table of latent evolvers that differ in one thing each."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.latent.trainings import driven
from tests.programs import load_script
from v1model.latent.settings import load_params

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
    return load_script("latent_table")


@pytest.fixture
def calls(script, monkeypatch):
    """Trainings that were asked for; they are done at once, with made-up numbers."""
    made = []

    class Done:
        returncode, stderr = 0, ""

    def train(command, **options):
        made.append((command, options))
        _, _, slug, settings, *rest = command
        load_params(settings)  # raises where a row has become wrong
        given = dict(word.lstrip("-").split("=") for word in rest)
        seed = int(given["training.seed"])
        numbers = NUMBERS | {"frame_one_step_mse": 0.1 * seed}
        result = {"minutes": seed, "diagnosis": {"Val": numbers}}
        run = script.pathlib.Path(given["results_dir"]) / slug / given["run_name"]
        run.mkdir(parents=True)
        (run / "result.json").write_text(json.dumps(result))
        return Done()

    monkeypatch.setattr(script.subprocess, "run", train)
    return made


def test_every_row_is_a_training_that_can_be_done(script, calls, tmp_path):
    script.main([f"--out={tmp_path}", "--seeds=1"])
    assert len(calls) == len(script.ROWS)
    paths = [script.pathlib.Path(command[3]) for command, _ in calls]
    settings = [yaml.safe_load(path.read_text()) for path in paths]
    texts = {json.dumps(one, sort_keys=True) for one in settings}
    assert len(texts) == len(script.ROWS)  # no two are the same


def test_paths_are_those_of_whoever_calls(script, calls, tmp_path, monkeypatch, capsys):
    """Trainings ran in the folder of the package, where the paths led nowhere."""
    monkeypatch.chdir(tmp_path)
    rows = ["--rows", "1 step", "20 steps"]
    driven("eye.h5", 1000)
    driven("other.h5", 700, seed=1)
    script.main(["--out=table", "--recording=eye.h5", "--unseen=other.h5", *rows])
    # 200 steps are held out; rollouts of all rows are equally long.
    assert all("--training.rollout_steps=79" in command for command, _ in calls)
    assert all(options.get("cwd") is None for _, options in calls)
    assert (tmp_path / "table" / "table.png").stat().st_size > 1000
    runs = pd.read_csv("table/table.csv")
    assert runs["seed"].tolist() == [1, 1, 2, 2, 3, 3]
    np.testing.assert_allclose(runs["frame_one_step_mse"], 0.1 * runs["seed"])
    text = (tmp_path / "table" / "table.md").read_text()
    assert "Val, means of 3 seeds" in text
    # One step, between, interpolation, long, constant, below, diverged, R2, minutes.
    words = "2.0e-01 (1.0e-01) | - | - | 5.0e-01 | 1.0e+00 | 0.900 | 2 | - | 2.0 |"
    assert f"| 20 steps | {words}" in text
    assert text in capsys.readouterr().out


def test_a_recording_that_is_too_short_is_refused_before_any_training(
    script, calls, tmp_path
):
    path = driven(tmp_path / "short.h5", 300)
    with pytest.raises(SystemExit, match="short.h5: 300 steps have no room"):
        script.main([f"--out={tmp_path}", f"--recording={path}"])
    assert calls == []


def test_what_is_done_is_not_done_again(script, calls, tmp_path):
    for n in (1, 2):
        script.main([f"--out={tmp_path}", f"--seeds={n}", "--rows", "1 step"])
    assert len(calls) == 2


def test_a_training_that_fails_is_named(script, calls, tmp_path, monkeypatch):
    class Failed:
        returncode, stderr = 1, "no space"

    monkeypatch.setattr(script.subprocess, "run", lambda *_, **__: Failed())
    with pytest.raises(SystemExit, match="latent_table: 1 step, seed 1: no space"):
        script.main([f"--out={tmp_path}", "--rows", "1 step"])
