#!/usr/bin/env python
r"""Makes a recording of arrays of your own, of an NWB file, or of zarr arrays.

    python scripts/import_recording.py arrays.npz --hz 30 --quantity calcium --out r.h5
    python scripts/import_recording.py traces.npy --hz 30 --quantity calcium
    python scripts/import_recording.py session.nwb
    python scripts/import_recording.py graphs_data/fly/fly_N9_62_1

A folder is one of the published layout of LatentEvolution, which
`v1model/recordings/zarr_import.py` describes; its steps last 20 ms unless --dt_ms says
otherwise.

Arrays come as an .npz, a .npy, an .h5 or a .csv (steps are rows, neurons columns, with
a line of names). Time is the first axis. In .npz and .h5 these names are known:

    activity           (T, N); or any other name of a matrix given by --activity
    spike_times, spike_neuron   exact times in s, in order, and who, from 0 on
    valid              (T, N) or (N,), true where a value can be trusted
    neurons/COLUMN     (N,), the table of neurons: neurons/id, neurons/area ...
    trials/COLUMN      (P,), presentations: trials/start_s, trials/stop_s, trials/frame
    stimulus/NAME      (T, ...), or (T,) indices where frames/NAME is there, -1 for none
    frames/NAME        (F, ...)
    behavior/NAME      (T, ...)
"""

import pathlib
import sys

import numpy as np
import pandas as pd
from absl import app, flags, logging

from training.progress import Progress
from v1model.flags import list_under_help
from v1model.hdf5_files import open_hdf5
from v1model.recordings import (
    QUANTITIES,
    import_nwb,
    import_zarr,
    open_recording,
    save_recording,
)
from v1model.recordings.summary import summary_text
from v1model.recordings.zarr_import import DT_MS

KINDS = (".npz", ".npy", ".h5", ".csv", ".nwb")
ACTIVITY, TIMES, WHO, VALID = "activity", "spike_times", "spike_neuron", "valid"
FOLDERS = ("neurons", "trials", "stimulus", "frames", "behavior")


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    for name, default, help_text in (
        ("out", "", "Recording to write; empty puts it beside the file, as .h5."),
        ("activity", ACTIVITY, "Name of the matrix of activity in an .npz or .h5."),
        ("name", "", "What the signal is called; empty takes the quantity."),
        ("unit", "", "Its unit; empty takes that of the quantity."),
        ("signal", "", "What is taken of an NWB file: units, or responses by name."),
        ("source", "", "Where the activity comes from."),
        ("session_id", "", "Of the session; empty takes the name of the file."),
    ):
        flags.DEFINE_string(name, default, help_text, flag_values=values)
    flags.DEFINE_enum(
        "quantity",
        None,
        sorted(QUANTITIES),
        "What the matrix holds.",
        flag_values=values,
    )
    for name, default, help_text in (
        ("dt_ms", None, "Length of a step, ms; or give --hz."),
        ("hz", None, "Steps per second, instead of --dt_ms."),
        ("start_s", 0.0, "When the first step begins, s."),
    ):
        flags.DEFINE_float(name, default, help_text, flag_values=values)
    flags.DEFINE_integer(
        "n_inputs",
        None,
        "Of a folder: how many neurons, the first ones, have a stimulus; the "
        "photoreceptors of a fly if none.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "nan",
        "refuse",
        ("refuse", "invalid"),
        "What becomes of values that are not finite: an error, or not valid.",
        flag_values=values,
    )
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) != 2:
        raise app.UsageError("one file is needed: import_recording.py FILE")
    try:
        convert(argv[1], flags.FLAGS)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"error: {error}")


def convert(path, values):
    """Writes the recording and prints what is in it; returns its path."""
    path = pathlib.Path(path)
    if path.suffix not in KINDS and not path.is_dir():
        raise ValueError(f"{path}: the suffix must be one of {KINDS}, or a folder.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist.")
    out = pathlib.Path(values.out or path.with_suffix(".h5"))
    if out.suffix != ".h5" or out == path:
        raise ValueError(f"out must be another file that ends with .h5, got {out}.")
    dt_ms = _dt_ms(path, values)
    if path.is_dir():
        import_zarr(
            path,
            out,
            dt_ms=dt_ms or DT_MS,
            n_inputs=values.n_inputs,
            progress=Progress("imported", "steps"),
        )
    elif path.suffix == ".nwb":
        import_nwb(path, out, dt_ms=dt_ms, signal=values.signal or None)
    elif dt_ms is None:
        raise ValueError(f"{path}: --dt_ms or --hz is needed.")
    elif path.suffix == ".h5":
        with open_hdf5(path) as file:
            save(file, path, out, values)
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            save({name: file[name] for name in file.files}, path, out, values)
    elif path.suffix == ".npy":
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        save({values.activity: array}, path, out, values)
    else:
        table = pd.read_csv(path)
        names = {"neurons/name": table.columns.to_numpy(object)}
        save({values.activity: table.to_numpy(), **names}, path, out, values)
    with open_recording(out) as recording:
        print(summary_text(recording))
    return out


def _dt_ms(path, values):
    """Length of a step, or None if nothing is said."""
    if values.hz is None:
        return values.dt_ms
    if values.dt_ms is not None or not values.hz > 0:
        raise ValueError(
            f"{path}: --hz must be above 0 and without --dt_ms, got {values.hz} and "
            f"{values.dt_ms}."
        )
    return 1000 / values.hz


def save(file, path, out, values):
    """Writes a recording of a mapping of names to arrays."""
    folders = {folder: _folder(file, folder) for folder in FOLDERS}
    known = {values.activity, TIMES, WHO, VALID, *FOLDERS}
    unknown = [name for name in file if name.split("/")[0] not in known]
    if unknown:
        raise ValueError(
            f"{path}: unknown arrays {unknown}; known are {sorted(known)}, with "
            f"columns and names after a '/'."
        )
    options = {"valid": np.asarray(file[VALID]) if VALID in file else None}
    if values.activity in file:
        options |= _activity(file[values.activity], path, values)
        if values.nan == "invalid":
            array = next(iter(options["activity"].values()))
            is_there = np.isfinite(np.asarray(array))
            mask = options["valid"]
            options["valid"] = is_there if mask is None else is_there & mask
    if TIMES in file:
        if WHO not in file:
            raise ValueError(f"{path}: {TIMES} need {WHO}.")
        options["spike_times"] = (np.asarray(file[TIMES]), np.asarray(file[WHO]))
    if not options.keys() & {"activity", "spike_times"}:
        raise ValueError(f"{path}: neither '{values.activity}' nor '{TIMES}' is there.")
    neurons, trials = (_table(folders[name], path, name) for name in FOLDERS[:2])
    if neurons is not None and "id" not in neurons:
        neurons.insert(0, "id", np.arange(len(neurons)))
    save_recording(
        out,
        dt_ms=_dt_ms(path, values),
        start_s=values.start_s,
        neurons=neurons,
        trials=trials,
        **{name: folders[name] for name in FOLDERS[2:]},
        source=values.source or path.name,
        session_id=values.session_id or path.stem,
        **options,
    )


def _activity(array, path, values):
    if values.quantity is None:
        raise ValueError(f"{path}: --quantity is needed, one of {sorted(QUANTITIES)}.")
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        steps, neurons = array.shape
        logging.warning(
            "%s: %d steps of %d neurons; rows must be time", path, steps, neurons
        )
    name = values.name or ("spikes" if values.quantity == "count" else values.quantity)
    return {
        "activity": {name: array},
        "quantities": {name: values.quantity},
        "units": {name: values.unit} if values.unit else {},
    }


def _folder(file, folder):
    """Arrays of a folder by name: of a group of HDF5, or of names with a '/'."""
    if hasattr(file, "attrs"):
        return {name: one for name, one in file.get(folder, {}).items()}
    start = f"{folder}/"
    return {n.removeprefix(start): a for n, a in file.items() if n.startswith(start)}


def _table(columns, path, what):
    """A data frame of columns, or None if there are none."""
    if not columns:
        return None
    arrays = {name: np.asarray(one[()]) for name, one in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{path}: columns of {what} differ in length: {lengths}.")
    return pd.DataFrame({name: _texts(array) for name, array in arrays.items()})


def _texts(array):
    if array.dtype.kind not in "SUO":
        return array
    texts = [v.decode() if isinstance(v, bytes) else v for v in array.tolist()]
    return np.asarray(texts, object)


if __name__ == "__main__":
    define_flags()
    app.run(main)
