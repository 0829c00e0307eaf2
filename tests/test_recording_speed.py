"""`benchmarks/recording_speed.py` measures what it says."""

import csv
import importlib
import pathlib
import sys

import numpy as np
import pytest

from v1model.recordings import open_recording

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="memory is read in /proc"
)


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module("recording_speed")
    for name in ("recording_speed", "results_table"):
        sys.modules.pop(name, None)


def test_made_up_activity_is_as_announced(program):
    activity = program.made_up(3000)
    voltages = activity.voltages.astype(float)
    assert voltages.mean() == pytest.approx(program.REST_MV, abs=0.1)
    assert voltages.std() == pytest.approx(program.SPREAD_MV, rel=0.05)
    lag = voltages[20:] - voltages.mean(), voltages[:-20] - voltages.mean()
    assert np.mean(lag[0] * lag[1]) / voltages.var() == pytest.approx(
        np.exp(-20 / program.TAU_MS), abs=0.05
    )
    rate = len(activity.step) / 3000 / (program.BLOCK / 1000)
    assert rate == pytest.approx(program.RATE_HZ, rel=0.1)


def test_all_ways_write_the_same_activity(program, tmp_path):
    activity, n_steps = program.made_up(50), program.BLOCK + 30
    memory = program.Memory(n_steps)
    for way in program.WAYS:
        program.WRITERS[way](activity, n_steps, tmp_path / way, memory)
        program.READERS[way](tmp_path / way, n_steps, memory)
    plain = (tmp_path / "disk").stat().st_size
    assert plain == activity.n_bytes(n_steps)
    with open_recording(tmp_path / "recording") as recording:
        voltages = recording.activity["voltages"].read()
        step, neuron = recording.activity["spikes"].events()
    again = np.concatenate([activity.voltages, activity.voltages[:30]])
    np.testing.assert_array_equal(voltages, again)
    n = len(activity.step)
    np.testing.assert_array_equal(step[:n], activity.step)
    np.testing.assert_array_equal(neuron[:n], activity.neuron)


def test_every_way_has_a_row(program, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(program, "RESULTS", tmp_path / "speed.csv")
    program.main(["--neurons=40", "--steps=600", f"--dir={tmp_path}"])
    with (tmp_path / "speed.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["way"] for row in rows] == [*program.WAYS]
    assert float(rows[0]["file_mb"]) == pytest.approx(float(rows[0]["array_mb"]), 0.1)
    assert all(float(row["write_mb_s"]) > 0 for row in rows)
    assert capsys.readouterr().out.count("600 steps") == 4
    assert [one.name for one in tmp_path.iterdir()] == ["speed.csv"]
