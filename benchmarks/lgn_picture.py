"""LGN responses to a 600 ms stimulus: every frame filtered, beside v1model's way.

    python benchmarks/lgn_picture.py

The published way, restated here in TensorFlow: one two-dimensional convolution of all
frames per size class, a bilinear look-up for both subunits of every unit, and a
depthwise convolution with kernels of 700 ms (Chen et al. 2022).
"""

import argparse
import time

import numpy as np
import tensorflow as tf

from v1model.lgn import LGN, Movie, draw_units
from v1model.lgn.kernels import make_subunits
from v1model.lgn.spatial import gaussian
from v1model.stimuli.gratings import drifting_grating


class FrameByFrame:
    """The published algorithm, with the kernels of v1model."""

    def __init__(self, units):
        subunits = make_subunits(units)
        n = len(units)
        n_lags = subunits.kernel.shape[1]
        # As published, every unit has a second subunit, whose kernel may be zero.
        second = np.zeros((n, n_lags), np.float32)
        second[subunits.second] = subunits.kernel[n:]
        x, y = np.zeros((2, 2, n))
        x[0], y[0] = subunits.x[:n], subunits.y[:n]
        x[1, subunits.second], y[1, subunits.second] = subunits.x[n:], subunits.y[n:]
        self._kernels = [_taps(subunits.kernel[:n]), _taps(second)]
        self._spontaneous = subunits.spontaneous[:n]
        self._has_second = np.isin(np.arange(n), subunits.second)
        # Size classes of one degree, though two of them often share a Gaussian.
        size = np.floor(units.spatial_size)
        order = []
        self._classes = []
        for value in np.unique(size):
            rows = np.flatnonzero(size == value)
            profile = gaussian(subunits.sigma[rows[0]])
            picture = np.outer(profile, profile).astype(np.float32)
            lookups = [_lookup(x[k, rows], y[k, rows]) for k in (0, 1)]
            self._classes.append((picture[:, :, None, None], lookups))
            order.append(rows)
        self._order = np.argsort(np.concatenate(order))

    def rates(self, movie):
        frames = tf.constant(movie, tf.float32)[..., None]
        responses = [[], []]
        for gauss, lookups in self._classes:
            filtered = tf.nn.conv2d(frames, gauss, 1, "SAME")[..., 0]
            filtered = tf.transpose(filtered, (1, 2, 0))
            for k, (corners, weights) in enumerate(lookups):
                pixels = tf.gather_nd(filtered, corners)
                responses[k].append(tf.reduce_sum(pixels * weights[..., None], 0))
        drive = []
        for response, kernel in zip(responses, self._kernels, strict=True):
            signal = tf.gather(
                tf.transpose(tf.concat(response, 0)), self._order, axis=1
            )
            padded = tf.pad(signal, ((kernel.shape[0] - 1, 0), (0, 0)))
            padded = padded[None, :, None, :]
            filtered = tf.nn.depthwise_conv2d(padded, kernel, (1, 1, 1, 1), "VALID")
            drive.append(tf.nn.relu(filtered[0, :, 0] + self._spontaneous))
        return (drive[0] + drive[1] * self._has_second).numpy()


def _taps(kernel):
    return tf.constant(kernel[:, ::-1].T[:, None, :, None])


def _lookup(x, y):
    corners, weights = [], []
    for row, row_weight in ((np.floor(y), 1 - y % 1), (np.ceil(y), y % 1)):
        for column, column_weight in ((np.floor(x), 1 - x % 1), (np.ceil(x), x % 1)):
            corners.append(np.stack([row, column], axis=-1).astype(np.int32))
            weights.append((row_weight * column_weight).astype(np.float32))
    return tf.constant(np.stack(corners)), tf.constant(np.stack(weights))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="the fastest run counts")
    arguments = parser.parse_args()
    units = draw_units(0)
    start = time.perf_counter()
    lgn = LGN(units)
    print(f"{len(units)} units; filters made in {time.perf_counter() - start:.2f} s")
    published = FrameByFrame(units)

    picture = np.random.default_rng(0).uniform(-2, 2, (120, 240)).astype(np.float32)
    gray = np.zeros_like(picture)
    static = Movie(np.stack([gray, picture, gray]), np.array([50, 100, 450]))
    frames = np.repeat(static.frames, static.durations_ms, axis=0)
    drifting = drifting_grating(600, 30.0, contrast=2.0)
    for name, all_frames, movie in (
        ("600 ms static picture", frames, static),
        ("600 ms drifting grating", drifting, drifting),
    ):
        slow, expected = _timed(published, all_frames, arguments.repeats)
        fast, found = _timed(lgn, movie, arguments.repeats)
        difference = np.abs(expected - found).max()
        print(
            f"{name}: frame by frame {slow:.3f} s, v1model {fast:.3f} s, "
            f"{slow / fast:.1f} times faster, rates differ by {difference:.1e} Hz"
        )


def _timed(model, movie, repeats):
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        rates = model.rates(movie)
        best = min(best, time.perf_counter() - start)
    return best, rates


if __name__ == "__main__":
    main()
