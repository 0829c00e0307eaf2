"""What is watched when, what it may cost, and that it never harms the training."""

import io
import json
import logging
import random

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.monitoring.subjects import (
    Clock,
    Remembering,
    new_run,
    small_network,
    subject_of,
)
from v1model.atomic import WriteError
from v1model.callbacks import StepCount
from v1model.monitoring import registry
from v1model.monitoring.callback import WatchCallback
from v1model.monitoring.reading import Reading
from v1model.monitoring.records import read_watched
from v1model.monitoring.registry import monitor
from v1model.monitoring.watch import Watch
from v1model.monitoring_config import MonitoringConfig


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "MONITORS", {})


def png():
    file = io.BytesIO()
    Image.new("RGB", (8, 5)).save(file, "PNG")
    return file.getvalue()


def quick(name="quick", pace="fast", clock=None, seconds=0.0):
    @monitor(name, pace)
    def function(subject):
        if clock is not None:
            clock.now += seconds
        return Reading({"epoch": subject.epoch, "loss": subject.logs["loss"]})


def watch_of(run, sinks=(), clock=None, model=None, **options):
    always = {"fast_share": 1.0, "slow_share": 1.0}
    options = {"fast_every": 1, "slow_every": 4} | always | options
    more = {} if clock is None else {"clock": clock}
    subject = subject_of(run, model)
    return Watch(MonitoringConfig(**options), run, subject, sinks, **more)


def kinds(run, kind):
    return [
        (one["epoch"], one["monitor"])
        for one in read_watched(run.path)
        if one["kind"] == kind
    ]


def test_monitors_run_in_their_epochs_and_at_the_end(tmp_path):
    quick()
    quick("slow_one", "slow")
    run = new_run(tmp_path)
    with watch_of(run, fast_every=3, slow_every=5) as watch:
        for number in range(1, 12):
            watch.epoch(number, 10 * number, {"loss": 1.0}, is_last=number == 11)
    assert kinds(run, "fast") == [(k, "quick") for k in (3, 6, 9, 11)]
    assert kinds(run, "slow") == [(k, "slow_one") for k in (5, 10, 11)]
    epochs = [one for one in read_watched(run.path) if one["kind"] == "epoch"]
    assert [(one["epoch"], one["step"]) for one in epochs] == [
        (k, 10 * k) for k in range(1, 12)
    ]


def test_a_reading_reaches_the_record_the_sinks_and_files(tmp_path):
    @monitor("eye", "fast")
    def eye(subject):
        return Reading(
            {"x": np.float32(0.5), "nan": np.nan},
            {"weights": np.arange(3)},
            {"a picture/1": png()},
            {"cells": [{"cell": "a", "hz": 1.5}, {"cell": "b", "osi": 0.2}]},
        )

    run, sink = new_run(tmp_path), Remembering()
    with watch_of(run, [sink]) as watch:
        watch.epoch(1, 7, {"Loss/total": 2.0})
    (_, record) = read_watched(run.path)
    assert record["values"] == {"x": 0.5, "nan": None}
    assert record["files"] == ["figures/eye_a_picture_1.png", "watched/eye_cells.csv"]
    assert (run.path / record["files"][0]).read_bytes() == png()
    table = pd.read_csv(run.path / record["files"][1])
    assert table["cell"].tolist() == ["a", "b"] and table["osi"].isna().sum() == 1
    assert sink.got[0] == ("epoch", 1, 7, {"Loss/total": 2.0})
    assert sink.got[1][:3] == ("reading", 7, "eye")
    assert sink.closed == 1


def test_a_monitor_sees_the_epoch_and_its_numbers(tmp_path):
    quick()
    run = new_run(tmp_path)
    watch_of(run).epoch(5, 50, {"loss": 0.25})
    assert read_watched(run.path)[-1]["values"] == {"epoch": 5, "loss": 0.25}


@pytest.mark.parametrize(
    "wrong", [lambda s: 1 / 0, lambda s: {"x": 1}, lambda s: Reading({"x": "word"})]
)
def test_a_monitor_that_fails_is_a_record_and_one_warning(tmp_path, caplog, wrong):
    monitor("broken", "fast")(wrong)
    quick()
    run = new_run(tmp_path)
    with caplog.at_level(logging.INFO), watch_of(run) as watch:
        for number in (1, 2, 3):
            watch.epoch(number, number, {"loss": 1.0})
    assert kinds(run, "failed") == [(k, "broken") for k in (1, 2, 3)]
    assert kinds(run, "fast") == [(k, "quick") for k in (1, 2, 3)]
    record = next(one for one in read_watched(run.path) if one["kind"] == "failed")
    assert "Error: " in record["error"] and "values" not in record
    warning, end = caplog.records
    assert "monitor broken fails, training goes on" in warning.getMessage()
    assert end.getMessage() == "monitors that failed: broken 3; metrics.jsonl says how"


def test_a_failure_names_its_line_in_the_file_of_the_monitor(tmp_path):
    def broken(subject):
        json.loads("{")  # raised in a file of Python's

    monitor("broken", "fast")(broken)
    run = new_run(tmp_path)
    watch_of(run).epoch(1, 1, {})
    line = broken.__code__.co_firstlineno + 1
    assert read_watched(run.path)[-1]["error"].endswith(f"(test_watch.py, line {line})")


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_signal_within_a_monitor_ends_the_training(tmp_path, signal):
    @monitor("long", "fast")
    def long(subject):
        raise signal

    with pytest.raises(signal):
        watch_of(new_run(tmp_path)).epoch(1, 1, {})


def test_what_costs_too_much_is_skipped_and_said(tmp_path, caplog):
    clock = Clock()
    quick("dear", clock=clock, seconds=10.0)
    quick("cheap", clock=clock, seconds=0.1)
    run = new_run(tmp_path)
    watch = watch_of(run, clock=clock, fast_share=0.2)
    for number in range(1, 41):
        clock.now += 5.0
        watch.epoch(number, number, {"loss": 1.0})
    with caplog.at_level(logging.INFO):
        watch.close()
        watch.close()
    dear = [k for k, name in kinds(run, "fast") if name == "dear"]
    assert dear[0] == 1 and 1 < len(dear) < 8
    taken = sum(one.get("seconds", 0) for one in _of_monitors(run))
    assert taken <= 0.2 * clock.now
    skipped = kinds(run, "skipped")
    assert len(dear) + sum(name == "dear" for _, name in skipped) == 40
    reason = next(o["reason"] for o in _of_monitors(run) if o["kind"] == "skipped")
    assert "last time" in reason and "share of 0.2" in reason
    (line,) = caplog.records
    assert f"dear {sum(n == 'dear' for _, n in skipped)}" in line.getMessage()


def _of_monitors(run):
    return [one for one in read_watched(run.path) if "monitor" in one]


def test_the_paces_have_budgets_of_their_own(tmp_path):
    clock = Clock()
    quick("dear", "slow", clock, 100.0)
    quick("cheap", "fast", clock, 0.1)
    run = new_run(tmp_path)
    watch = watch_of(run, clock=clock, fast_share=0.1, slow_every=1, slow_share=0.1)
    for number in range(1, 6):
        clock.now += 10.0
        watch.epoch(number, number, {"loss": 1.0})
    assert len(kinds(run, "fast")) == 5
    assert len(kinds(run, "slow")) == 1


def test_the_seconds_of_a_monitor_are_recorded(tmp_path):
    clock = Clock()
    quick("one", clock=clock, seconds=2.5)
    run = new_run(tmp_path)
    watch = watch_of(run, clock=clock)
    clock.now = 60.0
    watch.epoch(1, 1, {"loss": 1.0})
    epoch, reading = read_watched(run.path)
    assert (epoch["seconds"], reading["seconds"]) == (60.0, 2.5)
    assert watch.subject.watched_seconds == 2.5


def test_a_sink_that_fails_is_warned_of_once_and_then_left(tmp_path, caplog):
    errors = [OSError("no network")] * 3
    failing, other = Remembering(errors), Remembering()
    other.__class__ = type("Other", (Remembering,), {})
    with watch_of(new_run(tmp_path), [failing, other]) as watch:
        for number in range(1, 6):
            watch.epoch(number, number, {"loss": 1.0})
    assert failing.got == [] and len(other.got) == 5
    assert failing.closed == other.closed == 1
    (warning,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert "sink Remembering fails, training goes on. OSError: no network" in (
        warning.getMessage()
    )


def test_a_sink_that_fails_now_and_then_gets_the_rest(tmp_path):
    failing = Remembering([OSError("no network"), None] * 4)
    watch = watch_of(new_run(tmp_path), [failing])
    for number in range(1, 11):
        watch.epoch(number, number, {"loss": 1.0})
    assert [number for _, number, _, _ in failing.got] == [2, 4, 6, 8, 9, 10]


def test_an_event_file_on_a_full_disk_ends_the_training(tmp_path):
    sink = Remembering([WriteError(28, "No space left", "logs")])
    sink.fatal = (WriteError,)
    with pytest.raises(WriteError, match="logs cannot be written"):
        watch_of(new_run(tmp_path), [sink]).epoch(1, 1, {})


def test_an_unknown_monitor_is_refused_before_anything_is_written(tmp_path):
    quick()
    run = new_run(tmp_path)
    with pytest.raises(ValueError, match="Did you mean quick"):
        watch_of(run, fast_monitors=("quik",))
    assert not run.metrics_jsonl.exists()


def trained(folder, watches, epochs=4):
    """Weights and records of a training, watched by a monitor that draws numbers."""

    @monitor("drawing", "fast")
    def drawing(subject):
        random.random()
        np.random.normal(size=3)  # noqa: NPY002
        subject.model(np.ones((2, 6), np.float32), training=True)  # dropout
        keras.layers.Dense(3).build((2, 3))
        return Reading({"x": 1.0})

    network, run = small_network(), new_run(folder)
    draws = np.random.default_rng(5)
    inputs, targets = draws.normal(size=(64, 6)), draws.normal(size=64)
    callbacks = [steps := StepCount(4)]
    watch = watch_of(run, model=network) if watches else None
    if watches:
        callbacks.append(WatchCallback(watch, steps))
    network.fit(
        inputs, targets, 16, epochs, verbose=0, callbacks=callbacks, shuffle=True
    )
    return network.get_weights(), run


def test_a_monitor_that_draws_random_numbers_leaves_the_weights_as_they_were(tmp_path):
    alone, _ = trained(tmp_path / "alone", watches=False)
    watched, run = trained(tmp_path / "watched", watches=True)
    assert len(kinds(run, "fast")) == 4 and not kinds(run, "failed")
    for a, b in zip(alone, watched, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_callback_tells_epochs_steps_and_the_end(tmp_path):
    quick()
    quick("slow_one", "slow")
    _, run = trained(tmp_path, watches=True, epochs=3)
    epochs = [one for one in read_watched(run.path) if one["kind"] == "epoch"]
    assert [(one["epoch"], one["step"]) for one in epochs] == [(1, 4), (2, 8), (3, 12)]
    assert kinds(run, "slow") == [(3, "slow_one")]
    assert list(epochs[0]["values"]) == ["loss"]


def test_a_record_is_a_line_of_json_without_nan(tmp_path):
    run = new_run(tmp_path)
    watch_of(run).epoch(1, 1, {"loss": float("nan")})
    (line,) = run.metrics_jsonl.read_text().splitlines()

    def refuse(word):
        raise AssertionError(word)

    assert json.loads(line, parse_constant=refuse)["values"] == {"loss": None}
