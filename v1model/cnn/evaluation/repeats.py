"""Repeats: trials in which the same movie was shown, from its first to its last bin."""

import hashlib

import numpy as np
import pandas as pd

from v1model import metrics

LEAST_REPEATS = 4  # of a movie; fewer say little about noise


def repeat_groups(recording, parts=None, types=None):
    """Rows of `recording.trials` that show the same movie: a list of arrays.

    Movies are compared pixel by pixel: where eyes move, two trials of one picture are
    no repeats, unless the movie is that of the screen.

    Args:
        recording: RecordingData.
        parts, types: Of the trials; None for all.
    """
    groups = {}
    trials = recording.trials_of(parts, types)
    for row, start, stop in zip(
        trials.index, trials["start"], trials["stop"], strict=True
    ):
        movie = np.ascontiguousarray(recording.movie(start, stop))
        key = hashlib.blake2b(movie.data, digest_size=16).digest()
        groups.setdefault((stop - start, key), []).append(row)
    rows = (np.array(own) for own in groups.values())
    return [own for own in rows if len(own) >= LEAST_REPEATS]


def repeated(recording, prediction, groups):
    """Responses and predictions of repeats, (R, S, N) each, spikes per bin.

    S are all bins of all movies, R the largest number of repeats. NaN where a repeat is
    missing, a neuron not valid, or nothing predicted.

    Args:
        recording: RecordingData.
        prediction: Prediction of it.
        groups: See `repeat_groups`.
    """
    n_repeats = max(len(rows) for rows in groups)
    found = []
    for rows in groups:
        own = recording.trials.loc[rows]
        both = []
        for values in (recording.counts, prediction.rates):
            values = np.stack(
                [
                    np.where(prediction.mask[start:stop], values[start:stop], np.nan)
                    for start, stop in zip(own["start"], own["stop"], strict=True)
                ]
            )
            pad = ((0, n_repeats - len(rows)), (0, 0), (0, 0))
            both.append(np.pad(values, pad, constant_values=np.nan))
        found.append(both)
    return tuple(np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))


def repeat_scores(recording, prediction, groups, seed=0):
    """Scores that need repeats, a row per neuron; NaN where the ceiling is too low.

        n_repeats                  of the movie that was repeated most
        n_repeated_bins            of all movies that were repeated
        cc_abs                     correlation of mean response and mean prediction
        cc_max, cc_norm            ceiling of true rates, and cc_abs / cc_max
        cc_max_halves, cc_norm_halves   the same by split halves
        fev, feve                  share of the variance that repeats; of it explained

    Args:
        recording, prediction, groups: See `repeated`.
        seed: Of the halves.
    """
    responses, predictions = repeated(recording, prediction, groups)
    analytic = metrics.normalized_correlation(responses, predictions)
    halves = metrics.normalized_correlation(responses, predictions, "halves", seed)
    feve, fev = metrics.explainable_variance_explained(responses, predictions)
    return pd.DataFrame(
        {
            "n_repeats": len(responses),
            "n_repeated_bins": responses.shape[1],
            "cc_abs": analytic.cc_abs,
            "cc_max": analytic.cc_max,
            "cc_norm": analytic.cc_norm,
            "cc_max_halves": halves.cc_max,
            "cc_norm_halves": halves.cc_norm,
            "fev": fev,
            "feve": feve,
        }
    )
