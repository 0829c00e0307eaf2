"""Metrics of the column: answers on the response window, rates per population.

A replica that trains another task than its neighbour has seen only a part: what depends
on the task is added up over the replicas before it becomes a result.
"""

import keras
import numpy as np
import tensorflow as tf

from v1model.models.replicated import over_replicas


class QuestionMetric(keras.metrics.Metric):
    """A metric that is kept apart for each of some questions.

    Args:
        questions: Questions.
    """

    def __init__(self, questions, name, **kwargs):
        super().__init__(name=name, **kwargs)
        self.questions = questions

    def get_config(self):
        questions = keras.saving.serialize_keras_object(self.questions)
        return {**super().get_config(), "questions": questions}

    @classmethod
    def from_config(cls, config):
        questions = keras.saving.deserialize_keras_object(config["questions"])
        return cls(**{**config, "questions": questions})


@keras.saving.register_keras_serializable("v1model")
class ResponseAccuracy(QuestionMetric):
    """Counts answers per class, only in chunks whose weight is 1.

    `result` gives `accuracy`, `balanced_accuracy` (mean over the classes that
    occurred), `chance` (accuracy of the best constant answer) and `responses` (how many
    answers were counted). Of several questions it gives each as `accuracy/QUESTION`;
    `accuracy`, `balanced_accuracy` and `chance` then are means over the questions that
    were asked, and `responses` is the sum.

    Args:
        questions: Questions.
    """

    def __init__(self, questions, name="response", **kwargs):
        super().__init__(questions, name, **kwargs)
        n = questions.n_columns
        self.confusion = self.add_weight(
            name="confusion", shape=(n, n), initializer="zeros"
        )

    def update_state(self, columns, logits, weights):
        """Adds the answers of a batch.

        Args:
            columns: Columns of the right answers, (B, C).
            logits: (B, C, K), only those of the question that was asked.
            weights: (B, C).
        """
        counted = tf.cast(tf.cast(weights, tf.float32) >= 1, tf.float32)
        answers = tf.argmax(logits, -1, output_type=tf.int32)
        confusion = tf.math.confusion_matrix(
            tf.reshape(columns, (-1,)),
            tf.reshape(answers, (-1,)),
            self.questions.n_columns,
            tf.reshape(counted, (-1,)),
            tf.float32,
        )
        self.confusion.assign_add(confusion)

    def result(self):
        questions = self.questions
        confusion = over_replicas(tf.convert_to_tensor(self.confusion))
        ends = questions.first + np.array(questions.n_classes)
        found = {
            name: _scores(confusion[first:end, first:end])
            for name, first, end in zip(
                questions.names, questions.first, ends, strict=True
            )
        }
        if len(found) == 1:
            return next(iter(found.values()))
        asked = tf.stack([scores["responses"] for scores in found.values()])
        was_asked = tf.cast(asked > 0, tf.float32)

        def mean(key):
            values = tf.stack([scores[key] for scores in found.values()])
            total = tf.reduce_sum(values * was_asked)
            return tf.math.divide_no_nan(total, tf.reduce_sum(was_asked))

        result = {key: mean(key) for key in ("accuracy", "balanced_accuracy", "chance")}
        result["responses"] = tf.reduce_sum(asked)
        for name, scores in found.items():
            result |= {f"{key}/{name}": value for key, value in scores.items()}
        return result


def _scores(confusion):
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


@keras.saving.register_keras_serializable("v1model")
class QuestionMeans(QuestionMetric):
    """Mean of a number per trial: over all trials, and over those of each question.

    `result` gives NAME and, of several questions, NAME/QUESTION.

    Args:
        questions: Questions.
        name: NAME.
    """

    def __init__(self, questions, name, **kwargs):
        super().__init__(questions, name, **kwargs)
        shape = (len(questions.names),)
        self.total = self.add_weight(name="total", shape=shape, initializer="zeros")
        self.count = self.add_weight(name="count", shape=shape, initializer="zeros")

    def update_state(self, values, question):
        """Adds the numbers of a batch, (B,), and which question each asked, (B,)."""
        n = len(self.questions.names)
        ones = tf.ones_like(values)
        self.total.assign_add(tf.math.unsorted_segment_sum(values, question, n))
        self.count.assign_add(tf.math.unsorted_segment_sum(ones, question, n))

    def result(self):
        own = tf.stack([*map(tf.convert_to_tensor, (self.total, self.count))])
        total, count = tf.unstack(over_replicas(own))
        mean = tf.math.divide_no_nan(tf.reduce_sum(total), tf.reduce_sum(count))
        result = {self.name: mean}
        names = self.questions.names
        if len(names) > 1:
            means = tf.math.divide_no_nan(total, count)
            result |= {f"{self.name}/{name}": means[i] for i, name in enumerate(names)}
        return result


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

    def update_state(self, spike_counts, n_steps):
        """Adds the spikes of each neuron, (N,), in so many steps of all trials."""
        self.spikes.assign_add(spike_counts)
        self.steps.assign_add(n_steps)

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
