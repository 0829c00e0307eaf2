"""A twin is judged: what is known beforehand comes out."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.cnn.recorded import write
from v1model.cnn.config import DataParams
from v1model.cnn.data import load_recording
from v1model.column_recording.twin_judging import (
    ALL,
    FIELD_MEDIANS,
    Shown,
    fields_of,
    others,
    population_fields,
    population_scores,
    populations_in,
    scores,
    shown_of,
)
from v1model.column_recording.twin_stimuli import CHECKS, PHOTOGRAPHS

HZ = 50.0
DRAWN = "corr_other"  # of another neuron, which there must be
N_MOVIES, N_BINS = 4, 200


def true_rates(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.exp(0.8 * rng.standard_normal((N_MOVIES * N_BINS, n))) * 0.3


def shown(rates, predicted, n_repeats=30, seed=1):
    rng = np.random.default_rng(seed)
    responses = rng.poisson(rates, (n_repeats, *rates.shape)).astype(np.float32)
    movie = np.repeat(np.arange(N_MOVIES), N_BINS)
    return Shown(responses, predicted.astype(np.float32), movie)


class Twin(tf.Module):
    """Rates of recording "one" are a pixel each, of the frame before the last."""

    memory_bins = 2
    has_endless_memory = False

    def __call__(self, inputs, training=None):
        ((name, given),) = inputs.items()
        movie = given["movie"]
        pixels = tf.reshape(movie, (tf.shape(movie)[0], tf.shape(movie)[1], -1))
        return {name: 1 + pixels[:, 1:-1, :3]}


def test_the_true_rates_reach_every_ceiling():
    rates = true_rates(250)
    found = scores(shown(rates, rates), HZ, rates.mean(axis=0))
    assert len(found) == 250
    for score, ceiling in (
        ("corr", "corr_max"),
        ("corr_smooth", "corr_smooth_max"),
        ("corr_mean", "cc_max"),
    ):
        np.testing.assert_allclose(found[score], found[ceiling], atol=0.05)
    for name in ("cc_norm", "cc_norm_smooth", "feve"):
        assert found[name].mean() == pytest.approx(1, abs=0.02)
    assert (found["bps"] > 0.2).all()
    np.testing.assert_allclose(found["rate_hz"], HZ * rates.mean(axis=0), rtol=0.1)


def test_half_of_the_variance_reaches_the_root_of_a_half():
    one, other = (np.log(true_rates(60, seed)) for seed in (0, 1))
    rates = 6 + 0.5 * (one + other)
    found = scores(shown(rates, 6 + one, n_repeats=100), HZ, rates.mean(axis=0))
    assert found["cc_norm"].mean() == pytest.approx(np.sqrt(0.5), abs=0.03)
    assert (found["corr"] < found["corr_max"]).all()


def test_a_constant_predicts_nothing():
    rates = true_rates(20)
    constant = np.broadcast_to(rates.mean(axis=0), rates.shape)
    found = scores(shown(rates, constant), HZ, rates.mean(axis=0))
    np.testing.assert_allclose(found["bps"], 0, atol=1e-6)
    assert not (found["corr"].abs() > 1e-3).any()
    assert found["feve"].mean() == pytest.approx(0, abs=0.01)


def test_neurons_in_pieces_have_the_scores_that_they_have_together():
    rates = true_rates(230)
    whole = shown(rates, np.sqrt(rates))
    alone = whole._replace(
        responses=whole.responses[:, :, 220:], rates=whole.rates[:, 220:]
    )
    null = rates.mean(axis=0)
    pd.testing.assert_frame_equal(
        scores(whole, HZ, null).iloc[220:].reset_index(drop=True).drop(columns=DRAWN),
        scores(alone, HZ, null[220:]).drop(columns=DRAWN),
        rtol=1e-6,
    )


def test_what_is_common_to_all_is_predicted_by_the_model_of_another_neuron():
    rates = true_rates(40)
    found = scores(shown(rates, rates), HZ, rates.mean(axis=0))
    assert abs(found["corr_other"].mean()) < 0.03
    rates[:, 1:] = rates[:, :1]
    found = scores(shown(rates, rates), HZ, rates.mean(axis=0))
    np.testing.assert_allclose(found["corr_other"], found["corr_mean"], atol=1e-6)


def test_no_neuron_is_its_own_other():
    for n in (2, 7, 100):
        assert sorted(others(n)) == list(range(n))
        assert (others(n) != np.arange(n)).all()


@pytest.fixture
def recording(tmp_path):
    """Four trials of noise, two movies twice each, and neurons that follow a pixel."""
    rng = np.random.default_rng(0)
    bins, side = 60, 6
    levels = rng.integers(0, 256, (2, bins, side, side), np.uint8)
    movie = [1, 0, 0, 1]
    repeat = [0, 1, 0, 1]
    counts = rng.poisson(1.0, (4 * bins, 3)).astype(np.uint8)
    trials = pd.DataFrame({"start_s": np.arange(4) * bins / HZ}).assign(
        stop_s=lambda frame: frame["start_s"] + bins / HZ,
        part="test",
        type=CHECKS,
        movie=movie,
        repeat=repeat,
    )
    neurons = pd.DataFrame(
        {
            "id": [3, 5, 8],
            "center_y": [0.0, 0.0, np.nan],
            "center_x": [0.0, 1.0, np.nan],
        }
    )
    write(
        tmp_path / "one.h5",
        n_trials=4,
        trial_bins=bins,
        rate_hz=HZ,
        activity={"spikes": counts},
        quantities={"spikes": "count"},
        stimulus={"movie": np.concatenate([levels[number] for number in movie])},
        trials=trials,
        neurons=neurons,
        n_behavior=0,
    )
    return load_recording(tmp_path / "one.h5", DataParams())


def test_repeats_of_a_movie_stand_side_by_side_with_its_prediction(recording):
    found = shown_of(Twin(), recording, CHECKS)
    assert found.responses.shape == (2, 2 * 58, 3)
    np.testing.assert_array_equal(found.movie, np.repeat([0, 1], 58))
    for movie, trials in ((0, (2, 1)), (1, (0, 3))):
        rows = slice(58 * movie, 58 * movie + 58)
        for repeat, trial in enumerate(trials):
            start = 60 * trial
            np.testing.assert_array_equal(
                found.responses[repeat, rows], recording.counts[start + 2 : start + 60]
            )
            seen = recording.movie(start + 1, start + 59).reshape(58, -1)[:, :3]
            np.testing.assert_allclose(found.rates[rows], 1 + seen, atol=1e-6)


def test_fields_are_compared_with_those_of_the_wiring(recording):
    recording.trials["part"] = "train"
    pixels = recording.movie(0, recording.n_bins).reshape(recording.n_bins, -1)[:, :3]
    recording.counts[1:] = 40 * (1 + pixels[:-1])  # one bin later, as the twin says
    wired = np.zeros((3, 4, 6, 6), np.float32)
    wired[0, 1, 0, 0] = wired[1, 1, 0, 1] = 1
    found = fields_of(Twin(), recording, wired, degrees=1.5)
    assert found.data.shape == found.model.shape == wired.shape
    assert (found.table["sta_corr"] > 0.999).all()
    own = found.table.iloc[:2]
    assert (own["wired_corr"] > 0.5).all() and (own["model_wired_corr"] > 0.5).all()
    assert (own["error_deg"] < 1.0).all()
    # Two neurons, of which one looks a pixel to the right of the other.
    np.testing.assert_allclose(own["other_error_deg"], 1.5, atol=0.8)
    assert found.table.loc[2, ["wired_y", "wired_corr", "error_deg"]].isna().all()
    np.testing.assert_allclose(own["latency_ms"], 20, atol=5)


def test_populations_are_means_over_neurons_with_a_ceiling():
    rates = true_rates(6)
    found = scores(shown(rates, rates), HZ, rates.mean(axis=0))
    found.loc[5, "cc_max"] = 0.2
    populations = ["e4", "e4", "e23", "i4Pvalb", "i4Pvalb", "e4"]
    tables = [
        found.assign(type=t, population=populations) for t in (PHOTOGRAPHS, CHECKS)
    ]
    table = pd.concat(tables, ignore_index=True)
    names = populations_in(table)
    assert names == ["e23", "e4", "i4Pvalb"]  # from the pia down
    rows = population_scores(table, names, {"e4": 7, "i5Sst": 2})
    rows = rows[rows["type"] == CHECKS].set_index("population")
    assert rows.index.tolist() == [*names, ALL]
    assert rows.loc["e4", ["neurons", "silent", "judged"]].tolist() == [3, 7, 2]
    assert rows.loc[ALL, ["neurons", "silent", "judged"]].tolist() == [6, 9, 5]
    assert rows.loc["e4", "corr"] == pytest.approx(found["corr"][:2].mean())


def test_medians_of_fields_are_of_neurons_with_wiring():
    rng = np.random.default_rng(0)
    wired = rng.uniform(5, 18, (40, 2))
    names = [*FIELD_MEDIANS]
    table = pd.DataFrame(rng.random((40, len(names))), columns=names)
    table[["wired_y", "wired_x"]] = wired
    table[["data_y", "data_x"]] = 2 * wired - 9
    table[["model_y", "model_x"]] = -wired
    table["population"] = ["e4"] * 20 + ["e5"] * 20
    table.loc[30:, ["wired_y", "wired_x"]] = np.nan
    rows = population_fields(table, ["e4", "e5"]).set_index("population")
    assert rows["wired"].tolist() == [20, 10, 30]
    assert rows.loc[ALL, "error_deg"] == table["error_deg"][:30].median()
    assert rows.loc["e5", "center_corr_x"] == pytest.approx(1)
    assert rows.loc["e5", "model_center_corr_y"] == pytest.approx(-1)
