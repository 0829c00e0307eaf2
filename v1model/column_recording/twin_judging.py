"""How well a twin predicts a column: per neuron and population, beside the possible.

A column does not do the same again when it sees the same again. What repeats is all
that a movie can tell: correlations are judged beside the largest that are possible,
and receptive fields beside the wiring from the LGN.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from v1model import metrics
from v1model.cnn.field_shapes import energy_center, field_shapes
from v1model.cnn.prediction import iterate_rates
from v1model.cnn.receptive_fields import map_correlation, sta_ste
from v1model.column_recording.twin_stimuli import CHECKS, TYPES
from v1model.metrics.correlation import smoothed
from v1model.metrics.reliability import cc_max, explainable_variance
from v1model.network.populations import ROUGH_POPULATIONS

SMOOTHING_MS = 40.0  # standard deviation
LEAST_CEILING = 0.3  # of neurons whose normalised correlation is counted
FIELD_MS = 200.0  # lags of receptive fields
_NEURONS_AT_ONCE = 200
ALL = "all"
MEANS = ("rate_hz", "corr", "corr_max", "corr_smooth", "corr_smooth_max")
MEANS += (
    "corr_mean",
    "corr_other",
    "cc_max",
    "cc_norm",
    "cc_norm_smooth",
    "feve",
    "bps",
)
FIELD_MEDIANS = ("error_deg", "model_error_deg", "other_error_deg", "mean_error_deg")
FIELD_MEDIANS += ("sta_corr", "wired_corr", "model_wired_corr")


class Shown(NamedTuple):
    """What neurons did to movies of one type, each shown R times, and what a twin says.

    responses: (R, S, N) spikes per bin of all bins of all movies.
    rates: (S, N) float32, as predicted.
    movie: Which movie each bin is of, (S,).
    """

    responses: np.ndarray
    rates: np.ndarray
    movie: np.ndarray


def shown_of(model, recording, kind, part="test"):
    """The Shown of the repeated movies of a type.

    Args:
        model: ReadoutModel.
        recording: RecordingData with the trials' columns `movie` and `repeat`.
        kind: Type of the trials.
        part: Of the trials.
    """
    trials = recording.trials_of(part, [kind])
    memory = model.memory_bins
    is_first = (trials["repeat"] == 0).to_numpy()
    wanted = dict(zip(trials.index[is_first], trials["movie"][is_first], strict=True))
    predicted = {movie: [] for movie in sorted(wanted.values())}
    for piece in iterate_rates(model, recording, [part], [kind]):
        if piece.trial in wanted:
            predicted[wanted[piece.trial]].append((piece.first, piece.values))
    responses, rates, movies = [], [], []
    for movie, pieces in predicted.items():
        own = trials[trials["movie"] == movie].sort_values("repeat")
        bins = zip(own["start"] + memory, own["stop"], strict=True)
        responses.append(np.stack([recording.counts[a:b] for a, b in bins]))
        pieces = sorted(pieces, key=lambda piece: piece[0])
        rates.append(np.concatenate([values for _, values in pieces]))
        movies.append(np.full(len(rates[-1]), movie))
    return Shown(
        np.concatenate(responses, axis=1),
        np.concatenate(rates),
        np.concatenate(movies),
    )


def scores(shown, sampling_rate, null_rates):
    """How well each neuron is predicted, a data frame of N rows.

        rate_hz
        corr, corr_max           with single responses, bin by bin; the largest possible
        corr_smooth, ..._max     the same of responses smoothed by 40 ms
        corr_mean, cc_max        with the mean over the repeats; the largest possible
        corr_other               corr_mean of the prediction for another neuron, drawn
        cc_norm, cc_norm_smooth  their ratio, of bins and smoothed; NaN where the
                                 largest possible one is below 0.3
        feve                     share of the explainable variance of the smoothed
                                 responses that is explained
        bps                      bits per spike over null_rates

    Args:
        shown: Shown.
        sampling_rate: Hz.
        null_rates: (N,) spikes per bin, as of the training trials.
    """
    n = shown.rates.shape[1]
    parts = []
    for start in range(0, n, _NEURONS_AT_ONCE):
        some = slice(start, start + _NEURONS_AT_ONCE)
        own = Shown(
            shown.responses[:, :, some].astype(np.float64),
            shown.rates[:, some].astype(np.float64),
            shown.movie,
        )
        parts.append(_scores(own, sampling_rate, null_rates[some]))
    mean = shown.responses.mean(axis=0, dtype=np.float64)
    other = metrics.correlation(mean, shown.rates[:, others(n)])
    return pd.concat(parts, ignore_index=True).assign(corr_other=other)


def others(n, seed=0):
    """For each of n neurons another one, drawn: a permutation that leaves none."""
    order = np.random.default_rng(seed).permutation(n)
    found = np.empty(n, int)
    found[order] = np.roll(order, 1)
    return found


def _scores(shown, sampling_rate, null_rates):
    responses, rates, movie = shown
    n_repeats, n_bins, n = responses.shape
    mask = np.ones((n_bins, n), bool)
    sd = SMOOTHING_MS * sampling_rate / 1000
    smooth = [smoothed(one, mask, sd, movie) for one in responses]
    smooth = np.stack(smooth)
    smooth_rates = smoothed(rates, mask, sd, movie)
    bins = metrics.normalized_correlation(responses, rates)
    of_smooth = metrics.normalized_correlation(smooth, smooth_rates)
    # Of single bins too little repeats for a share of it to be known.
    feve, _ = metrics.explainable_variance_explained(smooth, smooth_rates)
    flat = responses.reshape(-1, n)
    repeated = np.broadcast_to(rates, responses.shape).reshape(-1, n)
    repeated_smooth = np.broadcast_to(smooth_rates, responses.shape).reshape(-1, n)
    return pd.DataFrame(
        {
            "rate_hz": flat.mean(axis=0) * sampling_rate,
            "corr": metrics.correlation(flat, repeated),
            "corr_max": np.sqrt(explainable_variance(responses)),
            "corr_smooth": metrics.correlation(smooth.reshape(-1, n), repeated_smooth),
            "corr_smooth_max": np.sqrt(explainable_variance(smooth)),
            "corr_mean": bins.cc_abs,
            "cc_max": cc_max(responses),
            "cc_norm": bins.cc_norm,
            "cc_norm_smooth": of_smooth.cc_norm,
            "feve": feve,
            "bps": metrics.bits_per_spike(flat, repeated, null_rate=null_rates),
        }
    )


class Fields(NamedTuple):
    """Receptive fields of N neurons: (N, L, H, W) each, lag 0 first.

    data, model: Spike-triggered averages of spikes, and of the twin's rates.
    wired: What the wiring from the LGN says; 0 for neurons without synapses from it.
    table: Data frame of N rows, see `fields_of`.
    """

    data: np.ndarray
    model: np.ndarray
    wired: np.ndarray
    table: pd.DataFrame


def fields_of(model, recording, wired, degrees):
    """The Fields of a recording's neurons, from its training trials of noise.

    The table has, in pixels, data_y, data_x, model_y, model_x (centres of averages),
    wired_y, wired_x (centre of the wired field) and mean_y, mean_x (mean place of the
    LGN units); the data's and the model's distance from the wired field error_deg and
    model_error_deg, that of the model from the wired field of another neuron, drawn,
    other_error_deg, that of the data from the mean place mean_error_deg; sta_corr of
    data and model, wired_corr and model_wired_corr with the wired field; latency_ms and
    model_latency_ms. What needs synapses from the LGN is NaN without.

    Args:
        model: ReadoutModel.
        recording: RecordingData whose neurons have center_y and center_x.
        wired: (N, L, H, W).
        degrees: Side of a pixel.
    """
    n_lags, hz = wired.shape[1], recording.spec.sampling_rate
    chosen = {"parts": ["train"], "types": [CHECKS]}
    rates = np.full((recording.n_bins, recording.spec.n_neurons), np.nan, np.float32)
    for piece in iterate_rates(model, recording, **chosen):
        rates[piece.first : piece.first + len(piece.values)] = piece.values
    mask = np.isfinite(rates[:, :1])
    options = {"mask": mask, "n_lags": n_lags, "is_whitened": False}
    data = sta_ste(recording, **chosen, **options)
    twin = sta_ste(recording, rates, **chosen, **options)
    by_sta = np.zeros(len(wired), bool)  # what the LGN drives has a sign
    shapes = [field_shapes(one, hz, by_sta) for one in (data, twin)]
    mean = recording.neurons[["center_y", "center_x"]].to_numpy(np.float64)
    has_wiring = np.isfinite(mean[:, 0])
    center = np.full(mean.shape, np.nan)
    for row in np.flatnonzero(has_wiring):
        center[row] = energy_center(np.square(wired[row], dtype=np.float64).sum(axis=0))
    other = np.full(mean.shape, np.nan)
    other[has_wiring] = center[has_wiring][others(has_wiring.sum())]
    columns = {}
    places = {"data": shapes[0].centers, "model": shapes[1].centers}
    for name, place in (places | {"wired": center, "mean": mean}).items():
        columns[f"{name}_y"], columns[f"{name}_x"] = place.T

    def apart(one, other):
        return degrees * np.hypot(*(one - other).T)

    columns |= {
        "error_deg": apart(places["data"], center),
        "model_error_deg": apart(places["model"], center),
        "other_error_deg": apart(places["model"], other),
        "mean_error_deg": apart(places["data"], mean),
        "sta_corr": map_correlation(data.sta, twin.sta),
        "wired_corr": np.where(has_wiring, map_correlation(data.sta, wired), np.nan),
        "model_wired_corr": np.where(
            has_wiring, map_correlation(twin.sta, wired), np.nan
        ),
        "latency_ms": shapes[0].latency_ms,
        "model_latency_ms": shapes[1].latency_ms,
    }
    return Fields(data.sta, twin.sta, wired, pd.DataFrame(columns))


def population_scores(table, populations, silent):
    """Means of `scores` by type and population, from the pia down, the last one all.

    Args:
        table: Data frame with the columns type, population and those of `scores`; a row
            for each neuron and type.
        populations: Names of those that are asked for.
        silent: Neurons that were left out, by population.

    Returns:
        Data frame with type, population, neurons, silent, judged (neurons with a
        ceiling of at least 0.3) and means.
    """
    rows = []
    for kind in TYPES:
        of_kind = table[table["type"] == kind]
        for name in (*populations, ALL):
            own = of_kind if name == ALL else of_kind[of_kind["population"] == name]
            left_out = sum(silent.values()) if name == ALL else silent.get(name, 0)
            judged = own["cc_max"] >= LEAST_CEILING
            row = {"type": kind, "population": name, "neurons": len(own)}
            row |= {"silent": left_out, "judged": int(judged.sum())}
            row |= {column: own.loc[judged, column].mean() for column in MEANS}
            rows.append(row)
    return pd.DataFrame(rows)


def population_fields(fields, populations):
    """Medians of the table of Fields by population, and correlations of centres.

    Args:
        fields: Table of Fields with the column population.
        populations: Names of those that are asked for.

    Returns:
        Data frame with population, wired (neurons with synapses from the LGN),
        medians, and center_corr_y, center_corr_x (and model_...): correlation over
        neurons of the centres of the averages and of the wired fields.
    """
    rows = []
    fields = fields[np.isfinite(fields["wired_y"])]
    for name in (*populations, ALL):
        own = fields if name == ALL else fields[fields["population"] == name]
        row = {"population": name, "wired": len(own)}
        row |= {column: own[column].median() for column in FIELD_MEDIANS}
        for axis in "yx":
            for key, prefix in (("data", ""), ("model", "model_")):
                row[f"{prefix}center_corr_{axis}"] = _correlation(
                    own[f"{key}_{axis}"], own[f"wired_{axis}"]
                )
        rows.append(row)
    return pd.DataFrame(rows)


def populations_in(table):
    """The populations of a table, from the pia down."""
    present = set(table["population"])
    return [name for name in ROUGH_POPULATIONS if name in present]


def _correlation(one, other):
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < 3:
        return np.nan
    return np.corrcoef(one[known], other[known])[0, 1]
