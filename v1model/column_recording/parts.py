"""Parts: finished stretches of a recording, beside the file that is to be."""

import contextlib
import json
import pathlib
import shutil

import numpy as np

from v1model.atomic import atomic_path, remove_partial, write_text
from v1model.column_recording.rows import Standing
from v1model.engine.glif3 import GLIF3State
from v1model.file_lock import file_lock

JOB, LOCK = "job.json", "lock"


class Parts:
    """The folder `OUT.parts`: what is finished, and where the column stood behind it.

    Everything is either complete or not there: `part_00003.h5` is a recording,
    `state_00003.npz` the Standing behind it, and a part without one does not count.

    Args:
        out: Path of the recording.
        job: What the parts are of, as `job_of` describes it.

    Raises:
        ValueError: There are parts of another job, or one is missing.
    """

    def __init__(self, out, job):
        self.folder = pathlib.Path(f"{out}.parts")
        self._job = job

    def open(self):
        """Makes the folder, or takes up the one that is there.

        Raises:
            ValueError: It is of another job.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / JOB
        if path.is_file():
            require_same_job(json.loads(path.read_text()), self._job, self.folder)
        else:
            write_text(path, json.dumps(self._job, indent=1, sort_keys=True))

    @contextlib.contextmanager
    def locked(self):
        """Keeps other programs away as long as the block runs.

        Raises:
            ValueError: One is at work here.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(file_lock(self.folder / LOCK, waits=False))
            except BlockingIOError:
                raise ValueError(
                    f"{self.folder}: another program is recording there; wait for it, "
                    "or give another --out."
                ) from None
            yield

    def path(self, k):
        """Where part k is, or will be."""
        return self.folder / f"part_{k:05d}.h5"

    def n_finished(self):
        """How many parts are finished.

        Raises:
            ValueError: One of them is missing.
        """
        states = sorted(self.folder.glob("state_*.npz"))
        if not states:
            return 0
        n = int(states[-1].stem.split("_")[1]) + 1
        for k in range(n):
            if not self.path(k).is_file():
                raise ValueError(f"{self.path(k)} is missing; remove {self.folder}.")
        return n

    def read_standing(self, k):
        """The Standing behind part k."""
        with np.load(self._state(k)) as stored:
            arrays = dict(stored)
        state = GLIF3State(*(arrays.pop(name) for name in GLIF3State._fields))
        generator = json.loads(str(arrays.pop("generator")))
        step = int(arrays.pop("step"))
        return Standing(step, state, generator=generator, **arrays)

    def write_standing(self, k, standing):
        """Keeps the Standing behind part k, which then counts as finished."""
        remove_partial(self._state(k))
        arrays = {name: np.asarray(a) for name, a in standing.state._asdict().items()}
        with atomic_path(self._state(k)) as partial:
            np.savez(
                partial,
                step=standing.step,
                spikes=standing.spikes,
                voltages=standing.voltages,
                rates=standing.rates,
                generator=json.dumps(standing.generator),
                **arrays,
            )
        self._state(k - 1).unlink(missing_ok=True)

    def remove(self):
        """Removes the folder, once the recording is complete."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _state(self, k):
        return self.folder / f"state_{k:05d}.npz"


def require_same_job(old, new, where):
    """Raises ValueError naming the options in which two jobs differ.

    Fingerprints are named only where no option tells the jobs apart: a network in
    `data_dir` may have changed.
    """
    options = _differences(old["options"], new["options"])
    rest = _differences(*({**job, "options": None} for job in (old, new)))
    if options or rest:
        raise ValueError(
            f"{where} is another recording ({'; '.join(options or rest)}). Give its "
            "options, or another --out."
        )


def _differences(old, new):
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return [f"{name}: {old.get(name)} there, {new.get(name)} now" for name in names]
