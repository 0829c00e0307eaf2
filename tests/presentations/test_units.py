"""What is learned of units comes from training only, and is what NumPy says."""

import dataclasses
import json

import numpy as np
import pytest

from tests.presentations.sessions import poisson_session
from v1model.presentations.synthetic import draw_session
from v1model.presentations.units import (
    Standardizer,
    mean_unit_rates,
    select_units,
    unit_correlations,
)

RNG = np.random.default_rng(0)
MEANS = RNG.gamma(2, 2, (4, 6))


def masked(binned, share=0.7):
    valid = RNG.random(binned.valid.shape) < share
    return dataclasses.replace(
        binned, valid=valid, counts=binned.counts * valid[:, None]
    )


def test_z_scores_of_training_have_mean_zero_and_deviation_one():
    binned = masked(poisson_session(MEANS, 30, n_bins=4))
    z = Standardizer.fit(binned).apply(binned)
    assert z.dtype == np.float32 and z.shape == binned.counts.shape
    for unit in range(6):
        values = z[binned.valid[:, unit], :, unit].astype(float)
        assert values.mean() == pytest.approx(0, abs=1e-6)
        assert values.std() == pytest.approx(1, abs=1e-6)
        assert (z[~binned.valid[:, unit], :, unit] == 0).all()


def test_only_training_presentations_are_learned_from():
    binned = poisson_session(MEANS, 30)
    training = binned.take(slice(80))
    other = dataclasses.replace(binned, counts=binned.counts.copy())
    other.counts[80:] += 7
    scaler = Standardizer.fit(training)
    np.testing.assert_array_equal(
        scaler.mean, Standardizer.fit(other.take(slice(80))).mean
    )
    z = (binned.counts - training.counts.mean((0, 1))) / training.counts.std((0, 1))
    np.testing.assert_allclose(scaler.apply(binned), z, rtol=1e-5, atol=1e-6)


def test_a_constant_unit_becomes_zero_even_where_it_varies_later():
    binned = poisson_session(MEANS, 30)
    counts = binned.counts.copy()
    counts[:60, :, 2] = 3
    counts[:, :, 4] = 0
    binned = dataclasses.replace(binned, counts=counts)
    z = Standardizer.fit(binned.take(slice(60))).apply(binned)
    assert (z[:, :, [2, 4]] == 0).all() and np.isfinite(z).all()


def test_a_unit_that_was_never_valid_becomes_zero():
    binned = poisson_session(MEANS, 5)
    valid = binned.valid.copy()
    valid[:, 1] = False
    binned = dataclasses.replace(
        binned, valid=valid, counts=binned.counts * valid[:, None]
    )
    assert (Standardizer.fit(binned).apply(binned)[:, :, 1] == 0).all()


def test_a_standardizer_survives_json():
    binned = poisson_session(MEANS, 5, n_bins=2)
    scaler = Standardizer.fit(binned)
    again = Standardizer.from_json(json.loads(json.dumps(scaler.to_json())))
    np.testing.assert_array_equal(again.apply(binned), scaler.apply(binned))


def test_other_units_and_other_bins_are_refused():
    binned = poisson_session(MEANS, 5, n_bins=2)
    scaler = Standardizer.fit(binned)
    with pytest.raises(ValueError, match="of 6 units cannot be applied to these 6"):
        scaler.apply(binned.take_units([1, 0, 2, 3, 4, 5]))
    with pytest.raises(ValueError, match="of 2 bins cannot be applied to 4"):
        scaler.apply(poisson_session(MEANS, 5, n_bins=4))


def test_units_are_selected_by_their_rates_and_silent_ones_never():
    binned = poisson_session([[0.0, 0.5, 2.0, 25.0]] * 2, 200)
    np.testing.assert_allclose(mean_unit_rates(binned), [0, 2, 8, 100], rtol=0.1)
    assert select_units(binned).tolist() == [False, True, True, True]
    chosen = select_units(binned, lowest_hz=4, highest_hz=50)
    assert chosen.tolist() == [False, False, True, False]
    with pytest.raises(ValueError, match=r"no unit fired at 200 to 300 Hz .* 0 to "):
        select_units(binned, lowest_hz=200, highest_hz=300)
    with pytest.raises(ValueError, match="must be a range, got 5 to 4"):
        select_units(binned, lowest_hz=5, highest_hz=4)
    nothing = dataclasses.replace(
        binned, valid=~binned.valid, counts=binned.counts * np.uint16(0)
    )
    with pytest.raises(ValueError, match="no unit is valid in training"):
        select_units(nothing)


@pytest.mark.parametrize("kind", ["total", "noise", "signal"])
def test_correlations_are_those_of_numpy_pair_by_pair(kind):
    binned = masked(draw_session(4, 40, 7, 2, noise=0.5).binned)
    found = unit_correlations(binned, kind)
    counts = binned.counts.sum(axis=1).astype(float)
    means = np.zeros((4, 7))
    for k in range(4):
        for u in range(7):
            means[k, u] = counts[(binned.targets == k) & binned.valid[:, u], u].mean()
    values = {"total": counts, "noise": counts - means[binned.targets], "signal": means}
    for i in range(7):
        for j in range(i):
            rows = slice(None)
            if kind != "signal":
                rows = binned.valid[:, i] & binned.valid[:, j]
            expected = np.corrcoef(values[kind][rows][:, [i, j]].T)[0, 1]
            assert found[i, j] == found[j, i] == pytest.approx(expected)
    np.testing.assert_array_equal(np.diag(found), 1)


def test_a_shared_gain_is_noise_correlation_and_tuning_is_not():
    together = draw_session(20, 100, 30, 1, noise=0.6, drift=0, missed=0).binned
    alone = draw_session(20, 100, 30, 1, noise=0, drift=0, missed=0).binned
    off = ~np.eye(30, dtype=bool)
    assert unit_correlations(together)[off].mean() > 0.05
    assert abs(unit_correlations(alone)[off].mean()) < 0.01


def test_a_constant_unit_correlates_with_nothing():
    binned = poisson_session([[3.0, 0.0, 5.0]], 50)
    found = unit_correlations(binned)
    assert found[1].tolist() == [0, 1, 0] and np.isfinite(found).all()


def test_an_unknown_kind_is_answered_with_the_choices():
    with pytest.raises(ValueError, match=r"\['noise', 'signal', 'total'\], got 'x'"):
        unit_correlations(poisson_session(MEANS, 3), "x")
