"""Predictions do not depend on how they are cut, and compile once for a model."""

import numpy as np
import pytest

from v1model.latent import prediction
from v1model.latent.config import ModelParams
from v1model.latent.model import LatentModel
from v1model.latent.prediction import Runner, predict

N, S, STEPS = 6, 3, 40


def made(seed=0):
    params = ModelParams(latent_dims=4, evolver_params={"zero_init": False})
    return LatentModel(N, S, params, seed=seed)


@pytest.fixture(scope="module")
def model():
    return made()


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    sizes = (STEPS, N), (STEPS, S)
    return [rng.standard_normal(size).astype(np.float32) for size in sizes]


def test_blocks_of_any_length_give_the_same_prediction(model, arrays, monkeypatch):
    whole = predict(model, *arrays, 2, 30)
    for steps in (1, 7, 29):  # the last block is shorter than the others
        monkeypatch.setattr(prediction, "BLOCK_VALUES", steps * N)
        np.testing.assert_allclose(
            predict(model, *arrays, 2, 30), whole, rtol=1e-5, atol=1e-6
        )


def test_rollouts_of_any_length_begin_alike(model, arrays):
    activity, stimulus = arrays
    longest = predict(model, *arrays, 2, 30)
    for n in (5, 11, 30):
        found = model.rollout(activity[2:3], stimulus[2 : 2 + n, None])
        np.testing.assert_allclose(found[:, 0], longest[:n], rtol=1e-5, atol=1e-6)


def test_what_comes_after_the_start_is_not_read(model, arrays):
    activity, stimulus = arrays
    expected = predict(model, activity, stimulus, 2, 5)
    np.testing.assert_array_equal(
        predict(model, activity[:3], stimulus[:7], 2, 5), expected
    )


def test_a_model_is_compiled_once_for_all_runners(arrays):
    """Every diagnosis made its functions anew, and TensorFlow complained."""
    activity, stimulus = arrays
    model = made(seed=1)

    def run():
        runner = Runner(model)
        states = runner.encode(activity[:2])
        for n in (4, 9, 15):
            runner.decode(runner.evolve(states, [stimulus, stimulus], n))

    def traced():
        return [f.experimental_get_tracing_count() for f in prediction._COMPILED]

    run()
    before = traced()
    run()
    assert traced() == before


def test_a_model_that_changes_predicts_otherwise(arrays):
    model = made(seed=2)
    before = predict(model, *arrays, 2, 5)
    model.set_normalization(np.ones(N), np.full(N, 2.0))
    expected = model.rollout(arrays[0][2:3], arrays[1][2:7, None])[:, 0]
    found = predict(model, *arrays, 2, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert not np.allclose(found, before)


@pytest.mark.parametrize(
    ("start", "n_steps", "reason"),
    [
        (STEPS, 1, "start must be one of 40 rows, got 40"),
        (-1, 1, "start must be one of 40 rows, got -1"),
        (0, 0, "n_steps must be positive, got 0"),
        (30, 11, "11 steps from row 30 on need 41 rows of the stimulus, got 40"),
    ],
)
def test_what_cannot_be_predicted_is_refused(model, arrays, start, n_steps, reason):
    with pytest.raises(ValueError, match=reason):
        predict(model, *arrays, start, n_steps)


def test_arrays_of_another_shape_are_refused(model, arrays):
    activity, stimulus = arrays
    with pytest.raises(ValueError, match=r"activity must be \(T, 6\), got \(40, 5\)"):
        predict(model, activity[:, :5], stimulus, 2, 5)
    with pytest.raises(ValueError, match=r"stimulus must be \(T, 3\), got \(40, 2\)"):
        predict(model, activity, stimulus[:, :2], 2, 5)
    with pytest.raises(ValueError, match=r"activity must be \(T, 6\), got \(40,\)"):
        predict(model, activity[:, 0], stimulus, 2, 5)
