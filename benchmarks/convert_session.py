"""Seconds and memory to write a Neuropixels session as a recording, beside one sort.

    python benchmarks/convert_session.py [--units 1000] [--seconds 9600]

A made-up session file of the usual size, about 66 million spikes in trains of
log-normal rates, is converted: read from unit-major order, put in order of time window
by window, compressed and written. Beside it the plain way, which holds all spikes and
sorts them at once (without writing anything). Each way runs in a process of its own;
memory is the process's peak above that of its imports.

Results are added to benchmarks/results/convert_session.csv.
"""

import argparse
import multiprocessing
import pathlib
import resource
import tempfile
import time

import h5py
import numpy as np
from results_table import machine, record

RESULTS = pathlib.Path(__file__).parent / "results" / "convert_session.csv"
SEED = 3000
MEAN_HZ, SPREAD = 6.9, 1.0  # of the log-normal rates
SHOWN_S = 0.25021
REPEATS = 5950


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=9600.0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        nwb = pathlib.Path(folder) / "session.nwb"
        n_spikes = write_made_up(nwb, options.units, options.seconds)
        print(f"{n_spikes:,} spikes of {options.units:,} units", flush=True)
        found = {way.__name__: apart(way, nwb) for way in (convert, sort_at_once)}
        size = nwb.with_suffix(".h5").stat().st_size
        nwb_size = nwb.stat().st_size
    for name, (seconds, peak) in found.items():
        print(f"{name:14} {seconds:7.1f} s {peak:7.2f} GB above the imports")
    ratio = found["sort_at_once"][1] / found["convert"][1]
    print(
        f"memory: {ratio:.1f} times less than one sort; {n_spikes / 1e6:.0f} M spikes "
        f"at {n_spikes / 1e6 / found['convert'][0]:.2f} M/s; {nwb_size / 1e9:.2f} GB "
        f"to {size / 1e9:.2f} GB"
    )
    rows = [
        {
            "way": name,
            "units": options.units,
            "spikes": n_spikes,
            "seconds": round(seconds, 2),
            "gigabytes": round(peak, 3),
            "machine": machine(("numpy", "h5py")),
        }
        for name, (seconds, peak) in found.items()
    ]
    record(RESULTS, rows, key_of)


def key_of(row):
    return row["way"], int(row["units"]), row["machine"]


def write_made_up(path, n_units, seconds):
    """Writes a session in the layout that the reader needs; the number of spikes."""
    rng = np.random.default_rng(SEED)
    rates = rng.lognormal(np.log(MEAN_HZ) - SPREAD**2 / 2, SPREAD, n_units)
    counts = rng.poisson(rates * seconds)
    text = h5py.string_dtype()
    with h5py.File(path, "w") as file:
        file.create_dataset("identifier", data="715093703", dtype=text)
        units = file.create_group("units")
        units["id"] = np.arange(n_units)
        units["peak_channel_id"] = np.arange(n_units) % 6
        units["spike_times_index"] = np.cumsum(counts).astype(np.uint64)
        times = units.create_dataset("spike_times", (counts.sum(),), np.float64)
        first = 0
        for count in counts:
            times[first : first + count] = np.sort(rng.uniform(0, seconds, count))
            first += count
        electrodes = file.create_group("general/extracellular_ephys/electrodes")
        electrodes["id"] = np.arange(6)
        names = [f"probe{letter}" for letter in "ABCDEF"]
        electrodes.create_dataset("group_name", data=names, dtype=text)
        electrodes.create_dataset("location", data=["VISp"] * 6, dtype=text)
        scenes = file.create_group("intervals/natural_scenes_presentations")
        scenes["id"] = np.arange(REPEATS)
        scenes["start_time"] = 0.3 * seconds + np.arange(REPEATS) * SHOWN_S
        scenes["stop_time"] = 0.3 * seconds + np.arange(1, REPEATS + 1) * SHOWN_S
        scenes["frame"] = rng.permutation(np.arange(REPEATS) % 119 - 1).astype(float)
        running = file.create_group("processing/running")
        began = np.arange(0, seconds, 0.02)
        for name, shift in (("running_speed", 0.0), ("running_speed_end_times", 0.02)):
            group = running.create_group(name)
            group["data"] = rng.gamma(1, 5, len(began))
            group["timestamps"] = began + shift
    return int(counts.sum())


def apart(way, *arguments):
    """(seconds, GB above the imports) of a function, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measured, (way, *arguments))


def _measured(way, *arguments):
    run = way(*arguments)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.time()
    run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return time.time() - began, max(peak - before, 1) * 1024 / 1e9


def convert(nwb):
    """Ours."""
    from v1model.neuropixels.conversion import session_to_recording
    from v1model.neuropixels.session import load_session
    from v1model.neuropixels.unit_filter import UnitFilter

    def run():
        session = load_session(nwb, UnitFilter.keep_all())
        session_to_recording(session, nwb.with_suffix(".h5"))

    return run


def sort_at_once(nwb):
    """All spikes in memory, one sort."""

    def run():
        with h5py.File(nwb) as file:
            time_s = file["units/spike_times"][()]
            counts = np.diff(file["units/spike_times_index"][()], prepend=0)
        unit = np.repeat(np.arange(len(counts), dtype=np.int32), counts.astype(int))
        order = np.argsort(time_s, kind="stable")
        time_s, unit = time_s[order], unit[order]

    return run


if __name__ == "__main__":
    main()
