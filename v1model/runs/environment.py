"""What a run was made with: versions of all that decides a result, and the machine."""

import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys

import v1model

LIBRARIES = ("tensorflow", "keras", "numpy", "tensorflow-probability", "pandas", "h5py")


def versions():
    """Versions of all that decides a result, and the commit if there is one."""
    found = {"python": platform.python_version(), "v1model": v1model.__version__}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = None
    found["git"] = _commit(pathlib.Path(v1model.__file__).parents[1])
    return found


def machine():
    """The process and what it runs on: host, pid, cpus and devices.

    devices: Names of TensorFlow's devices, "GPU:0"; None before TensorFlow is imported,
        which takes seconds and is left to the training.
    """
    tensorflow = sys.modules.get("tensorflow")
    devices = None
    if hasattr(tensorflow, "config"):
        found = tensorflow.config.list_physical_devices()
        devices = [device.name.removeprefix("/physical_device:") for device in found]
    return {
        "host": platform.node(),
        "pid": os.getpid(),
        "cpus": os.cpu_count(),
        "devices": devices,
    }


def _commit(checkout):
    """Hash of the checkout that the package runs from, "+changes" if edited."""
    if not (checkout / ".git").exists():  # installed, perhaps inside another checkout
        return None
    try:
        commit = _git(checkout, "rev-parse", "HEAD")
        is_changed = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+changes" if is_changed else commit


def _git(checkout, *arguments):
    command = ["git", "-C", str(checkout), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
