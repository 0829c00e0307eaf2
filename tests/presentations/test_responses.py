"""Responses are the means of what was shown, and know known rates."""

import dataclasses

import numpy as np
import pytest

from tests.presentations.sessions import poisson_session
from v1model.presentations.responses import (
    presentation_rates,
    psth,
    rate_table,
    repeats,
    response_table,
    tuning,
)
from v1model.presentations.synthetic import draw_session

MEANS = np.array([[1.0, 0.0, 2.0], [4.0, 0.0, 2.0], [2.0, 0.0, 2.0]])


def with_gaps(binned, seed=0):
    """Some units are not valid in some presentations; they differ in length."""
    rng = np.random.default_rng(seed)
    valid = rng.random(binned.valid.shape) < 0.8
    start_s = np.arange(len(valid)) * 2.0
    return dataclasses.replace(
        binned,
        valid=valid,
        counts=binned.counts * valid[:, None],
        start_s=start_s,
        stop_s=start_s + rng.uniform(0.2, 0.3, len(valid)),
    )


def test_mean_responses_are_those_of_a_loop():
    binned = with_gaps(poisson_session(MEANS, 12, n_bins=3))
    by_class, by_bin = tuning(binned), psth(binned)
    for k, label in enumerate(binned.classes):
        for u in range(3):
            rows = (binned.labels == label) & binned.valid[:, u]
            width = (binned.stop_s - binned.start_s)[rows] / 3
            rates = binned.counts[rows, :, u] / width[:, None]
            assert by_class.n[k, u] == rows.sum()
            np.testing.assert_allclose(by_bin.mean[k, :, u], rates.mean(axis=0))
            sem = rates.std(axis=0, ddof=1) / np.sqrt(rows.sum())
            np.testing.assert_allclose(by_bin.sem[k, :, u], sem)
            whole = rates.mean(axis=1)
            assert by_class.mean[k, u] == pytest.approx(whole.mean())
            expected = whole.std(ddof=1) / np.sqrt(rows.sum())
            assert by_class.sem[k, u] == pytest.approx(expected)


def test_the_psth_is_that_of_the_true_rates():
    session = draw_session(5, 900, 6, 4, noise=0, drift=0, missed=0)
    found = psth(session.binned)
    z = (found.mean - session.rates) / np.sqrt(session.rates / (900 * 0.0625))
    assert np.abs(z).max() < 4.5
    assert (z**2).mean() == pytest.approx(1, abs=0.3)
    np.testing.assert_allclose(found.sem**2 * 900 * 0.0625, session.rates, rtol=0.35)


@pytest.mark.filterwarnings("ignore")
def test_the_psth_is_that_of_pynapple_on_separate_presentations():
    nap = pytest.importorskip("pynapple")
    session = draw_session(3, 10, 4, 5, with_spike_times=True)
    binned = session.binned
    found = psth(binned)
    group = nap.TsGroup({u: nap.Ts(t) for u, t in enumerate(session.spike_times)})
    for k, label in enumerate(binned.classes):
        onsets = nap.Ts(binned.start_s[binned.labels == label])
        for u, trials in nap.compute_perievent(group, onsets, (0, 0.25)).items():
            times = np.concatenate([ts.times() for ts in trials.values()])
            counts, _ = np.histogram(times, np.arange(6) * 0.05)
            np.testing.assert_allclose(found.mean[k, :, u], counts / 10 / 0.05)


def test_repeats_stand_in_order_and_missing_ones_are_nan():
    binned = with_gaps(poisson_session(MEANS, 6)).take(np.arange(16))
    rates, responses = presentation_rates(binned), repeats(binned)
    assert responses.shape == (6, 3, 3)
    np.testing.assert_array_equal(responses[:5, 2], rates[2::3])
    assert np.isnan(responses[5, 1:]).all()
    assert np.isnan(rates[~binned.valid]).all()
    assert not np.isnan(rates[binned.valid]).any()


def test_the_table_of_rates_has_all_rates_in_hz():
    binned = with_gaps(poisson_session(MEANS, 9))
    table = rate_table(binned)
    assert list(table) == ["id", "mean_hz", "hz_of_0", "hz_of_1", "hz_of_2"]
    np.testing.assert_allclose(table["hz_of_1"], tuning(binned).mean[1])
    seconds = ((binned.stop_s - binned.start_s)[:, None] * binned.valid).sum(axis=0)
    np.testing.assert_allclose(table["mean_hz"] * seconds, binned.counts.sum((0, 1)))


def test_a_unit_that_was_never_valid_has_no_rate():
    binned = poisson_session(MEANS, 9)
    valid = binned.valid.copy()
    valid[:, 2] = False
    counts = binned.counts * valid[:, None]
    binned = dataclasses.replace(binned, valid=valid, counts=counts)
    table = rate_table(binned)
    assert table.iloc[2, 1:].isna().all() and table.iloc[0, 1:].notna().all()
    responses = response_table(binned)
    assert responses.loc[2, "preferred":].isna().all()


def test_the_table_of_responses_knows_poisson_units():
    binned = poisson_session(np.tile(MEANS, (1, 40)), 400)
    table = response_table(binned)
    tuned, silent, untuned = (table.iloc[k::3] for k in range(3))
    assert (tuned["preferred"] == 1).all() and silent["preferred"].isna().all()
    assert silent["preferred_hz"].eq(0).all()
    assert tuned["preferred_hz"].mean() == pytest.approx(16, rel=0.02)
    for part in (tuned, untuned):
        assert part["fano_factor"].mean() == pytest.approx(1, abs=0.02)
    selectivity = (4 - 1.5) / (4 + 1.5)
    assert tuned["class_selectivity"].mean() == pytest.approx(selectivity, abs=0.02)
    sparseness = (1 - (7 / 3) ** 2 / 7) / (1 - 1 / 3)
    assert tuned["lifetime_sparseness"].mean() == pytest.approx(sparseness, abs=0.02)
    signal = np.var([1, 4, 2], ddof=1)
    expected = signal / (signal + 7 / 3)
    assert tuned["explainable_variance"].mean() == pytest.approx(expected, abs=0.02)
    assert untuned["explainable_variance"].mean() < 0.01
    assert tuned["reliability"].min() > 0.98 and tuned["cc_max"].min() > 0.99


def test_a_column_that_is_there_already_is_not_replaced():
    binned = poisson_session(MEANS, 3)
    units = binned.units.assign(mean_hz=0.0, preferred=1)
    binned = dataclasses.replace(binned, units=units)
    for table in (rate_table, response_table):
        with pytest.raises(ValueError, match="has columns .* already"):
            table(binned)
