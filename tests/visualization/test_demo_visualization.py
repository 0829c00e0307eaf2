"""The demo draws what it says it draws; what it cannot show ends with one line."""

import dataclasses
import logging
import pathlib
import re
import sys

import numpy as np
import pytest
from PIL import Image

from v1model import flags
from v1model.activity_files import read_activity
from v1model.assembly import network_for, task_for, trainer_for
from v1model.config import ColumnTrainConfig, NetworkConfig, TaskConfig
from v1model.runs import Run
from visualization import demo_visualization
from visualization.demo.column import find_checkpoint, train_config
from visualization.demo_visualization import DemoConfig

SMALL = ("--neurons=500", "--nocaching", "--neurons_per_output=2", "--n_samples=2")


@pytest.fixture(autouse=True)
def own_logging(monkeypatch):
    """The program sets up logging; the next test must not write to its streams."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)


def demo(*arguments):
    """Runs the demo as the command line does."""
    argv = [demo_visualization.PROGRAM, *SMALL, *arguments]
    demo_visualization.main(flags.config_from(argv, DemoConfig))


def listed(text):
    """Patterns of the files that the summary names."""
    return re.findall(r"^  (\S+) {2,}", text, re.MULTILINE)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of 500 neurons whose weights are those of the start, but halved."""
    network = NetworkConfig(neurons=500, neurons_per_output=2, caching=False)
    config = ColumnTrainConfig(network=network, trials=TaskConfig(task="all"))
    run = Run.create(tmp_path_factory.mktemp("runs"), "a", config, ["test"])
    network, inputs = network_for(config)
    trainer = trainer_for(network, task_for(network, inputs, config), config)
    weights = trainer.column.rsnn.cell.recurrent_weights
    weights.assign(weights / 2)
    trainer.save_weights(run.checkpoints / "latest.weights.h5")
    return run.path


@pytest.fixture
def gif(tmp_path):
    frames = [
        Image.fromarray(np.random.default_rng(k).integers(0, 255, (9, 12), np.uint8))
        for k in range(3)
    ]
    path = tmp_path / "own.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)
    return path


def test_everything_that_the_summary_names_is_there(tmp_path, capsys):
    folder = tmp_path / "out"
    demo(f"--log_dir={folder}", "--task=10class")
    said = capsys.readouterr().out
    names = listed(said)
    assert len(names) == 13
    for name in names:
        found = [path for path in folder.glob(name) if path.stat().st_size > 500]
        assert len(found) == (2 if "*" in name else 1), name
    assert str(folder) in said and f"tensorboard --logdir {folder}" in said
    assert [*folder.glob("tensorboard/events*")]
    assert "sample 2 of 2: 10class" in said
    trials = dict(read_activity(folder / "activity_summary.npz").trials())
    assert [*trials] == [0, 1]
    assert all(trial.n_neurons == 500 for trial in trials.values())


def test_tasks_come_in_turn_and_an_earlier_demo_is_forgotten(tmp_path, capsys):
    known = f"--log_dir={tmp_path}", "--noanimation"
    demo(*known, "--n_samples=3")
    assert re.findall(r"of 3: (\w+)", capsys.readouterr().out) == [
        *("garrett", "vcd_grating", "ori_diff")
    ]
    demo(*known, "--n_samples=1", "--task=evidence")
    trials = dict(read_activity(tmp_path / "activity_summary.npz").trials())
    assert [trial.question for trial in trials.values()] == ["evidence"]
    left = [*tmp_path.glob("*_step_*.png"), *tmp_path.glob("sample_*")]
    assert len(left) == 6 and all("00000000" in path.name for path in left)


def test_a_movie_of_ones_own_is_shown_for_as_long_as_asked(tmp_path, gif, capsys):
    known = f"--log_dir={tmp_path}", "--noanimation", f"--stimulus={gif}"
    demo(*known, "--stimulus_ms=150", "--gray_ms=50", "--batch_size=2", "--n_samples=1")
    assert "own.gif: no answer due" in capsys.readouterr().out
    (trial,) = dict(read_activity(tmp_path / "activity_summary.npz").trials()).values()
    assert trial.n_steps == 250 and not trial.is_asked.any()
    before, shown = trial.inputs[:50], trial.inputs[50:200]
    assert np.ptp(before, axis=0).max() < 1e-5 < np.ptp(shown, axis=0).max()


def test_a_run_brings_its_weights_and_its_options(run, tmp_path):
    known = f"--log_dir={tmp_path}", "--noanimation", "--n_samples=1", "--task=evidence"
    demo(*known, f"--checkpoint={run}", "--neurons=700")
    (trial,) = dict(read_activity(tmp_path / "activity_summary.npz").trials()).values()
    demo(*known)
    (other,) = dict(read_activity(tmp_path / "activity_summary.npz").trials()).values()
    assert trial.n_neurons == 500 and trial.question == "evidence"
    np.testing.assert_array_equal(trial.inputs, other.inputs)
    assert len(trial.spike_step) != len(other.spike_step)


def test_a_file_in_the_folder_of_a_run_has_its_options_too(run, tmp_path):
    path = run / "checkpoints" / "latest.weights.h5"
    found, of_run = find_checkpoint(path), find_checkpoint(run)
    assert found == of_run and found.config.network.neurons == 500
    moved = NetworkConfig(data_dir="elsewhere", neurons=9)
    config = train_config(moved, found.config.column, TaskConfig(task="garrett"), found)
    expected = dataclasses.replace(found.config.network, data_dir="elsewhere")
    assert config.network == expected and config.trials.task == "all"
    alone = tmp_path / "alone.weights.h5"
    alone.write_bytes(path.read_bytes())
    assert find_checkpoint(alone).config is None


def test_what_cannot_be_shown_ends_with_one_line(run, tmp_path, gif, monkeypatch):
    monkeypatch.setattr(sys, "argv", [demo_visualization.PROGRAM])
    alone = tmp_path / "alone.weights.h5"
    alone.write_bytes((run / "checkpoints" / "latest.weights.h5").read_bytes())
    half = tmp_path / "half.keras"
    half.write_bytes(b"PK no more")
    (tmp_path / "file").touch()
    (tmp_path / "movie.webm").touch()
    wrong = {
        ("--stimulus=none.gif",): "stimulus none.gif does not exist",
        (f"--stimulus={tmp_path}/movie.webm",): "movie.webm: a file in .png",
        ("--checkpoint=none",): "checkpoint none does not exist",
        (f"--checkpoint={gif}",): "own.gif",
        (f"--checkpoint={tmp_path}",): "is not a run",
        (f"--checkpoint={half}",): "half.keras: File is not a zip file",
        (f"--checkpoint={alone}", "--neurons=600"): "trained on another network",
        ("--data_dir=GLIF_nowhere",): "python scripts/build_network.py",
        (f"--log_dir={tmp_path}/file",): "file cannot be made: File exists",
    }
    for arguments, reason in wrong.items():
        with pytest.raises(SystemExit) as stopped:
            demo(f"--log_dir={tmp_path}/out", *arguments)
        message = str(stopped.value)
        assert message.startswith("demo_visualization: ") and "\n" not in message
        assert reason in message, message
    assert not [*pathlib.Path(tmp_path / "out").glob("*.png")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "n_samples must be positive, got 0"),
        ({"fps": -1.0}, "fps must not be negative, got -1"),
        ({"stimulus": "a.gif", "stimulus_ms": 333}, "multiple of 50 ms, got 333"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DemoConfig(**options)
