"""Kills and full disks: real processes are stopped, and end as if they were not."""

import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from tests.training.drill import (
    PLACE,
    STOPPED,
    TRAINER,
    assert_same_end,
    backed_up_step,
    command,
    finish,
    rows_of,
    start,
    state_of,
    stopped,
)
from tests.training.stopped_program import BALLAST


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    finish(folder)
    return folder


def test_a_whole_run_has_a_row_for_each_interval(whole):
    rows = rows_of(whole)
    assert [row["step"] for row in rows] == ["2", "4", "6", "8"]
    assert [row["epoch"] for row in rows] == ["1", "1", "2", "2"]
    rates = [float(row["learning_rate"]) for row in rows]
    # Two steps of warm-up to 0.001, then half a cosine over six.
    shares = [0.5 * (1 + 0.99 * c) + 0.005 for c in (0.866025, 0, -0.866025)]
    assert rates == pytest.approx([1e-3, *(1e-3 * share for share in shares)], rel=1e-4)


def last_line(done):
    return done.stderr.strip().splitlines()[-1]


def test_kills_and_a_file_that_cannot_grow_change_nothing(whole, tmp_path):
    """Killed in an epoch, killed while writing, refused by the disk: one after the
    other, each time taken up by the same command."""
    folder = tmp_path / "run"
    victim = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, **PLACE)
    while not (folder / "checkpoints" / "latest.weights.h5").exists():
        assert victim.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    step = backed_up_step(folder)
    assert 0 < step < 8

    done = stopped(folder, "half:latest.weights.h5:1")
    assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]
    partial = list((folder / "checkpoints").glob(".latest.weights.h5.*"))
    assert len(partial) == 1 and partial[0].stat().st_size > 0
    assert backed_up_step(folder) == step
    assert state_of(folder)["state"] == "running"

    done = stopped(folder, "limit:1")  # what a full disk does, on any machine
    assert done.returncode == 1
    assert last_line(done).startswith(f"multi_training: {folder}")
    assert last_line(done).endswith(" cannot be written: File too large.")
    assert "Traceback" not in done.stderr
    assert state_of(folder)["state"] == "failed"
    assert "File too large" in state_of(folder)["error"]
    assert backed_up_step(folder) == step

    finish(folder)
    assert_same_end(folder, whole)


KILLS = (
    # Where it is killed, and the steps that are then in the backup.
    ("step:1", 0),
    ("after:metrics.csv:1", 0),  # the table is ahead of the weights
    ("validation:3", 2),
    ("before:latest.weights.h5:1", 2),  # the best weights are ahead of the latest
    ("step:3", 4),
    ("after:latest.weights.h5:2", 8),
    ("before:column.keras:1", 8),
)


@pytest.mark.slow
def test_a_run_that_is_killed_at_every_point_ends_like_one_that_was_not(
    whole, tmp_path
):
    folder = tmp_path / "run"
    for point, step in KILLS:
        done = stopped(folder, point)
        assert done.returncode == -signal.SIGKILL, (point, done.stderr[-3000:])
        assert backed_up_step(folder) == step, point
    finish(folder)
    assert_same_end(folder, whole)


def in_namespace(mount, *commands):
    """Runs commands where `mount` has been mounted, one after the other."""
    script = " && ".join([mount, *commands])
    return subprocess.run(
        ["unshare", "-rm", "bash", "-c", script],
        capture_output=True,
        text=True,
        **PLACE,
    )


@pytest.fixture
def disk(tmp_path):
    """A folder on which small file systems can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("this system has no unshare")
    trial = in_namespace(f"mount -t tmpfs -o size=1m none {folder}", "true")
    if trial.returncode:
        pytest.skip(f"no mounts in a user namespace: {trial.stderr.strip()}")
    return folder


def words(arguments):
    return " ".join(map(str, arguments))


def test_a_disk_that_is_too_small_is_refused_before_training(disk):
    mount = f"mount -t tmpfs -o size=8m none {disk}"
    done = in_namespace(mount, words(command(disk / "run")))
    assert done.returncode == 1
    text = f"multi_training: results_dir {disk} has 0.00"
    assert last_line(done).startswith(text)
    assert "GB free, but up to 0.0" in last_line(done)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("mount", ["mount -t tmpfs -o ro none {}", "true"])
def test_a_folder_that_cannot_be_written_is_refused_at_once(disk, mount):
    folder = disk if mount != "true" else pathlib.Path("/proc/results")
    done = in_namespace(mount.format(disk), words(command(folder / "run")))
    assert done.returncode == 1
    assert last_line(done).startswith(f"multi_training: results_dir {folder} cannot be")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_disk_that_fills_up_stops_with_one_line_and_can_go_on(whole, disk, tmp_path):
    full = words(command(disk / "run", STOPPED, [f"full:{disk}:3"]))
    copies = tmp_path / "failed", tmp_path / "resumed"
    done = in_namespace(
        f"mount -t tmpfs -o size=64m none {disk}",
        f"! {full}",
        f"rm {disk / BALLAST}",
        f"cp -r {disk / 'run'} {copies[0]}",
        words(command(disk / "run", TRAINER)),
        f"cp -r {disk / 'run'} {copies[1]}",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "cannot be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr
    assert backed_up_step(copies[0]) == 2
    assert_same_end(copies[1], whole)


def test_a_file_in_place_of_the_results_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    done = start(tmp_path / "file" / "run")
    assert done.returncode == 1
    path = tmp_path / "file"
    assert last_line(done) == f"multi_training: results_dir {path} is not a folder."
