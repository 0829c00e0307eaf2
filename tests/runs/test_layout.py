"""Layouts of run folders: older ones are read, and brought up to date."""

import json

import pytest

from tests.runs.made import CONFIGS, made_run
from v1model.rooms import ROOMS
from v1model.runs import Run, layout
from v1model.runs.layout import LAYOUT, MIGRATIONS, guess_room, migrate
from v1model.runs.summary import read_summary


@pytest.mark.parametrize("room", ROOMS)
def test_the_room_follows_from_the_options(room):
    assert guess_room(CONFIGS[room]) == room


def test_other_options_are_of_no_room():
    assert guess_room({"network": 3, "model": {"width": 2}}) == ""


@pytest.mark.parametrize("room", ROOMS)
def test_a_migration_says_what_it_did_and_does_nothing_the_second_time(tmp_path, room):
    path = made_run(tmp_path / "old", room, layout=1)
    files = {file.name: file.read_bytes() for file in path.iterdir() if file.is_file()}
    assert migrate(path) == f"layout 1 to 2, room {room}"
    about = json.loads((path / "run.json").read_text())
    assert (about["layout"], about["room"]) == (2, room)
    assert migrate(path) == ""
    assert json.loads((path / "run.json").read_text()) == about
    for name, content in files.items():
        assert (path / name).read_bytes() == content


def test_reading_and_migrating_agree(tmp_path):
    path = made_run(tmp_path / "old", "cnn", layout=1)
    before = read_summary(path)
    migrate(path)
    after = read_summary(path)
    assert (after.room, after.inputs) == (before.room, before.inputs)
    assert (before.layout, after.layout) == (1, 2)
    assert Run.open(path).about["inputs"]["recordings"] == ["a.h5", "b.h5"]


@pytest.mark.parametrize(
    "command, inputs",
    [
        ("x --stage transfer --from=results/core", ([], "transfer", "results/core")),
        ("x -recordings a.h5", (["a.h5"], "fit", "")),
        ("x 'unclosed", ([], "fit", "")),
        ("x --recordings", ([], "fit", "")),
    ],
)
def test_inputs_come_from_the_command_line(tmp_path, command, inputs):
    path = made_run(tmp_path / "old", "cnn", layout=1)
    (path / "starts.json").write_text(json.dumps([{"command": command}]))
    found = read_summary(path).inputs
    assert (found["recordings"], found["stage"], found["source"]) == inputs


def test_a_newer_layout_is_refused_by_whoever_meets_it(tmp_path):
    path = made_run(tmp_path / "one", layout=LAYOUT + 1)
    for use in (migrate, read_summary, lambda path: Run.open(path).about):
        with pytest.raises(
            ValueError, match="made by a newer v1model: its layout is 3"
        ):
            use(path)


def test_a_run_of_a_newer_layout_is_not_taken_up(tmp_path):
    path = made_run(tmp_path / "one", state="killed", layout=LAYOUT + 1)
    with pytest.raises(ValueError, match="made by a newer v1model"):
        Run.create(tmp_path, "one", _Options(path), ["train"])
    assert layout.read_json(path / "run.json")["layout"] == LAYOUT + 1


class _Options:
    """A config with the options of a run that is there."""

    def __init__(self, path):
        self._options = json.loads((path / "config.json").read_text())

    def model_dump(self, mode):
        return self._options


def test_a_folder_that_is_no_run_is_not_migrated(tmp_path):
    with pytest.raises(FileNotFoundError):
        migrate(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_migration_that_was_killed_is_done_again(tmp_path, monkeypatch):
    path = made_run(tmp_path / "old", "cnn", layout=1)

    def refuse(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("v1model.atomic.write_text", refuse)
        with pytest.raises(KeyboardInterrupt):
            migrate(path)
    assert migrate(path) == "layout 1 to 2, room cnn"


def test_every_older_layout_has_its_migration():
    assert sorted(MIGRATIONS) == list(range(1, LAYOUT))


def test_migrations_are_applied_one_after_the_other(tmp_path, monkeypatch):
    """The next layout is a function, a row of the table and a number."""

    def to_3(documents):
        about = documents.run | {"layout": 3}
        return documents._replace(
            run=about, config=documents.config | {"new": len(about["inputs"])}
        )

    monkeypatch.setattr(layout, "LAYOUT", 3)
    monkeypatch.setitem(MIGRATIONS, 2, to_3)
    path = made_run(tmp_path / "old", "cnn", layout=1)
    assert read_summary(path).config["new"] == 3
    assert migrate(path) == "layout 1 to 3, room cnn"
    assert json.loads((path / "config.json").read_text())["new"] == 3
    assert migrate(path) == ""
