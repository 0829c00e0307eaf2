"""The latent model itself is rolled out as its own equations say."""

import numpy as np
import pytest

from tests.latent.diagnosis.worlds import fading, source_of
from v1model.latent import prediction
from v1model.latent.config import ModelParams
from v1model.latent.diagnosis.arrays import ArraySource
from v1model.latent.diagnosis.diagnose import Settings, diagnose, plan_of, settings_of
from v1model.latent.diagnosis.openings import Opening
from v1model.latent.diagnosis.rollouts import evaluate_rollouts
from v1model.latent.diagnosis.starts import Plan
from v1model.latent.model import LatentModel

CODER = {"num_hidden_units": 7}


def params_of(**training):
    return ModelParams.model_validate(
        {
            "latent_dims": 4,
            "encoder_params": CODER,
            "decoder_params": CODER,
            "evolver_params": CODER | {"zero_init": False},
            "stimulus_encoder_params": {"num_hidden_units": 5, "num_output_dims": 3},
            "training": {"time_units": 4, "rollout_steps": 20, **training},
        }
    )


def model_of(source, **training):
    model = LatentModel(source.n_neurons, source.n_inputs, params_of(**training))
    model.set_normalization(np.linspace(-1, 1, source.n_neurons), 2.0 * np.ones(6))
    return model


@pytest.fixture(scope="module")
def source():
    return source_of(fading(), 200)


@pytest.mark.parametrize(
    "frequency", ["ALL", "NONE", "TIME_UNITS_CONSTANT", "TIME_UNITS_INTERPOLATE"]
)
def test_blocks_of_a_rollout_are_the_rollout(source, frequency, monkeypatch):
    """Step by step in NumPy, with the frames that the model knows."""
    model = model_of(source)
    monkeypatch.setattr(prediction, "BLOCK_VALUES", 9 * 2 * 6)  # 8 or 9 steps
    plan = Plan(np.array([7, 150]), 22, 4, 5)
    found = evaluate_rollouts(model, source, plan, frequency=frequency, traced=range(6))
    rows = source.read(0, 200)
    for r, start in enumerate(plan.starts.tolist()):
        z = model.encode(rows.activity[start : start + 1])
        for k in range(22):
            encoded = np.asarray(model.encode_stimulus(rows.stimulus[start:]))
            low, share = k - k % 4, k % 4 / 4
            frame = {
                "ALL": encoded[k],
                "NONE": 0 * encoded[k],
                "TIME_UNITS_CONSTANT": encoded[low],
                "TIME_UNITS_INTERPOLATE": (1 - share) * encoded[low]
                + share * encoded[low + 4],
            }[frequency]
            z = model.evolve(z, frame[None, None].astype(np.float32))[0]
            expected = np.asarray(model.decode(z))[0]
            np.testing.assert_allclose(
                found.traced_prediction[r, k], expected, rtol=1e-3, atol=1e-4
            )


def test_a_prediction_is_the_model_s_own_rollout(source):
    model = model_of(source)
    rows = source.read(0, 200)
    found = prediction.predict(model, rows.activity, rows.stimulus, 11, 30)
    frames = rows.stimulus[11:41, None]
    expected = np.asarray(model.rollout(rows.activity[11:12], frames))[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_an_untrained_model_stays_and_its_error_is_reconstruction_alone(source):
    params = params_of()
    evolver = params.evolver_params.model_copy(update={"zero_init": True})
    params = params.model_copy(update={"evolver_params": evolver})
    model = LatentModel(6, source.n_inputs, params)
    found = diagnose(model, source, Settings(3, 20, 4, 5))
    decoded = np.asarray(model.decode(model.encode(source.read(0, 200).activity)))
    truth = source.read(0, 200).activity
    for r, start in enumerate(found.plan.starts.tolist()):
        expected = np.square(decoded[start] - truth[start + 1 : start + 21]).mean(
            axis=1
        )
        np.testing.assert_allclose(found.rollouts.model[r], expected, rtol=1e-4)


def test_settings_are_those_of_the_training(source):
    mode = {"mode": "staggered_random", "seed": 5, "interpolation": "causal"}
    params = params_of(acquisition_mode=mode, evolve_multiple_steps=3)
    settings = settings_of(params, 6, n_starts=2)
    assert settings.opening == Opening("causal", 2 * settings.time_units)
    assert settings.phases.shape == (6,)
    assert settings[:4] == (2, 20, 4, 3)
    aligned = settings_of(params_of(), 6)
    assert aligned.phases is None
    assert aligned.opening == Opening("truth")
    assert plan_of(settings, source, 100).starts.min() >= 100
    found = diagnose(model_of(source), source, settings, 100)
    assert found.interpolation.staggered.shape == (2, 12)
    numbers = found.scalars()
    assert numbers["time_aligned_mse_latent_unobserved_avg"] > 0
    assert numbers["time_aligned_mse_latent_interpolation_unobserved_avg"] > 0


def test_a_model_without_a_stimulus_is_judged_too():
    source = ArraySource(np.random.default_rng(0).standard_normal((80, 6)))
    found = diagnose(model_of(source), source, Settings(3, 20, 4, 2))
    assert np.isfinite(found.rollouts.model).all()


def test_a_neuron_that_is_missing_at_the_start_is_as_it_is_on_average(source):
    model = model_of(source)
    rows = source.read(0, 200)
    valid = np.ones((200, 6), bool)
    valid[30, 2] = False
    plan = Plan(np.array([30]), 10)
    missing = ArraySource(rows.activity, rows.stimulus, valid=valid)
    filled = rows.activity.copy()
    filled[30, 2] = model.mean.numpy()[2]
    found = [
        evaluate_rollouts(model, one, plan, traced=range(6)).traced_prediction
        for one in (missing, ArraySource(filled, rows.stimulus))
    ]
    np.testing.assert_array_equal(*found)
