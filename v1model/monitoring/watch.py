"""Watch: what a training tells of each epoch, and which has it looked at."""

import collections
import logging
import pathlib
import re
import time
import traceback

from v1model.atomic import atomic_path, write_rows
from v1model.monitoring.choice import monitors_of
from v1model.monitoring.guard import Guard
from v1model.monitoring.random_state import kept_random_state
from v1model.monitoring.reading import Reading
from v1model.monitoring.records import EPOCH, FAILED, SKIPPED, RecordFile, numbers
from v1model.monitoring.registry import PACES
from v1model.monitoring.sinks import opened_sinks

WATCHED = "watched"  # folder of tables in the run
_SINK_FAILURES = 3  # in a row, after which a sink gets nothing more

logger = logging.getLogger(__name__)


class Watch:
    """Writes the numbers of each epoch and runs the monitors that are due.

    It changes nothing that is trained, and no failing monitor stops a training: its
    exception becomes a record, and a warning the first time. What a guard skips is a
    record, too; a line at the end counts both.

    Args:
        config: MonitoringConfig.
        run: Run; receives metrics.jsonl, logs/, figures/ and watched/.
        subject: Subject.
        sinks: Sinks; None opens TensorBoard and those of the options.
        clock: Returns seconds.

    Attributes:
        monitors: Monitors by pace.
        events: EventFile of TensorBoard, for what else a program shows; None if `sinks`
            were given.

    Raises:
        ValueError: A monitor is unknown, or a sink is not installed.
    """

    def __init__(self, config, run, subject, sinks=None, clock=time.monotonic):
        self.run, self.subject, self._clock = run, subject, clock
        self.monitors = monitors_of(config, subject.room)
        every = config.fast_every, config.slow_every
        self._every = dict(zip(PACES, every, strict=True))
        shares = config.fast_share, config.slow_share
        self._guards = {pace: Guard(s) for pace, s in zip(PACES, shares, strict=True)}
        self.sinks = opened_sinks(config, run) if sinks is None else list(sinks)
        self.events = None if sinks is not None else self.sinks[0].events
        self._records = RecordFile(run.metrics_jsonl)
        self._begun = clock()
        self._skipped, self._failed = collections.Counter(), collections.Counter()
        self._warned = set()
        self._sink_failures = collections.Counter()

    def epoch(self, number, step, values, is_last=False):
        """Tells of an epoch that has ended.

        Args:
            number: Of the epoch, from 1.
            step: Updates that are done, over all epochs and starts.
            values: Numbers by name or TensorBoard tag.
            is_last: Whether training ends here: everything is due.

        Raises:
            WriteError: metrics.jsonl or the event file cannot be written.
        """
        subject = self.subject
        subject.epoch, subject.step, subject.logs = number, step, dict(values)
        found = numbers(values)
        seconds = round(self._elapsed(), 3)
        self._records.add(EPOCH, number, step, seconds=seconds, values=found)
        for sink in self.sinks:
            self._send(sink, "epoch", number, step, dict(values))
        for pace in PACES:
            if is_last or number % self._every[pace] == 0:
                for monitor in self.monitors[pace]:
                    self._run_or_skip(monitor)

    def close(self):
        """Says what was skipped and what failed, and closes the sinks."""
        said = {
            "skipped to keep monitors within their share: %s": self._skipped,
            "monitors that failed: %s; metrics.jsonl says how": self._failed,
        }
        for message, counter in said.items():
            if counter:
                logger.info(message, ", ".join(f"{n} {k}" for n, k in counter.items()))
                counter.clear()
        while self.sinks:
            self._send(self.sinks.pop(), "close")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _elapsed(self):
        return self._clock() - self._begun

    def _run_or_skip(self, monitor):
        subject, guard = self.subject, self._guards[monitor.pace]
        place = subject.epoch, subject.step
        subject.seconds = self._elapsed()
        reason = guard.reason_to_skip(monitor.name, subject.seconds)
        if reason:
            self._skipped[monitor.name] += 1
            self._records.add(SKIPPED, *place, monitor=monitor.name, reason=reason)
            return
        begun = self._clock()
        found = self._seen(monitor)
        seconds = self._clock() - begun
        guard.took(monitor.name, seconds)
        subject.watched_seconds += seconds
        kind = FAILED if "error" in found else monitor.pace
        more = {"monitor": monitor.name, "seconds": round(seconds, 6)} | found
        self._records.add(kind, *place, **more)

    def _seen(self, monitor):
        """Runs a monitor, and keeps and sends what it has seen; part of a record."""
        try:
            with kept_random_state(self.subject.model):
                reading = _reading(monitor.function(self.subject))
            values = numbers(reading.scalars)
            files = [
                *self._draw(monitor, reading.pictures),
                *self._tabulate(monitor, reading.tables),
            ]
        except Exception as error:  # no picture is worth a training of days
            text = f"{type(error).__name__}: {error} ({_place(error, monitor)})"
            self._failed[monitor.name] += 1
            self._warn_once(
                monitor.name, "monitor %s fails, training goes on. %s", text
            )
            return {"error": text}
        for sink in self.sinks:
            self._send(sink, "reading", self.subject.step, monitor.name, reading)
        return {"values": values} | ({"files": files} if files else {})

    def _draw(self, monitor, pictures):
        for name, png in pictures.items():
            path = self.run.figures / f"{_file_name(monitor, name)}.png"
            with atomic_path(path) as partial:
                partial.write_bytes(png)
            yield str(path.relative_to(self.run.path))

    def _tabulate(self, monitor, tables):
        for name, rows in tables.items():
            path = self.run.path / WATCHED / f"{_file_name(monitor, name)}.csv"
            write_rows(path, rows)
            yield str(path.relative_to(self.run.path))

    def _send(self, sink, method, *arguments):
        name = type(sink).__name__
        if self._sink_failures[name] >= _SINK_FAILURES and method != "close":
            return
        try:
            with kept_random_state(None):  # some make names of random numbers
                getattr(sink, method)(*arguments)
        except sink.fatal:
            raise
        except Exception as error:
            self._sink_failures[name] += 1
            text = f"{type(error).__name__}: {error}"
            self._warn_once(name, "sink %s fails, training goes on. %s", text)
        else:
            self._sink_failures[name] = 0

    def _warn_once(self, name, message, text):
        if name not in self._warned:
            self._warned.add(name)
            logger.warning(message, name, text)


def _reading(found):
    if not isinstance(found, Reading):
        raise TypeError(f"a monitor returns a Reading, got {type(found).__name__}.")
    return found


def _place(error, monitor):
    """Where an exception was raised, as far as possible in the monitor's own file."""
    frames = traceback.extract_tb(error.__traceback__)
    code = getattr(monitor.function, "__code__", None)
    own = [frame for frame in frames if code and frame.filename == code.co_filename]
    frame = (own or frames)[-1]
    return f"{pathlib.PurePath(frame.filename).name}, line {frame.lineno}"


def _file_name(monitor, name):
    """A file name of a monitor and of what it has seen."""
    return re.sub(r"[^\w.-]+", "_", f"{monitor.name}_{name}")
