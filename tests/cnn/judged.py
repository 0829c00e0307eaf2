"""A model of known filters, which the tests of the evaluation judge."""

import numpy as np
import tensorflow as tf


class PixelModel:
    """Rates of `recorded.write`'s neurons: 20 exp(2 x gain x pixel) / 100, one bin.

    Args:
        recording: RecordingData, or its name.
        gain: Of the pixels; 1 is the truth.
        scale, offset: Of the rates, spikes per bin.
        memory_bins: Of the model.
        lag: Of the pixel, bins.
    """

    def __init__(self, name, n_neurons, **others):
        self.heads = {name: None}
        self.name, self.n_neurons = name, n_neurons
        self.gain, self.scale, self.offset = 1.0, 1.0, 0.0
        self.memory_bins, self.lag = 3, 0
        self.has_endless_memory = False
        self.__dict__.update(others)

    def __call__(self, inputs, training=None):
        movie = inputs[self.name]["movie"]
        n_frames, shape = tf.shape(movie)[1], movie.shape
        pixels = tf.reshape(movie, (-1, n_frames, np.prod(shape[2:])))
        own = np.arange(self.n_neurons) % pixels.shape[-1]
        drive = tf.gather(pixels, own, axis=-1)
        drive = drive[:, self.memory_bins - self.lag : n_frames - self.lag]
        return {
            self.name: self.scale * 0.2 * tf.exp(2 * self.gain * drive) + self.offset
        }

    def readout_centers(self, name):
        return np.zeros((self.n_neurons, 2))
