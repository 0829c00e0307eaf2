"""Encoder and decoder that begin as principal components."""

import numpy as np
import pytest

from tests.latent.models import N_LATENT, N_NEURONS, small_model, small_params
from v1model.latent.config import ModelParams
from v1model.latent.principal import start_at_components

SKIPS = {"num_hidden_units": 12, "use_input_skips": True}
NO_SKIPS = {"num_hidden_units": 8, "use_input_skips": False}


def low_dimensional(n_dimensions, n_frames=200):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(n_frames, n_dimensions)) / np.arange(1, n_dimensions + 1)
    mixing = rng.normal(size=(n_dimensions, N_NEURONS))
    return (scores @ mixing).astype("f4")


def everything(frames):
    return np.ones(frames.shape, bool)


def test_what_has_few_dimensions_is_reconstructed_at_once():
    model, frames = small_model(), low_dimensional(N_LATENT)
    model.set_normalization(frames.mean(0), frames.std(0))
    start_at_components(model, frames, everything(frames))
    np.testing.assert_allclose(model.decode(model.encode(frames)), frames, atol=1e-3)


@pytest.mark.parametrize("n_latent", [N_NEURONS, 3 * N_NEURONS])
def test_more_latent_numbers_than_neurons_lose_nothing(n_latent):
    width = {"num_hidden_units": 2 * N_NEURONS}
    coders = {"encoder_params": width, "decoder_params": width}
    model = small_model(ModelParams(latent_dims=n_latent, **coders))
    frames = low_dimensional(N_NEURONS)
    start_at_components(model, frames, everything(frames))
    z = model.encode(frames)
    assert z.shape[-1] == n_latent
    np.testing.assert_allclose(model.decode(z), frames, atol=1e-3)


def test_a_silent_recording_leaves_the_weights_as_they_are():
    model = small_model()
    before = model.get_weights()
    silent = np.tile(model.mean.numpy(), (20, 1))
    start_at_components(model, silent, everything(silent))
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_linear_autoencoder_of_that_size_is_better():
    model, frames = small_model(), low_dimensional(N_NEURONS)
    mean, scale = frames.mean(0), frames.std(0)
    model.set_normalization(mean, scale)
    start_at_components(model, frames, everything(frames))
    normalized = (frames - mean) / scale
    error = (model.decode(model.encode(frames)).numpy() - frames) / scale
    lost = np.linalg.svd(normalized, compute_uv=False)[N_LATENT:]
    assert np.square(error).sum() == pytest.approx(np.square(lost).sum(), rel=1e-3)


def test_what_is_not_known_is_taken_as_the_mean():
    frames = low_dimensional(3)
    known = np.random.default_rng(1).random(frames.shape) > 0.2
    models = []
    for wrong in (0.0, 1e5):
        model = small_model()
        model.set_normalization(frames.mean(0), frames.std(0))
        start_at_components(model, np.where(known, frames, np.float32(wrong)), known)
        models.append(model)
    pairs = zip(*(model.encoder.weights for model in models), strict=True)
    assert all(np.array_equal(first, second) for first, second in pairs)


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"encoder_params": NO_SKIPS, "decoder_params": NO_SKIPS}, "use_input_skips"),
        ({"likelihood": "poisson"}, "must be off with likelihood poisson"),
    ],
)
def test_a_network_that_cannot_begin_so_is_refused(options, reason):
    with pytest.raises(ValueError, match=f"training.pca_init .*{reason}"):
        ModelParams.model_validate({"training": {"pca_init": True}} | options)


def test_one_frame_is_too_few():
    frames = low_dimensional(3)[:1]
    with pytest.raises(ValueError, match="two frames, got 1"):
        start_at_components(small_model(small_params()), frames, everything(frames))
