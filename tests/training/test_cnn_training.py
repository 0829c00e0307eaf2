"""The program that trains read-out models."""

import csv
import json
import re
import subprocess
import sys

import pytest

from tests.cnn.recorded import write
from tests.cnn.trainings import two_recordings
from training import cnn_training
from training.cnn_options import overrides_of, setting_groups
from v1model.cnn.checkpoints import load_readout_model
from v1model.cnn.config import ReadoutConfig

SMALL = (
    "--model.convnet.type=plain",
    "--model.convnet.channels=3",
    "--model.convnet.stem=null",
    "--model.frontend.kernel_size=3",
    "--data.segment_bins=10",
    "--training.epochs=1",
    "--training.steps_per_epoch=4",
    "--training.batch_size=4",
    "--training.init_readouts=false",
    "--data.held_out_neurons=0.4",
)


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["cnn_training.py", *map(str, words)])
    cnn_training.cli()
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return two_recordings(tmp_path_factory.mktemp("recordings"))


@pytest.fixture
def common(tmp_path, paths):
    return (f"--recordings={paths[0]},{paths[1]}", f"--results_dir={tmp_path / 'runs'}")


def test_all_stages_follow_each_other(monkeypatch, capsys, tmp_path, common, paths):
    """fit, refit and transfer to held-out neurons, then to another recording."""
    shown = run(monkeypatch, capsys, *common, *SMALL, "--run_name=fit")
    folder = tmp_path / "runs" / "fit"
    assert f"run folder: {folder}" in shown
    result = json.loads((folder / "result.json").read_text())
    assert result["stopped"] == "epochs"
    assert set(result["test_bps_by_recording"]) == {"a", "b"}
    assert (folder / "config.yaml").read_text().startswith("model:")
    assert list((folder / "logs").iterdir())
    model, config = load_readout_model(folder)
    assert config.data.held_out_neurons == 0.4

    source = f"--from={folder}"
    shown = run(monkeypatch, capsys, *common, source, "--stage=refit", "--run_name=two")
    assert "s per recording" in shown
    refitted, _ = load_readout_model(tmp_path / "runs" / "two")
    for one, other in zip(model.core_variables, refitted.core_variables, strict=True):
        assert (one.numpy() == other.numpy()).all()
    with (tmp_path / "runs" / "two" / "refit.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["n_neurons"]) for row in rows] == [2, 1]  # those held out

    words = ("--stage=transfer", "--run_name=three", "--shares=0.3,1")
    run(monkeypatch, capsys, *common, source, *words)
    with (tmp_path / "runs" / "three" / "learning_curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == {"transfer", "random_core", "scratch"}
    assert {float(row["share"]) for row in rows} == {0.3, 1.0}
    assert {"recording", "bps_mean", "corr_mean", "seconds"} <= set(rows[0])


def test_a_dry_run_says_what_would_be_done_and_leaves_nothing(
    monkeypatch, capsys, tmp_path, common
):
    shown = run(monkeypatch, capsys, *common, *SMALL, "--dry_run")
    for text in ("a: 4 neurons", "multiply-adds per bin", "ms an update", "parameters"):
        assert text in shown
    assert not (tmp_path / "runs").exists()
    # Four updates an epoch are one call, and 16 are timed.
    (time,) = re.findall(r"([\d.]+) ms an update", shown)
    assert float(time) > 0.5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--training.epoch=3"], "the nearest is training.epochs"),
        (["--model=none.yaml"], "configs/resnet_none_convgru_gaussian.yaml"),
        (["--stage=refit"], "from must name a run with stage refit"),
        (["--shares=0,1"], "shares must be above 0 and at most 1"),
        (["--from=x"], "from must be left out with stage fit"),
        (["--stage=refit", "--from=nowhere"], "nowhere must be a run"),
    ],
)
def test_wrong_options_end_with_one_line(monkeypatch, capsys, words, message):
    with pytest.raises(SystemExit) as error:
        run(monkeypatch, capsys, *words)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_flags_may_stand_in_a_file(monkeypatch, capsys, tmp_path, common):
    file = tmp_path / "flags"
    file.write_text("--training.epochs=7\n--dry_run\n")
    shown = run(monkeypatch, capsys, *common, *SMALL, f"--flagfile={file}")
    assert "7 epochs of 4 updates" in shown


def test_recordings_without_a_part_are_refused_before_training(
    monkeypatch, capsys, tmp_path
):
    """Once a run of many hours ended with an error because there was no test."""
    write(tmp_path / "a.h5", parts=["train", "train", "train", "validation"])
    words = (f"--recordings={tmp_path / 'a.h5'}", f"--results_dir={tmp_path / 'runs'}")
    with pytest.raises(SystemExit, match=r"a.h5: at least one trial must be for test"):
        run(monkeypatch, capsys, *words, *SMALL)
    assert not (tmp_path / "runs").exists()
    own = ("--data.test_share=0", "--run_name=x", "--data.held_out_neurons=0")
    shown = run(monkeypatch, capsys, *words, *SMALL, *own)
    assert "4 updates in" in shown and "for the test" not in shown


def test_wrong_recordings_end_with_one_line(monkeypatch, capsys, tmp_path):
    with pytest.raises(SystemExit, match="cnn_training: .*none.h5"):
        run(monkeypatch, capsys, f"--recordings={tmp_path / 'none.h5'}")


def test_overrides_are_told_from_options():
    argv = ["p", "--model=a.yaml", "--training.epochs", "3", "--nomodel.calibration"]
    texts, others = overrides_of([*argv, "--from", "r", "--model.x=1"], ReadoutConfig)
    assert texts == {
        "training.epochs": "3",
        "model.calibration": "false",
        "model.x": "1",
    }
    assert others == ["p", "--model=a.yaml", "--source", "r"]


def test_help_lists_every_setting():
    command = [sys.executable, "-m", "training.cnn_training", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("--recordings", "--training.core_lr_scale", "stem.norm.taus_ms"):
        assert name in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 88


def test_help_names_the_types_of_each_layer_and_what_belongs_to_which():
    groups = setting_groups(ReadoutConfig)
    known = {flag.name: flag for group in groups for flag in group.flags}
    found = known["model.frontend.type"]
    assert found.choices == ("none", "learnable_temporal", "temporal_basis", "da")
    assert found.default == "learnable_temporal"
    assert "mixed" in known["model.convnet.stem.norm.type"].choices
    owners = {flag.name: group.title for group in groups for flag in group.flags}
    assert owners["model.frontend.tau_y_ms"].startswith("model.frontend, type da: ")


def test_help_shows_defaults_of_their_place_and_a_class_only_once():
    groups = setting_groups(ReadoutConfig)
    names = [flag.name for group in groups for flag in group.flags]
    assert "model.convnet.stem.padding" in names
    assert "model.convnet.blocks.*.padding" not in names
    known = {flag.name: flag.default for group in groups for flag in group.flags}
    assert known["model.convnet.stem.kernel_size"] == (1, 5, 5)
    assert known["model.convnet.blocks.*.kernel_size"] == (3, 3, 3)
    assert known["regularization.calibration.weight"] == 0.01
    titles = [group.title for group in groups if not group.flags]
    assert "as regularization.temporal_derivative" in "".join(titles)
