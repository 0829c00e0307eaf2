"""Monitors are found by their names, and wrong names are answered with right ones."""

import subprocess
import sys

import pytest

import v1model.monitoring.generic  # noqa: F401, registers its monitors
from v1model.monitoring import registry
from v1model.monitoring.choice import require_monitors
from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import chosen, monitor, monitors_for
from v1model.monitoring_config import MonitoringConfig
from v1model.rooms import ROOMS


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "MONITORS", dict(registry.MONITORS))


def add(name, pace="fast", rooms=("cnn",)):
    @monitor(name, pace, rooms)
    def function(subject):
        """What it shows, in
        one line.

        More.
        """
        return Reading({})

    return function


@pytest.mark.parametrize("room", ROOMS)
def test_all_are_those_of_the_room_and_pace(room):
    add("mine")
    names = [one.name for one in chosen(("all",), room, "fast")]
    assert {"weights", "gradients", "updates", "losses", "throughput", "memory"} <= (
        set(names)
    )
    assert ("mine" in names) == (room == "cnn")
    assert len(names) == len(set(names))


def test_none_is_nothing_and_stands_alone():
    assert chosen(("none",), "cnn", "fast") == []
    with pytest.raises(ValueError, match="none stands alone"):
        chosen(("none", "weights"), "cnn", "fast")


def test_a_name_twice_is_one_monitor():
    found = chosen(("weights", "all", "weights"), "cnn", "fast")
    assert [one.name for one in found][0] == "weights"
    assert len(found) == len(monitors_for("cnn", "fast"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wieghts", "unknown monitor 'wieghts'. Did you mean weights"),
        ("xyz", "Choose from losses, throughput"),
        ("of_latent", "of_latent is a monitor of latent, not of cnn"),
        ("slow_one", "slow_one is slow; name it in slow_monitors"),
        ("no_such_module:f", "no_such_module:f cannot be imported. ModuleNotFound"),
        ("math:sqr", "math has no function 'sqr'"),
    ],
)
def test_a_wrong_name_is_answered_with_what_would_be_right(name, words):
    add("of_latent", rooms=("latent",))
    add("slow_one", "slow")
    with pytest.raises(ValueError, match="^fast_monitors: ") as refusal:
        chosen((name,), "cnn", "fast")
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_function_of_the_user_is_a_monitor_from_a_file_or_a_module(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def counted(subject):\n    'It counts.'\n    return subject\n")
    (own,) = chosen((f"{path}:counted",), "latent", "slow")
    assert own.function(5) == 5
    assert own.name == "counted" and own.description == "It counts."
    assert (own.pace, own.rooms) == ("slow", ("latent",))
    (other,) = chosen(("math:sqrt",), "cnn", "fast")
    assert other.function(9) == 3
    with pytest.raises(ValueError, match="Did you mean counted"):
        chosen((f"{path}:count",), "cnn", "fast")


def test_a_function_of_the_user_must_not_hide_a_monitor(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def weights(subject):\n    pass\n")
    with pytest.raises(ValueError, match="mine.py:weights has the name of v1model.mon"):
        chosen((f"{path}:weights",), "cnn", "fast")


def test_two_functions_cannot_have_one_name():
    add("mine")
    with pytest.raises(ValueError, match="monitor weights exists"):
        add("weights")


@pytest.mark.parametrize("wrong", [{"pace": "daily"}, {"rooms": ("fly",)}])
def test_a_monitor_of_an_unknown_pace_or_room_is_refused(wrong):
    with pytest.raises(ValueError, match="monitor mine: unknown"):
        add("mine", **wrong)


def test_the_description_is_the_first_paragraph_of_the_docstring():
    add("mine")
    assert registry.MONITORS["mine"].description == "What it shows, in one line."


def test_options_are_checked_without_tensorflow():
    program = (
        "import sys\n"
        "from v1model.monitoring.choice import require_monitors\n"
        "from v1model.monitoring.records import read_watched\n"
        "from v1model.monitoring_config import MonitoringConfig\n"
        "require_monitors(MonitoringConfig(), 'cnn')\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_a_sink_that_is_not_installed_is_refused_with_the_command(monkeypatch):
    for missing in (None, type("Folder", (), {"origin": None})):
        monkeypatch.setattr("importlib.util.find_spec", lambda name, m=missing: m)
        with pytest.raises(ValueError, match="pip install wandb"):
            require_monitors(MonitoringConfig(sinks=("wandb",)), "cnn")
