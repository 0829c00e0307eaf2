"""The commands that programs end with can be copied."""

import shlex

from tests.comparison.fake_runs import fake_runs
from training import compare, list_runs
from training.next_steps import after_many, after_training


def commands(lines):
    """Words of the commands behind "next:", in order."""
    start = next(k for k, line in enumerate(lines) if line.startswith("next: "))
    return [shlex.split(line[len("next: ") :]) for line in lines[start:]]


def test_a_run_is_shown_by_the_command_named_after_its_training(tmp_path, capsys):
    (path, *_) = fake_runs(tmp_path / "my runs")
    lines = after_training(path)
    assert lines[0] == f"run folder: {path}"
    show, judge, board = commands(lines)
    assert judge == ["v1-evaluate", str(path)]
    assert board == ["tensorboard", "--logdir", str(path)]
    assert show[0] == "v1-runs"
    list_runs.main(show[1:])
    assert "score" in capsys.readouterr().out


def test_runs_are_listed_and_compared_by_the_commands_named(tmp_path, capsys):
    folder = tmp_path / "my runs"
    fake_runs(folder)
    listing, comparison, _ = commands(after_many(folder))
    list_runs.main(listing[1:])
    assert "finished" in capsys.readouterr().out
    assert comparison[0] == "v1-compare"
    options = compare.parsed([*comparison[1:], "--csv"])
    assert compare.main(options).runs["score"].notna().all()
    assert (folder / "comparison" / "variants.csv").is_file()
