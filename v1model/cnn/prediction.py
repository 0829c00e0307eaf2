"""Prediction: what a read-out model says about whole trials of a recording."""

import functools
import weakref
from typing import NamedTuple

import numpy as np
import tensorflow as tf

_PIXELS_AT_ONCE = 2**21  # of all frames that are in the model together
_LONGEST = 1024  # bins of which rates are given in one piece
_SIZES = 4  # different lengths of pieces: each is compiled once
_COMPILED = weakref.WeakKeyDictionary()  # model -> functions by name of its method


class Prediction(NamedTuple):
    """Rates of a recording of T bins and N neurons.

    rates: (T, N) float32, spikes per bin; NaN where nothing is predicted.
    mask: (T, N) bool: predicted, and the count is one to be judged by.
    """

    rates: np.ndarray
    mask: np.ndarray


class Piece(NamedTuple):
    """What a model gives for bins [first, first + t) of a trial.

    trial: Row of `RecordingData.trials`.
    first: Bin of the recording.
    values: (t, ...) float32.
    """

    trial: int
    first: int
    values: np.ndarray


def predict(model, recording, parts=None, types=None, chunk_bins=None):
    """Rates of whole trials: Prediction. The first memory_bins of a trial have none.

    A trial is one pass through the model; one that is longer than a chunk is several,
    which overlap by the model's memory. That is the same unless a running mean or a
    recurrent state reaches further back than memory_bins: such a state then begins anew
    in each chunk.

    Args:
        model: ReadoutModel.
        recording: RecordingData, of which the model has a read-out.
        parts, types: Names of those that are predicted; None for all.
        chunk_bins: Longest piece; None for one that suits the size of the frames, at
            most 1024.

    Raises:
        ValueError: No trial is of these parts and types.
    """
    rates = np.full((recording.n_bins, recording.spec.n_neurons), np.nan, np.float32)
    is_predicted = np.zeros(recording.n_bins, bool)
    for piece in iterate_rates(model, recording, parts, types, chunk_bins):
        rows = slice(piece.first, piece.first + len(piece.values))
        rates[rows], is_predicted[rows] = piece.values, True
    mask = recording.usable(model.memory_bins) & is_predicted[:, None]
    return Prediction(rates, mask)


def iterate_rates(model, recording, parts=None, types=None, chunk_bins=None):
    """Iterates over Piece, values (t, N) rates; arguments are those of `predict`."""
    run = _compiled(model, "__call__", recording.spec.name)
    return _pieces(run, model.memory_bins, recording, parts, types, chunk_bins)


def iterate_features(model, recording, parts=None, types=None, chunk_bins=None):
    """Iterates over Piece, values (t, h, w, C), what read-outs see: to be cached.

    A trial is one Piece unless it is longer than a chunk; pieces come in any order.
    Arguments are those of `predict`.
    """
    run = _compiled(model, "features", recording.spec.name)
    return _pieces(run, model.memory_bins, recording, parts, types, chunk_bins)


def _pieces(run, memory_bins, recording, parts, types, chunk_bins):
    trials = recording.trials_of(parts, types)
    height, width, _ = recording.spec.frame_shape
    at_once = max(_PIXELS_AT_ONCE // (height * width), 1)
    longest = chunk_bins or max(min(_LONGEST, at_once), 2 * memory_bins + 1)
    chunks = _chunks(trials, memory_bins, longest)
    sizes = _padded_sizes(np.array([stop - first for _, first, stop in chunks], int))
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        n = min(max(at_once // (size + memory_bins), 1), len(rows))
        for begin in range(0, len(rows), n):
            some = [chunks[row] for row in rows[begin : begin + n]]
            values = run(_inputs(recording, some, n, size, memory_bins)).numpy()
            for (trial, first, stop), one in zip(some, values, strict=False):
                yield Piece(trial, first, np.float32(one[: stop - first]))


def _chunks(trials, memory_bins, longest):
    """(row of trials, first, stop), bins of which rates are given in one piece."""
    chunks = []
    for trial, start, stop in zip(
        trials.index, trials["start"], trials["stop"], strict=True
    ):
        for first in range(start + memory_bins, stop, longest):
            chunks.append((trial, first, min(first + longest, stop)))
    return chunks


def _padded_sizes(sizes):
    """Lengths that pieces are filled up to: few different ones."""
    if len(np.unique(sizes)) <= _SIZES:
        return sizes
    step = -(-sizes.max() // _SIZES)
    return -(-sizes // step) * step


def _inputs(recording, chunks, n, size, memory_bins):
    """Arrays of n chunks, grey after the end of each: nothing looks into the future."""
    spec = recording.spec
    frames = memory_bins + size
    inputs = {"movie": np.zeros((n, frames, *spec.frame_shape), np.float32)}
    if recording.behavior is not None:
        inputs["behavior"] = np.zeros((n, frames, spec.n_behavior), np.float32)
    for row, (_, first, stop) in enumerate(chunks):
        begin = first - memory_bins
        inputs["movie"][row, : stop - begin] = recording.movie(begin, stop)
        if recording.behavior is not None:
            inputs["behavior"][row, : stop - begin] = recording.behavior[begin:stop]
    return {key: tf.constant(array) for key, array in inputs.items()}


def _compiled(model, method, name):
    """model.method({name: inputs})[name] as a graph, kept as long as the model is."""
    functions = _COMPILED.setdefault(model, {})
    if (method, name) not in functions:
        functions[method, name] = tf.function(
            functools.partial(_call, weakref.ref(model), method, name)
        )
    return functions[method, name]


def _call(model, method, name, inputs):
    return getattr(model(), method)({name: inputs}, training=False)[name]
