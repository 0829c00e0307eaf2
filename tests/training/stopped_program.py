"""Runs the trainer and does harm to it at an exact point.

    python stopped_program.py POINT --task=...

POINT is one of
    step:N              SIGKILL after the Nth step of this start
    validation:N        SIGKILL after its Nth step of validation
    half:NAME:N         SIGKILL in the middle of writing weight file NAME the Nth time
    before:NAME:N       SIGKILL before file NAME is replaced the Nth time
    after:NAME:N        SIGKILL after that
    limit:N             no file may grow beyond 50 kB after the Nth step
    full:FOLDER:N       the disk of FOLDER is full after the Nth step
"""

import os
import pathlib
import resource
import runpy
import shutil
import signal
import sys

import h5py
import keras

from v1model.callbacks import StepTimer

TRAINER = pathlib.Path(__file__).parents[2] / "training" / "multi_training.py"
BALLAST = "ballast"


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))


def fill(folder):
    with (pathlib.Path(folder) / BALLAST).open("wb") as file:
        while free := shutil.disk_usage(folder).free:
            file.write(bytes(min(free, 1 << 20)))
            file.flush()


def on_call(owner, name, number, act, wanted=lambda *args: True):
    """Acts after the call of a method whose number, from 1, is given."""
    original = getattr(owner, name)
    calls = []

    def counted(*args, **kwargs):
        result = original(*args, **kwargs)
        if wanted(*args):
            calls.append(args)
            if len(calls) == number:
                act()
        return result

    setattr(owner, name, counted)


def before_replacing(wanted, number):
    original = os.replace
    calls = []

    def counted(source, target):
        if pathlib.Path(target).name == wanted:
            calls.append(target)
            if len(calls) == number:
                kill()
        original(source, target)

    os.replace = counted


def halfway_through(wanted, number):
    """The third array of the file is not written any more."""
    original = keras.Model.save_weights
    calls = []

    def counted(model, path, *args, **kwargs):
        if pathlib.Path(path).name.startswith(f".{wanted}."):
            calls.append(path)
            if len(calls) == number:
                on_call(h5py.Group, "create_dataset", 2, kill)
        return original(model, path, *args, **kwargs)

    keras.Model.save_weights = counted


def prepare(kind, *rest):
    *names, number = rest
    number = int(number)
    if kind == "step":
        on_call(StepTimer, "on_train_batch_end", number, kill)
    elif kind == "validation":
        on_call(StepTimer, "on_test_batch_end", number, kill)
    elif kind == "limit":
        on_call(StepTimer, "on_train_batch_end", number, limit)
    elif kind == "full":
        on_call(StepTimer, "on_train_batch_end", number, lambda: fill(*names))
    elif kind == "half":
        halfway_through(*names, number)
    elif kind == "before":
        before_replacing(*names, number)
    elif kind == "after":

        def is_wanted(source, target):
            return pathlib.Path(target).name == names[0]

        on_call(os, "replace", number, kill, is_wanted)
    else:
        raise ValueError(f"unknown point {kind}.")


if __name__ == "__main__":
    prepare(*sys.argv.pop(1).split(":"))
    sys.argv[0] = str(TRAINER)
    runpy.run_path(str(TRAINER), run_name="__main__")
