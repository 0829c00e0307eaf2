"""The program that trains the latent evolver, in small."""

import csv
import json
import os
import signal
import sys

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.latent.trainings import driven, params_of
from training import latent_eye, latent_training
from v1model.latent.checkpoints import load_latent_model
from v1model.latent.config import ModelParams
from v1model.latent.updates import Updates
from v1model.runs import Run
from v1model.runs.options_text import flat, options_of
from v1model.voltage_networks.config import EyeConfig


def run(folder, *words, settings="settings.yaml"):
    """Runs the program in this process, with its results in a folder."""
    given = ["latent_training", "exp", str(folder / settings), *words]
    given.append(f"--results_dir={folder / 'results'}")
    before = sys.argv
    sys.argv = given
    try:
        latent_training.cli()
    finally:
        sys.argv = before
    return folder / "results" / "exp"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a recording, another one, and settings for both."""
    folder = tmp_path_factory.mktemp("work")
    driven(folder / "seen.h5", 400)
    driven(folder / "unseen.h5", 100, seed=1)
    params = params_of(
        folder / "seen.h5",
        diagnostics_freq_epochs=1,
        pretrain_stimulus_ae=True,
        stimulus_ae={"epochs": 1},
        reconstruction_warmup_epochs=1,
        rollout_steps=40,
    ).model_dump(mode="json")
    other = {"name": "unseen", "path": str(folder / "unseen.h5")}
    params["cross_validation_configs"] = [other]
    (folder / "settings.yaml").write_text(yaml.safe_dump(params))
    return folder


@pytest.fixture(scope="module")
def finished(workplace):
    return run(workplace, "--run_name=whole", "--training.seed=3") / "whole"


def tags_of(folder):
    events = EventAccumulator(str(folder / "logs"))
    events.Reload()
    return events.Tags()


def test_a_run_holds_all_that_made_it(finished):
    opened = Run.open(finished)
    assert opened.state["state"] == "finished"
    (start,) = opened.starts
    assert "--training.seed=3" in start["command"]
    assert {"tensorflow", "keras", "git", "v1model"} <= set(start["versions"])
    text = (finished / "config.yaml").read_text()
    params = ModelParams.model_validate(yaml.safe_load(text))
    assert params.training.seed == 3
    assert params.model_dump(mode="json") == opened.config


def test_a_run_holds_all_that_came_out(finished):
    result = json.loads((finished / "result.json").read_text())
    assert result["stopped"] == "epochs"
    assert result["judged"] == "best"
    assert set(result["diagnosis"]) == {"Val", "CrossVal/unseen"}
    with (finished / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    phases = ["stimulus_ae", "recon_warmup", "joint", "joint"]
    assert [row["phase"] for row in rows] == phases
    name = "rollout_latent_40step_first_divergence_step"
    assert float(rows[-1][f"CrossVal/unseen/{name}"]) >= 0
    for part in ("Val", "CrossVal/unseen"):
        names = {path.name for path in (finished / "figures" / part).iterdir()}
        assert {"neurons.csv", "types.csv", "scalars.json"} <= names
        assert {
            "multi_start_40step_latent_rollout_mses_by_time.png",
            "time_aligned_mse_latent.png",
            "best_40step_rollout_latent_mse_var_scatter.png",
            "worst_40step_rollout_latent_mse_var_scatter.png",
            "best_40step_rollout_latent_traces.png",
            "worst_40step_rollout_latent_traces.png",
        } <= names
    assert load_latent_model(finished).n_neurons == 5


def test_tensorboard_has_the_published_tags(finished):
    tags = tags_of(finished)
    scalars = set(tags["scalars"] + tags["tensors"])
    parts = ("total", "recon", "evolve", "reg", "aug_loss", "tv_loss")
    expected = {f"Loss/train_{part}" for part in parts}
    expected |= {
        f"ReconWarmup/{p}" for p in ("total", "recon", "reg", "epoch_duration")
    }
    expected |= {"StimulusAE/recon", "StimulusAE/epoch_duration"}
    expected |= {"Baseline/val_loss_constant_model", "hparam/final_train_loss"}
    durations = ("epoch_duration", "total_elapsed", "diagnostics_duration")
    expected |= {f"Time/{name}" for name in durations}
    latencies = ("chunk_get_mean_ms", "chunk_get_max_ms", "batch_step_mean_ms")
    expected |= {f"Latency/{name}" for name in latencies}
    for part in ("Val", "CrossVal/unseen"):
        expected.add(f"{part}/time_aligned_mse_latent")
        expected.add(f"{part}/time_aligned_mse_latent_at_1tu")
        expected.add(f"{part}/multi_start_40step_latent_rollout_mses_by_time")
        expected.add(f"{part}/best_40step_rollout_latent_mse_var_scatter")
    assert expected <= scalars


def test_a_finished_run_is_not_done_again(workplace, finished):
    with pytest.raises(SystemExit, match="whole is finished; choose another run_name"):
        run(workplace, "--run_name=whole", "--training.seed=3")


def test_a_run_is_not_resumed_with_other_options(workplace, monkeypatch):
    def killed(self, *arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return call(self, *arguments)

    call = Updates.__call__
    with monkeypatch.context() as patched:
        patched.setattr(Updates, "__call__", killed)
        with pytest.raises(SystemExit) as stopped:
            run(workplace, "--run_name=cut")
    assert stopped.value.code == 128 + signal.SIGTERM
    folder = workplace / "results" / "exp" / "cut"
    assert Run.open(folder).state["state"] == "killed"
    with pytest.raises(SystemExit, match="training.epochs: 2 in the run, 3 now"):
        run(workplace, "--run_name=cut", "--training.epochs=3")
    run(workplace, "--run_name=cut", "--training.max_minutes=9")
    assert Run.open(folder).state["state"] == "finished"
    assert Run.open(folder).was_resumed


def test_a_dry_run_says_what_would_be_done_and_leaves_nothing(workplace, capsys):
    run(workplace, "--dry_run", "--run_name=dry")
    text = capsys.readouterr().out
    params = params_of()
    assert "400 steps of 20 ms, 5 neurons, 3 inputs" in text
    assert f"joint: {params.training.epochs} epochs of 12 updates" in text
    assert "rollouts of 10 steps" in text
    assert "kept in memory; at most about" in text
    assert "in all" in text
    assert not (workplace / "results" / "exp" / "dry").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "EXPERIMENT must be a plain name, got ''"),
        (["a/b"], "EXPERIMENT must be a plain name, got 'a/b'"),
        (["..", "x.yaml"], "EXPERIMENT must be a plain name"),
        (["exp", "x.yaml"], "settings x.yaml do not exist; shipped are configs/"),
        (["exp", "--training.epochs=-1"], "training.epochs: input should be greater"),
        (["exp", "--training.epoch=1"], "Unknown command line flag 'training.epoch'"),
        (["exp", "--strategy=multi_worker"], "strategy must be auto, none or mirrored"),
    ],
)
def test_a_wrong_command_ends_with_a_line_and_status_2(
    words, reason, capsys, monkeypatch
):
    monkeypatch.setattr(sys, "argv", ["latent_training", *words])
    with pytest.raises(SystemExit) as stopped:
        latent_training.cli()
    assert stopped.value.code == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--training.training_data_path=no.h5"], "no.h5"),
        (["--training.column_to_model=CALCIUM"], "CALCIUM"),
        (["--training.evolve_multiple_steps=99"], "train_end|chunks must have"),
        (["--training.unconnected_to_zero.num_neurons=1"], "has no connections"),
        (["--likelihood=poisson"], "'voltage' .* is a voltage"),
        (["--num_neurons=9"], "num_neurons must be 5"),
        (["--cross_validation_configs=[{name: a, path: no.h5}]"], "no.h5"),
    ],
)
def test_what_does_not_fit_the_recording_ends_with_one_line(workplace, words, reason):
    with pytest.raises(SystemExit, match=reason) as stopped:
        run(workplace, "--run_name=unfit", *words)
    assert str(stopped.value).startswith("latent_training: ")
    assert "\n" not in str(stopped.value)
    # The name is free for the corrected options.
    assert not (workplace / "results" / "exp" / "unfit").exists()


def test_help_lists_every_option(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["latent_training", "--help"])
    latent_training.cli()
    text = capsys.readouterr().out
    for name in flat(options_of(ModelParams())).keys() - {"training.data_split"}:
        assert f"{name}" in text
    assert "usage: latent_training EXPERIMENT [SETTINGS.yaml]" in text
    assert "--results_dir" in text


def test_without_a_recording_an_eye_is_simulated_once(own_cache, monkeypatch):
    small = EyeConfig(extent=1, steps=60)
    monkeypatch.setattr(latent_eye, "SEEN", small)
    monkeypatch.setattr(latent_eye, "UNSEEN", EyeConfig(extent=1, steps=50))
    params = latent_eye.with_eye(ModelParams())
    (other,) = params.cross_validation_configs
    assert other.label == "gratings"
    path = latent_eye.cached_eye(small)
    assert params.training.training_data_path == str(path)
    written = path.stat().st_mtime_ns
    assert latent_eye.with_eye(ModelParams()) == params
    assert path.stat().st_mtime_ns == written
    assert latent_eye.cached_eye(EyeConfig(extent=1, steps=70)) != path
