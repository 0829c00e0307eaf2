"""v1-runs: what it lists, shows, removes and brings up to date."""

import csv
import fcntl
import io
import json
import os
import subprocess
import sys
import time

import pytest

from tests.runs.made import made_run
from training import list_runs, runs_table
from training.list_runs import main, seconds_of
from v1model.monitoring.records import RecordFile
from v1model.runs.hold import LOCK
from v1model.runs.index import find_runs


@pytest.fixture
def results(tmp_path, monkeypatch):
    """The folder that one works in, with runs below results/."""
    folder = tmp_path / "results"
    made_run(folder / "cores" / "resnet", seed=1)
    made_run(folder / "cores" / "densenet", seed=2)
    made_run(folder / "cores" / "young", state="failed", seed=3)
    made_run(folder / "column", "column", "killed")
    monkeypatch.chdir(tmp_path)
    return folder


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def refusal(*arguments):
    with pytest.raises(SystemExit) as refused:
        main(list(arguments))
    return str(refused.value)


def test_it_lists_the_runs_below_results_a_line_each(results, capsys):
    main([])
    head, *rows = lines(capsys)
    assert head.split() == ["name", *runs_table.USUAL]
    cells = [row.split()[:6] for row in rows]
    assert cells == [
        ["column", "column", "killed", "2", "-", "-"],
        ["cores/densenet", "cnn", "finished", "2", "0.25", "3"],
        ["cores/resnet", "cnn", "finished", "2", "0.25", "3"],
        ["cores/young", "cnn", "failed", "2", "-", "-"],
    ]


@pytest.mark.parametrize(
    "arguments, names",
    [
        (["--state", "finished"], ["densenet", "resnet"]),
        (["--state=failed,killed"], ["column", "young"]),
        (["results/cores", "--where", "seed=1"], ["resnet"]),
        (["--where", "training.seed>1", "--where", "state=failed"], ["young"]),
        (["--room", "column"], ["column"]),
        (["--sort", "training.seed"], ["resnet", "densenet", "young", "column"]),
        (["--sort=training.seed", "--reverse"], ["young", "densenet", "resnet"]),
        (["list", "results/cores", "--state", "failed"], ["young"]),
        (["results", "results/cores", "--state", "failed"], ["young"]),
    ],
)
def test_runs_are_chosen_and_sorted(results, capsys, arguments, names):
    main(arguments)
    found = [line.split()[0].rpartition("/")[2] for line in lines(capsys)[1:]]
    assert found[: len(names)] == names
    assert len(found) - len(names) == ("--reverse" in arguments)  # column has no seed


def test_the_best_score_comes_first_and_runs_without_one_last(results, capsys):
    result = results / "cores" / "resnet" / "result.json"
    result.write_text('{"test_bps": 0.5}')
    main(["--sort", "score"])
    names = [line.split()[0] for line in lines(capsys)[1:]]
    assert names[:2] == ["cores/resnet", "cores/densenet"]


def test_columns_are_options_too(results, capsys):
    main(["--columns", "state,training.seed,convnet.type", "--room", "cnn"])
    head, first, *_ = lines(capsys)
    assert head.split() == ["name", "state", "seed", "type"]
    assert first.split() == ["cores/densenet", "finished", "2", "resnet"]


def test_csv_is_a_table_with_whole_names(results, capsys):
    main(["--csv", "--columns=convnet.type,score,age"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 4
    assert rows[1]["path"] == "results/cores/densenet"
    assert rows[1]["model.convnet.type"] == "resnet"
    assert float(rows[1]["score"]) == 0.25 and float(rows[1]["age"]) >= 0


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(results, capsys, monkeypatch, width):
    made_run(results / ("a_long_name_" * 10))
    monkeypatch.setattr(runs_table, "terminal_width", lambda: width)
    main([])
    found = lines(capsys)
    assert len(found) == 6
    assert max(map(len, found)) <= width
    assert ("…" in "".join(found)) == (width < 160)


def test_what_is_passed_over_is_told_with_the_reason(results, capsys):
    (results / "cores" / "young" / "config.json").write_text("{")
    (results / "thesis").mkdir()
    main([])
    told = capsys.readouterr()
    assert "young" not in told.out
    first, damaged, foreign = told.err.splitlines()
    assert first == "2 folders are not listed:"
    assert "young/config.json is not valid JSON" in damaged
    assert "thesis is no run" in foreign


def test_many_problems_are_cut_unless_they_are_asked_for(results, capsys):
    for number in range(15):
        (results / f"empty{number}").mkdir()
    main([])
    assert "and 5 more, see v1-runs --problems" in capsys.readouterr().err
    main(["--problems"])
    assert len(capsys.readouterr().err.splitlines()) == 16


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["nowhere"], "nowhere is no folder"),
        (["--state", "done"], "--state must be of running, finished, killed, failed"),
        (["--room", "attic"], "--room must be of column, latent, cnn, decoder"),
        (["--where", "seed"], "--where must be an option"),
        (["--where", "convnet.typ=a"], "no run has an option convnet.typ; near are"),
        (["--columns", "nothing_like_it"], "no run has an option nothing_like_it"),
        (["--sort", "scor"], "no run has an option scor; near are score"),
        (["show", "results/cores"], "results/cores is no run"),
        (["clean", "--older", "long"], "--older must be a time such as 12h or 7d"),
    ],
)
def test_wrong_input_ends_with_one_line(results, arguments, reason):
    said = refusal(*arguments)
    assert said.startswith("v1-runs: ") and reason in said
    assert "\n" not in said


def test_a_run_is_shown_with_all_that_is_known(results, capsys):
    (results / "cores" / "young" / "scores.csv").write_text(
        "group,unit,bps\na,1,0.25\na,2,0.75\na,3,0.35\n"
    )
    main(["show", "cores/young"])
    text = " ".join(capsys.readouterr().out.split())
    for part in (
        "failed since 2026-01-02T10:20:00+00:00",
        "ValueError: too small",
        "recordings a.h5,b.h5",
        "training/cnn_training.py --recordings=a.h5,b.h5",
        "updates 20",
        "a bits per spike: mean 0.45, median 0.35, 3 neurons",
        "training.seed 3",
        "cd /somewhere && python training/cnn_training.py --recordings=a.h5,b.h5 "
        "--stage fit --run_name=young",
    ):
        assert part in text, part


def test_what_was_watched_is_counted_by_monitor(results, capsys):
    path = results / "cores" / "resnet"
    records = RecordFile(path / "metrics.jsonl")
    for epoch in (2, 4):
        records.add("fast", epoch, 10 * epoch, monitor="weights", values={"a": 1.0})
    records.add("failed", 4, 40, monitor="fields", error="ValueError: b")
    main(["show", str(path)])
    text = " ".join(capsys.readouterr().out.split())
    assert "weights, fast 2 times, last in epoch 4" in text
    assert "fields, failed 1 time, last in epoch 4: ValueError: b" in text


def test_a_damaged_table_does_not_hide_the_rest(results, capsys):
    path = results / "cores" / "resnet"
    (path / "scores.csv").write_text("group,bps\na,1\n")
    (path / "metrics.jsonl").write_text("{\n{\n")
    main(["show", str(path)])
    text = " ".join(capsys.readouterr().out.split())
    assert "scores damaged" in text and "watched damaged" in text
    assert "training.seed 1" in text


def test_only_what_is_over_and_not_finished_can_be_resumed(results, capsys):
    main(["show", "results/cores/resnet"])
    assert "resume" not in capsys.readouterr().out
    path = made_run(results / "now", state="running")
    lock = (path / LOCK).open("w")
    lock.write(json.dumps({"pid": 12, "host": "here"}))
    lock.flush()
    fcntl.flock(lock, fcntl.LOCK_EX)
    main(["show", "results/now"])
    lock.close()
    text = capsys.readouterr().out
    assert "process 12 on here" in text and "it is running" in text
    made_run(results / "read", "decoder", "killed")
    main(["show", "results/read"])
    assert "--run_name" not in capsys.readouterr().out.splitlines()[-1]


def answered(monkeypatch, answer):
    def read(question):
        sys.stdout.write(f"{question}\n")
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", read)


@pytest.mark.parametrize("answer, goes", [("y", True), ("n", False), (None, False)])
def test_cleaning_says_what_goes_and_asks(results, capsys, monkeypatch, answer, goes):
    answered(monkeypatch, answer)
    main(["clean"])
    text = capsys.readouterr().out
    assert "column  killed" in text and "cores/young  failed" in text
    assert "remove 2 runs, " in text and " bytes?" in text
    names = [run.name for run in find_runs(results).runs]
    assert names == (
        ["densenet", "resnet"] if goes else ["column", "densenet", "resnet", "young"]
    )
    assert ("removed 2 runs" in text) == goes


def test_cleaning_takes_what_is_chosen_and_old(results, capsys):
    failed = results / "cores" / "young"
    os.utime(failed / "metrics.csv", (time.time() - 3600,) * 2)
    (failed / "state.json").write_text('{"state": "failed", "since": ""}')
    main(["clean", "--state", "failed", "--older", "2h", "--yes"])
    assert lines(capsys) == ["nothing to remove"]
    main(["clean", "--where", "training.seed=1", "--room", "cnn"])  # finished ones
    shown = lines(capsys)
    assert shown == ["no run is failed or killed and fits", "nothing to remove"]
    main(["clean", "results", "--where", "training.seed=3", "--older=30m", "--yes"])
    assert not failed.exists() and (results / "column").exists()


def test_checkpoints_of_finished_runs_go_alone(results, capsys):
    folder = results / "cores" / "resnet" / "checkpoints"
    for name in ("best.h5", "latest.h5"):
        (folder / name).write_bytes(b"x" * 2000)
    main(["clean", "--checkpoints", "--yes"])
    assert "cores/resnet  finished" in (text := capsys.readouterr().out)
    assert "latest.h5  2 kB" in text and "removed checkpoints of 1 run" in text
    assert [path.name for path in folder.iterdir()] == ["best.h5"]


def test_what_cannot_be_removed_is_told_and_the_others_go(results, capsys, monkeypatch):
    remove = list_runs.clean_runs.remove

    def refuse(removal):
        if removal.run.name == "column":
            raise OSError(13, "Permission denied")
        remove(removal)

    monkeypatch.setattr(list_runs.clean_runs, "remove", refuse)
    assert "1 run could not be removed" in refusal("clean", "--yes")
    told = capsys.readouterr()
    assert "Permission denied" in told.err and "removed 1 run" in told.out


def test_old_runs_are_brought_up_to_date_once(results, capsys):
    made_run(results / "old" / "a", "latent", layout=1)
    main(["migrate", "results"])
    assert lines(capsys) == [
        "results/old/a: layout 1 to 2, room latent",
        "results: 1 of 5 runs brought up to date",
    ]
    main(["migrate", "results"])
    assert lines(capsys) == ["results: 0 of 5 runs brought up to date"]


@pytest.mark.parametrize(
    "text, seconds", [("90s", 90), ("1.5h", 5400), ("7d", 604_800), ("2w", 1_209_600)]
)
def test_times_have_units(text, seconds):
    assert seconds_of(text) == seconds


def test_two_hundred_runs_are_listed_in_a_second_without_tensorflow(tmp_path):
    for number in range(200):
        made_run(tmp_path / f"run{number}", seed=number)
    program = (
        "import sys, time; began = time.perf_counter()\n"
        "from training.list_runs import main\n"
        "main(sys.argv[1:])\n"
        "seconds = time.perf_counter() - began\n"
        "assert not {'tensorflow', 'keras', 'pandas'} & set(sys.modules)\n"
        "assert seconds < 2, seconds  # 0.3 s where nothing else runs\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), "--sort", "score"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 201


def test_help_names_the_commands(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for command in ("list", "show", "clean", "migrate"):
        assert f"    {command} " in text
