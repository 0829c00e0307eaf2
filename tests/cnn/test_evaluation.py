"""Tables of models whose quality is known, since the neurons are."""

import numpy as np
import pandas as pd
import pytest

from tests.cnn import recorded
from tests.cnn.judged import PixelModel
from v1model import metrics
from v1model.cnn.config import DataParams
from v1model.cnn.data import load_recording
from v1model.cnn.evaluation import (
    aggregates,
    behaviour,
    evaluate,
    evaluate_rates,
    generalisation_matrix,
    neuron_scores,
)
from v1model.cnn.evaluation.repeats import repeat_groups, repeated
from v1model.cnn.evaluation.table import aggregates_by
from v1model.cnn.lag_energy import kernel_lag0_mass, lag_energy
from v1model.cnn.prediction import Prediction, predict

N = 6


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("judged") / "known.h5"
    table = pd.DataFrame(
        {
            "id": np.arange(N) + 5,
            "kind": ["a", "b"] * (N // 2),
            "center_y": np.zeros(N),
            "center_x": np.arange(N) * 1.0,
            "latency_ms": np.zeros(N),
        }
    )
    recorded.write(
        path,
        n_trials=60,
        trial_bins=100,
        n_neurons=N,
        parts=("train", "train", "test", "test"),
        neurons=table,
        gap_bins=3,
    )
    return load_recording(path, DataParams())


def model_of(recording, **others):
    return PixelModel(recording.spec.name, N, **others)


def test_true_rates_reach_the_oracle_and_nothing_is_gained_by_rescaling_them(recording):
    frame = evaluate(model_of(recording), recording)
    np.testing.assert_allclose(frame["oracle_share"], 1, atol=1e-3)
    np.testing.assert_allclose(frame["bps"], frame["oracle_bps"], atol=1e-4)
    assert (frame["bps"] > 0.1).all()
    assert (frame["gain_gap"].abs() < 0.02).all()
    assert list(frame["id"]) == list(range(5, 5 + N))
    assert list(frame["kind"]) == ["a", "b"] * (N // 2)
    assert (frame["recording"] == recording.spec.name).all()


def test_scores_are_those_of_the_bins_that_are_predicted(recording):
    model = model_of(recording, gain=0.5)
    frame = evaluate_rates(model, recording, types=("gaborium",))
    trials = recording.trials_of("test", "gaborium")
    bins = np.concatenate(
        [np.arange(a + 3, b) for a, b in zip(trials.start, trials.stop, strict=True)]
    )
    rates = predict(model, recording).rates[bins]
    counts = recording.counts[bins]
    np.testing.assert_allclose(frame["bps"], metrics.bits_per_spike(counts, rates))
    np.testing.assert_allclose(frame["corr"], metrics.correlation(counts, rates))
    null = metrics.bits_per_spike(counts, rates, None, recording.mean_counts("train"))
    np.testing.assert_allclose(frame["bps_train_null"], null)
    np.testing.assert_array_equal(frame["n_spikes"], counts.sum(0))
    np.testing.assert_allclose(frame["rate_hz"], 100 * counts.mean(0), rtol=1e-6)


def test_a_wrong_scale_is_told_by_the_gain_gap(recording):
    frame = evaluate_rates(model_of(recording, scale=0.5, offset=0.3), recording)
    np.testing.assert_allclose(frame["gain"], 2, atol=0.6)
    assert (frame["gain_gap"] > 0.2).all()
    truth = evaluate_rates(model_of(recording), recording)
    np.testing.assert_allclose(frame["bps_affine"], truth["bps"], atol=0.02)
    np.testing.assert_allclose(frame["corr"], truth["corr"], atol=1e-4)


def test_fields_of_data_and_model_are_where_the_neurons_are(recording):
    frame = evaluate(model_of(recording), recording)
    assert (frame["rf_error_px"] < 0.7).all() and (
        frame["model_rf_error_px"] < 0.5
    ).all()
    assert (frame["sta_corr"] > 0.5).all()
    assert (frame["model_latency_error_ms"].abs() < 5).all()
    late = evaluate(model_of(recording, lag=2), recording)
    np.testing.assert_allclose(late["model_latency_error_ms"], 20, atol=3)
    np.testing.assert_allclose(frame["readout_error_px"], np.arange(N))


def test_lag_energy_says_when_a_model_looks(recording):
    for lag in (0, 2):
        found = lag_energy(model_of(recording, lag=lag), recording)
        np.testing.assert_allclose(found.share, np.eye(4)[[lag] * N], atol=1e-6)
        numbers = found.numbers(100.0)
        assert numbers["lag0_mass"] == pytest.approx(float(lag == 0))
        assert numbers["mean_latency_ms"] == pytest.approx(10 * lag)


def test_a_model_that_ignores_the_movie_has_no_latency(recording):
    found = lag_energy(model_of(recording, gain=0.0), recording, neurons=[0, 3])
    assert list(found.neurons) == [0, 3]
    assert np.isnan([*found.numbers(100.0).values()]).all()


def test_the_mass_of_kernels_at_lag_zero_is_a_mean_of_shares():
    kernels = np.array([[1.0, 0, 0], [2.0, 1.0, 0]])
    assert kernel_lag0_mass(kernels) == pytest.approx((1 / 5 + 0) / 2)
    assert np.isnan(kernel_lag0_mass(0 * kernels))


def test_aggregates_name_what_they_average(recording):
    frame = evaluate(model_of(recording, gain=0.8), recording)
    numbers = aggregates(frame)
    assert numbers["bps_mean"] == pytest.approx(frame["bps"].mean())
    assert numbers["corr_mean"] == pytest.approx(frame["corr"].mean())
    assert numbers["gain_gap_median"] == pytest.approx(frame["gain_gap"].median())
    pooled = (frame["bps"] * frame["n_spikes"]).sum() / frame["n_spikes"].sum()
    assert numbers["bps_pooled"] == pytest.approx(pooled)
    assert numbers["latency_error_ms_mean_abs"] == pytest.approx(
        frame["latency_error_ms"].abs().mean()
    )
    assert numbers["n_silent"] == 0 and numbers["n_neurons"] == N
    by_kind = aggregates_by(frame, "kind")
    own = frame[frame["kind"] == "b"]["bps"].mean()
    assert by_kind.loc["b", "bps_mean"] == pytest.approx(own)


def test_repeats_are_trials_of_the_same_movie(tmp_path):
    rng = np.random.default_rng(0)
    movie = rng.integers(0, 256, (50, 6, 6), np.uint8)
    movies = [
        *[movie] * 20,
        movie[::-1],
        *rng.integers(0, 256, (4, 50, 6, 6), np.uint8),
    ]
    frames = np.concatenate(movies)
    rates = 20 * np.exp(2 * (frames.reshape(len(frames), -1)[:, :N] / 255 - 0.5))
    counts = np.random.default_rng(1).poisson(rates / 10).astype(np.uint8)
    path = tmp_path / "repeats.h5"
    recorded.write(
        path,
        n_trials=25,
        trial_bins=50,
        n_neurons=N,
        parts=("test",),
        stimulus={"movie": frames},
        activity={"spikes": counts},
        quantities={"spikes": "count"},
    )
    recording = load_recording(path, DataParams())
    groups = repeat_groups(recording, "test")
    assert [list(rows) for rows in groups] == [list(range(20))]
    model = model_of(recording, scale=10)
    responses, rates = repeated(recording, predict(model, recording), groups)
    assert responses.shape == rates.shape == (20, 50, N)
    assert np.isnan(responses[:, :3]).all() and np.isfinite(responses[:, 3:]).all()
    np.testing.assert_array_equal(responses[4, 3:], counts[203:250])
    frame = evaluate_rates(model, recording)
    np.testing.assert_allclose(frame["cc_norm"], 1, atol=0.15)
    np.testing.assert_allclose(frame["cc_norm_halves"], frame["cc_norm"], atol=0.1)
    np.testing.assert_allclose(frame["feve"], 1, atol=0.1)
    assert "oracle_bps" not in frame
    assert aggregates(frame)["cc_norm_left_out"] == 0


def test_saccades_and_gratings_of_a_recording_are_those_of_its_behaviour(tmp_path):
    n_bins, rng = 60 * 100, np.random.default_rng(0)
    velocity = rng.normal(0, 1, (n_bins, 2))
    velocity[10::30] = 200
    shown = np.stack(
        [
            rng.integers(0, 4, n_bins) * 45,
            np.full(n_bins, 0.1),
            rng.integers(0, 8, n_bins),
        ],
        -1,
    ).astype(float)
    path = tmp_path / "eye.h5"
    recorded.write(
        path,
        n_trials=60,
        trial_bins=100,
        n_neurons=N,
        parts=("test",),
        behavior={"eye_velocity": velocity, "grating": shown},
    )
    recording = load_recording(path, DataParams())
    prediction = predict(model_of(recording), recording)
    assert behaviour.behaviour_of(recording, "pupil") is None
    own = behaviour.behaviour_of(recording, "eye_velocity")
    curves = behaviour.saccade_curves(recording, prediction, own, "test")
    assert 100 < curves[0].n_saccades < 200
    steps = np.array([0, 3])
    onsets = np.arange(10, n_bins, 30)[1:-1]
    rows = onsets[:, None] + steps
    inside = (rows // 100 == onsets[:, None] // 100) & (rows % 100 >= 3)
    expected = np.where(inside[..., None], recording.counts[rows], 0).sum(0)
    expected = expected / inside.sum(0)[:, None]
    own = curves[0].means[:, np.isin(curves[0].times_ms, 10 * steps)]
    np.testing.assert_allclose(own.T, expected, rtol=1e-6)
    scores = behaviour.saccade_scores(*curves)
    assert len(scores) == N and (scores["saccade_corr"].abs() <= 1).all()
    own = behaviour.behaviour_of(recording, "grating")
    tunings = behaviour.grating_tunings(recording, prediction, own)
    table = behaviour.grating_scores(*tunings)
    assert len(table) == N and table["orientation_difference"].max() <= 90
    still = np.zeros((n_bins, 2))
    assert behaviour.saccade_curves(recording, prediction, still) is None


def test_the_matrix_has_a_row_per_pair_and_says_what_a_table_says(recording):
    models = {"gaborium": model_of(recording), "backimage": model_of(recording, gain=0)}
    matrix = generalisation_matrix(models, recording)
    assert list(zip(matrix["train"], matrix["test"], strict=True)) == [
        (train, test) for train in models for test in ("backimage", "gaborium")
    ]
    own = evaluate_rates(models["gaborium"], recording, types="backimage")
    assert matrix["bps_mean"][0] == pytest.approx(own["bps"].mean())
    assert matrix["oracle_share_median"][0] == pytest.approx(1, abs=1e-3)
    assert (matrix["bps_mean"][2:] < 0.01).all()


def test_the_share_of_an_oracle_that_says_next_to_nothing_is_not_known(recording):
    prediction = predict(model_of(recording), recording)
    truth = prediction.rates.copy()
    truth[:, 1] = np.nanmean(truth[:, 1])
    frame = neuron_scores(recording, prediction, "test", true_rates=truth)
    assert frame["oracle_bps"][1] < 0.05 and np.isnan(frame["oracle_share"][1])
    np.testing.assert_allclose(frame["oracle_share"].drop(1), 1, atol=1e-6)
    assert aggregates(frame)["oracle_share_left_out"] == 1


def test_neurons_that_were_not_seen_have_no_scores(recording):
    prediction = predict(model_of(recording), recording)
    mask = prediction.mask.copy()
    mask[:, 2] = False
    frame = neuron_scores(recording, Prediction(prediction.rates, mask), "test")
    assert frame["n_bins"][2] == 0 and np.isnan(frame["bps"][2])
    assert np.isfinite(frame["bps"].drop(2)).all()
    assert aggregates(frame)["n_left_out"] == 1


def test_what_cannot_be_judged_is_refused(recording):
    with pytest.raises(ValueError, match="no read-out for 'known'; it has .'other'"):
        evaluate(PixelModel("other", N), recording)
    with pytest.raises(ValueError, match="no trial is of part validation"):
        evaluate(model_of(recording), recording, part="validation")
    with pytest.raises(ValueError, match="no trial has the 201 bins"):
        lag_energy(model_of(recording, memory_bins=200), recording)


def test_neurons_that_were_held_out_are_marked(tmp_path):
    recorded.write(tmp_path / "a.h5", n_neurons=4)
    for share, n in ((0.5, 2), (0.0, None)):
        own = load_recording(tmp_path / "a.h5", DataParams(held_out_neurons=share))
        model = PixelModel("a", own.spec.n_neurons)
        prediction = predict(model, own)
        table = neuron_scores(own, prediction)
        assert ("held_out" in table) == (n is not None)
        assert n is None or table["held_out"].sum() == n
