"""Logged trials as files: one per step while they come, one of all at the end.

    FOLDER/activity_steps/step_00000100.npz    a trial, written when it was logged
    FOLDER/activity_steps/neurons.npz          the table of the neurons
    FOLDER/activity_summary.npz                all of them, by `save_summary`

Every file is an ordinary npz. The summary holds, besides `schema` (the number of this
layout) and `steps` (S,), the members of each step, named as the fields of
TrialActivity, and one column per field of Neurons, if the neurons were known:

    with np.load("activity_summary.npz") as file:
        file["steps"]                        # [100, 200, ...]
        file["step_00000100/spike_step"]     # when and ...
        file["step_00000100/spike_neuron"]   # ... who
        file["neurons/pop_name"]             # population of each neuron

Inputs are kept in half precision, unless their size forbids it: spikes exactly,
currents to 3 digits. Everything else is exact. A trial of 600 ms takes 0.3 MB at
5,000 neurons and 1 MB in the core of 51,978, in either file; one of the core in which
all neurons fire at 300 Hz takes 13 MB.
"""

import contextlib
import dataclasses
import pathlib
import re
import zipfile

import numpy as np

from v1model.activity import TrialActivity
from v1model.atomic import atomic_path, remove_partial
from v1model.network.neurons import Neurons

SCHEMA = 1
SUMMARY = "activity_summary.npz"
STEPS = "activity_steps"
_NEURONS = "neurons"
COMPRESSION = 1  # higher ones take several times as long for a tenth of the room
_HALF = np.finfo(np.float16)


class ActivityFiles:
    """The logged trials of a folder. Nothing is kept in memory.

    A step that is logged again replaces the older file, so that a resumed run leaves
    the files of an undisturbed one. (The first trials that continue a stream differ:
    TrialRecorder starts them at rest.)

    Args:
        folder: Made when the first trial is added.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    @property
    def summary(self):
        """Path of the file of all steps."""
        return self.folder / SUMMARY

    def steps(self):
        """Steps that were logged, increasing, a list of int."""
        found = (self.folder / STEPS).glob("step_*.npz")
        numbers = (re.fullmatch(r"step_(\d+)", path.stem) for path in found)
        return sorted(int(number[1]) for number in numbers if number)

    def add(self, step, trial):
        """Writes a trial; its path.

        Args:
            step: Its number, from 0 on.
            trial: TrialActivity.

        Raises:
            ValueError: The step is negative.
            WriteError: The file cannot be written.
        """
        if step < 0:
            raise ValueError(f"step must not be negative, got {step}.")
        path = self._path(_name(step))
        with _written(path) as archive:
            _add_columns(archive, "", _arrays_of(trial))
        return path

    def add_neurons(self, neurons):
        """Writes the table of the neurons.

        Args:
            neurons: Neurons.

        Raises:
            WriteError: The file cannot be written.
        """
        with _written(self._path(_NEURONS)) as archive:
            _add_columns(archive, "", _columns_of(neurons))

    def remove_after(self, step):
        """Removes what an earlier training logged beyond a step; the removed steps."""
        beyond = [number for number in self.steps() if number > step]
        for number in beyond:
            self._path(_name(number)).unlink()
        return beyond

    def save_summary(self):
        """Merges all steps into one file, one in memory at a time; its path.

        Raises:
            WriteError: The file cannot be written.
        """
        steps = self.steps()
        remove_partial(self.summary)
        with _written(self.summary) as archive:
            head = {"schema": np.array(SCHEMA), "steps": np.array(steps, np.int64)}
            _add_columns(archive, "", head)
            names = [_NEURONS] if self._path(_NEURONS).exists() else []
            for name in [*names, *map(_name, steps)]:
                with np.load(self._path(name)) as part:
                    for member in part:
                        _add_columns(archive, f"{name}/", {member: part[member]})
        return self.summary

    def _path(self, name):
        return self.folder / STEPS / f"{name}.npz"


@dataclasses.dataclass(frozen=True)
class LoggedActivity:
    """A summary file, of which a trial is read when it is asked for.

    Args:
        path: The file.
        steps: Logged steps, increasing, (S,) int64.
        neurons: Neurons, or None if the file has none.
    """

    path: pathlib.Path
    steps: np.ndarray
    neurons: Neurons | None

    def trial(self, step):
        """The TrialActivity of a logged step.

        Raises:
            ValueError: The step was not logged.
        """
        if step not in self.steps:
            raise ValueError(
                f"{self.path} has no step {step}; choose from {self.steps.tolist()}."
            )
        with np.load(self.path) as file:
            return _trial_of(file, f"{_name(step)}/")

    def trials(self):
        """Yields (step, TrialActivity) of all steps."""
        for step in self.steps.tolist():
            yield step, self.trial(step)


def read_activity(path):
    """Opens a summary file: LoggedActivity.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no summary, or one of another layout.
    """
    path = pathlib.Path(path)
    with path.open("rb") as raw:
        is_archive = zipfile.is_zipfile(raw)
    with np.load(path) if is_archive else contextlib.nullcontext({}) as file:
        if "schema" not in file or int(file["schema"]) != SCHEMA:
            raise ValueError(f"{path} is no activity summary of layout {SCHEMA}.")
        neurons = None
        if f"{_NEURONS}/pop_name" in file:
            fields = [field.name for field in dataclasses.fields(Neurons)]
            neurons = Neurons(*(file[f"{_NEURONS}/{name}"] for name in fields))
        return LoggedActivity(path, file["steps"], neurons)


def _name(step):
    return f"step_{step:08d}"


@contextlib.contextmanager
def _written(path):
    """An npz file that is complete or not there, to which members are added."""
    options = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": COMPRESSION}
    with atomic_path(path) as partial, zipfile.ZipFile(partial, "w", **options) as file:
        yield file


def _add_columns(archive, prefix, arrays):
    for name, array in arrays.items():
        with archive.open(f"{prefix}{name}.npy", "w", force_zip64=True) as file:
            np.lib.format.write_array(file, array, allow_pickle=False)


def _arrays_of(trial):
    arrays = _columns_of(trial)
    inputs = trial.inputs
    is_small = not inputs.size or np.abs(inputs).max() <= _HALF.max
    if inputs.dtype.kind == "f" and is_small:
        # Values of a unit, side by side, differ little and take less room.
        arrays["inputs"] = np.asfortranarray(inputs.astype(np.float16))
    return arrays


def _columns_of(record):
    names = [field.name for field in dataclasses.fields(record)]
    return {name: np.asarray(getattr(record, name)) for name in names}


def _trial_of(file, prefix):
    fields = [field.name for field in dataclasses.fields(TrialActivity)]
    values = {name: file[prefix + name] for name in fields}
    inputs = values["inputs"]
    if inputs.dtype == np.float16:
        values["inputs"] = inputs.astype(np.float32)
    scalars = {name: values[name].item() for name in fields if values[name].ndim == 0}
    return TrialActivity(**{**values, **scalars})
