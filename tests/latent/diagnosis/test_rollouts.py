"""Errors of rollouts: what is compared with what, and how it is summed up."""

import tracemalloc

import numpy as np
import pytest

from tests.latent.diagnosis.worlds import Exploding, Lazy, fading, source_of
from v1model.latent import prediction
from v1model.latent.diagnosis.arrays import ArraySource
from v1model.latent.diagnosis.diagnose import Settings, diagnose
from v1model.latent.diagnosis.interpolation import evaluate_interpolation
from v1model.latent.diagnosis.openings import Opening
from v1model.latent.diagnosis.rollouts import evaluate_rollouts, observed_at
from v1model.latent.diagnosis.starts import Plan, plan_rollouts


@pytest.fixture(scope="module")
def world():
    return fading()


@pytest.fixture(scope="module")
def source(world):
    return source_of(world, cell_types=["a", "a", "b", "b", "c", ""])


@pytest.fixture
def plan():
    return Plan(np.array([3, 40, 77]), 50, 5, 4)


def arrays_of(source):
    rows = source.read(0, source.n_steps)
    return rows.activity.astype(np.float64), rows.stimulus


def test_a_model_that_is_the_truth_has_no_error_at_any_horizon(world, source, plan):
    found = evaluate_rollouts(world, source, plan)
    assert found.model.max() < 1e-12
    assert found.constant.min() > 1e-3
    assert found.errors.mean_square.max() < 1e-12
    frames = diagnose(world, source, Settings(3, 50)).frames
    assert frames.reconstruction == 0
    assert frames.one_step < 1e-12 < frames.constant


def test_a_model_that_is_one_row_late_is_wrong_from_the_first_step(world, source, plan):
    late = Lazy(world.step, world.drive)
    assert (evaluate_rollouts(late, source, plan).model[:, 0] > 1e-3).all()


def test_errors_are_those_of_the_whole_arrays_at_once(world, source, plan, monkeypatch):
    wrong = type(world)(0.9 * world.step, world.drive)
    monkeypatch.setattr(prediction, "BLOCK_VALUES", 7 * 3 * 6)  # blocks of 7 steps
    found = evaluate_rollouts(wrong, source, plan, traced=[4, 1])
    activity, stimulus = arrays_of(source)
    for r, start in enumerate(plan.starts):
        z, predicted = activity[start], []
        for k in range(plan.n_steps):
            z = 0.9 * world.step.astype(float) @ z + world.drive @ stimulus[start + k]
            predicted.append(z)
        truth = activity[start + 1 : start + 1 + plan.n_steps]
        error = np.array(predicted) - truth
        near = {"rtol": 1e-4, "atol": 1e-6}
        np.testing.assert_allclose(found.model[r], (error**2).mean(axis=1), **near)
        constant = ((truth - activity[start]) ** 2).mean(axis=1)
        np.testing.assert_allclose(found.constant[r], constant, **near)
        own = found.errors.row(r)
        np.testing.assert_allclose(own.variance, error.var(axis=0), **near)
        np.testing.assert_allclose(own.mean, error.mean(axis=0), **near)
        np.testing.assert_allclose(found.truth.row(r).variance, truth.var(axis=0))
        np.testing.assert_allclose(found.traced_truth[r], truth[:, [4, 1]])
        expected = np.array(predicted)[:, [4, 1]]
        np.testing.assert_allclose(found.traced_prediction[r], expected, **near)
        hidden = np.delete(np.arange(20), [4, 9, 14, 19])
        np.testing.assert_allclose(
            found.unobserved[r, hidden], found.model[r, hidden], rtol=1e-12
        )
        assert np.isnan(found.unobserved[r, [4, 9, 14, 19]]).all()


def test_predicting_from_arrays_is_the_same_rollout(world, source, plan, monkeypatch):
    monkeypatch.setattr(prediction, "BLOCK_VALUES", 6 * 8)
    activity, stimulus = arrays_of(source)
    found = prediction.predict(world, activity[:41], stimulus, 40, 50)
    np.testing.assert_allclose(found, activity[41:91], atol=1e-6)
    with pytest.raises(ValueError, match="need 401 rows of the stimulus, got 400"):
        prediction.predict(world, activity, stimulus, 399, 2)
    with pytest.raises(ValueError, match="start must be one of 400 rows, got 400"):
        prediction.predict(world, activity, stimulus, 400, 2)
    with pytest.raises(ValueError, match="n_steps must be positive"):
        prediction.predict(world, activity, stimulus, 4, 0)
    with pytest.raises(ValueError, match=r"activity must be .*\(400,\)"):
        prediction.predict(world, activity[:, 0], stimulus, 4, 1)


def test_a_prediction_that_is_no_number_is_infinitely_wrong(world, source, plan):
    found = evaluate_rollouts(Exploding(world.step, world.drive), source, plan)
    assert (found.model[:, :5] < 1e-12).all()
    assert np.isinf(found.model[:, 5:]).all()
    assert np.isnan(found.errors.variance).all()


def test_rollouts_are_ranked_and_what_diverges_is_the_worst(world, source, plan):
    found = evaluate_rollouts(world, source, plan)
    curves = np.zeros((3, 50))
    curves[1, 9], curves[0, 3] = np.inf, 2
    assert found._replace(model=curves).ranked().tolist() == [2, 0, 1]


def test_interpolation_meets_the_truth_at_every_observation(source, plan):
    found = evaluate_interpolation(source, plan).aligned
    activity, _ = arrays_of(source)
    assert found.shape == (3, 20)
    for r, start in enumerate(plan.starts):
        for k in range(20):
            at = (k + 1) / 5
            low, weight = int(at), at - int(at)
            one, other = activity[start + 5 * low], activity[start + 5 * (low + 1)]
            filled = (1 - weight) * one + weight * other
            expected = ((filled - activity[start + 1 + k]) ** 2).mean()
            np.testing.assert_allclose(found[r, k], expected, atol=1e-12)
    np.testing.assert_array_equal(found[:, plan.loss_points[:20]], 0)


def test_a_ramp_is_interpolated_without_error_at_any_phase():
    activity = np.arange(200)[:, None] * np.array([1, -2, 0.5])
    source = ArraySource(activity)
    phases = np.array([0, 3, 4])
    found = evaluate_interpolation(source, Plan(np.array([13, 60]), 30, 5, 3), phases)
    np.testing.assert_allclose(found.aligned, 0, atol=1e-6)
    np.testing.assert_allclose(found.staggered, 0, atol=1e-6)


def test_staggered_errors_are_those_of_neurons_not_observed(world, source, plan):
    phases = np.array([0, 0, 1, 2, 4, 4])
    wrong = type(world)(0.9 * world.step, world.drive)
    found = evaluate_rollouts(wrong, source, plan, phases=phases)
    activity, stimulus = arrays_of(source)
    for r, start in enumerate(plan.starts):
        rows = activity[start + 1 : start + 21]
        own = prediction.predict(wrong, activity, stimulus, start, 20)
        for k in range(20):
            hidden = (start + 1 + k - phases) % 5 != 0
            expected = ((own[k] - rows[k])[hidden] ** 2).mean()
            assert found.unobserved[r, k] == pytest.approx(expected, rel=1e-5)


def test_phases_count_from_the_first_row_of_the_recording():
    phases = np.array([0, 2])
    found = observed_at(7, np.arange(4), 4, phases)  # rows 8 to 11
    np.testing.assert_array_equal(found, [[1, 0], [0, 0], [0, 1], [0, 0]])
    together = observed_at(7, np.arange(4), 4)
    np.testing.assert_array_equal(together, [[0], [0], [0], [1]])


@pytest.mark.parametrize("kind", ["linear", "causal"])
def test_an_opening_knows_only_what_was_observed(world, source, kind):
    """Other rows may hold anything."""
    phases = np.array([0, 1, 2, 3, 4, 4])
    rows = source.read(0, 400)
    step = np.arange(400)[:, None]
    poisoned = np.where((step - phases) % 5 == 0, rows.activity, 1e6)
    if kind == "causal":
        poisoned[42:] = 1e6
    plan = Plan(np.array([41]), 10, 5, 2)
    outcomes = []
    for activity in (rows.activity, poisoned):
        other = ArraySource(activity, rows.stimulus)
        found = evaluate_rollouts(
            world, other, plan, opening=Opening(kind), phases=phases, traced=range(6)
        )
        outcomes.append(found.traced_prediction)
    np.testing.assert_array_equal(*outcomes)
    assert np.abs(outcomes[0]).max() < 1e3


def test_spinning_up_repairs_what_was_not_observed(world, source):
    plan = Plan(np.array([100, 200]), 10, 5, 2)
    phases = np.array([0, 1, 2, 3, 4, 4])
    errors = [
        evaluate_rollouts(
            world, source, plan, opening=Opening("causal", spin_up), phases=phases
        ).model[:, 0]
        for spin_up in (0, 30)
    ]
    assert (errors[1] < 1e-12).all()
    assert (errors[0] > 1e-3).all()
    with pytest.raises(ValueError, match="before row 105"):
        evaluate_rollouts(world, source, plan, opening=Opening("causal", 100))
    with pytest.raises(ValueError, match="unknown opening 'magic', choose from"):
        evaluate_rollouts(world, source, plan, opening=Opening("magic"))


def test_what_is_not_valid_counts_for_nothing(world, plan):
    activity, stimulus = world.rows(400, np.random.default_rng(1))
    valid = np.random.default_rng(2).random(activity.shape) < 0.7
    valid[plan.starts] = True
    valid[50] = False
    spoiled = np.where(valid, activity, np.nan)
    found = evaluate_rollouts(world, ArraySource(spoiled, stimulus, valid=valid), plan)
    assert np.nanmax(found.model) < 1e-12
    assert np.isnan(found.model[1, 9])  # row 50
    assert np.nanmax(found.errors.mean_square) < 1e-12
    truth = found.truth.row(2)
    kept = valid[78:128]
    np.testing.assert_array_equal(truth.count, kept.sum(axis=0))
    expected = [activity[78:128][kept[:, n], n].var() for n in range(6)]
    np.testing.assert_allclose(truth.variance, expected, rtol=1e-5)


def test_starts_are_drawn_without_replacement_and_leave_room():
    plan = plan_rollouts(150, 100, 40, first=5)
    assert len(set(plan.starts.tolist())) == 40
    assert plan.starts.min() >= 5
    assert plan.starts.max() + 100 < 149
    np.testing.assert_array_equal(plan.starts, plan_rollouts(150, 100, 40, first=5)[0])
    with pytest.raises(ValueError, match="x.h5: 40 rollouts .* 146 rows, got 145"):
        plan_rollouts(145, 100, 40, first=5, name="x.h5")
    plan_rollouts(146, 100, 40, first=5)


def test_a_plan_that_leaves_the_recording_is_refused(world, source):
    with pytest.raises(ValueError, match="needs 401 rows, got 400"):
        evaluate_rollouts(world, source, Plan(np.array([350]), 50))
    with pytest.raises(ValueError, match=r"rows \[3, 900\) are not among 400"):
        diagnose(world, source, Settings(), 3, 900)


def test_memory_does_not_grow_with_the_steps():
    """All squared errors at once would be 40 MB here, in float64."""
    world = fading(n=500)
    source = source_of(world, 1100)
    plan = Plan(np.arange(10), 1000)
    small = prediction.block_steps(10, 500)
    assert small * 10 * 500 <= prediction.BLOCK_VALUES
    tracemalloc.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prediction, "BLOCK_VALUES", 100_000)  # 20 steps
        evaluate_rollouts(world, source, plan)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6
