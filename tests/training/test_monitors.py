"""The same watching for all four trainings."""

import importlib
import json
import random
import subprocess
import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.training.drill import PLACE
from tests.training.watched_runs import (
    ALWAYS,
    EPOCHS,
    NEVER,
    ROOMS,
    seen_in,
    weights_of,
)
from tests.workers import LIMIT_S
from v1model.monitoring import registry
from v1model.monitoring.records import read_watched
from v1model.monitoring.watch import Watch

PUBLISHED = {
    "column": {"train": {"loss", "epoch_loss", "rate_hz/e23", "learning_rate"}}
    | {"validation": {"epoch_accuracy"}},
    "latent": {".": {"Loss/train_total", "Val/loss", "Schedule/learning_rate"}},
    "cnn": {".": {"Loss/total", "Val/bps", "Val/bps/a", "Time/bins_per_s"}},
    "decoder": {"train": {"epoch_loss"}, "validation": {"epoch_accuracy"}},
}
SEEN = {
    "column": {"held_out_trials/log_loss", "pictures/rasters/raster", "tuning/osi"},
    "latent": {"one_step/one_step_mse", "pictures/rollout_traces/best_rollout"},
    "cnn": {"bits_per_spike/bps", "lag0/lag0_mass", "pictures/predictions/a"},
    "decoder": {"answers/accuracy", "pictures/confusion/validation"},
}


def breaks(subject):
    """A monitor that fails, and draws of the random numbers of all before it does."""
    random.random()
    np.random.rand()  # noqa: NPY002, that is what it does wrong
    raise RuntimeError(f"not in epoch {subject.epoch}")


class Killed(SystemExit):
    """As SIGTERM ends a program."""


def killed_in(monkeypatch, epoch):
    """A training is killed behind its records of an epoch, before the checkpoint."""
    whole = Watch.epoch

    def epoch_or_die(self, number, *others):
        whole(self, number, *others)
        if number == epoch:
            raise Killed(143)

    monkeypatch.setattr(Watch, "epoch", epoch_or_die)


@pytest.fixture(scope="module", params=[*ROOMS])
def room(request, tmp_path_factory):
    return request.param, tmp_path_factory.mktemp(request.param)


@pytest.fixture(scope="module")
def watched(room):
    """A run of which everything is looked at, one monitor fails, and its room."""
    name, folder = room
    own = ROOMS[name](folder / "watched")
    return own, own.run(*ALWAYS)


def test_a_watched_training_ends_with_the_same_weights_as_one_that_is_not(
    room, watched
):
    name, folder = room
    bare = ROOMS[name](folder / "bare")
    expected = weights_of(bare, bare.run(*NEVER))
    found = weights_of(*watched)
    assert set(found) == set(expected)
    assert len(found) > 4
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)


@pytest.mark.slow
def test_a_killed_training_goes_on_and_has_seen_the_same(room, watched, monkeypatch):
    """Weights and records; nothing of the epoch that is done again stands twice."""
    name, folder = room
    own = ROOMS[name](folder / "killed")
    with monkeypatch.context() as patched, pytest.raises(Killed):
        killed_in(patched, 2)
        own.run(*ALWAYS)
    found = own.run(*ALWAYS)
    _, whole = watched
    for key, value in weights_of(own, whole).items():
        np.testing.assert_array_equal(weights_of(own, found)[key], value, err_msg=key)
    assert seen_in(found) == seen_in(whole)
    lines = (found / "metrics.jsonl").read_text().splitlines()
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds.count("resumed") == 1
    assert kinds.count("epoch") == EPOCHS + 1


def test_monitors_are_due_as_the_options_say(room, watched):
    name, _ = room
    _, folder = watched
    seen = {}
    for record in read_watched(folder):
        failed = record.get("monitor") == "breaks"
        assert record["kind"] in (("failed",) if failed else ("epoch", "fast", "slow"))
        seen.setdefault(record.get("monitor"), []).append(record["epoch"])
    every = list(range(1, EPOCHS + 1))
    assert seen.pop(None) == seen.pop("breaks") == every
    for pace, epochs in (("fast", every), ("slow", [2, 3])):  # the last one, too
        for monitor in registry.monitors_for(name, pace):
            assert seen.pop(monitor.name) == epochs, monitor.name
    assert seen == {}


def test_pictures_and_tables_lie_in_the_run(watched):
    _, folder = watched
    files = [path for r in read_watched(folder) for path in r.get("files", ())]
    assert {path.split("/")[0] for path in files} == {"figures", "watched"}
    for path in files:
        assert (folder / path).stat().st_size > 20


def test_tensorboard_has_the_published_tags_and_what_monitors_see(room, watched):
    name, _ = room
    _, folder = watched
    for place, tags in PUBLISHED[name].items():
        assert tags <= tags_in(folder / "logs" / place)
    assert SEEN[name] <= tags_in(folder / "logs")


def tags_in(folder):
    """Tags of an event folder, whatever they are of."""
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()
    return set(tags["tensors"]) | set(tags["scalars"]) | set(tags["images"])


def test_a_monitor_that_fails_stops_nothing(watched):
    _, folder = watched
    assert json.loads((folder / "state.json").read_text())["state"] == "finished"
    errors = [r["error"] for r in read_watched(folder) if r["kind"] == "failed"]
    found = [error.partition(" (test_monitors.py, line ")[0] for error in errors]
    assert found == [f"RuntimeError: not in epoch {k}" for k in (1, 2, 3)]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--fast_monitors=weight", "Did you mean weights?"),
        ("--slow_monitors=weights", "weights is fast"),
        ("--fast_monitors=nowhere.at_all:f", "cannot be imported"),
        ("--sinks=mlflow", "pip install mlflow"),
    ],
)
@pytest.mark.parametrize("name", [*ROOMS])
def test_what_cannot_be_watched_is_refused_before_anything_is_made(
    tmp_path, monkeypatch, name, option, message
):
    missing = lambda name: None  # noqa: E731, as if nothing were installed
    monkeypatch.setattr("v1model.monitoring.sinks.importlib.util.find_spec", missing)
    own = ROOMS[name](tmp_path / "work")
    with pytest.raises(SystemExit, match=message) as refused:
        own.run(option)
    assert "\n" not in str(refused.value)
    assert not [*tmp_path.rglob("config.json")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["column", "latent", "cnn"])
def test_two_replicas_are_watched_as_one_is(tmp_path, name):
    """Every monitor, on variables that both have; in a process of their own."""
    importlib.import_module(f"training.monitors.{name}")  # registers them
    command = [sys.executable, "-m", "tests.training.watched_runs", name]
    done = subprocess.run(
        [*command, str(tmp_path / "work")],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        **PLACE,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (path,) = tmp_path.rglob("metrics.jsonl")
    records = read_watched(path)
    failed = {r["monitor"]: r["error"] for r in records if r["kind"] == "failed"}
    assert failed.keys() == {"breaks"}, failed
    seen = {r["monitor"] for r in records if r["kind"] in ("fast", "slow")}
    every = [*registry.monitors_for(name, "fast"), *registry.monitors_for(name, "slow")]
    assert seen == {one.name for one in every}


def test_a_linear_decoder_is_looked_at_once(tmp_path):
    found = ROOMS["decoder"](tmp_path / "work").run(decoder="naive_bayes")
    records = read_watched(found)
    assert [r["epoch"] for r in records] == [1] * len(records)
    (answers,) = [r for r in records if r.get("monitor") == "answers"]
    (epoch,) = [r for r in records if r["kind"] == "epoch"]
    assert answers["values"]["accuracy"] == epoch["values"]["val_accuracy"]
    assert "failed" not in [r["kind"] for r in records]
