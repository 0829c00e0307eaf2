"""Small read-out models and movies for them."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.model import ReadoutModel
from v1model.cnn.model_spec import RecordingSpec

SIDE, N_BEHAVIOR = 10, 2
SMALL = {
    "adapter": {"type": "none"},
    "frontend": {
        "type": "learnable_temporal",
        "kernel_size": 4,
        "num_channels": 3,
        "init_type": "random",
    },
    "convnet": {
        "type": "resnet",
        "channels": [4, 6],
        "stem_channels": 4,
        "stem": {"kernel_size": [1, 3, 3]},
        "blocks": [{"kernel_size": [3, 3, 3], "activation": "gelu"}],
    },
}  # memory: 3 + 2 + 2 bins
MEMORY = 7


def recordings(*n_neurons, side=SIDE):
    """Specs of recordings "a", "b", ... with these numbers of neurons."""
    return tuple(
        RecordingSpec(name, n, (side, side, 1), N_BEHAVIOR)
        for name, n in zip("abcdef", n_neurons, strict=False)
    )


def small_model(changes=(), n_neurons=(3, 5), **kwargs):
    """SMALL with other layers: a ReadoutModel with weights from a fixed seed."""
    keras.utils.set_random_seed(5)
    return ReadoutModel(recordings(*n_neurons), SMALL | dict(changes), **kwargs)


def segments(model, n_bins, n_segments=2, seed=0):
    """Random inputs of all recordings: `n_bins` rates, behaviour with them."""
    rng = np.random.default_rng(seed)
    frames = model.memory_bins + n_bins
    return {
        spec.name: {
            "movie": tf.constant(
                rng.uniform(-0.5, 0.5, (n_segments, frames, *spec.frame_shape)),
                tf.float32,
            ),
            "behavior": tf.constant(
                rng.standard_normal((n_segments, frames, spec.n_behavior)), tf.float32
            ),
        }
        for spec in model.recordings
    }
