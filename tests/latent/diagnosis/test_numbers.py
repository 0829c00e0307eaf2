"""The published numbers, and the tables of neurons and cell types."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.latent.diagnosis.worlds import Exploding, fading, source_of
from v1model.latent.diagnosis import scalars
from v1model.latent.diagnosis.diagnose import Settings, diagnose
from v1model.latent.diagnosis.interpolation import InterpolationErrors
from v1model.latent.diagnosis.moments import Moments
from v1model.latent.diagnosis.rollouts import RolloutErrors
from v1model.latent.diagnosis.starts import Plan
from v1model.latent.diagnosis.tables import (
    UNKNOWN,
    examples_of_types,
    neuron_table,
    type_table,
)

PLAN = Plan(np.array([0, 5]), 12, 4, 2)  # a window of 8 steps, observed at 3 and 7


def rollouts_of(model, constant=None, plan=PLAN):
    model = np.asarray(model, np.float64)
    constant = np.ones(model.shape) if constant is None else constant
    nothing = Moments((2, 1))
    return RolloutErrors(plan, model, constant, None, nothing, nothing, *[None] * 3)


def moments_of(values):
    found = Moments(values.shape[1:])
    found.add(values)
    return found


def test_numbers_are_those_of_the_worst_start_before_it_diverges():
    one = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.1, 0.2, 0.3, 0.6, 0.7, 1.5, 0.9])
    other = np.array([0.3, 0.1, 0.1, 0.1, 0.1, 0.6, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1])
    found = scalars.stability(rollouts_of([one, other]))
    prefix = "rollout_latent_12step_"
    worst = np.maximum(one, other)
    assert found == pytest.approx(
        {
            f"{prefix}first_divergence_step": 10,
            f"{prefix}mse_at_loss_points": worst[[3, 7]].mean(),
            f"{prefix}mse_intervening": worst[[0, 1, 2, 4, 5, 6]].mean(),
            f"{prefix}mse_beyond_training": worst[[8, 9]].mean(),
            f"{prefix}mse_final": 0.9,
            f"{prefix}mse_max": 0.8,
        }
    )
    early = scalars.stability(rollouts_of([10 * one, other]))
    assert early[f"{prefix}first_divergence_step"] == 1
    assert np.isnan(early[f"{prefix}mse_at_loss_points"])
    assert np.isnan(early[f"{prefix}mse_beyond_training"])
    assert early[f"{prefix}mse_final"] == 9


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.01, -np.nan])
def test_what_is_no_number_has_diverged(value):
    curve = np.array([0.5, 1.0, value, 0.2])
    assert scalars.first_divergence(curve) == 2
    assert scalars.first_divergence(curve[:2]) == 2
    assert scalars.first_divergence(curve, 0.7) == 1


def test_a_rollout_of_nan_diverges_in_every_number():
    world = fading()
    exploding = Exploding(world.step, world.drive)
    found = diagnose(exploding, source_of(world), Settings(4, 12, 4, 2))
    numbers = found.scalars()
    prefix = "rollout_latent_12step_"
    assert numbers[f"{prefix}first_divergence_step"] == Exploding.last
    assert numbers[f"{prefix}diverged_starts"] == 4
    assert numbers[f"{prefix}mse_final"] == np.inf
    assert numbers[f"{prefix}crosses_constant_step"] == Exploding.last
    assert np.isnan(numbers["median_r2"])
    assert found.types()["n_varying"].tolist() == [6]


def test_the_step_at_which_staying_would_be_better_is_found():
    model = np.tile([0.5, 0.5, 2.0, 0.5], (2, 1))
    plan = Plan(np.array([0, 5]), 4)
    found = scalars.horizon(rollouts_of(model, plan=plan))
    assert found["rollout_latent_4step_crosses_constant_step"] == 2
    assert found["rollout_latent_4step_fraction_below_constant"] == 0.75
    assert found["rollout_latent_4step_diverged_starts"] == 2
    assert found["rollout_latent_4step_mse_overall"] == 0.875
    always = scalars.horizon(rollouts_of(model / 4, plan=plan))
    assert always["rollout_latent_4step_crosses_constant_step"] == 4
    assert always["rollout_latent_4step_diverged_starts"] == 0


def test_a_step_that_nobody_can_judge_changes_no_number():
    """No neuron is valid in it."""
    rng = np.random.default_rng(0)
    model, constant = rng.random((2, 2, 12))
    gaps = model.copy(), constant.copy()
    for curve in gaps:
        curve[:, 9] = np.nan
    found = scalars.stability(rollouts_of(*gaps)) | scalars.horizon(rollouts_of(*gaps))
    others = np.delete(np.arange(12), 9)
    prefix = "rollout_latent_12step_"
    assert found[f"{prefix}first_divergence_step"] == 12
    assert found[f"{prefix}mse_max"] == model[:, others].max()
    beyond = model[:, [8, 10, 11]].max(axis=0).mean()
    assert found[f"{prefix}mse_beyond_training"] == pytest.approx(beyond)
    assert found[f"{prefix}mse_overall"] == pytest.approx(model[:, others].mean())
    below = model.mean(axis=0) < constant.mean(axis=0)
    assert found[f"{prefix}fraction_below_constant"] == below[others].mean()
    one = model.copy()
    one[0, 9] = np.nan
    alone = scalars.horizon(rollouts_of(one))[f"{prefix}mse_beyond"]
    expected = np.mean([*model[:, [8, 10, 11]].mean(axis=0), model[1, 9]])
    assert alone == pytest.approx(expected)


def test_inside_a_training_rollout_observed_steps_stand_apart():
    rng = np.random.default_rng(0)
    model, constant, aligned = rng.random((3, 2, 12))
    found = scalars.aligned(
        rollouts_of(model, constant), InterpolationErrors(aligned[:, :8], None)
    )
    between = [0, 1, 2, 4, 5, 6]
    prefix = "time_aligned_mse_latent_"
    assert found == pytest.approx(
        {
            f"{prefix}at_1tu": model[:, 3].mean(),
            f"{prefix}at_2tu": model[:, 7].mean(),
            f"{prefix}intermediate_avg": model[:, between].mean(),
            f"{prefix}constant_intermediate_avg": constant[:, between].mean(),
            f"{prefix}interpolation_intermediate_avg": aligned[:, between].mean(),
            f"{prefix}max_intervening_0_to_tu": model[:, :3].max(),
        }
    )


def test_without_gaps_nothing_is_between_observations():
    plan = Plan(np.array([0, 5]), 12)
    found = rollouts_of(np.full((2, 12), 0.5), plan=plan)
    assert "rollout_latent_12step_mse_intervening" not in scalars.stability(found)
    none = InterpolationErrors(np.zeros((2, 1)), None)
    assert scalars.aligned(found, none) == {"time_aligned_mse_latent_at_1tu": 0.5}


def test_a_rollout_shorter_than_a_training_rollout_is_judged_as_far_as_it_goes():
    assert Plan(np.array([0]), 10, 4, 5).window == 8
    assert Plan(np.array([0]), 3, 4, 5).window == 0
    world = fading()
    found = diagnose(world, source_of(world), Settings(2, 3, 4, 5))
    assert np.isnan(found.scalars()["rollout_latent_3step_mse_at_loss_points"])


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5), st.floats(-1e4, 1e4), st.data()
)
def test_moments_of_blocks_are_those_of_the_whole(lengths, offset, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = offset + rng.standard_normal((sum(lengths), 2, 3))
    valid = rng.random(values.shape) < 0.7
    valid[0] = True
    whole, masked = Moments((2, 3)), Moments((2, 3))
    for block, kept in zip(
        np.split(values, np.cumsum(lengths)[:-1]),
        np.split(valid, np.cumsum(lengths)[:-1]),
        strict=True,
    ):
        whole.add(block)
        for r in range(2):
            masked.add(block[:, r], kept[:, r], r)
    np.testing.assert_allclose(whole.mean, values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(whole.variance, values.var(axis=0), atol=1e-10)
    pooled = values.reshape(-1, 3)
    np.testing.assert_allclose(whole.pooled().variance, pooled.var(axis=0), atol=1e-10)
    squares = np.square(values).mean(axis=0)
    np.testing.assert_allclose(whole.mean_square, squares, rtol=1e-10)
    for r, n in np.ndindex(2, 3):
        own = values[valid[:, r, n], r, n]
        assert masked.count[r, n] == len(own)
        assert masked.mean[r, n] == pytest.approx(own.mean(), rel=1e-12, abs=1e-12)
        assert masked.variance[r, n] == pytest.approx(own.var(), abs=1e-10)


def test_r2_is_blind_to_a_bias_and_r2_bias_is_not():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((500, 3))
    error = np.stack([0 * truth[:, 0], 3 + 0 * truth[:, 0], 0.5 * truth[:, 2]], axis=1)
    table = neuron_table(moments_of(error), moments_of(truth), ["x", "", "x"])
    np.testing.assert_allclose(table["r2"], [1, 1, 0.75])
    expected = 1 - np.square(error).mean(axis=0) / truth.var(axis=0)
    np.testing.assert_allclose(table["r2_bias"], expected)
    assert table["cell_type"].tolist() == ["x", UNKNOWN, "x"]


def test_a_neuron_that_stands_still_has_no_r2_and_spoils_no_median():
    rng = np.random.default_rng(0)
    truth = np.float32(rng.standard_normal((500, 3)))
    truth[:, 1] = 0.1
    error = 0.5 * truth
    neurons = neuron_table(moments_of(error), moments_of(truth), ["x", "x", "y"])
    assert np.isnan(neurons["r2"][1])
    assert np.isnan(neurons["r2_bias"][1])
    table = type_table(neurons).set_index("cell_type")
    assert table.loc["x", "n_neurons"] == 2
    assert table.loc["x", "n_varying"] == 1
    assert table.loc["x", "median_r2"] == pytest.approx(0.75)
    assert table.loc["x", "mse"] == pytest.approx(np.square(error[:, :2]).mean())


def test_one_neuron_of_each_known_type_is_an_example():
    types = np.array(["b", "", "a", "b", "a", "c"])
    chosen = examples_of_types(types)
    assert types[chosen].tolist() == ["a", "b", "c"]
    assert len(examples_of_types(np.full(40, ""))) == 12
    assert len(examples_of_types(np.arange(90).astype(str))) == 70
