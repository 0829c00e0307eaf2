"""Metrics of the column: answers on the response window, rates per population."""

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable("v1model")
class ResponseAccuracy(keras.metrics.Metric):
    """Counts answers per class, only in chunks whose weight is 1.

    `result` gives `accuracy`, `balanced_accuracy` (mean over the classes that
    occurred), `chance` (accuracy of the best constant answer) and `responses` (how many
    answers were counted).

    Args:
        n_classes: K.
    """

    def __init__(self, n_classes, name="response", **kwargs):
        super().__init__(name=name, **kwargs)
        self.n_classes = n_classes
        self.confusion = self.add_weight(
            name="confusion", shape=(n_classes, n_classes), initializer="zeros"
        )

    def update_state(self, labels, logits, weights):
        """Adds the answers of a batch: (B, C), (B, C, K), (B, C)."""
        counted = tf.cast(tf.cast(weights, tf.float32) >= 1, tf.float32)
        answers = tf.argmax(logits, -1, output_type=tf.int32)
        confusion = tf.math.confusion_matrix(
            tf.reshape(labels, (-1,)),
            tf.reshape(answers, (-1,)),
            self.n_classes,
            tf.reshape(counted, (-1,)),
            tf.float32,
        )
        self.confusion.assign_add(confusion)

    def result(self):
        confusion = tf.convert_to_tensor(self.confusion)
        per_class = tf.reduce_sum(confusion, 1)
        total = tf.reduce_sum(per_class)
        right = tf.linalg.diag_part(confusion)
        occurred = tf.reduce_sum(tf.cast(per_class > 0, tf.float32))
        recall = tf.math.divide_no_nan(right, per_class)
        return {
            "accuracy": tf.math.divide_no_nan(tf.reduce_sum(right), total),
            "balanced_accuracy": tf.math.divide_no_nan(tf.reduce_sum(recall), occurred),
            "chance": tf.math.divide_no_nan(tf.reduce_max(per_class), total),
            "responses": total,
        }

    def get_config(self):
        return {**super().get_config(), "n_classes": self.n_classes}


@keras.saving.register_keras_serializable("v1model")
class PopulationRates(keras.metrics.Metric):
    """Mean firing rate of all neurons and of each population, Hz.

    `result` gives `rate_hz` and one `rate_hz/NAME` per population that has neurons.

    Args:
        names: Populations, (P,).
        index: Population of each neuron, (N,).
        dt: Step, ms.
    """

    def __init__(self, names, index, dt=1.0, name="rates", **kwargs):
        super().__init__(name=name, **kwargs)
        self.names = tuple(names)
        self.index = np.asarray(index)
        self.dt = dt
        self.spikes = self.add_weight(
            name="spikes", shape=(len(self.index),), initializer="zeros"
        )
        self.steps = self.add_weight(name="steps", shape=(), initializer="zeros")

    def update_state(self, spikes):
        """Adds the spikes of a batch, (B, T, N)."""
        shape = tf.shape(spikes)
        self.spikes.assign_add(tf.reduce_sum(tf.cast(spikes, tf.float32), (0, 1)))
        self.steps.assign_add(tf.cast(shape[0] * shape[1], tf.float32))

    def result(self):
        seconds = tf.convert_to_tensor(self.steps) * self.dt / 1000
        spikes = tf.convert_to_tensor(self.spikes)
        rates = tf.math.divide_no_nan(spikes, seconds)
        counts = np.bincount(self.index, minlength=len(self.names))
        sums = tf.math.unsorted_segment_sum(rates, self.index, len(self.names))
        results = {"rate_hz": tf.reduce_mean(rates)}
        for i, name in enumerate(self.names):
            if counts[i]:
                results[f"rate_hz/{name}"] = sums[i] / counts[i]
        return results

    def get_config(self):
        return {
            **super().get_config(),
            "names": self.names,
            "index": self.index.tolist(),
            "dt": self.dt,
        }
