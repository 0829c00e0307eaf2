"""docs/watching.md: its table is the registry's, and its programs run as written."""

import dataclasses
import importlib
import pathlib
import re

import numpy as np
import pytest

from tests.monitoring.subjects import new_run, small_network, subject_of
from tests.programs import load_script
from v1model.monitoring import registry
from v1model.monitoring.records import read_watched
from v1model.monitoring.table import with_table
from v1model.monitoring.watch import Watch
from v1model.monitoring_config import MonitoringConfig
from v1model.rooms import ROOMS

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "watching.md"
TEXT = PAGE.read_text(encoding="utf-8")


def block_with(words):
    """The Python block of the page that has these words."""
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (found,) = (block for block in blocks if words in block)
    return found


def test_the_table_is_that_of_the_registry():
    for room in ROOMS:
        importlib.import_module(f"training.monitors.{room}")
    assert load_script("write_monitors").PAGE == PAGE
    assert with_table(TEXT) == TEXT, "run python scripts/write_monitors.py"


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="the page lacks <!-- monitors"):
        with_table("no marks")


def test_every_monitor_says_what_it_shows():
    for own in registry.MONITORS.values():
        assert own.description, own.name


def test_options_have_the_defaults_of_the_page():
    rows = dict(re.findall(r"^\| `--(\w+)` \| `?([^|`]*?)`? ?\|", TEXT, re.MULTILINE))
    defaults = {}
    for field in dataclasses.fields(MonitoringConfig):
        is_list = isinstance(field.default, tuple)
        value = ",".join(field.default) if is_list else str(field.default)
        defaults[field.name] = value.strip()
    assert rows == defaults


def test_the_own_monitor_is_ten_lines_and_runs_by_its_name(tmp_path):
    code = block_with("def moved")
    assert len(code.strip().splitlines()) <= 11
    path = tmp_path / "mine.py"
    path.write_text(code)
    network, run = small_network(), new_run(tmp_path)
    config = MonitoringConfig(fast_monitors=("all", f"{path}:moved"), fast_share=1.0)
    with Watch(config, run, subject_of(run, network), sinks=()) as watch:
        watch.epoch(2, 2, {})
        kernel = network.trainable_variables[0]
        kernel.assign_add(np.full(kernel.shape, 0.5))
        watch.epoch(4, 4, {})
    found = [r["values"] for r in read_watched(run.path) if r.get("monitor") == "moved"]
    assert set(found[0].values()) == {0.0}
    assert found[1][kernel.path] == pytest.approx(0.5 * np.sqrt(48), rel=1e-5)


def test_a_training_of_the_user_is_watched_as_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = small_network()

    def train_epoch():
        history = network.fit(np.ones((8, 6)), np.ones(8), 4, verbose=0)
        return history.history["loss"][-1]

    names = {"epochs": 3, "updates": 2, "train_epoch": train_epoch}
    names |= {"model": network, "optimizer": network.optimizer}
    exec(block_with("watch.epoch"), names)
    reading = block_with("read_watched")
    exec(reading.replace("results/cnn/first", "results/mine/first"), names)
    step, norm = names["norms"][0]  # the next is skipped where training is short
    assert step == 4 and norm > 0
