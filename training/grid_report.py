"""What a grid says while it runs, and at its end."""

import sys
import time

from training.grid_ledger import FINISHED, WAITING
from training.grid_running import last_lines
from v1model.grids.time_left import seconds_left, words_of
from v1model.rooms import ROOMS

TERMINAL_S, FILE_S = 1.0, 60.0  # between two lines of progress
MOST_NAMED = 3  # runs under way that a line names


class Report:
    """Lines for each run that starts or ends, and one of progress that is renewed.

    Args:
        ledger: Ledger.
        runs: PlannedRuns that are to be run.
        stream: Where lines go; standard output by default.
        clock: Returns seconds.
    """

    def __init__(self, ledger, runs, stream=None, clock=time.monotonic):
        self.ledger, self._total = ledger, len(runs)
        self._stream = sys.stdout if stream is None else stream
        self._is_terminal = self._stream.isatty()
        self._clock, self._written, self._width = clock, clock(), 0
        self._durations, self._n_over = [], 0

    def started(self, run, standing):
        """A run is started, or goes on."""
        how = "starts" if standing.state == WAITING else f"goes on ({standing.state})"
        self._say(f"[{run.number}] {run.name} {how}")

    def ended(self, outcome):
        """A run is over, or was not to be run."""
        self._n_over += 1
        run, state = outcome.run, outcome.state
        if state == FINISHED:
            self._durations.append(outcome.seconds)
            self._say(f"[{run.number}] {run.name} finished: {self._score(run)}")
        elif state == "before":
            minutes = self.ledger.standing(run).minutes
            self._durations += [60 * minutes] if minutes else []
            self._say(f"[{run.number}] {run.name} was finished: {self._score(run)}")
        elif state == "elsewhere":
            self._say(f"[{run.number}] {run.name} is run by another process")
        else:
            words = f"{state}, exit status {outcome.status}; {outcome.output} ends with"
            self._say(f"[{run.number}] {run.name} {words}")
            for line in last_lines(outcome.output):
                self._say(f"    {line}")

    def going(self, crew):
        """Progress over the whole grid."""
        now = self._clock()
        pause = TERMINAL_S if self._is_terminal else FILE_S
        if now - self._written < pause or not crew.active:
            return
        self._written = now
        going = [job.going for job in crew.active]
        words = [f"{self._n_over} of {self._total} runs done"]
        for job, one in list(zip(crew.active, going, strict=True))[:MOST_NAMED]:
            epochs = job.run.resolved.epochs
            told = f" epoch {round(one.share * epochs)} of {epochs}" if epochs else ""
            words.append(f"[{job.run.number}]{told}, {words_of(one.seconds)}")
        left = seconds_left(self._durations, going, len(crew.waiting), crew.jobs)
        words.append("" if left is None else f"about {words_of(left)} left")
        line = "; ".join(filter(None, words))
        if self._is_terminal:
            self._width = max(self._width, len(line))
            self._stream.write(f"\r{line:<{self._width}}")
            self._stream.flush()
        else:
            self._say(line)

    def ending(self, n_active):
        """The runs under way are told to end."""
        self._say(f"waiting for {n_active} under way to write their checkpoints")

    def _say(self, line):
        if self._is_terminal and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def _score(self, run):
        standing = self.ledger.standing(run)
        words = ROOMS[self.ledger.grid.room].words
        score = "" if standing.score is None else f"{standing.score:.4g} {words}, "
        minutes = standing.minutes
        return f"{score}{'' if minutes is None else words_of(60 * minutes)}"


def summary_lines(ledger, runs, outcomes):
    """How far the grid is, line by line."""
    standings = ledger.update()
    states = [standings[run.number].state for run in runs]
    counts = {state: states.count(state) for state in dict.fromkeys(sorted(states))}
    words = ", ".join(f"{number} {state}" for state, number in counts.items())
    yield f"{len(runs)} run{'s' * (len(runs) != 1)}: {words}"
    for one in outcomes:
        if one.state in ("failed", "killed"):
            yield f"  {one.state}: {one.run.name}; see {one.output}"
    yield f"table: {ledger.folder / 'runs.csv'}"
