"""Runs below a folder, and what else lies there."""

import json
import os
import pathlib
import subprocess
import sys
import threading

import numpy as np
import pytest

from tests.runs.made import made_run
from v1model.atomic import write_text
from v1model.config import ColumnTrainConfig
from v1model.rooms import ROOMS
from v1model.runs import Run
from v1model.runs.index import find_runs, read_history, read_summary


def names(found):
    return [run.name for run in found.runs]


@pytest.mark.parametrize("room, score", [("column", 0.6), ("cnn", 0.25)])
def test_a_summary_is_what_the_folder_says(tmp_path, room, score):
    run = read_summary(made_run(tmp_path / "one", room))
    assert (run.name, run.room, run.layout, run.state) == ("one", room, 2, "finished")
    assert run.since == "2026-01-02T10:20:00+00:00" and run.error is None
    assert run.inputs == {"recordings": ["a.h5", "b.h5"]}
    assert run.starts[0]["folder"] == "/somewhere"
    assert run.n_epochs == 2
    assert run.score == pytest.approx(score)


def test_options_have_dotted_names_in_lists_of_sections_too(tmp_path):
    config = read_summary(made_run(tmp_path / "one")).config
    assert config["model.convnet.blocks.0.norm.type"] == "grn"
    assert config["training.seed"] == 1


def test_minutes_are_those_of_the_costs_or_of_the_result(tmp_path):
    path = made_run(tmp_path / "one")
    assert read_summary(path).minutes == 3
    (path / "result.json").write_text('{"minutes": 3, "costs": {"minutes": 4.5}}')
    assert read_summary(path).minutes == 4.5
    assert read_summary(made_run(tmp_path / "two", "decoder")).minutes == 2


def test_a_score_that_the_result_lacks_is_the_mean_of_the_scores(tmp_path):
    path = made_run(tmp_path / "one", "latent")
    assert read_summary(path).score is None
    (path / "scores.csv").write_text("group,unit,decades\na,1,0.25\na,2,\na,3,0.75\n")
    assert read_summary(path).score == 0.5


def test_what_create_makes_is_found_with_all_that_it_wrote(tmp_path):
    run = Run.create(
        tmp_path, "one", ColumnTrainConfig(), ["train"], "column", {"a": 1}
    )
    with run.recorded():
        run.write_result({"minutes": 2})
    (found,) = find_runs(tmp_path).runs
    assert (found.room, found.inputs, found.state) == ("column", {"a": 1}, "finished")
    assert found.config["network.seed"] == ColumnTrainConfig().network.seed
    assert found.starts[0]["pid"] == os.getpid()
    assert found.minutes == 2 and found.n_epochs == 0 and found.seen is None


def test_epochs_are_counted_by_phase_and_without_the_row_before_training(tmp_path):
    path = made_run(tmp_path / "one")
    table = "phase,epoch\nfirst,0\nfirst,1\nfirst,2\njoint,1\njoint,1\njoint,2\n"
    (path / "metrics.csv").write_text(table)
    assert read_summary(path).n_epochs == 4


def test_runs_are_found_however_deep_and_in_the_order_of_their_paths(tmp_path):
    for name in ("grid/b", "a", "grid/deep/er/c", "grid/a"):
        made_run(tmp_path / name)
    found = find_runs(tmp_path)
    paths = [str(run.path.relative_to(tmp_path)) for run in found.runs]
    assert paths == ["a", "grid/a", "grid/b", "grid/deep/er/c"]
    assert found.problems == []


def test_the_folder_of_a_run_is_a_run_itself(tmp_path):
    assert names(find_runs(made_run(tmp_path / "one"))) == ["one"]


def test_parts_of_a_run_are_listed_only_when_asked_for(tmp_path):
    path = made_run(tmp_path / "one")
    (path / "width_32" / "checkpoints").mkdir(parents=True)
    made_run(path / "scratch" / "inner")
    assert names(find_runs(tmp_path)) == ["one"]
    assert names(find_runs(tmp_path, parts=True)) == ["one", "inner"]
    assert names(find_runs(path / "scratch")) == ["inner"]
    assert find_runs(tmp_path, parts=True).problems == []


def test_links_in_a_circle_end_and_no_run_is_listed_twice(tmp_path):
    path = made_run(tmp_path / "grid" / "one")
    (tmp_path / "grid" / "again").symlink_to(tmp_path)
    (tmp_path / "twin").symlink_to(path)
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    found = find_runs(tmp_path)
    assert len(found.runs) == 1 and found.problems == []


def test_hidden_folders_are_passed_over(tmp_path):
    made_run(tmp_path / "one")
    made_run(tmp_path / ".one.removed.1")
    assert names(find_runs(tmp_path)) == ["one"]


def broken(path, name, text):
    (path / name).write_text(text)


DAMAGES = {
    "half a config": (
        lambda p: broken(p, "config.json", '{"a": '),
        "config.json is not",
    ),
    "a list": (
        lambda p: broken(p, "config.json", "[1]"),
        "config.json must hold a dict",
    ),
    "no config": (
        lambda p: (p / "config.json").unlink(),
        "half-written: it has no config",
    ),
    "no state": (
        lambda p: (p / "state.json").unlink(),
        "half-written: it has no state",
    ),
    "half a state": (
        lambda p: broken(p, "state.json", '{"st'),
        "state.json is not valid",
    ),
    "no word": (
        lambda p: broken(p, "state.json", "{}"),
        "state.json: state must be one",
    ),
    "own word": (
        lambda p: broken(p, "state.json", '{"state": "done"}'),
        "killed, failed, not 'done'",
    ),
    "half a result": (
        lambda p: broken(p, "result.json", "{"),
        "result.json is not valid",
    ),
    "a number": (
        lambda p: broken(p, "result.json", "3"),
        "result.json must hold a dict",
    ),
    "half of starts": (lambda p: broken(p, "starts.json", "[{"), "starts.json is not"),
    "starts of texts": (
        lambda p: broken(p, "starts.json", '["a"]'),
        "starts.json must hold a dict for each start",
    ),
    "newer": (
        lambda p: broken(p, "run.json", '{"layout": 3}'),
        "was made by a newer v1model: its layout is 3, this one knows 2",
    ),
    "no layout": (
        lambda p: broken(p, "run.json", "{}"),
        "layout must be a number from 1",
    ),
    "no room": (
        lambda p: broken(p, "run.json", '{"layout": 2}'),
        "run.json: room must be a str, not None",
    ),
    "bytes": (
        lambda p: (p / "config.json").write_bytes(b"\xff\xfe\x00"),
        "config.json is not valid JSON",
    ),
    "a table of bytes": (
        lambda p: (p / "metrics.csv").write_bytes(b"epoch\n\xff\xfe\n"),
        "metrics.csv is no table of metrics",
    ),
    "a hundred thousand lists": (
        lambda p: broken(p, "starts.json", 100_000 * "["),
        "starts.json is not valid JSON",
    ),
    "options in options": (
        lambda p: broken(p, "config.json", 995 * '{"a":' + "1" + 995 * "}"),
        "",  # what gives up first depends on the version of Python
    ),
    "a folder": (
        lambda p: ((p / "state.json").unlink(), (p / "state.json").mkdir()),
        "state.json cannot be read: Is a directory",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_reported_with_the_reason_and_the_others_are_found(
    tmp_path, damage
):
    made_run(tmp_path / "good")
    path = made_run(tmp_path / "bad")
    damages, reason = DAMAGES[damage]
    damages(path)
    found = find_runs(tmp_path)
    assert names(found) == ["good"]
    (problem,) = found.problems
    assert problem.path == path and not problem.is_foreign
    assert str(path) in problem.reason and reason in problem.reason
    with pytest.raises(ValueError, match=str(path)):
        read_summary(path)


def test_foreign_folders_are_reported_once_by_the_topmost(tmp_path):
    made_run(tmp_path / "grid" / "one")
    (tmp_path / "thesis" / "chapters" / "first").mkdir(parents=True)
    (tmp_path / "thesis" / "main.tex").write_text("")
    (tmp_path / "grid" / "model").mkdir()
    (tmp_path / "grid" / "model" / "config.json").write_text('{"hidden_size": 768}')
    (tmp_path / "simulated").mkdir()  # recordings of the read-out's training
    found = find_runs(tmp_path)
    assert names(found) == ["one"]
    reasons = {problem.path.name: problem.reason for problem in found.problems}
    assert set(reasons) == {"thesis", "model"}
    assert reasons["thesis"].endswith("thesis is no run, and none is in it.")
    assert "nothing else of a run" in reasons["model"]
    assert all(problem.is_foreign for problem in found.problems)


def test_a_folder_without_runs_and_one_that_is_missing_are_problems(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (problem,) = find_runs(tmp_path).problems
    assert problem.reason == f"no run is in {tmp_path}."
    (problem,) = find_runs(tmp_path / "missing").problems
    assert problem.reason.endswith("missing is no folder.")
    with pytest.raises(ValueError, match="missing is no folder"):
        read_summary(tmp_path / "missing")


def test_a_folder_that_cannot_be_opened_is_reported(tmp_path, monkeypatch):
    made_run(tmp_path / "one")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refuse(path):
        if pathlib.Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_runs(tmp_path)
    assert names(found) == ["one"]
    assert found.problems[0].reason.endswith(
        "closed cannot be read: Permission denied."
    )


@pytest.mark.parametrize("room", ROOMS)
def test_runs_of_the_first_layout_are_read_as_they_are(tmp_path, room):
    path = made_run(tmp_path / "old", room, layout=1)
    before = sorted(path.iterdir())
    run = read_summary(path)
    assert (run.room, run.layout) == (room, 1)
    expected = {"recordings": ["a.h5", "b.h5"], "stage": "fit", "source": ""}
    assert run.inputs == (expected if room == "cnn" else {})
    assert sorted(path.iterdir()) == before


def test_a_history_has_numbers_as_floats_and_drops_half_a_row(tmp_path):
    path = made_run(tmp_path / "one")
    table = read_history(path)
    assert list(table.columns) == ["epoch", "updates", "total"]
    assert all(dtype == np.float64 for dtype in table.dtypes)
    broken(path, "metrics.csv", "phase,epoch,loss\njoint,1,0.5\njoint,2,\njoint,3,0.")
    table = read_history(path)
    np.testing.assert_array_equal(table["loss"], [0.5, np.nan])
    assert list(table["phase"]) == ["joint", "joint"]


def test_a_history_that_has_not_begun_is_empty(tmp_path):
    path = made_run(tmp_path / "one")
    (path / "metrics.csv").unlink()
    assert read_history(path).empty
    broken(path, "metrics.csv", "epo")
    assert read_history(path).empty


def test_a_damaged_history_is_named(tmp_path):
    path = made_run(tmp_path / "one")
    broken(path, "metrics.csv", "a,b\n1,2\n1,2,3,4\n")
    with pytest.raises(ValueError, match="metrics.csv is no table"):
        read_history(path)
    (path / "metrics.csv").write_bytes(b"\xff\xfe\n")
    with pytest.raises(ValueError, match="metrics.csv cannot be read"):
        read_history(path)


def test_a_run_can_be_read_at_any_moment_while_it_is_written(tmp_path):
    """A writer replaces files as fast as it can; no reader meets half of one."""
    run = Run.create(tmp_path, "one", ColumnTrainConfig(), ["train"], "column")
    over = threading.Event()

    def write():
        epoch = 0
        while not over.is_set():
            epoch += 1
            rows = "".join(f"{k},{k / 2}\n" for k in range(1, epoch % 50 + 2))
            write_text(run.metrics_csv, "epoch,loss\n" + rows)
            run.mark("running")
            run.write_result({"minutes": epoch, "much": list(range(epoch % 100))})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(150):
            (found,) = find_runs(tmp_path).runs
            assert found.state == "running"
            table = read_history(run.path)
            if len(table):
                assert (table["loss"] == table["epoch"] / 2).all()
    finally:
        over.set()
        writer.join()


def test_runs_that_are_being_made_are_reported_until_they_are_whole(tmp_path):
    made = []

    def make():
        for number in range(20):
            options = ["train"], "column"
            name = f"run{number}"
            made.append(Run.create(tmp_path, name, ColumnTrainConfig(), *options))

    maker = threading.Thread(target=make)
    maker.start()
    reasons = set()
    while maker.is_alive():
        found = find_runs(tmp_path)
        reasons |= {problem.reason.split(problem.path.name)[-1] for problem in found[1]}
        assert all(run.state == "running" for run in found.runs)
    maker.join()
    young = {" is being made.", " is no run, and none is in it.", "."}
    # For an instant the file of the lock is there, and the lock is not.
    young |= {" is half-written: it has no config.json."}
    assert reasons <= young, reasons
    assert len(find_runs(tmp_path).runs) == 20


def test_the_index_needs_neither_tensorflow_nor_pandas(tmp_path):
    made_run(tmp_path / "one")
    program = (
        "import sys; from v1model.runs.index import find_runs\n"
        "assert len(find_runs(sys.argv[1]).runs) == 1\n"
        "sys.exit(bool({'tensorflow', 'keras', 'pandas'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    assert subprocess.run(command).returncode == 0


def test_a_config_of_a_million_letters_is_no_obstacle(tmp_path):
    path = made_run(tmp_path / "one")
    config = json.loads((path / "config.json").read_text())
    config["long"] = "x" * 1_000_000
    (path / "config.json").write_text(json.dumps(config))
    assert len(read_summary(path).config["long"]) == 1_000_000
