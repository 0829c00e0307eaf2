"""`scripts/record_column.py` as a user runs it, and kills it."""

import importlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.programs import SCRIPTS, load_script
from v1model import flags
from v1model.column_recording.config import GRID_MS, RecordConfig
from v1model.recordings import open_recording
from v1model.simulation import untrained_column

PROGRAM = SCRIPTS / "record_column.py"
SMALL = ("--neurons=500", "--n_pictures=3", f"--part_ms={GRID_MS}")

pytestmark = pytest.mark.usefixtures("own_cache")


def command(*arguments):
    return [sys.executable, str(PROGRAM), *SMALL, *map(str, arguments)]


def start(*arguments):
    root = str(pathlib.Path(__file__).parents[1])
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )


def test_the_program_says_what_it_recorded(tmp_path, capsys):
    script = load_script("record_column")
    out = tmp_path / "x.h5"
    arguments = ["record_column", *SMALL, "--repeats=1", f"--out={out}"]
    config = flags.config_from(arguments, RecordConfig)
    script.main(config)
    printed = capsys.readouterr()
    assert "500 neurons, 2 s, spikes, voltages" in printed.out
    assert "4 of natural_scenes" in printed.out
    assert "recorded: 2.0 of 2.0 s (100%)" in printed.err
    with open_recording(out) as recording:
        rate = recording.activity["spikes"].counts().mean() / recording.duration_s
    assert f"mean rate {rate:.2f} Hz" in printed.out
    script.main(config)
    assert "is complete: nothing to record" in capsys.readouterr().out


def test_wrong_input_ends_with_one_line(tmp_path):
    script = load_script("record_column")
    out = tmp_path / "x.h5"
    arguments = ["record_column", *SMALL, "--data_dir=/nowhere", f"--out={out}"]
    with pytest.raises(SystemExit, match=r"^record_column: data_dir /nowhere"):
        script.main(flags.config_from(arguments, RecordConfig))
    assert not list(tmp_path.iterdir())


def test_every_option_explains_itself():
    text = flags.help_text(RecordConfig, "", "record_column")
    for name in ("stimulus", "signals", "lgn", "part_ms", "weights"):
        assert f"--{name}" in text


def test_a_killed_program_goes_on_and_ends_bit_for_bit_the_same(tmp_path):
    undisturbed, killed = tmp_path / "undisturbed.h5", tmp_path / "killed.h5"
    options = ("--repeats=12", "--signals=spikes")  # 13 s, 7 parts
    program = start(*options, f"--out={killed}")
    parts = pathlib.Path(f"{killed}.parts")
    wait_for(parts / "part_00001.h5", program)
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    program.stdout.close()
    assert not killed.exists()
    finished = len(list(parts.glob("part_*.h5")))
    for out in (undisturbed, killed):
        with start(*options, f"--out={out}") as again:
            printed, _ = again.communicate(timeout=300)
            assert again.returncode == 0, printed
            assert "cuda" not in printed.lower()  # nor other news of TensorFlow
    assert finished >= 2
    assert killed.read_bytes() == undisturbed.read_bytes()
    assert not parts.exists()


def test_the_benchmark_times_the_same_work_with_and_without_recording(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(SCRIPTS.parent / "benchmarks")
    monkeypatch.delitem(sys.modules, "record_column", raising=False)
    benchmark = importlib.import_module("record_column")
    recorder = benchmark.recorder_of(500, "spikes", 1.0, tmp_path)
    layers = untrained_column(recorder.network)
    assert benchmark.simulated(recorder, layers) > 0
    taken, n_bytes = benchmark.recorded(recorder.config, layers)
    assert taken > 0 and n_bytes == recorder.out.stat().st_size
    with open_recording(recorder.out) as recording:
        assert recording.duration_s == 1.0
    monkeypatch.setattr(benchmark, "in_process_of_its_own", lambda *call: call[-1])
    row = benchmark.measure(500, "spikes", 0.5, 1)
    assert row["peak_gb"] == 0.5 and row["growth_mb_per_second"] == 1000
    verdict = "reached" if row["ratio"] <= benchmark.TARGET else "missed"
    assert verdict in benchmark.words_of(row)
    sys.modules.pop("record_column")


def wait_for(path, program, seconds=240):
    """Waits until a running program has written a file."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert program.poll() is None, program.stdout.read()
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.01)
