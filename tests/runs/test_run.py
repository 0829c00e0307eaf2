"""The run folder."""

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import signal
import subprocess
import sys
import types

import numpy as np
import pytest

import v1model
from v1model.config import ColumnTrainConfig, DistributionConfig, TaskConfig
from v1model.options import from_dict
from v1model.runs import Run, fingerprint, versions

COMMAND = ["train.py", "--data_dir", "my network"]


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)


def test_a_new_run_holds_its_options_command_and_versions(run):
    assert from_dict(ColumnTrainConfig, run.config) == ColumnTrainConfig()
    (start,) = run.starts
    assert start["command"] == "train.py --data_dir 'my network'"
    for name in ("python", "tensorflow", "keras", "numpy", "git"):
        assert name in start["versions"]
    assert start["versions"]["numpy"] == np.__version__
    assert start["versions"]["v1model"] == v1model.__version__
    for name in ("tensorflow-probability", "pandas", "h5py"):
        assert start["versions"][name] == importlib.metadata.version(name)
    assert run.checkpoints.is_dir()
    assert run.logs.is_dir()
    assert run.state["state"] == "running"
    assert run.result is None
    assert not run.was_resumed


def test_a_start_holds_its_seeds_and_the_machine(run):
    (start,) = run.starts
    config = ColumnTrainConfig()
    assert start["seeds"]["network.seed"] == config.network.seed
    assert all(name.split(".")[-1].endswith("seed") for name in start["seeds"])
    assert start["pid"] == os.getpid()
    assert start["cpus"] == os.cpu_count()


@pytest.mark.parametrize("is_imported", [False, True])
def test_devices_are_told_where_tensorflow_is_imported_already(
    tmp_path, monkeypatch, is_imported
):
    def list_physical_devices():
        return [types.SimpleNamespace(name="/physical_device:GPU:0")]

    config = types.SimpleNamespace(list_physical_devices=list_physical_devices)
    module = types.SimpleNamespace(config=config) if is_imported else None
    monkeypatch.setitem(sys.modules, "tensorflow", module)
    run = Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)
    assert run.starts[0]["devices"] == (["GPU:0"] if is_imported else None)


def test_the_commit_is_the_one_of_the_package(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    source = tmp_path / "v1model" / "__init__.py"
    source.parent.mkdir()
    source.write_text("")
    monkeypatch.setattr(v1model, "__file__", str(source))
    assert versions()["git"] is None
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    assert versions()["git"] == git("rev-parse", "HEAD")
    source.write_text("changed = True\n")
    assert versions()["git"] == git("rev-parse", "HEAD") + "+changes"


def test_runs_without_a_name_get_different_folders(tmp_path):
    runs = [Run.create(tmp_path, "", ColumnTrainConfig(), COMMAND) for _ in range(3)]
    assert len({run.path for run in runs}) == 3
    assert all(run.path.parent == tmp_path for run in runs)


def test_a_run_does_not_go_on_with_another_number_of_replicas(run):
    run.fix("replicas", 4)
    run.fix("replicas", 4)
    with pytest.raises(ValueError, match="trained with replicas 4, now 2"):
        Run.open(run.path).fix("replicas", 2)
    run.fix("others", 2)


def test_the_options_of_a_machine_may_change_on_resume(tmp_path):
    Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)
    machine = DistributionConfig(strategy="mirrored", replicas=2, worker_timeout=1.0)
    config = ColumnTrainConfig(distribution=machine)
    assert Run.create(tmp_path, "one", config, COMMAND).was_resumed


def test_joining_a_run_writes_nothing(tmp_path):
    joined = Run.join(tmp_path, "one")
    assert not joined.path.exists()
    made = Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)
    assert joined.checkpoints == made.checkpoints


def test_a_fingerprint_is_that_of_what_decides_the_result():
    config = ColumnTrainConfig()
    same = dataclasses.replace(config, results_dir="elsewhere", max_time=3.0)
    other = dataclasses.replace(config, learning_rate=0.01)
    assert fingerprint("one", same) == fingerprint("one", config)
    assert fingerprint("one", other) != fingerprint("one", config)
    assert fingerprint("two", config) != fingerprint("one", config)


def test_open_finds_what_create_made(run):
    assert Run.open(run.path).config == run.config


def test_open_refuses_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a run: it has no config.json"):
        Run.open(tmp_path)


def test_a_killed_run_is_resumed_with_equal_options(run, tmp_path):
    (run.checkpoints / "weights").write_text("kept")
    again = Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)
    assert again.was_resumed
    assert (again.checkpoints / "weights").read_text() == "kept"
    assert again.state["state"] == "running"


def test_other_options_are_refused_by_name(run, tmp_path):
    trials = TaskConfig(seq_len=700, delays=(100, 50))
    config = ColumnTrainConfig(trials=trials, batch_size=4)
    with pytest.raises(ValueError) as refused:
        Run.create(tmp_path, "one", config, COMMAND)
    assert "batch_size: 2 in the run, 4 now" in str(refused.value)
    assert "trials.seq_len: 600 in the run, 700 now" in str(refused.value)
    assert "[200, 200] in the run, [100, 50] now" in str(refused.value)
    assert "learning_rate" not in str(refused.value)
    assert from_dict(ColumnTrainConfig, run.config) == ColumnTrainConfig()


def test_an_option_that_one_version_lacks_is_a_difference(run, tmp_path):
    old = run.config
    del old["batch_size"]
    (run.path / "config.json").write_text(json.dumps(old))
    with pytest.raises(ValueError, match="batch_size: not an option in the run, 2 now"):
        Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)


def test_a_resumed_run_may_go_on_for_longer(run, tmp_path):
    longer = ColumnTrainConfig(n_epochs=7, max_time=2.0, comment="longer")
    assert Run.create(tmp_path, "one", longer, COMMAND).config["n_epochs"] == 7


@pytest.mark.parametrize(("decay_steps", "may"), [(0, False), (50, True)])
def test_a_rate_that_decays_to_the_end_fixes_the_end(tmp_path, decay_steps, may):
    options = {"learning_rate_schedule": "cosine", "decay_steps": decay_steps}
    Run.create(tmp_path, "one", ColumnTrainConfig(n_epochs=5, **options), COMMAND)
    longer = ColumnTrainConfig(n_epochs=7, **options)
    if may:
        Run.create(tmp_path, "one", longer, COMMAND)
        return
    with pytest.raises(ValueError, match="n_epochs: 5 in the run, 7 now"):
        Run.create(tmp_path, "one", longer, COMMAND)


def test_a_finished_run_is_not_resumed(run, tmp_path):
    with run.recorded():
        pass
    with pytest.raises(ValueError, match="one is finished; choose another run_name"):
        Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)


@pytest.mark.parametrize("name", ["../up", "a/b", "/tmp/a", "..", "."])
def test_the_name_of_a_run_is_a_plain_folder_name(tmp_path, name):
    with pytest.raises(ValueError, match="run_name must be a plain folder name"):
        Run.create(tmp_path, name, ColumnTrainConfig(), COMMAND)


def test_a_folder_with_other_files_is_not_taken_over(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "thesis.tex").write_text("")
    with pytest.raises(FileExistsError, match="one exists and is not a run"):
        Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)


def test_a_start_that_was_killed_early_leaves_a_usable_folder(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / ".config.json.x").write_text("{")
    assert not Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND).was_resumed


@pytest.mark.parametrize("results_dir", ["file", "file/results"])
def test_an_unwritable_results_folder_is_named(tmp_path, results_dir):
    (tmp_path / "file").write_text("")
    path = tmp_path / results_dir
    with pytest.raises(OSError, match="results_dir") as refused:
        Run.create(path, "one", ColumnTrainConfig(), COMMAND)
    assert str(path) in str(refused.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_results_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot be written: Permission denied"):
        Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)


def test_a_read_only_file_system_is_named(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(30, "Read-only file system", "somewhere")

    monkeypatch.setattr("v1model.atomic.write_text", refuse)
    with pytest.raises(OSError, match="results_dir .* Read-only file system"):
        Run.create(tmp_path, "one", ColumnTrainConfig(), COMMAND)


def test_damaged_json_is_named(run):
    (run.path / "state.json").write_text('{"state": ')
    with pytest.raises(ValueError, match="state.json is not valid JSON"):
        _ = run.state


def test_an_unknown_state_is_refused(run):
    with pytest.raises(ValueError, match="unknown state 'done'"):
        run.mark("done")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (KeyboardInterrupt(), "killed"),
        (SystemExit(143), "killed"),
        (MemoryError("too large"), "failed"),
        (None, "finished"),
    ],
)
def test_the_end_of_a_run_is_recorded(run, error, state):
    try:
        with run.recorded():
            if error is not None:
                raise error
    except BaseException as raised:
        assert raised is error
    assert run.state["state"] == state
    expected = None if error is None else f"{type(error).__name__}: {error}"
    assert run.state["error"] == expected


def test_a_full_disk_does_not_hide_why_a_run_failed(run, monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise OSError(28, "No space left on device", "state.json")

    monkeypatch.setattr("v1model.atomic.write_text", refuse)
    with pytest.raises(MemoryError, match="too large"), run.recorded():
        raise MemoryError("too large")
    assert "the run stays marked as running: " in caplog.text
    assert run.state["state"] == "running"


def test_a_termination_signal_is_recorded_and_ends_the_program(run):
    before = signal.getsignal(signal.SIGTERM)
    program = (
        "import os, signal, sys, time; from v1model.runs import Run\n"
        "with Run.open(sys.argv[1]).recorded():\n"
        "    os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, run.path])
    assert done.returncode == 143
    assert run.state["state"] == "killed"
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_result_is_json_whatever_the_metrics_are(run):
    metrics = {
        "accuracy": np.float32(0.5),
        "counts": np.arange(3),
        "interval": (0.4, 0.6),
        "loss": float("nan"),
        "rates": {"e4": np.float64(2.0), 5: np.inf},
        "weights": pathlib.Path("a/b"),
    }
    run.write_result(metrics)

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    text = (run.path / "result.json").read_text()
    expected = {
        "accuracy": 0.5,
        "counts": [0, 1, 2],
        "interval": [0.4, 0.6],
        "loss": None,
        "rates": {"e4": 2.0, "5": None},
        "weights": "a/b",
    }
    assert json.loads(text, parse_constant=refuse) == expected
    assert run.result == expected


def test_a_result_that_cannot_be_written_leaves_the_old_one(run):
    run.write_result({"accuracy": 1.0})
    with pytest.raises(TypeError):
        run.write_result({"accuracy": object()})
    assert run.result == {"accuracy": 1.0}
    assert list(run.path.glob(".result.json*")) == []


def test_a_config_needs_no_network_to_be_kept(tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Other:
        tasks: tuple[str, ...] = ("a",)

    Run.create(tmp_path, "x", Other(), [])
    assert Run.create(tmp_path, "x", Other(), []).was_resumed
