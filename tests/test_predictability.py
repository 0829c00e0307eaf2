"""How well anybody could predict, against a system whose noise is known."""

import numpy as np
import pytest

from v1model.column_recording.predictability import (
    Window,
    error,
    is_judged,
    noise,
    population_table,
    variance,
    windows_of,
)

R, G, K, N = 8, 40, 10, 6
RNG = np.random.default_rng(1)
SIGNAL = RNG.normal(size=(G, K, N))
NOISE_SD = np.linspace(0, 2, N)
TRUTH = SIGNAL + NOISE_SD * RNG.normal(size=(R, G, K, N))
WHOLE = Window("all", 0, K)


def r2(truth, prediction, window):
    return 1 - error(truth, prediction, window) / variance(truth, window)


def ceiling(truth, window):
    return 1 - noise(truth, window) / variance(truth, window)


def test_the_signal_itself_reaches_the_ceiling_and_nothing_is_above_it():
    expected = 1 / (1 + NOISE_SD**2)
    found = ceiling(TRUTH, WHOLE)
    np.testing.assert_allclose(found, expected, atol=0.05)
    np.testing.assert_allclose(r2(TRUTH, SIGNAL, WHOLE), expected, atol=0.05)
    worse = r2(TRUTH, 0.8 * SIGNAL + 0.1, WHOLE)
    assert (worse < found + 1e-9).all()


def test_the_mean_explains_nothing_and_a_shifted_signal_less():
    mean = np.broadcast_to(TRUTH.mean(axis=(0, 1, 2)), SIGNAL.shape)
    np.testing.assert_allclose(r2(TRUTH, mean, WHOLE), 0, atol=1e-12)
    assert (r2(TRUTH, np.roll(SIGNAL, 1, axis=1), WHOLE) < 0).all()


def test_windows_are_judged_apart():
    prediction = SIGNAL.copy()
    prediction[:, 5:] += 100
    early, late = Window("early", 0, 5), Window("late", 5, K)
    np.testing.assert_allclose(r2(TRUTH, prediction, early), r2(TRUTH, SIGNAL, early))
    assert (r2(TRUTH, prediction, late) < -100).all()


def test_windows_cover_every_step_once():
    for n_steps, step_ms in ((200, 5), (100, 10), (3, 5), (50, 20), (40, 25)):
        windows = windows_of(n_steps, step_ms)
        covered = [k for one in windows for k in range(one.start, one.stop)]
        assert covered == list(range(n_steps))
    names = [one.name for one in windows_of(200, 5)]
    assert names == ["5 ms", "10–20 ms", "25–100 ms", "105–500 ms", "505–1000 ms"]


def test_errors_are_in_the_variance_of_all_steps():
    everything = TRUTH.reshape(-1, N).var(axis=0)
    early = Window("early", 0, 5)
    zero = np.zeros_like(SIGNAL)
    expected = (TRUTH[:, :, :5] ** 2).mean(axis=(0, 1, 2)) / everything
    np.testing.assert_allclose(error(TRUTH, zero, early), expected)
    np.testing.assert_allclose(variance(TRUTH, WHOLE), 1)


def test_a_neuron_that_does_not_vary_has_no_error():
    truth = np.full((2, 3, 4, 1), 0.1)
    window = Window("all", 0, 4)
    for found in (error(truth, truth[0], window), noise(truth, window)):
        assert np.isnan(found).all()
    assert np.isnan(variance(truth, window)).all()


def test_the_r2_of_a_population_is_of_all_its_judged_neurons_together():
    counts = np.zeros((2, 1, 5, 4))
    counts[..., 1:] = 3
    judged = is_judged(counts)
    assert judged.tolist() == [False, True, True, True]
    errors = {"model": np.array([9.0, 0.3, 0.3, np.nan]), "ceiling": np.zeros(4)}
    variances = np.array([1.0, 0.5, 1.5, np.nan])
    table = population_table(errors, variances, ["e23"] * 3 + ["i6Sst"], judged)
    rows = table.set_index("population")
    assert len(table) == 18
    assert rows.loc["e23", ["neurons", "judged"]].tolist() == [3, 2]
    assert rows.loc["e23", "model"] == pytest.approx(1 - 0.6 / 2)
    assert rows.loc["e23", "ceiling"] == 1
    assert rows.loc["i6Sst", ["neurons", "judged"]].tolist() == [1, 0]
    assert np.isnan(rows.loc["i6Sst", "model"])
    assert rows.loc["e4", "neurons"] == 0
    assert rows.loc["all", "model"] == pytest.approx(0.7)


def test_a_population_that_stands_still_in_a_window_has_no_r2_there():
    errors = {"model": np.array([1.0, 0.5])}
    table = population_table(
        errors, np.array([1e-3, 0.5]), ["e23", "e4"], np.ones(2, bool)
    )
    rows = table.set_index("population")
    assert np.isnan(rows.loc["e23", "model"])
    assert rows.loc["e4", "model"] == 0
