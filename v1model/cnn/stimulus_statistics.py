"""StimulusStatistics: what a movie has been like lately, in a few numbers per bin."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.causal import running_mean, running_weights

TAU_MS = 250.0  # of all running means
BAND_EDGES_HZ = (1.0, 4.0, 12.0, 30.0)  # of the bands of temporal frequency
COARSE_PIXELS = 4  # side of the squares whose means are the second scale
FLOOR = 1e-3  # of movies in +-0.5; a grey level of 8 bits is 4 of it
LIMIT = 5.0  # of z-scores
SMALLEST_SCALE = 1e-2

NAMES = ("mean",) + tuple(
    f"{name}_{scale}"
    for scale in ("fine", "coarse")
    for name in ("std", "change", "gradient", "band_1", "band_2", "band_3")
)
N_STATISTICS = len(NAMES)


@keras.saving.register_keras_serializable("v1model")
class StimulusStatistics(keras.layers.Layer):
    """Running statistics of a movie, causal, (B, T, H, W, C) -> (B, T, F), F = 13.

    The mean; then, for pixels and for means of 4 x 4 pixels, the logarithms of

    - the standard deviation over pixels and time,
    - the root mean square of the change from frame to frame,
    - that of the differences of neighbouring pixels,
    - that of three bands of temporal frequency, 1 to 4, 4 to 12 and 12 to 30 Hz, which
      are differences of two low passes.

    Squares are averaged with a time constant of 250 ms. The result is z-scored with
    fixed numbers, `set_normalization`, and clipped to +-5. What was before the first
    frame is not known: running means begin with what is usual in training, z-scores of
    0. Had the first frame lasted for ever, nothing would have moved before it, and a
    segment of a movie would begin with z-scores far below those of the whole movie.

    Args:
        sampling_rate: Bins per second, Hz.
    """

    memory_bins = 0
    has_endless_memory = True

    def __init__(self, sampling_rate, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.sampling_rate = float(sampling_rate)

    def build(self, input_shape):
        for name, start in (("mean", "zeros"), ("scale", "ones")):
            weight = self.add_weight(
                shape=(N_STATISTICS,), initializer=start, trainable=False, name=name
            )
            setattr(self, name, weight)
        super().build(input_shape)

    def set_normalization(self, mean, scale):
        """Mean and standard deviation of `statistics` over the training's movies.

        Args:
            mean: (F,).
            scale: (F,), not negative; what hardly varies has a scale of 0.01.

        Raises:
            ValueError: They are not F finite numbers each, or a scale is negative.
        """
        arrays = {"mean": np.asarray(mean), "scale": np.asarray(scale)}
        for name, array in arrays.items():
            if array.shape != (N_STATISTICS,) or not np.isfinite(array).all():
                raise ValueError(
                    f"{name} must be {N_STATISTICS} finite numbers, got {array}."
                )
        if arrays["scale"].min() < 0:
            raise ValueError(f"scale must not be negative, got {arrays['scale']}.")
        if not self.built:
            self.build(None)
        self.mean.assign(arrays["mean"])
        self.scale.assign(np.maximum(arrays["scale"], SMALLEST_SCALE))

    def adapt(self, movies):
        """Sets the normalization to that of movies; all bins count alike.

        Args:
            movies: Iterable of (B, T, H, W, C), of the training.

        Raises:
            ValueError: There is no movie.
        """
        n_bins, total, squares = 0, np.zeros(N_STATISTICS), np.zeros(N_STATISTICS)
        for movie in movies:
            rows = np.asarray(self.statistics(movie), float).reshape(-1, N_STATISTICS)
            n_bins += len(rows)
            total += rows.sum(0)
            squares += np.square(rows).sum(0)
        if not n_bins:
            raise ValueError("movies must not be empty.")
        mean = total / n_bins
        self.set_normalization(mean, np.sqrt(np.maximum(squares / n_bins - mean**2, 0)))

    def call(self, x):
        scored = (self.statistics(x, self._usual_moments()) - self.mean) / self.scale
        return tf.clip_by_value(scored, -LIMIT, LIMIT)

    def _usual_moments(self):
        """The running means of which the statistics are those of training, (14,)."""
        mean = self.mean[0]
        power = tf.exp(2 * self.mean[1:]) - FLOOR**2
        is_std = np.array([name.startswith("std") for name in NAMES[1:]], np.float32)
        return tf.concat([[mean, mean], power + is_std * tf.square(mean)], 0)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], N_STATISTICS)

    def statistics(self, x, start=None):
        """NAMES before the z-score, (B, T, F) float32.

        Args:
            x: (B, T, H, W, C).
            start: Running means before the first frame: the mean of fine and of coarse
                pixels, then twelve squares; None is as if that frame had lasted for
                ever.
        """
        x = tf.cast(x, tf.float32)
        mean, squares = self._moments(x)
        coarse_mean, coarse_squares = self._moments(_coarse(x))
        squares = tf.concat([squares, coarse_squares], -1)
        decay = tf.constant([TAU_MS * self.sampling_rate / 1000])
        means = tf.concat([mean, coarse_mean, squares], -1)
        if start is None:
            means = running_mean(means, decay)[..., 0]
        else:
            size = (tf.shape(means)[0], 1, means.shape[-1])
            before = tf.broadcast_to(start, size)
            means = running_mean(tf.concat([before, means], 1), decay)[:, 1:, :, 0]
        mean, coarse_mean, squares = means[..., :1], means[..., 1:2], means[..., 2:]
        # The first of the squares is x^2 itself: less the mean's, it is the variance.
        n_squares = squares.shape[-1] // 2
        lost = tf.concat(
            [
                tf.pad(tf.square(one), ((0, 0), (0, 0), (0, n_squares - 1)))
                for one in (mean, coarse_mean)
            ],
            -1,
        )
        power = tf.nn.relu(squares - lost)
        return tf.concat([mean, 0.5 * tf.math.log(power + FLOOR**2)], -1)

    def _moments(self, x):
        """Mean of each frame, (B, T, 1), and means of six squares, (B, T, 6)."""
        change = tf.pad(x[:, 1:] - x[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0), (0, 0)))
        gradient = sum(
            _mean_square(difference)
            for difference in (
                x[:, :, 1:] - x[:, :, :-1],
                x[..., 1:, :] - x[..., :-1, :],
            )
            if 0 not in difference.shape[2:4]
        )
        if isinstance(gradient, int):  # a movie of one pixel
            gradient = tf.zeros_like(x[:, :, 0, 0, 0])
        squares = [_mean_square(x), _mean_square(change), gradient, *self._bands(x)]
        return tf.reduce_mean(x, (2, 3, 4))[..., None], tf.stack(squares, -1)

    def _bands(self, x):
        """Mean squares of three bands of temporal frequency, a list of (B, T)."""
        sizes = tf.shape(x)
        edges = np.array(BAND_EDGES_HZ, np.float32)
        decay = (self.sampling_rate / (2 * np.pi * edges)).astype(np.float32)
        low = running_weights(sizes[1], decay)
        band = tf.reshape(low[1:] - low[:-1], (-1, sizes[1]))
        pixels = tf.reshape(x, (sizes[0], sizes[1], -1))
        power = tf.reduce_mean(tf.square(tf.matmul(band, pixels)), -1)
        power = tf.reshape(power, (sizes[0], len(edges) - 1, sizes[1]))
        return tf.unstack(power, axis=1)

    def get_config(self):
        return super().get_config() | {"sampling_rate": self.sampling_rate}


def _mean_square(x):
    return tf.reduce_mean(tf.square(x), (2, 3, 4))


def _coarse(x):
    """Means of squares of pixels; at the border, of the pixels that there are."""
    sizes = tf.shape(x)
    frames = tf.reshape(x, (-1, *x.shape[2:]))
    frames = tf.nn.avg_pool2d(frames, COARSE_PIXELS, COARSE_PIXELS, "SAME")
    return tf.reshape(frames, (sizes[0], sizes[1], *frames.shape[1:]))
