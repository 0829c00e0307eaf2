"""Laws of the measures of agreement."""

import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest

from v1model.engine.agreement import (
    before_first_spike,
    below_threshold,
    binned_rates,
    correlation,
    spike_agreement,
    voltage_difference,
)

RASTERS = hnp.arrays(bool, st.just((30, 4)))


@hypothesis.given(RASTERS, RASTERS)
def test_every_spike_is_counted_once_and_the_roles_can_be_exchanged(first, second):
    kept = first.copy()
    found = spike_agreement(first, second)
    np.testing.assert_array_equal(first, kept)
    assert found.matched.sum() + found.only_first == first.sum()
    assert found.matched.sum() + found.only_second == second.sum()
    same = found.matched[found.lags == 0]
    assert same == (first & second).sum()
    assert spike_agreement(second, first).matched.sum() >= same


@pytest.mark.parametrize("lag", [-3, -1, 0, 2, 4])
def test_shifted_spikes_are_matched_with_their_lag(lag):
    first = np.zeros((60, 3), bool)
    first[[10, 22, 34, 46], [0, 1, 2, 0]] = True
    found = spike_agreement(first, np.roll(first, lag, axis=0))
    expected = {lag: 4} if abs(lag) <= 3 else {}
    counts = zip(found.lags, found.matched, strict=True)
    assert {k: n for k, n in counts if n} == expected
    assert found.only_first == found.only_second == 4 - sum(expected.values())
    assert found.share_within(3) == len(expected)
    assert found.share_within(0) == (lag == 0)


def test_the_nearest_partner_is_taken_first():
    first, second = np.zeros((2, 20, 1), bool)
    first[[5, 7]], second[[7, 10]] = True, True
    found = spike_agreement(first, second)
    assert found.matched[found.lags == 0] == 1
    assert (found.only_first, found.only_second) == (1, 1)


@hypothesis.given(RASTERS, hnp.arrays(int, 4, elements=st.integers(0, 50)))
def test_steps_after_a_spike_are_left_out(spikes, held):
    found = below_threshold(spikes, held)
    for (t, neuron), counted in np.ndenumerate(found):
        window = spikes[max(t - held[neuron], 0) : t + 1, neuron]
        assert counted == (not window.any())


def test_steps_before_the_first_spike_end_with_it():
    spikes = np.zeros((5, 2), bool)
    spikes[[2, 4], 0] = True
    expected = [[1, 1], [1, 1], [0, 1], [0, 1], [0, 1]]
    np.testing.assert_array_equal(before_first_spike(spikes), expected)


def test_voltages_differ_by_their_largest_and_root_mean_square_distance():
    first, second = np.zeros((4, 1)), np.array([[3.0], [-4.0], [100.0], [0.0]])
    counted = np.array([[True], [True], [False], [False]])
    found = voltage_difference(first, second, counted)
    assert found == (4.0, pytest.approx(np.sqrt(12.5)), 2)
    nothing = voltage_difference(first, second, np.zeros((4, 1), bool))
    assert nothing.n_samples == 0 and np.isnan(nothing.rms)


def test_rates_in_bins_count_all_spikes_of_whole_bins():
    spikes = np.zeros((25, 2), bool)
    spikes[[0, 3, 14, 22], [0, 1, 1, 0]] = True
    np.testing.assert_allclose(binned_rates(spikes, 10), [100, 50])


def test_a_constant_rate_has_no_correlation():
    assert np.isnan(correlation(np.zeros(5), np.arange(5.0)))
    assert correlation(np.arange(5.0), 3 - np.arange(5.0)) == pytest.approx(-1)
