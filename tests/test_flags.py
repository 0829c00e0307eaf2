"""The command line is the config."""

import dataclasses
import json
import subprocess
import sys

import pytest
from absl import flags as absl_flags

from v1model import flags
from v1model.config import ColumnTrainConfig
from v1model.options import from_dict, option


@dataclasses.dataclass(frozen=True)
class Inner:
    """What is measured."""

    count: int = option(3, "How many.")
    names: tuple[str, ...] = option(("a", "b"), "Which.")
    delays: tuple[int, ...] = option((200, 200), "When, ms.")

    def __post_init__(self):
        if self.count <= 0:
            raise ValueError(f"count must be positive, got {self.count}.")


@dataclasses.dataclass(frozen=True)
class Outer:
    """How it is measured."""

    inner: Inner = Inner()
    rate: float = option(0.5, "How fast.")
    kind: str = option("plain", "Which kind.", choices=("plain", "fancy"))
    loud: bool = option(True, "Whether it is heard.")
    scale: tuple[float, ...] = option((2.0, 2.0), "How much.")


def parsed(*arguments, config_class=Outer):
    return flags.config_from(["prog", *arguments], config_class)


@pytest.mark.parametrize("config_class", [Outer, ColumnTrainConfig])
def test_no_argument_gives_the_defaults(config_class):
    assert parsed(config_class=config_class) == config_class()


def test_flags_reach_nested_fields_of_every_type():
    config = parsed(
        "--count=4",
        "--names=x,y,z",
        "--delays",
        "100,50",
        "--rate=.1",
        "--kind=fancy",
        "--noloud",
        "--scale=1",
    )
    inner = Inner(count=4, names=("x", "y", "z"), delays=(100, 50))
    assert config == Outer(inner, rate=0.1, kind="fancy", loud=False, scale=(1.0,))
    assert isinstance(config.scale[0], float)
    assert isinstance(config.inner.delays[0], int)


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("--count=-1", "count must be positive, got -1."),
        ("--count=2.5", "--count=2.5"),
        ("--kind=odd", "--kind=odd: value should be one of <plain|fancy>"),
        ("--cuont=1", "Unknown command line flag 'cuont'. Did you mean: count"),
        ("--delays=1,b", "must be integers separated by commas, got '1,b'"),
        ("--scale=1,b", "must be numbers separated by commas, got '1,b'"),
        ("--loud=maybe", "--loud=maybe"),
        ("False", "unexpected arguments False"),
    ],
)
def test_a_wrong_flag_ends_with_one_clear_line(argument, reason, capsys):
    with pytest.raises(SystemExit) as stopped:
        parsed(argument)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert reason in error
    assert "prog --help lists the flags" in error


@pytest.mark.parametrize("argument", ["--neurons=-1", "--batch_size=0", "--nerons=1"])
def test_the_trainer_refuses_impossible_options(argument, capsys):
    with pytest.raises(SystemExit):
        parsed(argument, config_class=ColumnTrainConfig)
    assert argument.split("=")[0].strip("-") in capsys.readouterr().err


def test_a_config_survives_json():
    config = parsed(
        "--delays=300,100", "--task=10class", config_class=ColumnTrainConfig
    )
    text = json.dumps(dataclasses.asdict(config))
    assert from_dict(ColumnTrainConfig, json.loads(text)) == config


def test_flags_written_by_absl_are_read_back(tmp_path):
    values = absl_flags.FlagValues()
    flags.define(Outer, values)
    values(["prog", "--delays=7,8", "--noloud", "--names=q"])
    flagfile = tmp_path / "run.cfg"
    flagfile.write_text(values.flags_into_string())
    inner = Inner(names=("q",), delays=(7, 8))
    assert parsed(f"--flagfile={flagfile}") == Outer(inner, loud=False)


def test_help_lists_every_option_once_in_its_group_with_its_default():
    text = flags.help_text(Outer, "Measures.", "/somewhere/prog")
    lines = text.splitlines()
    assert lines[0] == "Measures."
    assert "usage: prog" in text
    assert "/somewhere" not in text
    for line in (
        "  --count=INT                 How many. [3]",
        "  --names=LIST                Which. [a,b]",
        "  --kind=CHOICE               Which kind. One of plain, fancy. [plain]",
        "  --[no]loud                  Whether it is heard. [on]",
    ):
        assert lines.count(line) == 1
    assert lines.index("What is measured:") < lines.index("How it is measured:")


def test_indented_paragraphs_of_help_stay_as_they_are():
    words = "Measures\nthings.\n\n    prog a.h5   # one\n    prog b.h5\n\nAnd more.\n"
    text = flags.help_page(words, "prog", [])
    assert text.startswith(
        "Measures things.\n\n    prog a.h5   # one\n    prog b.h5\n\nAnd more.\n\nusage"
    )


def test_help_of_the_trainer_names_all_options_and_fits_the_page():
    text = flags.help_text(ColumnTrainConfig, "Trains.", "prog")
    assert max(map(len, text.splitlines())) <= 88
    values = absl_flags.FlagValues()
    flags.define(ColumnTrainConfig, values)
    for name in values:
        assert f"--{name}" in text or f"--[no]{name}" in text


def test_an_option_of_unknown_type_is_refused():
    @dataclasses.dataclass(frozen=True)
    class Odd:
        """Odd."""

        table: dict = option(None, "A table.")

    with pytest.raises(TypeError, match="option table has type <class 'dict'>"):
        flags.define(Odd, absl_flags.FlagValues())


PROGRAM = '''"""Prints its config."""
from v1model import flags
from v1model.config import NetworkConfig
def main(config):
    print(config.neurons)
flags.run(main, NetworkConfig)
'''


@pytest.mark.parametrize(
    ("arguments", "status", "output"),
    [
        (["--neurons", "7"], 0, "7"),
        (["--help"], 0, "Prints its config.\n\nusage: program.py"),
        (["--neurons=-7"], 2, "program.py: neurons must not be negative, got -7."),
    ],
)
def test_a_program_is_one_call(tmp_path, arguments, status, output):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    command = [sys.executable, path, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status
    assert (done.stderr if status else done.stdout).startswith(output)


def test_ctrl_c_ends_a_program_with_one_line(monkeypatch, capsys):
    def main(config):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["training/train.py"])
    with pytest.raises(SystemExit) as ended:
        flags.run(main, ColumnTrainConfig)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "train: stopped by Ctrl-C\n"
