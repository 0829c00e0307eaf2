"""Synthetic sessions have the rates, times and spikes that they say they have."""

import numpy as np
import pytest

from v1model.presentations.binning import bin_spikes
from v1model.presentations.synthetic import (
    BLANK,
    draw_session,
    write_session_recording,
)


def small(**options):
    return draw_session(**{"n_classes": 6, "repeats": 8, "n_units": 20, **options})


def test_spike_times_have_exactly_the_counts_that_were_drawn():
    session = small(n_bins=7, with_spike_times=True)
    binned = session.binned
    counts = bin_spikes(session.spike_times, binned.start_s, binned.stop_s, 7)
    np.testing.assert_array_equal(counts, binned.counts)
    # There are spikes between the presentations too.
    assert sum(map(len, session.spike_times)) > 2 * binned.counts.sum()


def test_the_session_looks_like_a_published_one():
    binned = draw_session(seed=3, n_units=300).binned
    assert (binned.n_presentations, len(binned.classes)) == (5950, 119)
    assert set(np.bincount(binned.targets)) == {50}
    assert binned.classes[0] == BLANK
    np.testing.assert_allclose(binned.bin_s, 0.05)
    for block in range(3):
        rows = binned.block == block
        borders = binned.stop_s[rows][:-1], binned.start_s[rows][1:]
        np.testing.assert_array_equal(*borders)
    rates = binned.units["rate_hz"]
    assert 5 < rates.mean() < 9.5 and 2.8 < rates.median() < 4.3
    blank = binned.take(binned.labels == BLANK).counts.mean(axis=(0, 1)) / 0.05
    assert np.corrcoef(np.log(rates + 0.1), np.log(blank + 0.1))[0, 1] > 0.95


def test_mean_counts_are_those_of_the_true_rates():
    session = draw_session(4, 1500, 10, 3, seed=1)
    binned = session.binned
    seen = np.where(session.is_missed, 0, binned.targets)
    gain = np.exp(np.outer(session.gain, session.loading) - session.loading**2 / 2)
    scale = (gain * session.drift * binned.bin_s[:, None])[:, None]
    mean = session.rates[seen] * scale
    z = (binned.counts - mean).sum(axis=0) / np.sqrt(mean.sum(axis=0))
    assert np.abs(z).max() < 4.5  # 30 cells
    assert (z**2).mean() == pytest.approx(1, abs=0.8)


def test_the_gain_makes_units_fluctuate_together_as_much_as_it_says():
    session = draw_session(2, 4000, 6, 1, strength=0, drift=0, noise=0.4, seed=2)
    counts = session.binned.counts[:, 0].astype(float)
    mean = session.rates[0, 0] * 0.25
    expected = np.outer(mean, mean) * np.expm1(np.outer(*2 * [session.loading]))
    found = np.cov(counts.T)
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(found[off].sum(), expected[off].sum(), rtol=0.15)


def test_without_noise_and_drift_counts_are_poisson():
    session = draw_session(3, 4000, 8, 1, noise=0, drift=0, missed=0, seed=4)
    binned = session.binned
    for target in range(3):
        counts = binned.counts[binned.targets == target, 0].astype(float)
        np.testing.assert_allclose(counts.var(axis=0), counts.mean(axis=0), rtol=0.15)


def test_drift_is_slow_and_missed_presentations_are_as_many_as_asked():
    session = draw_session(missed=0.1, n_units=50)
    assert session.is_missed.mean() == pytest.approx(0.1, abs=0.02)
    steps = np.diff(np.log(session.drift), axis=0)
    assert np.abs(steps[:1000]).max() < 0.002
    assert 0.15 < np.log(session.drift).std() < 0.4


def test_the_seed_decides_everything():
    one, two, other = small(), small(), small(seed=1)
    np.testing.assert_array_equal(one.binned.counts, two.binned.counts)
    assert not np.array_equal(one.binned.counts, other.binned.counts)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_classes": 1}, "n_classes must be at least 2, got 1"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"noise": -0.1}, "noise must be at least 0"),
        ({"missed": 1}, "missed must be below 1"),
        ({"missed": -0.1}, "missed must be at least 0"),
    ],
)
def test_impossible_sessions_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        small(**options)


def test_a_session_without_spike_times_cannot_be_recorded(tmp_path):
    with pytest.raises(ValueError, match="with_spike_times=True"):
        write_session_recording(small(), tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())
