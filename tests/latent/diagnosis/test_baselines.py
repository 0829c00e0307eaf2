"""The models that a latent model is compared with."""

import keras
import numpy as np
import pytest

from tests.latent.diagnosis.worlds import Rotor, fading, source_of
from v1model.latent.diagnosis.arrays import ArraySource
from v1model.latent.diagnosis.linear_evolver import fit_linear_evolver
from v1model.latent.diagnosis.openings import Opening
from v1model.latent.diagnosis.rollouts import evaluate_rollouts
from v1model.latent.diagnosis.starts import Plan
from v1model.latent.diagnosis.stimulus_only import StimulusOnly, fit_stimulus_only

PLAN = Plan(np.array([1500, 1700]), 200, 5, 4)


@pytest.fixture(scope="module")
def rotating():
    """A world of two slow rotations that fade, and a slow mode, under a stimulus."""
    rng = np.random.default_rng(3)
    step = np.zeros((5, 5))
    for k, angle in enumerate((0.1, 0.25)):
        c, s = np.cos(angle), np.sin(angle)
        step[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = 0.97 * np.array([[c, -s], [s, c]])
    step[4, 4] = 0.9
    mixing = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    return Rotor(mixing @ step @ mixing.T, rng.standard_normal((5, 2)))


@pytest.mark.parametrize("spacing", [1, 5])
def test_a_linear_world_is_found_from_every_step_and_from_every_fifth(
    rotating, spacing
):
    source = source_of(rotating, 2000)
    model = fit_linear_evolver(source, 0, 1500, 5, spacing=spacing)
    found = evaluate_rollouts(model, source, PLAN)
    assert (found.model / found.constant).max() < 1e-2
    assert found.model.mean() < 1e-4 * found.constant.mean()
    # One step in the coordinates of the neurons is the world's.
    step = model.basis @ model.step.T @ model.basis.T
    np.testing.assert_allclose(step, rotating.step, atol=0.01)


def test_between_observations_the_linear_evolver_has_seen_nothing(rotating):
    rows = source_of(rotating, 2000).read(0, 2000)
    activity = rows.activity.copy()
    activity[np.arange(2000) % 5 != 0] = 1e6
    models = [
        fit_linear_evolver(ArraySource(a, rows.stimulus), 0, 1500, 5, spacing=5)
        for a in (rows.activity, activity)
    ]
    for one, other in zip(*models, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_linear_evolver_never_explodes():
    """However few rows it was fitted to."""
    rng = np.random.default_rng(0)
    source = ArraySource(rng.standard_normal((400, 30)), rng.standard_normal((400, 3)))
    for spacing in (1, 4):
        model = fit_linear_evolver(source, 0, 160, 30, spacing=spacing)
        found = evaluate_rollouts(model, source, Plan(np.array([5, 90]), 300, 4, 5))
        assert found.model.max() < 100
    with pytest.raises(ValueError, match=r"got 2 in \[0, 8\) every 4"):
        fit_linear_evolver(source, 0, 8, 3, spacing=4)


def test_a_linear_evolver_does_without_a_stimulus():
    world = Rotor(fading().step, np.zeros((6, 1)))
    rows = world.rows(400, np.random.default_rng(0))[0]
    rows[:] = np.random.default_rng(1).standard_normal(rows.shape)
    model = fit_linear_evolver(ArraySource(rows), 0, 400, 4)
    assert model.encode_stimulus(np.zeros((7, 2, 0))).shape == (7, 2, 0)
    assert model.evolve(np.zeros((2, 4)), np.zeros((7, 2, 0))).shape == (7, 2, 4)


def test_components_are_those_of_the_singular_value_decomposition():
    rng = np.random.default_rng(0)
    for shape in ((60, 8), (12, 40)):
        activity = rng.standard_normal(shape) * np.geomspace(10, 1, shape[1])
        model = fit_linear_evolver(ArraySource(activity), 0, shape[0], 3)
        right = np.linalg.svd(activity - activity.mean(axis=0))[2][:3]
        np.testing.assert_allclose(np.abs(right @ model.basis), np.eye(3), atol=1e-3)


def test_the_null_model_has_the_published_parameters():
    assert StimulusOnly(13741, 1736).count_params() == 18_079_661


def small_null(source, **options):
    encoder = {"num_hidden_units": 8, "num_output_dims": 6, "num_hidden_layers": 1}
    return StimulusOnly(
        source.n_neurons,
        source.n_inputs,
        frames=8,
        width=32,
        layers=1,
        encoder=encoder,
        **options,
    )


def test_the_null_model_sees_the_last_frames_and_no_activity():
    world = fading(factor=0.5)
    source = source_of(world, 300)
    model = small_null(source)
    plan = Plan(np.array([20, 60]), 40, 5, 4)
    frames = source.read(0, 300).stimulus
    found = evaluate_rollouts(
        model, source, plan, opening=Opening("truth", 8), traced=range(6)
    )
    for r, start in enumerate(plan.starts):
        windows = np.stack([frames[start + k - 7 : start + k + 1] for k in range(40)])
        expected = np.asarray(model(windows))
        np.testing.assert_allclose(found.traced_prediction[r], expected, atol=1e-5)
    other = ArraySource(0 * source.read(0, 300).activity + 9, frames)
    again = evaluate_rollouts(
        model, other, plan, opening=Opening("truth", 8), traced=range(6)
    )
    np.testing.assert_array_equal(again.traced_prediction, found.traced_prediction)


def test_the_null_model_learns_a_world_that_forgets():
    source = source_of(fading(factor=0.5), 2000)
    model = small_null(source)
    losses = fit_stimulus_only(
        model, source, 0, 1500, n_updates=400, learning_rate=3e-3
    )
    found = evaluate_rollouts(model, source, PLAN, opening=Opening("truth", 8))
    assert found.model.mean() < 0.05 * found.constant.mean()
    assert losses[-50:].mean() < 0.05 * losses[:5].mean()
    with pytest.raises(ValueError, match=r"need 9 rows, got \[0, 8\)"):
        fit_stimulus_only(model, source, 0, 8)


def test_the_null_model_is_saved_and_loaded(tmp_path):
    source = source_of(fading(), 50)
    model = small_null(source, seed=3)
    model.save(tmp_path / "null.keras")
    again = keras.saving.load_model(tmp_path / "null.keras")
    frames = source.read(0, 8).stimulus[None]
    np.testing.assert_array_equal(model(frames), again(frames))
    with pytest.raises(ValueError, match="n_inputs is 0"):
        StimulusOnly(3, 0)


def test_a_linear_evolver_refuses_a_recording_with_gaps(rotating):
    rows = source_of(rotating, 200).read(0, 200)
    valid = np.ones(rows.activity.shape, bool)
    valid[50:60] = False
    source = ArraySource(rows.activity, rows.stimulus, valid=valid, name="holed")
    with pytest.raises(ValueError, match="holed: a linear evolver needs all"):
        fit_linear_evolver(source, 0, 200, 5)
