"""The latent model: published sizes, rollouts, what survives a file."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.latent.models import N_LATENT, N_NEURONS, drawn, small_model, small_params
from v1model.latent.config import ModelParams
from v1model.latent.mlp import MLPWithSkips
from v1model.latent.model import LatentModel


def n_weights(layer):
    return sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)


def test_the_parts_have_the_published_numbers_of_parameters():
    model = LatentModel(13_741, 1736, ModelParams())
    parts = (model.encoder, model.decoder, model.evolver, model.stimulus_encoder)
    counts = [n_weights(part) for part in parts]
    assert counts == [10_750_720, 7_312_045, 443_392, 584_704]
    assert n_weights(model) == 19_090_861


def test_the_stimulus_decoder_of_the_autoencoder_has_the_published_number():
    decoder = MLPWithSkips(1736, 64, 3)
    decoder.build((None, 64))
    assert n_weights(decoder) == 265_352


def test_an_untrained_published_model_predicts_what_it_encodes():
    params = small_params().model_dump()
    params["evolver_params"]["zero_init"] = True
    model = small_model(ModelParams.model_validate(params))
    activity, stimulus = drawn(5)
    rollout = model.rollout(activity, np.stack([stimulus] * 7))
    expected = model.decode(model.encode(activity))
    np.testing.assert_allclose(rollout, np.stack([expected] * 7), atol=1e-6)


def test_a_rollout_is_step_after_step():
    model = small_model()
    activity, stimulus = drawn(5)
    movie = np.stack([stimulus, stimulus[::-1], 1 - stimulus])
    z = model.encode(activity)
    states = []
    for frame in movie:
        inputs = tf.concat([z, model.encode_stimulus(frame)], -1)
        z = z + model.evolver.increment(inputs)
        states.append(model.decode(z))
    np.testing.assert_allclose(model.rollout(activity, movie), states, atol=1e-5)
    np.testing.assert_allclose(model(activity, movie[0]), states[0], atol=1e-5)


def test_a_rollout_is_not_unrolled_and_lasts_two_thousand_steps():
    model = small_model()
    activity, stimulus = drawn(2)
    movie = np.stack([stimulus] * 2000)
    assert model.rollout(activity, movie).shape == (2000, 2, N_NEURONS)
    graphs = [
        model.rollout.get_concrete_function(activity, movie[:n]).graph for n in (3, 50)
    ]
    sizes = {len(graph.as_graph_def().node) for graph in graphs}
    assert len(sizes) == 1


def test_activity_is_normalized_on_the_way_in_and_back_on_the_way_out():
    plain, shifted = small_model(), small_model()
    activity, _ = drawn(3)
    shifted.set_normalization(10 * plain.mean + 3, 10 * plain.scale)
    np.testing.assert_allclose(
        shifted.encode(10 * activity + 3), plain.encode(activity), atol=1e-5
    )
    z = plain.encode(activity)
    np.testing.assert_allclose(
        shifted.decode(z), 10 * plain.decode(z) + 3, rtol=1e-5, atol=1e-5
    )


def test_normalization_is_kept_and_not_trained():
    model = small_model()
    names = {weight.name for weight in model.trainable_weights}
    assert not names & {"mean", "scale"}
    assert {"mean", "scale"} <= {weight.name for weight in model.weights}


@pytest.mark.parametrize("n_inputs", [0, 4])
def test_a_model_survives_a_file(tmp_path, n_inputs):
    model = small_model(n_inputs=n_inputs)
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    activity, stimulus = drawn(3, n_inputs=n_inputs)
    movie = np.stack([stimulus] * 4)
    assert np.array_equal(
        again.rollout(activity, movie), model.rollout(activity, movie)
    )
    assert again.params == model.params


def test_models_of_one_seed_are_equal_and_of_another_are_not():
    first, second = small_model(), small_model()
    other = small_model(small_params(seed=2))
    pairs = list(zip(first.weights, second.weights, strict=True))
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert not np.array_equal(first.encoder.weights[0], other.encoder.weights[0])


@pytest.mark.parametrize("likelihood", ["poisson", "bernoulli"])
def test_spikes_are_predicted_as_their_mean(likelihood):
    params = small_params().model_copy(update={"likelihood": likelihood})
    model = small_model(params)
    mean = model.decode(tf.random.stateless_normal((50, N_LATENT), (0, 1))).numpy()
    assert mean.min() > 0
    assert (mean.max() < 1) == (likelihood == "bernoulli") or likelihood == "poisson"


def test_batch_normalization_learns_from_training_calls_only():
    width = {"num_hidden_units": 8, "num_hidden_layers": 1, "use_input_skips": False}
    params = ModelParams(
        latent_dims=N_LATENT,
        use_batch_norm=True,
        encoder_params=width,
        decoder_params=width,
    )
    model = LatentModel(N_NEURONS, 0, params)
    moving = model.encoder.norms[0].moving_mean
    activity, _ = drawn(6)
    model.encode(activity)
    assert not np.any(moving)
    model.encode(activity, training=True)
    assert np.any(moving)
