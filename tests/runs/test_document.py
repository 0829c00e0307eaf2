"""docs/runs.md: its commands work, and its tables are those of the code."""

import pathlib
import re
import shlex

import pytest

from tests.runs.made import made_run
from training import runs_table
from training.list_runs import main
from v1model.config import ColumnTrainConfig
from v1model.runs import STATES, Run, hold
from v1model.runs.selection import FIELDS, SIGNS

TEXT = pathlib.Path(__file__).parents[2] / "docs" / "runs.md"


def blocks(language):
    text = TEXT.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands():
    lines = "".join(blocks("bash")).splitlines()
    return [line for line in lines if line.startswith("v1-runs")]


def first_column(heading):
    """First cells of the table that comes after some words."""
    rows = TEXT.read_text(encoding="utf-8").split(heading)[1].split("\n\n")
    table = next(part for part in rows if part.startswith("|"))
    cells = [line.split("|")[1].strip() for line in table.splitlines()]
    return [cell.strip("`") for cell in cells[2:]]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """Folders and runs that its commands name."""
    made_run(tmp_path / "results" / "cnn" / "first", seed=1)
    made_run(
        tmp_path / "results" / "cnn" / "third", state="killed", seed=3, val_bps=0.5
    )
    made_run(tmp_path / "results" / "decoding" / "a", "decoder", "failed", layout=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    return tmp_path


@pytest.mark.parametrize("command", commands())
def test_every_command_that_it_gives_works(workplace, command, capsys):
    words = shlex.split(command.partition(" > ")[0], comments=True)
    main(words[1:])
    told = capsys.readouterr()
    assert told.out and not told.err
    assert len(list((workplace / "results").rglob("config.json"))) == 3


def test_its_example_in_python_works(workplace, capsys):
    (example,) = blocks("python")
    exec(example, {})
    assert "first cnn finished 0.25 1" in capsys.readouterr().out


def test_its_table_of_files_is_complete(tmp_path):
    listed = first_column("while the run is trained and years later.")
    run = Run.create(tmp_path, "one", ColumnTrainConfig(), ["train"], "column")
    run.fix("replicas", 1)
    run.write_result({})
    made = {path.name + "/" * path.is_dir() for path in run.path.iterdir()}
    later = {path.name for path in (run.metrics_csv, run.metrics_jsonl, run.scores_csv)}
    assert set(listed) == made | later | {"figures/"}


def test_its_states_fields_and_signs_are_those_of_the_code():
    text = " ".join(TEXT.read_text(encoding="utf-8").split())
    assert tuple(first_column("## States")) == STATES
    assert f"({', '.join(FIELDS)})" in text
    for sign in SIGNS:
        assert f"`{sign}`" in text
    assert f"every {hold.BEAT_S:.0f} s" in text
    assert f"after {hold.SILENCE_S:.0f} s" in text


def test_the_listing_that_it_shows_has_the_columns_of_today():
    listing = next(block for block in blocks("text") if block.startswith("name"))
    head, *rows = listing.splitlines()
    assert head.split() == ["name", *runs_table.USUAL]
    assert all(len(head) >= len(row) for row in rows) and len(rows) > 3
