"""Prediction: what a read-out model says about whole trials of a recording."""

import functools
import weakref
from typing import NamedTuple

import numpy as np
import tensorflow as tf

_PIXELS_AT_ONCE = 2**21  # of all frames that are in the model together
_LONGEST = 1024  # bins of which rates are given in one piece
_SETTLING = 256  # bins that an endless memory sees before the rates of a piece
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
    which overlap by the model's memory. Of a model whose running means or recurrent
    state know more, `has_endless_memory`, each chunk begins 256 bins earlier, so that
    the state has settled before its rates are used.

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
    return _pieces(run, model, recording, parts, types, chunk_bins)


def iterate_features(model, recording, parts=None, types=None, chunk_bins=None):
    """Iterates over Piece, values (t, h, w, C), what read-outs see: to be cached.

    A trial is one Piece unless it is longer than a chunk; pieces come in any order.
    Arguments are those of `predict`.
    """
    run = _compiled(model, "features", recording.spec.name)
    return _pieces(run, model, recording, parts, types, chunk_bins)


def _pieces(run, model, recording, parts, types, chunk_bins):
    trials, memory_bins = recording.trials_of(parts, types), model.memory_bins
    settling = _SETTLING if model.has_endless_memory else 0
    height, width, _ = recording.spec.frame_shape
    at_once = max(_PIXELS_AT_ONCE // (height * width), 1)
    longest = chunk_bins or max(min(_LONGEST, at_once), 2 * memory_bins + 1)
    chunks = _chunks(trials, memory_bins, longest, settling)
    sizes = np.array([stop - begin for _, begin, _, stop in chunks], int)
    sizes = _padded_sizes(sizes)
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        n = min(max(at_once // (size + memory_bins), 1), len(rows))
        for done in range(0, len(rows), n):
            some = [chunks[row] for row in rows[done : done + n]]
            values = run(_inputs(recording, some, n, size, memory_bins)).numpy()
            for (trial, begin, first, stop), one in zip(some, values, strict=False):
                own = one[first - begin : stop - begin]
                yield Piece(trial, first, np.float32(own))


def _chunks(trials, memory_bins, longest, settling):
    """(row of trials, begin, first, stop): rates are from begin, used from first on."""
    chunks = []
    for trial, start, stop in zip(
        trials.index, trials["start"], trials["stop"], strict=True
    ):
        earliest = start + memory_bins
        for first in range(earliest, stop, longest):
            begin = max(first - settling, earliest)
            chunks.append((trial, begin, first, min(first + longest, stop)))
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
    for row, (_, begin, _, stop) in enumerate(chunks):
        oldest = begin - memory_bins
        inputs["movie"][row, : stop - oldest] = recording.movie(oldest, stop)
        if recording.behavior is not None:
            inputs["behavior"][row, : stop - oldest] = recording.behavior[oldest:stop]
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
