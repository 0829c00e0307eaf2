"""Seconds to bin a session's spikes, beside the histograms of the published pipeline.

    python benchmarks/bin_spikes.py [--units 1000] [--bins 10] [--histogram_units 3]

A synthetic session: log-normal rates with mean 6.9 Hz, 9,600 s, 5,950 presentations of
0.2502 s in three blocks. The published way is a histogram over all spikes of a unit for
every presentation; it is timed with np.histogram on a few units, of rates spread over
those of the session, and scaled to all of them by the time per presentation and per
spike. np.searchsorted on all edges is the shortest exact way in NumPy. Counts of all
ways must be equal. The published edges were float32: the bins that they get wrong are
counted on the same units.

Everything runs on one core. Results are added to benchmarks/results/bin_spikes.csv.
"""

import argparse
import os
import pathlib
import time

import numpy as np
from results_table import machine, record

from v1model.presentations.binning import bin_edges, bin_spikes

RESULTS = pathlib.Path(__file__).parent / "results" / "bin_spikes.csv"
SEED = 3000
SESSION_S = 9600.0
MEAN_HZ, SPREAD = 6.9, np.sqrt(2 * np.log(2))  # the mean is twice the median
BLOCKS_S = (1200.0, 4800.0, 7900.0)
N_PRESENTATIONS = 5950
PRESENTATION_S = 0.25021
TARGET_S = 3.0  # 1,000 units, 10 bins


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=1000, help="Units.")
    parser.add_argument("--bins", type=int, default=10, help="Bins per presentation.")
    parser.add_argument(
        "--histogram_units", type=int, default=3, help="Units of the published way."
    )
    parser.add_argument("--repeats", type=int, default=3, help="Runs; median counts.")
    options = parser.parse_args(arguments)
    start_s, stop_s = presentations()
    trains = spike_trains(options.units)
    bin_spikes(trains[:1], start_s, stop_s, options.bins)  # compiles
    ours, searched = [], []
    for _ in range(options.repeats):
        counts, seconds = timed(bin_spikes, trains, start_s, stop_s, options.bins)
        ours.append(seconds)
        expected, seconds = timed(search, trains, start_s, stop_s, options.bins)
        searched.append(seconds)
        if not np.array_equal(counts, expected):
            raise SystemExit("bin_spikes and np.searchsorted count differently.")
    chosen = spread_units(trains, options.histogram_units)
    published, n_wrong, n_filled = histograms(trains, chosen, counts, start_s, stop_s)
    row = {
        "units": options.units,
        "bins": options.bins,
        "spikes": sum(map(len, trains)),
        "seconds": round(float(np.median(ours)), 3),
        "searchsorted_seconds": round(float(np.median(searched)), 3),
        "published_seconds": round(published),
        "times_faster_than_searchsorted": round(
            np.median(searched) / np.median(ours), 1
        ),
        "times_faster_than_published": round(published / np.median(ours)),
        "float32_wrong_bins": n_wrong,
        "float32_filled_bins": n_filled,
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(("numpy", "numba")),
    }
    print(words_of(row))
    record(RESULTS, [row], lambda row: (int(row["units"]), int(row["bins"])))


def presentations():
    """Start and stop of 5,950 presentations in three blocks, back to back, s."""
    size = -(-N_PRESENTATIONS // len(BLOCKS_S))
    edges = [begin + PRESENTATION_S * np.arange(size + 1) for begin in BLOCKS_S]
    start_s = np.concatenate([edge[:-1] for edge in edges])[:N_PRESENTATIONS]
    stop_s = np.concatenate([edge[1:] for edge in edges])[:N_PRESENTATIONS]
    return start_s, stop_s


def spike_trains(n_units):
    rng = np.random.default_rng(SEED)
    rates = np.exp(SPREAD * rng.standard_normal(n_units))
    rates *= MEAN_HZ / rates.mean()
    return [np.sort(rng.random(rng.poisson(r * SESSION_S))) * SESSION_S for r in rates]


def search(trains, start_s, stop_s, n_bins):
    """The same counts with np.searchsorted, a call per unit."""
    edges = bin_edges(start_s, stop_s, n_bins)
    counts = np.empty((len(trains), len(edges), n_bins), np.uint16)
    for unit, times in enumerate(trains):
        before = np.searchsorted(times, edges.ravel()).reshape(edges.shape)
        counts[unit] = np.diff(before, axis=1)
    return np.ascontiguousarray(counts.transpose(1, 2, 0))


def timed(function, *arguments):
    began = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - began


def spread_units(trains, n):
    """Units from few to many spikes."""
    order = np.argsort([len(times) for times in trains])
    return order[(np.linspace(0.1, 0.9, n) * len(order)).astype(int)]


def histograms(trains, chosen, counts, start_s, stop_s):
    """The published way on a few units: seconds for all, wrong and filled bins.

    The seconds of a unit grow with its spikes, from a constant for the calls.
    """
    n_bins = counts.shape[1]
    edges = bin_edges(start_s, stop_s, n_bins)
    rounded = edges.astype(np.float32).astype(np.float64)
    seconds, n_wrong, n_filled = [], 0, 0
    for unit in chosen:
        found, taken = timed(histogram_unit, trains[unit], edges)
        seconds.append(taken)
        # A histogram closes its last bin; no spike of these is exactly on an edge.
        if not np.array_equal(found, counts[:, :, unit]):
            raise SystemExit(f"histogram and bin_spikes of unit {unit} differ.")
        wrong = histogram_unit(trains[unit], rounded) != found
        n_wrong += int(wrong.sum())
        n_filled += int((found > 0).sum())
    n_spikes = [len(trains[unit]) for unit in chosen]
    per_spike, constant = np.polyfit(n_spikes, seconds, 1)
    total = sum(map(len, trains))
    return per_spike * total + constant * len(trains), n_wrong, n_filled


def histogram_unit(times, edges):
    return np.array([np.histogram(times, edge)[0] for edge in edges])


def words_of(row):
    reached = "reached" if row["seconds"] <= TARGET_S else "missed"
    return (
        f"{row['units']:,} units, {row['spikes'] / 1e6:.1f} M spikes, "
        f"{N_PRESENTATIONS:,} presentations x {row['bins']} bins, one core\n"
        f"  bin_spikes                {row['seconds']:8.2f} s   target {TARGET_S:g} s "
        f"{reached}\n"
        f"  np.searchsorted           {row['searchsorted_seconds']:8.2f} s   "
        f"{row['times_faster_than_searchsorted']:g}x\n"
        f"  published, scaled         {row['published_seconds']:8,} s   "
        f"{row['times_faster_than_published']:,}x\n"
        f"  float32 edges: {row['float32_wrong_bins']:,} of "
        f"{row['float32_filled_bins']:,} filled bins wrong "
        f"({row['float32_wrong_bins'] / row['float32_filled_bins']:.1%})"
    )


if __name__ == "__main__":
    main()
