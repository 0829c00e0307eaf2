"""The null model that knows nothing but the stimulus: the last frames, and no activity.

A recording that it predicts says little about a model of the activity.
"""

import keras
import numpy as np
import tensorflow as tf

from v1model.latent.mlp import MLPWithSkips
from v1model.latent.network_params import StimulusEncoderParams

FRAMES, WIDTH, LAYERS = 20, 512, 2  # published
CHUNK_BYTES = 100e6  # of activity that is read at a time


@keras.saving.register_keras_serializable("v1model")
class StimulusOnly(keras.Model):
    """Activity from the last frames of the stimulus.

        x(t + 1) = predictor([e(t - F + 1); ... e(t)])      e = stimulus_encoder(s)

    Its latent state is the frames that it remembers, so it is rolled out as a
    LatentModel is; it must be spun up for `frames` steps to know them.

    Args:
        n_neurons, n_inputs: N and S.
        frames: F.
        width, layers: Of the predictor.
        encoder: StimulusEncoderParams, or a dictionary of them; None for the published
            ones.
        seed: Of the initial weights.

    Raises:
        ValueError: There is no stimulus.
    """

    def __init__(
        self,
        n_neurons,
        n_inputs,
        frames=FRAMES,
        width=WIDTH,
        layers=LAYERS,
        encoder=None,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if n_inputs < 1:
            raise ValueError("a model of the stimulus alone needs one: n_inputs is 0.")
        encoder = StimulusEncoderParams.model_validate(
            {} if encoder is None else encoder
        )
        self.n_neurons, self.n_inputs, self.frames = n_neurons, n_inputs, frames
        self.width, self.layers_, self.seed, self.params = width, layers, seed, encoder
        self.n_encoded = encoder.num_output_dims
        self.stimulus_encoder = MLPWithSkips(
            self.n_encoded,
            encoder.num_hidden_units,
            encoder.num_hidden_layers,
            seed=2 * seed,
            name="stimulus_encoder",
        )
        self.predictor = MLPWithSkips(
            n_neurons, width, layers, seed=2 * seed + 1, name="predictor"
        )
        self.stimulus_encoder.build((None, n_inputs))
        self.predictor.build((None, frames * self.n_encoded))
        self.built = True

    def encode(self, x):
        """Dark frames, (..., F E); the activity (..., N) is not looked at."""
        shape = tf.concat([tf.shape(x)[:-1], [self.frames * self.n_encoded]], 0)
        return tf.zeros(shape)

    def encode_stimulus(self, s):
        """(..., E) of the stimulus (..., S)."""
        return self.stimulus_encoder(s)

    def evolve(self, z, encoded):
        """The frames that are remembered after 1 to T steps, (T, B, F E)."""
        shape = tf.shape(z)[0], self.frames, self.n_encoded
        before = tf.transpose(tf.reshape(z, shape), (1, 0, 2))
        known = tf.concat([before, encoded], 0)[1:]
        windows = tf.signal.frame(known, self.frames, 1, axis=0)  # (T, F, B, E)
        size = tf.shape(encoded)[0], shape[0], self.frames * self.n_encoded
        return tf.reshape(tf.transpose(windows, (0, 2, 1, 3)), size)

    def decode(self, z):
        """Activity (..., N) after the frames (..., F E)."""
        return self.predictor(z)

    def call(self, s):
        """Activity (B, N) after frames (B, F, S)."""
        encoded = self.encode_stimulus(s)
        size = tf.shape(encoded)[0], self.frames * self.n_encoded
        return self.predictor(tf.reshape(encoded, size))

    def get_config(self):
        return super().get_config() | {
            "n_neurons": self.n_neurons,
            "n_inputs": self.n_inputs,
            "frames": self.frames,
            "width": self.width,
            "layers": self.layers_,
            "encoder": self.params.model_dump(),
            "seed": self.seed,
        }


def fit_stimulus_only(
    model,
    source,
    first,
    last,
    *,
    n_updates=2000,
    batch_size=64,
    learning_rate=1e-3,
    spacing=1,
    seed=0,
):
    """Trains a StimulusOnly on rows [first, last) of a recording.

    Args:
        model: StimulusOnly; its weights change.
        source: ActivitySource.
        first, last: Rows.
        n_updates, batch_size: Of Adam.
        learning_rate: At the beginning; it falls to 0 as a cosine.
        spacing: Steps between two rows of activity that it may see.
        seed: Of the batches.

    Returns:
        Mean squared error of each update, (n_updates,).

    Raises:
        ValueError: The rows are fewer than the frames of a prediction.
    """
    size = max(int(CHUNK_BYTES / (4 * (source.n_neurons + source.n_inputs))), 256)
    size = min(max(size, 4 * model.frames), last - first)
    if size <= model.frames:
        raise ValueError(
            f"{source.name}: {model.frames} frames and the activity after them need "
            f"{model.frames + 1} rows, got [{first}, {last})."
        )
    rng = np.random.default_rng(seed)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, n_updates)
    optimizer = keras.optimizers.Adam(rate, epsilon=1e-8)
    optimizer.build(model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def update(frames, targets, valid):
        with tf.GradientTape() as tape:
            error = tf.where(valid, model(frames) - targets, 0.0)
            loss = tf.reduce_sum(error**2) / tf.reduce_sum(tf.cast(valid, tf.float32))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(
            zip(gradients, model.trainable_variables, strict=True)
        )
        return loss

    is_whole = size == last - first
    n_chunks = 1 if is_whole else max(1, min(20, (last - first) // size))
    losses = []
    for share in np.array_split(np.arange(n_updates), n_chunks):
        begin = first if is_whole else int(rng.integers(first, last - size + 1))
        rows = source.read(begin, begin + size)
        targets = np.arange(model.frames, size)
        targets = targets[(begin + targets) % spacing == 0]
        for _ in share:
            chosen = rng.choice(targets, batch_size)
            window = chosen[:, None] + np.arange(-model.frames, 0)
            valid = True if rows.valid is None else rows.valid[chosen]
            activity = rows.activity[chosen]
            losses.append(
                update(
                    rows.stimulus[window],
                    activity,
                    np.broadcast_to(valid, activity.shape),
                )
            )
    return np.array([float(loss) for loss in losses])
