"""Two processes and one run: exactly one trains it, and death frees it."""

import contextlib
import errno
import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import time

import pytest

from tests.runs.made import made_run
from v1model.config import ColumnTrainConfig
from v1model.runs import Run, RunInUse, find_runs, hold
from v1model.runs.summary import SILENT_DEATH, read_summary

# Makes the run "one", says how that went, and trains until it is told to end.
TRAINS = """
import sys
from v1model.config import ColumnTrainConfig
from v1model.runs import Run
if {without_locks}:
    import fcntl
    def refuse(*arguments):
        raise OSError(37, "No locks available")
    fcntl.flock = refuse
try:
    run = Run.create(sys.argv[1], "one", ColumnTrainConfig(), ["train"], "column")
except ValueError as error:
    print(error, flush=True)
    sys.exit(3)
with run.recorded():
    print("trains", flush=True)
    sys.stdin.readline()
"""


class Training:
    """A process of TRAINS; `said` is the line that it began with."""

    def __init__(self, folder, without_locks=False):
        program = TRAINS.replace("{without_locks}", str(without_locks))
        command = [sys.executable, "-c", program, str(folder)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._said = None

    @property
    def said(self):
        if self._said is None:
            self._said = self.process.stdout.readline().strip()
        return self._said

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate("\n", timeout=30)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def start(tmp_path):
    made = []

    def start(**options):
        made.append(Training(tmp_path, **options))
        return made[-1]

    yield start
    for training in made:
        if training.process.returncode is None:
            training.kill()


def create(folder):
    return Run.create(folder, "one", ColumnTrainConfig(), ["train"], "column")


def state(folder):
    (run,) = find_runs(folder).runs
    return run.state


@pytest.mark.parametrize("without_locks", [False, True])
def test_of_processes_that_ask_at_once_exactly_one_gets_the_run(
    tmp_path, start, without_locks
):
    trainings = [start(without_locks=without_locks) for _ in range(4)]
    (winner,) = (one for one in trainings if one.said == "trains")
    pid = winner.process.pid
    for loser in trainings:
        if loser is not winner:
            assert loser.said == (
                f"{tmp_path / 'one'} is being trained by process {pid} on "
                f"{platform.node()}."
            )
            assert loser.end() == 3
    assert len(read_summary(tmp_path / "one").starts) == 1
    assert state(tmp_path) == "running"
    assert winner.end() == 0
    assert state(tmp_path) == "finished"


@pytest.mark.parametrize("without_locks", [False, True])
def test_a_process_that_is_killed_leaves_a_run_that_is_killed_and_goes_on(
    tmp_path, start, without_locks
):
    first = start(without_locks=without_locks)
    assert first.said == "trains"
    first.kill()
    run = read_summary(tmp_path / "one")
    assert (run.state, run.error) == ("killed", SILENT_DEATH)
    second = start(without_locks=without_locks)
    assert second.said == "trains"
    assert state(tmp_path) == "running"
    assert second.end() == 0
    assert len(read_summary(tmp_path / "one").starts) == 2


@pytest.mark.parametrize("without_locks", [False, True])
def test_a_program_that_starts_itself_anew_has_its_run_again(tmp_path, without_locks):
    """As a worker does that has lost another; the lock does not outlive exec."""
    program = TRAINS.replace("{without_locks}", str(without_locks)).replace(
        "    sys.stdin.readline()",
        "    import os\n    if sys.argv[2] == 'first': os.execv(sys.executable, "
        "[sys.executable, '-c', sys.orig_argv[2], sys.argv[1], 'second'])",
    )
    command = [sys.executable, "-c", program, str(tmp_path), "first"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(read_summary(tmp_path / "one").starts) == 2
    assert state(tmp_path) == "finished"


def test_a_child_that_outlives_its_parent_does_not_keep_the_run(tmp_path):
    program = TRAINS.replace("{without_locks}", "False").replace(
        "    sys.stdin.readline()",
        "    import os, time\n"
        "    if not (child := os.fork()):\n"
        "        time.sleep(60)\n"
        "    time.sleep(0.3)\n"
        "    print(child, flush=True)\n"
        "    os._exit(0)",
    )
    command = [sys.executable, "-W", "ignore", "-c", program, str(tmp_path)]
    training = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    training.stdout.readline()
    child = int(training.stdout.readline())
    assert training.wait(30) == 0
    training.stdout.close()
    try:
        assert hold.is_alive(child)
        assert state(tmp_path) == "killed"
        assert create(tmp_path).was_resumed
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_process_is_not_in_its_own_way(tmp_path):
    first = create(tmp_path)
    again = create(tmp_path)
    assert again.was_resumed
    assert state(tmp_path) == "running"
    del first, again
    assert state(tmp_path) == "killed"


def test_who_only_looks_keeps_nobody_from_the_run(tmp_path):
    """A look locks for an instant, too; who wants to train waits for that."""
    create(tmp_path)
    with (tmp_path / "one" / hold.LOCK).open() as looks:
        fcntl.flock(looks, fcntl.LOCK_SH)
        with pytest.raises(RunInUse):
            create(tmp_path)
    assert create(tmp_path).was_resumed


def test_looking_writes_nothing_and_needs_no_right_to_write(tmp_path):
    path = made_run(tmp_path / "one", state="running")
    assert hold.is_held(path) is None
    assert not (path / hold.LOCK).exists()
    (path / hold.LOCK).write_text("")
    (path / hold.LOCK).chmod(0o444)
    assert hold.is_held(path) is False
    assert (path / hold.LOCK).read_text() == ""


def test_a_run_of_another_machine_is_as_it_is_written(tmp_path):
    path = made_run(tmp_path / "one", state="running", host="elsewhere", pid=1)
    (path / hold.LOCK).write_text("")
    run = read_summary(path)
    assert run.state == "running" and run.host == "elsewhere"
    assert run.seen == (path / "metrics.csv").stat().st_mtime


@pytest.mark.parametrize("is_alive, expected", [(True, "running"), (False, "killed")])
def test_without_a_lock_the_process_tells_whether_it_runs(tmp_path, is_alive, expected):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    pid = os.getpid() if is_alive else dead.pid
    path = made_run(tmp_path / "one", state="running", pid=pid)
    assert read_summary(path).state == expected


def test_a_number_that_no_process_has_is_of_none_that_lives(tmp_path):
    path = made_run(tmp_path / "one", state="running", pid=10**30)
    assert read_summary(path).state == "killed"


def test_runs_that_are_over_are_what_they_say_whoever_holds_them(tmp_path):
    run = create(tmp_path)
    run.mark("failed", "ValueError: a")
    assert read_summary(run.path).state == "failed"


def test_refused_locks_are_told_and_a_file_is_touched_instead(
    tmp_path, monkeypatch, caplog
):
    def refuse(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(hold, "BEAT_S", 0.05)
    run = create(tmp_path)
    assert "file system without locks (No locks available)" in caplog.text
    beats = run.path / hold.HEARTBEAT
    assert json.loads(beats.read_text())["pid"] == os.getpid()
    os.utime(beats, (1, 1))
    give_up = time.monotonic() + 20
    while beats.stat().st_mtime == 1:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    assert hold.is_held(run.path) is True
    with run.recorded():
        pass
    assert not beats.exists()


@pytest.mark.parametrize("age_s, holds", [(1.0, True), (1000.0, False)])
def test_a_heartbeat_of_another_machine_counts_while_it_is_young(
    tmp_path, monkeypatch, age_s, holds
):
    def refuse(*arguments):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = made_run(tmp_path / "one", state="running", host="elsewhere")
    beats = path / hold.HEARTBEAT
    beats.write_text('{"pid": 7, "host": "elsewhere"}')
    os.utime(beats, (time.time() - age_s,) * 2)
    if holds:
        with pytest.raises(RunInUse, match="trained by process 7 on elsewhere"):
            hold.take(path)
    else:
        held = hold.take(path)
        assert held.is_held
        assert [p.name for p in path.glob(".heartbeat*")] == [".heartbeat"]


def test_a_lock_that_was_removed_meanwhile_is_not_believed(tmp_path, monkeypatch):
    """Who cleans up may remove the folder between our opening and our locking."""
    flock, removed = fcntl.flock, []

    def remove_first(handle, how):
        if not removed:
            removed.append(True)
            (tmp_path / hold.LOCK).unlink()
        return flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    held = hold.take(tmp_path)
    assert removed and (tmp_path / hold.LOCK).exists()
    assert hold.is_held(tmp_path) is True
    held.release()
    held.release()
    assert hold.is_held(tmp_path) is False


def test_a_heartbeat_that_died_says_nothing_of_a_lock_that_is_held(tmp_path):
    """The folder was moved to a file system that has locks, and goes on there."""
    run = create(tmp_path)
    beats = run.path / hold.HEARTBEAT
    beats.write_text('{"pid": 7, "host": "elsewhere"}')
    os.utime(beats, (1, 1))
    assert hold.is_held(run.path) is True


def test_other_errors_of_a_lock_are_told_as_they_are(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="results_dir .* Input/output error"):
        create(tmp_path)
