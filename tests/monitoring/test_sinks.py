"""TensorBoard, Weights & Biases and MLflow get what was watched."""

import io
import json
import pathlib
import sys
import time
import types

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.monitoring.subjects import new_run, subject_of
from v1model.atomic import WriteError
from v1model.monitoring import registry
from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import monitor
from v1model.monitoring.sinks import opened_sinks
from v1model.monitoring.watch import Watch
from v1model.monitoring_config import MonitoringConfig
from v1model.runs import Run

WANDB_SINK = "v1model.monitoring.sinks.wandb_sink"


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "MONITORS", {})

    @monitor("eye", "fast")
    def eye(subject):
        file = io.BytesIO()
        Image.new("RGB", (8, 5)).save(file, "PNG")
        return Reading(
            {"gain/on": subject.step / 10, "nan": np.nan},
            {"weights": np.arange(100.0)},
            {"field": file.getvalue()},
        )


def train(run, epochs=(1, 2, 3), sinks=(), **shown):
    config = MonitoringConfig(fast_every=1, fast_share=1.0, sinks=sinks)
    opened = opened_sinks(config, run, **shown)
    with Watch(config, run, subject_of(run), opened) as watch:
        for number in epochs:
            values = {"Val/bps": 0.5 * number, "Val/bps/one": 1.0}
            watch.epoch(number, 10 * number, values)


def events_of(run):
    events = EventAccumulator(str(run.logs))
    events.Reload()
    return events


def points(events, tag):
    """Step and value of a curve."""
    return [(e.step, float(e.tensor_proto.float_val[0])) for e in events.Tensors(tag)]


def test_epochs_have_their_own_tags_and_monitors_their_names(tmp_path):
    run = new_run(tmp_path)
    train(run)
    events = events_of(run)
    assert points(events, "Val/bps") == [(1, 0.5), (2, 1.0), (3, 1.5)]
    assert points(events, "eye/gain/on") == [(10, 1.0), (20, 2.0), (30, 3.0)]
    assert np.isnan([value for _, value in points(events, "eye/nan")]).all()
    kinds = {
        tag: events.SummaryMetadata(tag).plugin_data.plugin_name
        for tag in events.Tags()["tensors"]
    }
    assert kinds["distributions/eye/weights"] == "histograms"
    assert kinds["pictures/eye/field"] == "images"
    assert kinds["Val/bps/one"] == "scalars"


def test_where_a_callback_writes_the_epochs_only_monitors_are_added(tmp_path):
    run = new_run(tmp_path)
    train(run, shows_epochs=False)
    tags = events_of(run).Tags()["tensors"]
    assert "eye/gain/on" in tags and "Val/bps" not in tags


def test_the_event_file_is_at_hand_for_what_else_is_shown(tmp_path):
    run = new_run(tmp_path)
    with Watch(MonitoringConfig(), run, subject_of(run)) as watch:
        watch.events.hyperparameters({"rate": 0.1, "types": ["a"]}, {"hparam/x": 3.0})
    events = events_of(run)
    assert points(events, "hparam/x") == [(0, 3.0)]
    assert any("hparams" in tag for tag in events.Tags()["tensors"])


def test_event_files_that_cannot_be_written_end_the_training(tmp_path):
    run = new_run(tmp_path)
    run.logs.rmdir()
    run.logs.touch()
    with pytest.raises(WriteError, match="logs cannot be written"):
        train(run)


class FakeWandb(types.ModuleType):
    """What the sink needs of wandb, remembered."""

    def __init__(self):
        super().__init__("wandb")
        self.inits, self.logged, self.finished = [], [], 0

    def init(self, **options):
        self.inits.append(options)
        return self

    def define_metric(self, *names, **more):
        pass

    def log(self, values):
        self.logged.append(values)

    def finish(self):
        self.finished += 1

    Settings = staticmethod(dict)
    Histogram = staticmethod(lambda np_histogram: np_histogram)
    Image = staticmethod(lambda image: image)


@pytest.fixture
def wandb(monkeypatch):
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    sys.modules.pop(WANDB_SINK, None)
    monkeypatch.setattr("v1model.monitoring.sinks.require_installed", lambda names: 0)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    yield fake
    sys.modules.pop(WANDB_SINK, None)


def test_wandb_gets_numbers_distributions_and_pictures_over_updates(tmp_path, wandb):
    train(new_run(tmp_path), sinks=("wandb",))
    epoch, reading = wandb.logged[2:4]
    assert epoch == {"updates": 20, "epoch": 2, "Val/bps": 1.0, "Val/bps/one": 1.0}
    assert (reading["updates"], reading["eye/gain/on"]) == (20, 2.0)
    counts, edges = reading["distributions/eye/weights"]
    assert counts.sum() == 100 and len(edges) == len(counts) + 1
    assert reading["pictures/eye/field"].size == (8, 5)
    assert wandb.finished == 1


def test_wandb_is_offline_unless_the_user_says_so(tmp_path, wandb, monkeypatch):
    run = new_run(tmp_path)
    train(run, sinks=("wandb",))
    monkeypatch.setenv("WANDB_MODE", "online")
    train(run, sinks=("wandb",))
    assert [options["mode"] for options in wandb.inits] == ["offline", "online"]
    options = wandb.inits[0]
    assert options["dir"] == str(run.logs) and options["name"] == "watched"
    assert options["config"]["fast_every"] == 2
    first, second = (options["id"] for options in wandb.inits)
    assert first == second  # a resumed run goes on
    train(new_run(tmp_path, "other"), sinks=("wandb",))
    assert wandb.inits[2]["id"] != first


def test_a_sink_that_refuses_the_run_ends_before_training(tmp_path, wandb, monkeypatch):
    def init(**options):
        raise RuntimeError("no key")

    monkeypatch.setattr(wandb, "init", init)
    with pytest.raises(ValueError, match="wandb cannot be opened. RuntimeError: no"):
        train(new_run(tmp_path), sinks=("wandb",))


def test_wandb_itself_keeps_a_run_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    run = new_run(tmp_path)
    train(run, sinks=("wandb",))
    (folder,) = (run.logs / "wandb").glob("offline-run-*")
    (file,) = folder.glob("run-*.wandb")
    tags = b"Val/bps/one", b"eye/gain/on", b"distributions/eye/weights"
    until = time.monotonic() + 20
    while time.monotonic() < until:  # its own process may write after `finish`
        if all(tag in file.read_bytes() for tag in tags):
            break
        time.sleep(0.1)
    content = file.read_bytes()
    assert [tag for tag in tags if tag not in content] == []
    assert len(list(folder.rglob("*.png"))) == 3


@pytest.fixture
def mlflow_store(monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


def curve(store, name):
    """Updates and value of a curve in a store of files: lines "time value step"."""
    (path,) = pathlib.Path(store).glob(f"*/*/metrics/{name}")
    lines = [line.split() for line in path.read_text().splitlines()]
    return [(int(step), float(value)) for _, value, step in lines]


def test_mlflow_itself_gets_curves_options_and_pictures(tmp_path, mlflow_store):
    run = new_run(tmp_path)
    train(run, sinks=("mlflow",))
    store = tmp_path / "mlruns"
    assert curve(store, "Val/bps") == [(10, 0.5), (20, 1.0), (30, 1.5)]
    assert curve(store, "eye/gain.on") == [(10, 1.0), (20, 2.0), (30, 3.0)]
    assert not list(store.glob("*/*/metrics/eye/nan"))
    (option,) = store.glob("*/*/params/fast_every")
    assert json.loads(option.read_text()) == 2
    assert len(list(store.glob("*/*/artifacts/eye/field_*.png"))) == 3


def test_mlflow_goes_on_with_a_resumed_run(tmp_path, mlflow_store):
    train(new_run(tmp_path), (1, 2), sinks=("mlflow",))
    again = Run.create(tmp_path, "watched", MonitoringConfig(), ["x"], "decoder")
    train(again, (3, 4), sinks=("mlflow",))
    train(new_run(tmp_path, "other"), (1,), sinks=("mlflow",))
    store = tmp_path / "mlruns"
    files = sorted(store.glob("*/*/metrics/Val/bps"))
    lengths = sorted(len(path.read_text().splitlines()) for path in files)
    assert lengths == [1, 4]
