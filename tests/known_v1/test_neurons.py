"""Known neurons are what their kinds say, and do what their equations say."""

import numpy as np
import pytest
from scipy import stats

from tests.known_v1.small import FS, drawn, drifting
from v1model.known_v1 import neurons

PERIOD = round(FS / 4)  # of `drifting`, bins


@pytest.fixture(scope="module")
def table():
    return drawn(24)


def rows_of(table, kind):
    return np.flatnonzero(table["kind"] == kind)


def responses(table, row, **grating):
    """Rate of a neuron to a drifting grating, after it has settled: (T,)."""
    movie = drifting(table, row, **grating)
    own = table.iloc[[row]]
    return neurons.rates(neurons.drives(movie, own, FS), own)[4 * PERIOD :, 0]


def modulation(table, row, **grating):
    """F1 / F0 of the rate above that to grey, which phases do not change."""
    rate = responses(table, row, **grating)
    grey = responses(table, row, **{**grating, "contrast": 0.0})
    rate = (rate - grey).reshape(-1, PERIOD).mean(0)
    return 2 * np.abs(np.fft.rfft(rate)[1]) / abs(np.fft.rfft(rate)[0])


def test_a_drive_is_what_its_equation_says(table):
    """A loop over neurons, lags and pixels against filters and convolutions."""
    rng = np.random.default_rng(1)
    movie = rng.uniform(-0.5, 0.5, (60, 24, 24))
    found = neurons.drives(movie, table, FS)
    w, k = neurons.filters(table, 24), neurons.kernels(table, FS)
    t = 55
    rms = np.sqrt((movie**2).mean((1, 2)))
    for row in range(6):
        q = [
            sum(
                k[row, lag] * np.sum(w[row, i] * movie[t - lag])
                for lag in range(k.shape[1])
            )
            for i in (0, 1)
        ]
        own = table.iloc[row]
        expected = q[0] if own["kind"] == "simple" else np.hypot(*q)
        if own["kind"] == "normalised":
            mean, share = 0.0, 1 - np.exp(-1 / (FS * neurons.CONTRAST_S))
            for value in rms[: t + 1 - round(own["delay_ms"] * FS / 1000)]:
                mean += share * (value - mean)
            expected /= own["s50"] + mean
        assert found[t, row] == pytest.approx(expected, rel=1e-6)


def test_a_rate_never_depends_on_later_frames_and_not_on_those_before_the_delay(table):
    rng = np.random.default_rng(2)
    movie = 0.2 * rng.standard_normal((80, 24, 24))
    other = movie.copy()
    other[40:] = 0.2 * rng.standard_normal((40, 24, 24))
    apart = np.abs(
        neurons.drives(movie, table, FS) - neurons.drives(other, table, FS)
    ).max(1)
    least = int(np.ceil(neurons.DELAY_MS[0] * FS / 1000))
    np.testing.assert_allclose(apart[: 40 + least], 0, atol=1e-9)
    assert apart[40 + least + 10] > 1e-3


def test_filters_have_unit_energy_no_answer_to_grey_and_lie_at_their_centres(table):
    w = neurons.filters(table, 48)  # wide enough for all of them
    np.testing.assert_allclose((w**2).sum((2, 3)), 1)
    np.testing.assert_allclose(w.sum((2, 3)), 0, atol=1e-9)
    energy = (w**2).mean(1)
    grid = np.arange(48)
    np.testing.assert_allclose(energy.sum(2) @ grid, table["center_y"], atol=0.2)
    np.testing.assert_allclose(energy.sum(1) @ grid, table["center_x"], atol=0.2)


def test_the_latency_is_where_the_kernel_peaks(table):
    """The kernel's own formula, a hundred times as fine."""
    fine = neurons.kernels(table, 100 * FS)
    peak = np.abs(fine).argmax(1) * 10 / FS
    np.testing.assert_allclose(table["latency_ms"], peak, atol=0.15 * 1000 / FS)


def test_simple_cells_follow_the_phase_of_a_grating_and_complex_cells_do_not(table):
    for row in rows_of(table, "simple"):
        assert modulation(table, row) > 1
    for kind in ("complex", "normalised"):
        for row in rows_of(table, kind):
            assert modulation(table, row) < 0.3


def test_all_prefer_their_own_orientation(table):
    for row in range(len(table)):
        rates = [responses(table, row, turned=t).mean() for t in (0, 45, 90)]
        assert rates[0] > 1.2 * max(rates[1:])


def test_more_contrast_moves_normalised_cells_less_and_less(table):
    def growth(row):
        low, high = (
            neurons.drives(drifting(table, row, contrast=c), table.iloc[[row]], FS)
            for c in (0.2, 0.4)
        )
        return np.mean(high[60:]) / np.mean(low[60:])

    for row in rows_of(table, "complex"):
        assert growth(row) == pytest.approx(2, rel=1e-4)
    for row in rows_of(table, "normalised"):
        assert growth(row) < 1.45


def test_spikes_show_where_simple_cells_look_and_only_their_squares_where_complex_do():
    """Spike-triggered averages of white noise, and of its square."""
    table = drawn(6, seed=3)
    rng = np.random.default_rng(4)
    movie = rng.standard_normal((20_000, 24, 24), np.float32) * 0.2
    rates = neurons.rates(neurons.drives(movie, table, FS), table)
    w, k = neurons.filters(table, 24), neurons.kernels(table, FS)
    for row in range(6):
        lag = np.abs(k[row]).argmax()
        rate = rates[lag:, row] - rates[lag:, row].mean()
        x = movie[: len(rate)].reshape(len(rate), -1)
        sta = rate @ x / len(rate) / (0.2 * rate.std())
        noise = 1 / np.sqrt(len(rate))
        own = stats.pearsonr(sta, w[row, 0].ravel())[0]
        # The second moment along a filter, in that of any other direction.
        along = rate @ (x @ w[row].reshape(2, -1).T) ** 2 / len(rate) / rate.std()
        z = along / (0.04 * np.sqrt(2) * noise)
        if table["kind"][row] == "simple":
            assert np.abs(own) > 0.9
        else:
            assert np.abs(sta).max() < 5 * noise
            assert (z > 10).all()


def test_calibration_gives_each_neuron_its_mean_rate_and_floor():
    table = drawn(24, seed=5)
    rng = np.random.default_rng(6)
    drive = rng.standard_normal((5000, 24))
    table = neurons.calibrated(table, drive)
    rates = neurons.rates(drive, table)
    np.testing.assert_allclose(rates.mean(0), table["rate_hz"])
    assert (rates >= (table["rate_hz"] * table["floor"]).to_numpy()).all()


def test_pictures_that_move_nothing_are_refused():
    with pytest.raises(ValueError, match="do not drive all neurons"):
        neurons.calibrated(drawn(3), np.zeros((10, 3)))


def test_a_zoom_moves_frequencies_and_sizes_alike():
    near, far = drawn(6, scale=1.0), drawn(6, scale=2.0)
    np.testing.assert_allclose(far["frequency"], near["frequency"] / 2)
    np.testing.assert_allclose(far["sigma_px"], near["sigma_px"] * 2)
