"""Principal components of the activity as the first encoder and decoder.

Networks with skips have a linear path beside their hidden layers. It can begin as the
best linear autoencoder of what was observed, which no training has to find then, while
the hidden layers begin without effect.
"""

import numpy as np
import tensorflow as tf
from sklearn.decomposition import TruncatedSVD

MOST_FRAMES = 4096  # enough for 256 components; their cost grows with them
_SMALLEST = 1e-3  # spread of a latent number, in that of the largest component


def start_at_components(model, frames, known, seed=0):
    """Sets the weights of encoder and decoder to principal components.

    Component k of normalized activity, with spread s_k, becomes latent number k,
    divided by sqrt(s_1 s_k): halfway between as it is and as large as all others, so
    that small components are seen by the evolver but do not rule it.

    Args:
        model: LatentModel with input skips and hidden layers, normalization set.
        frames: Observed activity, (M, N).
        known: (M, N) bool; what is not known is taken to be at the neuron's mean.
        seed: Of the randomized decomposition.

    Raises:
        ValueError: There are fewer than two frames.
    """
    params = model.params
    if len(frames) < 2:
        raise ValueError(f"training.pca_init needs two frames, got {len(frames)}.")
    normalized = model.normalized(tf.constant(frames, tf.float32)).numpy()
    normalized = np.where(known, normalized, np.float32(0))
    n = min(
        params.latent_dims,
        params.encoder_params.num_hidden_units,
        params.decoder_params.num_hidden_units,
        *frames.shape,
    )
    if not normalized.any():
        return  # silent: there is nothing to begin with
    components, spread = _components(normalized, n, seed)
    size = np.sqrt(spread[0] * np.maximum(spread, _SMALLEST**2 * spread[0]))
    _set_linear_path(model.encoder, components.T / size, np.eye(n))
    _set_linear_path(model.decoder, np.eye(n), components * size[:, None])


def _components(frames, n, seed):
    """Components (n, N) of frames about 0, and the spread of each, (n,)."""
    svd = TruncatedSVD(n, n_iter=7, random_state=seed).fit(frames)
    spread = svd.singular_values_ / np.sqrt(len(frames))
    return svd.components_, np.maximum(spread, np.finfo(np.float32).tiny)


def _set_linear_path(network, inward, outward):
    """Makes a network with skips a linear map, by its last projection.

    It takes the first inputs by inward (I', n) and gives the first outputs by outward
    (n, O'); the others have no effect and are 0. The hidden layers keep their weights,
    but what they add begins at 0.
    """
    projection, output = network.projections[-1], network.output_layer
    for kernel, before, matrix in (
        (projection.kernel, 0, inward),
        (output.kernel, network.n_hidden, outward),
    ):
        weights = np.zeros(kernel.shape, np.float32)
        weights[before : before + len(matrix), : matrix.shape[1]] = matrix
        kernel.assign(weights)
    for bias in (projection.bias, output.bias):
        bias.assign(tf.zeros_like(bias))
