"""Writing and reading a recording beside the plain disk, and the memory it takes.

    python benchmarks/recording_speed.py [--neurons 51978] [--steps 2048] [--dir FOLDER]
    python benchmarks/recording_speed.py --steps 100000    # the real size, 12 GB

Made up are spikes at 3 Hz and voltages in float16: noise with a correlation time of
20 ms around rest, of which the lower byte cannot be compressed. Ways to store them:

    disk        the same bytes by ndarray.tofile and fromfile
    recording   RecordingWriter and Recording with all cores
    one core    the same on one
    h5py        h5py's own gzip of the same chunks, one thread

Each is written, forced onto the disk, dropped from the memory of the system and read
back. MB are those of the arrays, whatever their size on the disk; "core" are those per
second of a core, which other programs hardly change. The peak of memory is
counted from when the made-up activity is there; growth is what came after the first
tenth of the steps. Results are added to benchmarks/results/recording_speed.csv.
Linux only.
"""

import argparse
import contextlib
import ctypes
import dataclasses
import os
import pathlib
import sys
import tempfile
import time

import h5py
import numpy as np
import pandas as pd
from results_table import machine, record

from v1model.recordings import RecordingWriter, Signal, open_recording
from v1model.recordings.chunks import chunk_shape

RESULTS = pathlib.Path(__file__).parent / "results" / "recording_speed.csv"
WAYS = ("disk", "recording", "one core", "h5py")
BLOCK = 512  # steps that are made up, and appended and read at a time
SHORT = 2048  # steps of the slow ways
RATE_HZ, REST_MV, SPREAD_MV, TAU_MS = 3, -68, 4, 20
MB = 1e6


@dataclasses.dataclass(frozen=True)
class Activity:
    """A block of made-up activity that is appended again and again.

    voltages: (BLOCK, N) float16, mV.  step, neuron: Its spikes, (n,).
    """

    voltages: np.ndarray
    step: np.ndarray
    neuron: np.ndarray

    def n_bytes(self, n_steps):
        """Of so many steps: voltages, the neuron of each spike, where steps begin."""
        spikes = 4 * np.searchsorted(self.step, n_steps % BLOCK)
        spikes += n_steps // BLOCK * 4 * len(self.step)
        return n_steps * self.voltages[0].nbytes + spikes + 8 * (n_steps + 1)

    def part(self, n):
        """The first n steps: voltages and events."""
        kept = slice(np.searchsorted(self.step, n))
        return self.voltages[:n], (self.step[kept], self.neuron[kept])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=51_978, help="Neurons.")
    parser.add_argument("--steps", type=int, default=SHORT, help="Steps of 1 ms.")
    parser.add_argument("--dir", default=None, help="Folder for the files.")
    options = parser.parse_args(arguments)
    if not sys.platform.startswith("linux"):
        sys.exit("memory and caches are controlled on Linux only: not measured")
    activity = made_up(options.neurons)
    rows = []
    print(f"{options.neurons:,} neurons; MB/s of the arrays (ratio to the disk)")
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        for n_steps in sorted({min(options.steps, SHORT), options.steps}):
            ways = WAYS if n_steps <= SHORT else WAYS[:2]
            disk = None
            for way in ways:
                row = measure(way, activity, n_steps, pathlib.Path(folder) / "a")
                disk = disk or row
                print(words_of(row, disk), flush=True)
                rows.append(row)
    record(RESULTS, rows, key_of)
    return rows


def made_up(n_neurons, seed=0):
    """An Activity of so many neurons."""
    rng = np.random.default_rng(seed)
    voltages = np.empty((BLOCK, n_neurons), np.float16)
    kept = np.exp(-1 / TAU_MS)
    state = rng.standard_normal(n_neurons, np.float32)
    for row in voltages:
        row[:] = REST_MV + SPREAD_MV * state
        noise = rng.standard_normal(n_neurons, np.float32)
        state = kept * state + np.sqrt(1 - kept**2) * noise
    counts = rng.random((BLOCK, n_neurons), np.float32) < RATE_HZ / 1000
    return Activity(voltages, *np.nonzero(counts))


def measure(way, activity, n_steps, path):
    """A row of the results."""
    write, read = WRITERS[way], READERS[way]
    with on_one_core() if way == "one core" else contextlib.nullcontext():
        writing = Memory(n_steps)
        begun = clocks()
        write(activity, n_steps, path, writing)
        forget(path)
        write_s, write_cpu_s = clocks() - begun
        written = writing.peak_and_growth()
        reading = Memory(n_steps)
        begun = clocks()
        read(path, n_steps, reading)
        read_s, read_cpu_s = clocks() - begun
        peak, growth = np.maximum(written, reading.peak_and_growth())
    mb = activity.n_bytes(n_steps) / MB
    found = {
        "neurons": activity.voltages.shape[1],
        "steps": n_steps,
        "way": way,
        "array_mb": round(mb, 1),
        "file_mb": round(path.stat().st_size / MB, 1),
        "write_mb_s": round(mb / write_s, 1),
        "read_mb_s": round(mb / read_s, 1),
        "write_mb_cpu_s": round(mb / write_cpu_s, 1),
        "read_mb_cpu_s": round(mb / read_cpu_s, 1),
        "peak_mb": round(float(peak), 1),
        "growth_mb": round(float(growth), 1),
        "few_neurons_s": "",
        "few_steps_s": "",
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(("h5py", "numpy")),
    }
    if way == "recording":
        found |= slices(path, n_steps)
    path.unlink()
    return found


def clocks():
    """Seconds of the wall, and of all cores for this process."""
    return np.array([time.perf_counter(), time.process_time()])


def slices(path, n_steps):
    """Seconds to read ten neighbours at all steps, and 100 steps of all neurons."""
    taken = {}
    with open_recording(path) as recording:
        voltages = recording.activity["voltages"]
        ten = np.arange(recording.n_neurons // 2, recording.n_neurons // 2 + 10)
        hundred = (n_steps // 2, min(n_steps // 2 + 100, n_steps))
        for name, where in (
            ("few_neurons_s", (0, n_steps, ten)),
            ("few_steps_s", hundred),
        ):
            forget(path)
            begun = time.perf_counter()
            voltages.read(*where)
            taken[name] = round(time.perf_counter() - begun, 3)
    return taken


def write_plain(activity, n_steps, path, memory):
    with path.open("wb") as file:
        for n in blocks(n_steps):
            voltages, (_, neuron) = activity.part(n)
            voltages.tofile(file)
            neuron.astype(np.int32).tofile(file)
            memory.step(n)
        np.zeros(n_steps + 1, np.int64).tofile(file)


def read_plain(path, n_steps, memory):
    size = path.stat().st_size // -(-n_steps // BLOCK)
    with path.open("rb") as file:
        while len(np.fromfile(file, np.uint8, size)):
            memory.step(BLOCK)


def write_recording(activity, n_steps, path, memory):
    n_neurons = activity.voltages.shape[1]
    with RecordingWriter(
        path,
        neurons=pd.DataFrame({"id": np.arange(n_neurons)}),
        dt_ms=1,
        signals={"spikes": Signal("count"), "voltages": Signal("voltage", "float16")},
    ) as writer:
        for n in blocks(n_steps):
            voltages, events = activity.part(n)
            writer.append({"spikes": events, "voltages": voltages})
            memory.step(n)


def read_recording(path, n_steps, memory):
    with open_recording(path) as recording:
        start = 0
        for n in blocks(n_steps):
            recording.activity["voltages"].read(start, start + n)
            recording.activity["spikes"].events(start, start + n)
            start += n
            memory.step(n)


def write_h5py(activity, n_steps, path, memory):
    n_neurons = activity.voltages.shape[1]
    options = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    with h5py.File(path, "w") as file:
        shape = (n_steps, n_neurons)
        chunks = tuple(map(min, chunk_shape((n_neurons,), 2), shape))
        voltages = file.create_dataset("v", shape, "f2", chunks=chunks, **options)
        size = n_steps * len(activity.neuron) // BLOCK + len(activity.neuron)
        neuron = file.create_dataset(
            "n", (size,), "i4", chunks=(min(2**14, size),), **options
        )
        start = first = 0
        for n in blocks(n_steps):
            voltages[start : start + n], (_, who) = activity.part(n)
            neuron[first : first + len(who)] = who
            start, first = start + n, first + len(who)
            memory.step(n)


def read_h5py(path, n_steps, memory):
    with h5py.File(path) as file:
        start = 0
        share = len(file["n"]) // -(-n_steps // BLOCK)
        for k, n in enumerate(blocks(n_steps)):
            file["v"][start : start + n]
            file["n"][k * share : (k + 1) * share]
            start += n
            memory.step(n)


WRITERS = dict(
    zip(WAYS, (write_plain, write_recording, write_recording, write_h5py), strict=True)
)
READERS = dict(
    zip(WAYS, (read_plain, read_recording, read_recording, read_h5py), strict=True)
)


def blocks(n_steps):
    """Lengths of the parts of so many steps."""
    for start in range(0, n_steps, BLOCK):
        yield min(BLOCK, n_steps - start)


class Memory:
    """Peak of this process beyond what it held, and how much came after a tenth.

    Args:
        n_steps: Steps that will come, by `step`.
    """

    def __init__(self, n_steps):
        self._n_steps, self._seen, self._early = n_steps, 0, None
        ctypes.CDLL(None).malloc_trim(0)
        pathlib.Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._before = _status("VmRSS")

    def step(self, n):
        self._seen += n
        if self._early is None and self._seen >= max(self._n_steps / 10, 4 * BLOCK):
            self._early = _status("VmHWM")

    def peak_and_growth(self):
        """(peak, what of it came after the first tenth), MB."""
        now = _status("VmHWM")
        early = now if self._early is None else self._early
        return (now - self._before) / 1000, (now - early) / 1000


def _status(name):
    """A number of /proc/self/status, kB."""
    for line in pathlib.Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {name}.")


def forget(path):
    """Forces a file onto the disk and drops it from the memory of the system."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


@contextlib.contextmanager
def on_one_core():
    """All threads of this process share a core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def words_of(row, disk):
    """A row in one line."""
    line = f"{row['steps']:8,} steps  {row['way']:9}"
    for what in ("write", "read"):
        speed = row[f"{what}_mb_s"]
        line += f"  {what} {speed:5.0f} ({speed / disk[f'{what}_mb_s']:4.2f}"
        line += f", core {row[f'{what}_mb_cpu_s']:.0f})"
    line += f"  file {row['file_mb']:,.0f} of {row['array_mb']:,.0f} MB"
    line += f"  peak {row['peak_mb']:.0f}, growth {row['growth_mb']:.0f} MB"
    if row["few_neurons_s"] != "":
        line += f"  10 neurons {row['few_neurons_s']:.2f} s"
        line += f"  100 steps {row['few_steps_s']:.2f} s"
    return line


def key_of(row):
    """What a row is a result of."""
    return int(row["neurons"]), int(row["steps"]), WAYS.index(row["way"])


if __name__ == "__main__":
    main()
