"""Adapter: frames of one recording, brought onto the grid that all recordings share."""

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.adapter_params import AdapterParams
from v1model.cnn.bilinear import sample_points, tent_weights

_BLUR_PER_STEP = 0.44  # pixels: width of the blur that keeps a coarser grid clean


@keras.saving.register_keras_serializable(package="v1model")
class Adapter(keras.layers.Layer):
    """Blurs frames and reads them at the points of a learned grid; outside is 0.

        pixel = centre + A (point - centre) + shift

    with A = diag(exp(log_s)) for `scale` and `scale_shift`, and any 2 x 2 matrix for
    `affine`. It starts as the grid that spans the frame. The blur has the variance

        sigma^2 + 0.44^2 max(step^2 - 1, 0)   pixels^2

    with sigma learned and step the distance of two points in pixels, so that a grid
    that is coarser than the frame does not alias.

    Args:
        params: AdapterParams.
        frame_shape: H, W, C of the recording's frames.
    """

    memory_bins = 0

    def __init__(self, params, frame_shape, **kwargs):
        super().__init__(**({"dtype": "float32"} | kwargs))
        self.params, self.frame_shape = params, tuple(frame_shape)
        frame = self.frame_shape[:2]
        self.grid_shape = (params.grid_size,) * 2 if params.grid_size else frame
        self._center = (np.float32(frame) - 1) / 2
        # Exact where grid and frame are of one size, so that the start is the identity.
        self._points = [
            (np.linspace(0, n - 1, m) - (n - 1) / 2).astype(np.float32)
            for n, m in zip(frame, self.grid_shape, strict=True)
        ]
        self._steps = np.float32(
            [
                (n - 1) / max(m - 1, 1)
                for n, m in zip(frame, self.grid_shape, strict=True)
            ]
        )

    def build(self, input_shape):
        sigma = self.params.init_sigma
        first_widths = np.sqrt(sigma**2 + self._coarse_variance(self._steps).numpy())
        self._radii = [max(2, int(np.ceil(4 * width))) for width in first_widths]
        self.log_sigma = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(np.log(sigma)),
            name="log_sigma",
        )
        self.shift = None  # none is learned
        if self.params.transform == "affine":
            self.matrix = self.add_weight(
                shape=(2, 2),
                initializer=keras.initializers.Identity(),
                name="scale_matrix",
            )
        else:
            self.log_scale = self.add_weight(
                shape=(2,), initializer="zeros", name="log_scale"
            )
        if self.params.transform != "scale":
            self.shift = self.add_weight(shape=(2,), initializer="zeros", name="shift")

    def call(self, movie):
        """Frames on the grid, (B, T, G, G, C), of frames, (B, T, H, W, C)."""
        if self.params.transform == "affine":
            blurred = _along_both_axes(movie, *self._blurs())
            rows, columns = np.meshgrid(*self._points, indexing="ij")
            points = np.stack((rows.ravel(), columns.ravel()), -1)
            shape = tf.shape(movie)
            return tf.reshape(
                sample_points(blurred, self._moved(points)),
                (shape[0], shape[1], *self.grid_shape, self.frame_shape[2]),
            )
        scale, shift = self._scale_and_shift()
        maps = []
        for axis, blur in enumerate(self._blurs()):
            places = self._points[axis] * scale[axis] + shift[axis]
            places += self._center[axis]
            maps.append(tent_weights(places, self.frame_shape[axis]) @ blur)
        return _along_both_axes(movie, *maps)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], *self.grid_shape, input_shape[4])

    def to_frame(self, points):
        """Pixels of the frame, (N, 2) y, x, where pixels of the grid lie."""
        return self._moved(points * self._steps - self._center)

    def to_grid(self, points):
        """Pixels of the grid, (N, 2) y, x, where pixels of the frame lie."""
        matrix, shift = self._matrix_and_shift()
        away = tf.transpose(points - self._center - shift)
        back = tf.transpose(tf.linalg.solve(matrix, away))
        return (back + self._center) / np.maximum(self._steps, 1e-6)

    def get_config(self):
        return super().get_config() | {
            "params": self.params.model_dump(mode="json"),
            "frame_shape": self.frame_shape,
        }

    @classmethod
    def from_config(cls, config):
        params = AdapterParams.model_validate(config["params"])
        return super().from_config(config | {"params": params})

    def _scale_and_shift(self):
        shift = tf.zeros(2)
        if self.shift is not None:
            shift = tf.convert_to_tensor(self.shift)
        return tf.exp(self.log_scale), shift

    def _matrix_and_shift(self):
        if self.params.transform == "affine":
            return tf.convert_to_tensor(self.matrix), tf.convert_to_tensor(self.shift)
        scale, shift = self._scale_and_shift()
        return tf.linalg.diag(scale), shift

    def _moved(self, points):
        """Where points, (P, 2) pixels from the frame's centre, are read."""
        matrix, shift = self._matrix_and_shift()
        return self._center + points @ tf.transpose(matrix) + shift

    def _blurs(self):
        """Blurs along rows and columns, (H, H) and (W, W)."""
        matrix, _ = self._matrix_and_shift()
        steps = self._steps * tf.norm(matrix, axis=1)
        variances = tf.exp(2 * self.log_sigma) + self._coarse_variance(steps)
        return [
            _blur(variances[axis], size, self._radii[axis])
            for axis, size in enumerate(self.frame_shape[:2])
        ]

    @staticmethod
    def _coarse_variance(steps):
        return _BLUR_PER_STEP**2 * tf.nn.relu(tf.square(steps) - 1)


@keras.saving.register_keras_serializable(package="v1model")
class NoAdapter(keras.layers.Layer):
    """Frames are the grid.

    Args:
        frame_shape: H, W, C of the recording's frames.
    """

    memory_bins = 0

    def __init__(self, frame_shape, **kwargs):
        super().__init__(**({"dtype": "float32"} | kwargs))
        self.frame_shape = tuple(frame_shape)
        self.grid_shape = self.frame_shape[:2]

    def call(self, movie):
        return movie

    def compute_output_shape(self, input_shape):
        return input_shape

    def to_frame(self, points):
        """The same points."""
        return tf.convert_to_tensor(points, tf.float32)

    def to_grid(self, points):
        """The same points."""
        return tf.convert_to_tensor(points, tf.float32)

    def get_config(self):
        return super().get_config() | {"frame_shape": self.frame_shape}


def make_adapter(params, frame_shape, **kwargs):
    """The adapter that options name.

    Args:
        params: AdapterParams or NoLayer.
        frame_shape: H, W, C of the recording's frames.
        **kwargs: Of a Keras layer, as `name`.

    Returns:
        A layer: (B, T, H, W, C) to (B, T, G, G, C), with `grid_shape`, `to_frame` and
        `to_grid`, which is its inverse.
    """
    if params.type == "none":
        return NoAdapter(frame_shape, **kwargs)
    return Adapter(params, frame_shape, **kwargs)


def _blur(variance, size, radius):
    """Gaussian blur along an axis, (size, size): odd, symmetric, with sum 1 inside."""
    away = np.arange(size)[:, None] - np.arange(size)
    taps = np.arange(-radius, radius + 1, dtype=np.float32)
    kernel = tf.nn.softmax(-tf.square(taps) / (2 * variance))
    index = np.clip(away + radius, 0, 2 * radius)
    return tf.gather(kernel, index) * (np.abs(away) <= radius).astype(np.float32)


def _along_both_axes(movie, rows, columns):
    """rows @ frame @ columns^T of every frame and channel.

    Args:
        movie: (B, T, H, W, C).
        rows: (G, H).
        columns: (G, W).
    """
    shape = tf.shape(movie)
    height, width, channels = movie.shape[2:]
    n_frames = shape[0] * shape[1]
    # Two products with small matrices; a filter for each pixel would cost more. Which
    # axis comes first decides only whether channels have to be moved: they do not.
    if channels == 1:
        frames = tf.reshape(movie, (n_frames * height, width))
        frames = tf.matmul(frames, columns, transpose_b=True)
        frames = tf.reshape(frames, (n_frames, height, columns.shape[0]))
        frames = tf.matmul(rows, frames)
    else:
        frames = tf.reshape(movie, (n_frames, height, width * channels))
        frames = tf.matmul(rows, frames)
        frames = tf.reshape(frames, (n_frames * rows.shape[0], width, channels))
        frames = tf.matmul(columns, frames)
    size = (shape[0], shape[1], rows.shape[0], columns.shape[0], channels)
    return tf.reshape(frames, size)
