"""Cost of a predicted bin: windows of 25 lags beside whole segments.

    python benchmarks/cnn_sequence.py [--bins 240] [--repeats 3]

A residual core on 24 x 24 pixels, alone and with a ConvGRU. Window mode gives the model
the 25 frames that a bin depends on and takes the newest rate; sequence mode gives it a
segment of many bins at once. Both compute the same rates: each bin's own window without
recurrence; with it, whose memory does not end, the window that begins where the segment
does. How far the rates of 25 lags are from those of the segment is in the table, too.

Multiply-adds are counted in the layers' graphs; seconds are medians of whole calls,
with windows in batches that have about as many frames as the segment. "fewest" is
window mode with no more frames than the layers need, memory_bins + 1.

Results are added to benchmarks/results/cnn_sequence.csv.
"""

import argparse
import os
import pathlib
import statistics
import time

import keras
import numpy as np
import tensorflow as tf
from results_table import machine, record

from v1model.cnn.costs import cost_table
from v1model.cnn.model import ReadoutModel
from v1model.cnn.model_spec import RecordingSpec

RESULTS = pathlib.Path(__file__).parent / "results" / "cnn_sequence.csv"
SEED = 3000
SIDE, N_NEURONS = 24, 50
LAGS = 25
TARGET = 10.0  # times fewer multiply-adds
CLOSE = 1e-5  # largest difference of rates, relative
RESNET = {
    "frontend": {"type": "learnable_temporal", "kernel_size": 12, "num_channels": 4},
    "convnet": {
        "type": "resnet",
        "channels": [16, 16],
        "stem_channels": 8,
        "stem": {"kernel_size": [1, 5, 5]},
        "blocks": [
            {
                "kernel_size": [3, 5, 5],
                "norm": {"type": "grn"},
                "pool": {"type": "max"},
            },
            {"kernel_size": [3, 3, 3], "norm": {"type": "grn"}},
        ],
    },
}  # 15 bins of memory
GRU = {"recurrent": {"type": "convgru", "hidden": 16, "memory_bins": 9}}
MODELS = {"resnet": RESNET, "resnet_convgru": RESNET | GRU}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bins", type=int, default=240, help="Rates of the segment.")
    parser.add_argument("--repeats", type=int, default=3, help="Median counts.")
    options = parser.parse_args(arguments)
    rows = []
    for name in MODELS:
        rows.append(measure(name, options))
        print(words_of(rows[-1]), flush=True)
    record(RESULTS, rows, lambda row: (row["device"], row["model"], int(row["bins"])))
    missed = [row["model"] for row in rows if row["times_fewer"] < TARGET]
    if missed:
        raise SystemExit(f"{', '.join(missed)}: target {TARGET:g}x missed.")


def measure(name, options):
    """A row of results: a dict.

    Raises:
        SystemExit: The modes disagree.
    """
    model, n_bins = model_of(MODELS[name]), options.bins
    movie = movie_of(model, n_bins)
    sequence = tf.function(lambda x: model({"a": {"movie": x}})["a"][0])
    window = tf.function(lambda x: model.predict_windows("a", x))
    rates = sequence(movie).numpy()
    recurs = model.params.recurrent.type != "none"
    if recurs:
        checked = rates_from_the_start(model, movie, [0, 1, n_bins // 2, n_bins - 1])
    else:
        checked = {i: own for i, own in enumerate(windowed(window, model, movie))}
    for i, own in checked.items():
        apart = np.abs(own / rates[i] - 1).max()
        if not apart < CLOSE:
            raise SystemExit(f"{name}: rates of bin {i} differ by {apart:.2g}.")
    seconds = {"sequence": [], "window": []}
    for _ in range(options.repeats):  # in turn, so that a busy moment is one of both
        began = time.perf_counter()
        sequence(movie).numpy()
        seconds["sequence"].append(time.perf_counter() - began)
        began = time.perf_counter()
        of_lags = windowed(window, model, movie)
        seconds["window"].append(time.perf_counter() - began)
    ms = {key: 1000 * statistics.median(own) / n_bins for key, own in seconds.items()}
    *_, total = cost_table(model, n_bins, "a", window_bins=LAGS)
    *_, fewest = cost_table(model, n_bins, "a")
    return {
        "model": name,
        "bins": n_bins,
        "lags": LAGS,
        "memory_bins": model.memory_bins,
        "device": "GPU" if tf.config.list_logical_devices("GPU") else "CPU",
        "window_mmac": round(total.window / 1e6, 2),
        "fewest_mmac": round(fewest.window / 1e6, 2),
        "sequence_mmac": round(total.sequence / 1e6, 2),
        "times_fewer": round(total.window / total.sequence, 1),
        "window_ms": round(ms["window"], 3),
        "sequence_ms": round(ms["sequence"], 3),
        "times_faster": round(ms["window"] / ms["sequence"], 1),
        "rates_apart": f"{np.abs(of_lags / rates - 1).max():.1g}",
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }


def model_of(params):
    keras.utils.set_random_seed(SEED)
    spec = RecordingSpec("a", N_NEURONS, (SIDE, SIDE, 1))
    return ReadoutModel((spec,), params)


def movie_of(model, n_bins):
    """One segment that has at least LAGS frames for its first bin."""
    rng = np.random.default_rng(SEED)
    shape = (1, n_bins + model.memory_bins, SIDE, SIDE, 1)
    return tf.constant(rng.uniform(-0.5, 0.5, shape), tf.float32)


def windowed(window, model, movie):
    """Rates (bins, N) of windows of LAGS frames; the first ones begin with grey."""
    grey = LAGS - 1 - model.memory_bins
    movie = tf.pad(movie[0], [(grey, 0), (0, 0), (0, 0), (0, 0)])
    n_bins = movie.shape[0] - LAGS + 1
    n_batch = n_bins // LAGS + 1
    rates = []
    for start in range(0, n_bins, n_batch):
        bins = range(start, min(start + n_batch, n_bins))
        rates.append(window(tf.stack([movie[i : i + LAGS] for i in bins])).numpy())
    return np.concatenate(rates)


def rates_from_the_start(model, movie, bins):
    """{bin: rates (N,)} of windows that begin where the segment does."""
    return {
        i: model.predict_windows("a", movie[:, : model.memory_bins + 1 + i])[0].numpy()
        for i in bins
    }


def words_of(row):
    reached = "reached" if row["times_fewer"] >= TARGET else "missed"
    return (
        f"{row['model']:15} {row['device']}: {row['window_mmac']} million multiply-adds"
        f" a bin in windows of {row['lags']} lags (fewest {row['fewest_mmac']}), "
        f"{row['sequence_mmac']} in sequence: {row['times_fewer']:g}x, target "
        f"{TARGET:g}x {reached}; {row['window_ms']:.2f} and {row['sequence_ms']:.2f} "
        f"ms: {row['times_faster']:g}x"
    )


if __name__ == "__main__":
    main()
