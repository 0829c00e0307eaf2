"""Running a grid: its runs as processes, some at a time, each by one process alone."""

import collections
import contextlib
import os
import pathlib
import subprocess
import time
from typing import NamedTuple

from training.grid_ledger import FINISHED, RUNNING
from v1model.file_lock import file_lock
from v1model.grids.time_left import Going
from v1model.runs.hold import is_held

OUTPUT = "output.log"  # of a run, in its folder
POLL_S = 0.5
LOOK_S = 5.0  # between two looks at the epochs of a run
_END_S = 180.0  # for a training that was told to end, to write its checkpoint


class Outcome(NamedTuple):
    """What became of a run.

    state: finished (now), before (it was finished already), elsewhere (another process
        has it), failed, or killed.
    """

    run: object
    state: str
    seconds: float = 0.0
    status: int = 0
    output: pathlib.Path | None = None


class Job:
    """A training under way.

    Args:
        run: PlannedRun.
        ledger: Ledger.
        lock: ExitStack that holds the right to the run.
        handle: The open file of the lock; the training keeps it open, so that the run
            stays locked as long as it lives, even if this process does not.
    """

    def __init__(self, run, ledger, lock, handle):
        self.run, self.ledger, self._lock = run, ledger, lock
        self.began = time.monotonic()
        self._looked, self._share = -LOOK_S, 0.0
        path = ledger.folder_of(run)
        self.output = ledger.hidden / f"{run.name}.log"
        if path is not None and (path / "config.json").exists():
            self.output = path / OUTPUT
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                run.command(ledger.grid, ledger.name_of(run)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PYTHONUNBUFFERED": "1", **os.environ},
                pass_fds=(handle.fileno(),),
                start_new_session=True,  # Ctrl-C is for the grid, which tells its runs
            )

    @property
    def going(self):
        """Going."""
        now = time.monotonic()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._place_output()
            epochs = self.run.resolved.epochs
            done = self.ledger.standing(self.run).n_epochs
            self._share = min(done / epochs, 1.0) if epochs else 0.0
        return Going(now - self.began, self._share)

    def outcome(self):
        """The Outcome of a training that is over, or None."""
        status = self.process.poll()
        if status is None:
            return None
        self._place_output()
        self._lock.close()
        state = self.ledger.standing(self.run).state
        if state != FINISHED or status:
            state = "killed" if status < 0 or state == "killed" else "failed"
        seconds = time.monotonic() - self.began
        return Outcome(self.run, state, seconds, status, self.output)

    def _place_output(self):
        """Moves the output into the run's folder, once it has one."""
        path = self.ledger.folder_of(self.run)
        if path is None or not (path / "config.json").exists():
            return
        if self.output.parent != path:
            self.output = self.output.replace(path / OUTPUT)


class Crew:
    """Runs trainings until all are done.

    Args:
        ledger: Ledger.
        jobs: Trainings at a time.
        report: Object with `started(run, standing)`, `ended(outcome)` and
            `going(crew)`, which are called on the way.
        keeps_going: Whether the others are run after one has failed.

    Attributes:
        waiting: PlannedRuns that are still to come.
        active: Jobs.
        outcomes: Outcomes so far.
    """

    def __init__(self, ledger, jobs, report, keeps_going=True):
        self.ledger, self.jobs, self.report = ledger, jobs, report
        self.keeps_going = keeps_going
        self.waiting, self.active, self.outcomes = collections.deque(), [], []

    def work(self, runs):
        """Runs what is not finished: Outcomes.

        However it ends, by Ctrl-C or SIGTERM too, no training is left behind: each is
        told to end, which writes its checkpoint.
        """
        self.waiting = collections.deque(runs)
        try:
            while self.waiting or self.active:
                while self.waiting and len(self.active) < self.jobs:
                    self._start(self.waiting.popleft())
                if self.active:
                    time.sleep(POLL_S)
                self._collect()
                self.report.going(self)
        finally:
            self._end()
        return self.outcomes

    def _start(self, run):
        standing = self.ledger.standing(run)
        if standing.state == FINISHED:
            self._note(Outcome(run, "before"))
            return
        with contextlib.ExitStack() as stack:
            path = self.ledger.hidden / f"{run.identity}.lock"
            try:
                handle = stack.enter_context(file_lock(path, waits=False))
            except BlockingIOError:
                self._note(Outcome(run, "elsewhere"))
                return
            # Another grid may have finished it before its lock was ours.
            standing = self.ledger.standing(run)
            if standing.state == FINISHED:
                self._note(Outcome(run, "before"))
                return
            # What died on another machine still says "running": the lock knows better,
            # and where it does not, the training itself refuses.
            if standing.state == RUNNING and is_held(standing.path):
                self._note(Outcome(run, "elsewhere"))
                return
            self.report.started(run, standing)
            self.active.append(Job(run, self.ledger, stack.pop_all(), handle))
        self.ledger.update()

    def _collect(self):
        for job in list(self.active):
            outcome = job.outcome()
            if outcome is None:
                continue
            self.active.remove(job)
            self.ledger.update()
            self._note(outcome)
            if outcome.state != FINISHED and not self.keeps_going:
                self.waiting.clear()

    def _note(self, outcome):
        self.outcomes.append(outcome)
        self.report.ended(outcome)

    def _end(self):
        """Ends what is under way, and waits for it."""
        if not self.active:
            return
        self.report.ending(len(self.active))
        for job in self.active:
            job.process.terminate()
        give_up = time.monotonic() + _END_S
        try:
            for job in self.active:
                job.process.wait(max(give_up - time.monotonic(), 1))
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            for job in self.active:
                job.process.kill()
        self._collect()


def last_lines(path, n_lines=5):
    """The last lines of a run's output that are not empty."""
    if path is None or not path.exists():
        return []
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 8192, 0))
        text = file.read().decode(errors="replace")
    lines = [line.rstrip() for line in text.replace("\r", "\n").splitlines()]
    return [line for line in lines if line][-n_lines:]
