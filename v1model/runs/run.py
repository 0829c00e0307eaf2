"""Run: the folder that keeps everything about one training run.

    run.json       layout (its version), room, and inputs such as recordings
    config.json    the options, `dataclasses.asdict` of the config, or `model_dump`
    facts.json     what the machines decided and a resume must not change
    starts.json    one record per start: time, command line, seeds, machine, versions
    state.json     running, finished, killed or failed, since when and why
    result.json    the metrics, written once at the end
    metrics.csv    one row per epoch (for keras.callbacks.CSVLogger)
    metrics.jsonl  what was watched, a record a line, only ever longer
    scores.csv     a row per neuron, presentation or trial that was held out
    checkpoints/   weights
    figures/       pictures
    logs/          TensorBoard

Every json file is replaced atomically, so that a killed run leaves no half file. One
process at a time trains a run: see `hold`. Older layouts: see `layout`.
"""

import contextlib
import datetime
import json
import logging
import pathlib
import shlex

from v1model import atomic
from v1model.runs.environment import machine, versions
from v1model.runs.hold import LOCK, take
from v1model.runs.layout import (
    LAYOUT,
    METRICS,
    RECORDS,
    SCORES,
    STATES,
    layout_of,
    newest,
    read_documents,
    read_json,
)
from v1model.runs.options_text import differences, options_of, plain, seeds_of
from v1model.runs.signals import termination_as_exit

logger = logging.getLogger(__name__)


class Run:
    """A run folder; made by `create`, read by `open`, trained along with by `join`."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._hold = None

    @classmethod
    def create(cls, results_dir, name, config, command, room="", inputs=None):
        """Makes the folder of a new run, or takes up the unfinished run of that name.

        No other process can do so until this one ends, `recorded` does, or nobody
        refers to the Run any more.

        Args:
            results_dir: Folder of all runs; made if missing.
            name: Name of the run folder; empty makes one from the date and time.
            config: Frozen dataclass or pydantic model with all options;
                `free_options`, if it has that, names those that may change when a run
                is taken up.
            command: The command line, a list such as sys.argv.
            room: One of ROOMS; empty for what is none of the four trainings.
            inputs: What the training takes beside the options, by name: recordings.

        Raises:
            RunInUse: Another process trains the run of that name; a ValueError.
            ValueError: The name is no plain folder name, or the run of that name is
                finished, was made with other options, or by a newer v1model.
            FileExistsError: The folder of that name is not a run.
            OSError: The folder cannot be written.
        """
        if name != pathlib.PurePath(name).name or name == "..":
            raise ValueError(f"run_name must be a plain folder name, got {name!r}.")
        results_dir = pathlib.Path(results_dir).expanduser()
        with _naming("results_dir", results_dir):
            results_dir.mkdir(parents=True, exist_ok=True)
            run = cls(results_dir / name if name else _new_folder(results_dir))
            run._require_own()
            run.path.mkdir(exist_ok=True)
            run._hold = take(run.path)
            if run._file("config").exists():
                run._check_resumable(config)
            for folder in (run.checkpoints, run.logs):
                folder.mkdir(parents=True, exist_ok=True)
            run._write("starts", [*run.starts, _start(command, config)])
            run._write("config", options_of(config))
            about = {"layout": LAYOUT, "room": room, "inputs": inputs or {}}
            run._write("run", plain(about))
            run.mark("running")
        return run

    @classmethod
    def open(cls, path):
        """An existing run.

        Raises:
            FileNotFoundError: The folder is missing or is not a run.
        """
        run = cls(path)
        if not run._file("config").is_file():
            raise FileNotFoundError(f"{path} is not a run: it has no config.json.")
        return run

    @classmethod
    def join(cls, results_dir, name):
        """The run that another process of this training makes; nothing is written."""
        return cls(pathlib.Path(results_dir).expanduser() / name)

    @property
    def checkpoints(self):
        """Folder of the weights."""
        return self.path / "checkpoints"

    @property
    def logs(self):
        """Folder for TensorBoard."""
        return self.path / "logs"

    @property
    def figures(self):
        """Folder for pictures; made by who draws the first."""
        return self.path / "figures"

    @property
    def metrics_jsonl(self):
        """Path of what was watched, a record a line."""
        return self.path / RECORDS

    @property
    def scores_csv(self):
        """Path of the table of what was held out, a row for each neuron or trial."""
        return self.path / SCORES

    @property
    def about(self):
        """A dict with layout, room and inputs, in the newest layout."""
        return newest(read_documents(self.path), self.path).run

    @property
    def metrics_csv(self):
        """Path of the table with one row per epoch."""
        return self.path / METRICS

    @property
    def config(self):
        """Options as a nested dict; see `v1model.options.from_dict`."""
        return self._read("config")

    @property
    def starts(self):
        """One record for each time that the run was started or resumed."""
        return self._read("starts", list, missing=[])

    @property
    def was_resumed(self):
        """Whether this is not the first start of the run."""
        return len(self.starts) > 1

    @property
    def state(self):
        """A dict with state (one of STATES), since and error."""
        return self._read("state")

    @property
    def result(self):
        """The metrics of a finished run, or None."""
        return self._read("result", missing=None)

    def mark(self, state, error=None):
        """Records the state of the run, and why it ended."""
        if state not in STATES:
            raise ValueError(f"unknown state {state!r}, choose from {STATES}.")
        self._write("state", {"state": state, "since": _now(), "error": error})

    def fix(self, name, value):
        """Keeps a fact that must be the same whenever the run goes on.

        Raises:
            ValueError: It was another value before.
        """
        facts = self._read("facts", missing={})
        if facts.setdefault(name, value) != value:
            raise ValueError(
                f"{self.path} was trained with {name} {facts[name]}, now {value}. "
                "Resume it on as many, or choose another run_name."
            )
        self._write("facts", facts)

    def note_machine(self):
        """Completes the record of this start by what is known only now: the devices.

        For a training that makes its folder before it starts TensorFlow.
        """
        *earlier, now = self.starts
        self._write("starts", [*earlier, now | machine()])

    def write_result(self, metrics):
        """Writes result.json; NaN and infinity become null."""
        self._write("result", plain(metrics))

    @contextlib.contextmanager
    def recorded(self):
        """Marks the run by how the block ends: finished, killed or failed.

        A termination signal (SIGTERM, as batch systems send it before they kill)
        ends the block like Ctrl-C does. A run that is killed without warning stays
        "running", which the index shows as killed where nobody holds it any more; it
        can be resumed like any other that is not finished.
        """
        try:
            with termination_as_exit():
                yield self
        except (KeyboardInterrupt, SystemExit) as error:
            self._mark_end("killed", error)
            raise
        except BaseException as error:
            self._mark_end("failed", error)
            raise
        else:
            self.mark("finished")
        finally:
            if self._hold is not None:
                self._hold.release()

    def _mark_end(self, state, error):
        """Marks why the run ended, unless the disk is full, which may be why."""
        try:
            self.mark(state, f"{type(error).__name__}: {error}")
        except OSError as refusal:
            logger.warning("the run stays marked as running: %s", refusal)

    def _require_own(self):
        """Refuses a folder with files of somebody else."""
        is_own = self._file("config").exists() or (self.path / LOCK).exists()
        if not is_own and self.path.exists() and any(self._visible_files()):
            raise FileExistsError(f"{self.path} exists and is not a run.")

    def _check_resumable(self, config):
        layout_of(read_documents(self.path), self.path)
        now = plain(options_of(config))
        free = getattr(config, "free_options", frozenset())
        changed = differences(self.config, now, free)
        if changed:
            raise ValueError(
                f"{self.path} was made with other options: {'; '.join(changed)}. "
                "Repeat them to resume it, or choose another run_name."
            )
        state = self._read("state", missing={"state": "running"})["state"]
        if state == "finished":
            raise ValueError(f"{self.path} is finished; choose another run_name.")

    def _visible_files(self):
        return (path for path in self.path.iterdir() if path.name[0] != ".")

    def _file(self, name):
        return self.path / f"{name}.json"

    def _read(self, name, kind=dict, **missing):
        path = self._file(name)
        if missing and not path.exists():
            return missing["missing"]
        return read_json(path, kind)

    def _write(self, name, content):
        text = json.dumps(content, indent=2, allow_nan=False)
        atomic.write_text(self._file(name), text + "\n")


@contextlib.contextmanager
def _naming(option, path):
    """Says which option and path an OS error is about."""
    try:
        yield
    except FileExistsError as error:
        if error.errno is None:  # ours, it says enough
            raise
        raise type(error)(f"{option} {path} is not a folder.") from error
    except OSError as error:
        where = error.filename or path
        raise type(error)(
            f"{option} {path} cannot be written: {error.strerror} ({where})."
        ) from error


def _new_folder(results_dir):
    """A folder named after the time; two runs that start together get two."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    for attempt in range(1, 1000):
        path = results_dir / (stamp if attempt == 1 else f"{stamp}_{attempt}")
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
    raise FileExistsError(f"{results_dir} already has 999 runs named {stamp}.")


def _start(command, config):
    return {
        "time": _now(),
        "command": shlex.join(map(str, command)),
        "folder": str(pathlib.Path.cwd()),
        "seeds": seeds_of(plain(options_of(config))),
        **machine(),
        "versions": versions(),
    }


def _now():
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
