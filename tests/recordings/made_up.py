"""Recordings that the tests make up, and what is in them."""

import dataclasses

import h5py
import numpy as np
import pandas as pd

from v1model.recordings import RecordingWriter, Signal

SIGNALS = {
    "spikes": Signal("count"),
    "exact": Signal("count", "uint16", is_exact=True),
    "voltages": Signal("voltage", "float16"),
    "rates": Signal("rate", "float64", unit="1/s"),
}


@dataclasses.dataclass(frozen=True)
class Content:
    """What a made-up recording holds; see `made_up`."""

    counts: np.ndarray
    time_s: np.ndarray
    neuron: np.ndarray
    voltages: np.ndarray
    rates: np.ndarray
    gray: np.ndarray
    frames: np.ndarray
    index: np.ndarray
    running: np.ndarray
    valid: np.ndarray
    neurons: pd.DataFrame
    trials: pd.DataFrame
    start_s: float = 2.5
    dt_ms: float = 0.7

    @property
    def n_steps(self):
        return len(self.counts)

    def borders_s(self, steps):
        return self.start_s + np.asarray(steps) * self.dt_ms / 1000


def made_up(n_steps=40, n_neurons=7, seed=0):
    """A Content with a bit of everything."""
    rng = np.random.default_rng(seed)
    shape = (n_steps, n_neurons)
    n_exact = 3 * n_steps
    end_s = n_steps * 0.7 / 1000
    valid = np.ones(shape, bool)
    valid[n_steps // 4 : n_steps // 2, 1] = False
    valid[n_steps // 3 : n_steps // 2 + 1, -1] = False
    voltages = rng.normal(-70, 4, shape)
    voltages[~valid] = np.nan
    return Content(
        counts=rng.poisson(0.4, shape).astype(np.uint8),
        time_s=2.5 + np.sort(rng.random(n_exact)) * end_s * 0.999,
        neuron=rng.integers(0, n_neurons, n_exact),
        voltages=voltages,
        rates=rng.random(shape),
        gray=rng.random((n_steps, 3, 2)).astype(np.float32),
        frames=rng.integers(0, 255, (4, 2, 3)).astype(np.uint8),
        index=rng.integers(-1, 4, n_steps),
        running=rng.random((n_steps, 1)),
        valid=valid,
        neurons=pd.DataFrame(
            {
                "id": 100 + np.arange(n_neurons)[::-1],
                "layer": [f"L{k}" for k in range(n_neurons)],
                "x": rng.random(n_neurons).astype(np.float32),
                "good": rng.random(n_neurons) < 0.5,
            }
        ),
        trials=pd.DataFrame(
            {
                "start_s": [2.5, 2.505],
                "stop_s": [2.505, 2.51],
                "stimulus": ["scenes", "µ grating"],
                "frame": [3, -1],
            }
        ),
    )


def write(content, path, cuts=(), **options):
    """Writes a Content in parts that begin at the steps `cuts`."""
    borders = [0, *sorted(cuts), content.n_steps]
    with RecordingWriter(
        path,
        neurons=content.neurons,
        dt_ms=content.dt_ms,
        start_s=content.start_s,
        signals=SIGNALS,
        source="made up",
        session_id="s1",
        metadata={"a": [1, "b"]},
        frames={"movie": content.frames},
        **options,
    ) as writer:
        for start, stop in zip(borders[:-1], borders[1:], strict=True):
            append(writer, content, start, stop)
        writer.add_trials(content.trials)
    return path


def append(writer, content, start, stop):
    """Appends steps [start, stop) of a Content."""
    part = slice(start, stop)
    times = slice(*np.searchsorted(content.time_s, content.borders_s([start, stop])))
    writer.append(
        {
            "spikes": content.counts[part],
            "exact": (content.time_s[times], content.neuron[times]),
            "voltages": content.voltages[part],
            "rates": content.rates[part],
        },
        stimulus={"movie": content.index[part], "gray": content.gray[part]},
        behavior={"running": content.running[part]},
        valid=content.valid[part],
    )


def everything(path):
    """All attributes and arrays of an HDF5 file by name."""
    found = {}

    def add(name, item):
        for key, value in item.attrs.items():
            found[f"{name}@{key}"] = np.asarray(value)
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        add("", file)
        file.visititems(add)
    return found


def assert_same_files(one, other):
    """Both files hold the same names, types and values."""
    one, other = everything(one), everything(other)
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.dtype == other[name].dtype, name
        np.testing.assert_array_equal(value, other[name], err_msg=name)
