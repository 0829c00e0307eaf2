"""Trials, losses and gradients for the tests of summaries."""

import numpy as np
import tensorflow as tf

from tests.models.columns import inputs_of, make_column
from v1model.engine.glif3 import GLIF3State
from v1model.models.summary import TrialSummary, summarise

N_TRIALS = 2


def busy_column(**options):
    """A column whose recurrent weights are not the initial ones."""
    column = make_column(**options)
    weights = column.rsnn.cell.recurrent_weights
    weights.assign(1.1 * weights.numpy())
    return column


def tensors_of(n_steps, n_trials=N_TRIALS):
    """The inputs of `inputs_of` as tensors."""
    inputs = inputs_of(n_trials, n_steps=n_steps)
    return {name: tf.constant(value) for name, value in inputs.items()}


def loss_of(summary):
    """A loss that every part of a TrialSummary enters, with a slope of its own."""
    early = tf.linspace(0.5, 1.5, summary.logits.shape[1])[:, None]
    parts = [
        tf.reduce_sum(early * tf.square(summary.logits)),
        0.01 * tf.reduce_sum(tf.square(summary.spike_counts)),
        1e-3 * summary.voltage_cost,
        *(tf.reduce_sum(tf.square(part)) for part in summary.state),
    ]
    return tf.add_n(parts)


def with_gradients(function, column, in_graph=True):
    """A function of inputs and initial state.

    It returns what `function` makes of the inputs, a TrialSummary, and the gradients
    of `loss_of` by all trained weights and by the state, by name.
    """

    def run(inputs, state):
        weights = {v.name: v.value for v in column.trainable_variables}
        with tf.GradientTape() as tape:
            tape.watch(state)
            summary = function({**inputs, "state": state})
            loss = loss_of(summary)
        sources = {**weights, **state._asdict()}
        # Nothing depends on `r` where the last state is cut off from the first.
        return summary, tape.gradient(
            loss, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )

    return tf.function(run, autograph=False) if in_graph else run


def mid_state(column):
    """A state in which everything happens: after 50 steps of a run, GLIF3State."""
    return column(tensors_of(50)).state


def cut_by_hand(column, inputs, penalty, segment):
    """A summary of pieces between which no gradient passes: the reference."""
    n_steps, state, parts = inputs["lgn"].shape[1], inputs["state"], []
    for first in range(0, n_steps, segment):
        piece = {
            "lgn": inputs["lgn"][:, first : first + segment],
            "noise_seed": inputs["noise_seed"],
            "first_step": tf.constant(first),
            "state": state,
        }
        parts.append(summarise(column, piece, penalty))
        state = GLIF3State(*map(tf.stop_gradient, parts[-1].state))
    return TrialSummary(
        tf.concat([part.logits for part in parts], 1),
        tf.add_n([part.spike_counts for part in parts]),
        tf.add_n([part.voltage_cost for part in parts]),
        parts[-1].state,
    )


def assert_same_summary(found, expected, rtol=0.0):
    """Equal, or, for what is not counted, equal to a relative error of the norm."""
    assert float(tf.reduce_sum(expected.spike_counts)) > 100
    np.testing.assert_array_equal(found.spike_counts, expected.spike_counts)
    for one, other in zip(
        tf.nest.flatten(found), tf.nest.flatten(expected), strict=True
    ):
        assert one.dtype == other.dtype
        assert np.linalg.norm(one - other) <= rtol * np.linalg.norm(other)


def assert_same_gradients(found, expected, rtol):
    """Equal to a relative error of the norm; all but `r` have one to compare."""
    assert found.keys() == expected.keys()
    for name, slope in expected.items():
        size = np.linalg.norm(slope)
        assert size > 0 or name == "r", name
        assert np.linalg.norm(found[name] - slope) <= rtol * size, name
