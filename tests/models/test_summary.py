"""Summaries of trials: segments give the numbers and gradients of whole trials."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.models.columns import N_INPUTS, POOLS, N, make_column, network_of
from tests.models.summaries import (
    N_TRIALS,
    assert_same_gradients,
    assert_same_summary,
    busy_column,
    cut_by_hand,
    mid_state,
    tensors_of,
    with_gradients,
)
from v1model.config import ENGINES, ColumnConfig
from v1model.losses import VOLTAGE_PENALTIES, voltage_cost
from v1model.models import Questions, column_model
from v1model.models.summary import summarise, summarise_in_segments

LOOPS = [name for name in ENGINES if name != "auto"]
# In graphs TensorFlow reorders sums of the other engines, elsewhere in each graph.
COMPILED_OR_SLOW = [
    "compiled",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("portable", "stepwise")),
]
GRAPH_ROUNDING = {"compiled": 0.0, "portable": 1e-6, "stepwise": 1e-6}


def compare(column, n_steps, segment=50, rtol=0.0, in_graph=True, extra=None):
    """Asserts that segments give the summary and the gradients of the whole trial."""
    inputs, state = {**tensors_of(n_steps), **(extra or {})}, mid_state(column)

    def whole(inputs):
        return summarise(column, inputs, "threshold")

    def in_segments(inputs):
        return summarise_in_segments(column, inputs, "threshold", segment)

    expected, slopes = with_gradients(whole, column, in_graph)(inputs, state)
    found, found_slopes = with_gradients(in_segments, column, in_graph)(inputs, state)
    assert_same_summary(found, expected, rtol)
    assert_same_gradients(found_slopes, slopes, 2e-6)


@pytest.mark.parametrize("engine", LOOPS)
def test_segments_give_the_numbers_and_gradients_of_the_whole_trial(engine):
    compare(busy_column(engine=engine), 170, in_graph=False)


@pytest.mark.parametrize("engine", COMPILED_OR_SLOW)
def test_and_so_they_do_in_a_graph(engine):
    compare(busy_column(engine=engine), 170, rtol=GRAPH_ROUNDING[engine])


@pytest.mark.parametrize(
    ("n_steps", "segment"), [(100, 50), (105, 100), (200, 50), (230, 100)]
)
def test_trials_may_end_anywhere_in_a_segment(n_steps, segment):
    compare(busy_column(engine="compiled"), n_steps, segment)


@pytest.mark.parametrize(
    "options",
    [
        {"background": "shared"},
        {"noise_pool": np.linspace(-0.05, 0.05, 9, dtype=np.float32)},
        {"has_threshold": True},
        {"mixed_precision": True},
        {"dampening_factor": 0.3},
    ],
)
def test_every_column_can_run_in_segments(options):
    options = {"engine": "compiled", **options}
    compare(busy_column(**options), 120, rtol=GRAPH_ROUNDING[options["engine"]])


def test_a_linear_readout_and_several_questions_can_run_in_segments():
    """The sums of its matrix product may run in another order."""
    column = column_model(
        network_of(),
        ColumnConfig(engine="compiled", neuron_output=False, linear_from=("all",)),
        np.array([[0, 5], [1, 6], [2, 7]]),
        chunk=5,
        has_threshold=[True, False, False],
        questions=Questions(("yes or no", "which"), (2, 2), (True, False)),
    )
    column.readout.kernel.assign(column.readout.kernel.numpy() / 10)
    compare(column, 120, rtol=1e-6, extra={"task": tf.constant([0, 1])})


def test_a_column_without_noise_can_run_in_segments():
    column = busy_column(engine="compiled")
    column.noise = None
    inputs, state = tensors_of(120), mid_state(column)
    del inputs["noise_seed"]
    inputs["lgn"] *= 5
    inputs["state"] = state
    expected = summarise(column, inputs, None)
    assert_same_summary(summarise_in_segments(column, inputs, None, 50), expected)


def test_a_trial_that_begins_later_receives_the_later_noise():
    column = busy_column(engine="compiled")
    compare(column, 120, extra={"first_step": tf.constant(100)})
    inputs = {**tensors_of(150), "state": mid_state(column)}
    whole = summarise(column, inputs, None)
    state = inputs["state"]
    for first in (0, 50, 100):
        lgn = inputs["lgn"][:, first : first + 50]
        part = {**inputs, "lgn": lgn, "state": state, "first_step": tf.constant(first)}
        state = summarise(column, part, None).state
    np.testing.assert_array_equal(state.v, whole.state.v)


@pytest.mark.parametrize("truncate", [False, True])
def test_segments_carry_on_from_the_state_of_the_last_batch(truncate):
    column = column_model(
        network_of(),
        ColumnConfig(engine="compiled"),
        POOLS,
        chunk=5,
        has_threshold=False,
        questions=Questions(("which",), (2,), (True,)),
    )
    column.carry_state(N_TRIALS)
    inputs = tensors_of(120)
    at_rest = summarise(column, inputs, "range")
    column.keep_state(mid_state(column), inputs)
    inputs["continues"] = tf.constant([0.0, 1.0])
    expected = summarise(column, inputs, "range")
    found = summarise_in_segments(column, inputs, "range", 50, truncate)
    assert_same_summary(found, expected)
    np.testing.assert_array_equal(at_rest.logits[0], expected.logits[0])
    assert not np.array_equal(at_rest.state.v[1], expected.state.v[1])


@pytest.mark.parametrize("engine", COMPILED_OR_SLOW)
def test_a_truncated_gradient_stops_at_the_borders(engine):
    column = busy_column(engine=engine)
    inputs, state = tensors_of(170), mid_state(column)

    def truncated(inputs):
        return summarise_in_segments(column, inputs, "range", 50, truncate=True)

    def by_hand(inputs):
        return cut_by_hand(column, inputs, "range", 50)

    def whole(inputs):
        return summarise(column, inputs, "range")

    found, slopes = with_gradients(truncated, column, in_graph=False)(inputs, state)
    expected, by_cut = with_gradients(by_hand, column, in_graph=False)(inputs, state)
    assert_same_summary(found, expected, 1e-6)
    assert_same_gradients(slopes, by_cut, 2e-6)
    _, exact = with_gradients(whole, column, in_graph=False)(inputs, state)
    for name in ("sparse_recurrent_weights", "sparse_input_weights", "v", "psc"):
        difference = np.linalg.norm(slopes[name] - exact[name])
        assert difference > 0.01 * np.linalg.norm(exact[name])


@pytest.mark.parametrize("segment", [100, 150, 1000])
def test_one_segment_truncates_nothing(segment):
    column = busy_column(engine="compiled")
    inputs, state = tensors_of(100), mid_state(column)

    def truncated(inputs):
        return summarise_in_segments(column, inputs, "range", segment, truncate=True)

    def whole(inputs):
        return summarise(column, inputs, "range")

    found, slopes = with_gradients(truncated, column)(inputs, state)
    expected, expected_slopes = with_gradients(whole, column)(inputs, state)
    assert_same_summary(found, expected)
    assert_same_gradients(slopes, expected_slopes, 0.0)


@pytest.mark.parametrize("frozen", ["rsnn", "input_layer"])
def test_weights_that_are_not_trained_get_no_gradient(frozen):
    column = busy_column(engine="compiled")
    getattr(column, frozen).trainable = False
    assert len(column.trainable_variables) == 2
    compare(column, 120)


def test_a_summary_is_what_the_column_did():
    column = busy_column(engine="compiled")
    inputs = tensors_of(60)
    output = column(inputs)
    spikes, v = output.spikes.numpy(), column.rsnn.cell.to_scaled(output.voltages)
    for penalty in VOLTAGE_PENALTIES:
        summary = summarise(column, inputs, penalty)
        np.testing.assert_array_equal(summary.logits, output.logits)
        np.testing.assert_array_equal(summary.spike_counts, spikes.sum((0, 1)))
        mean = float(summary.voltage_cost) / (N_TRIALS * 60)
        assert mean == pytest.approx(np.mean(voltage_cost(v, penalty)), rel=1e-5)
        np.testing.assert_array_equal(summary.state.v, output.state.v)
    assert summary.spike_counts.shape == (N,)
    assert float(summarise(column, inputs, None).voltage_cost) == 0


def nodes_with_shapes(column, n_steps):
    """(name, output shapes) of all nodes of a step in segments, without running it."""

    def step(lgn, seeds, state):
        def in_segments(inputs):
            return summarise_in_segments(column, inputs, "threshold", 50)

        inputs = {"lgn": lgn, "noise_seed": seeds}
        return with_gradients(in_segments, column, in_graph=False)(inputs, state)

    inputs = tensors_of(0)
    traced = tf.function(step, autograph=False).get_concrete_function(
        tf.TensorSpec((N_TRIALS, n_steps, inputs["lgn"].shape[2])),
        tf.TensorSpec((N_TRIALS, 2), tf.int32),
        column.rsnn.cell.zero_state(N_TRIALS),
    )
    graph = traced.graph.as_graph_def(add_shapes=True)
    parts = [graph.node, *(part.node_def for part in graph.library.function)]
    return [
        (node.name, [[d.size for d in shape.dim] for shape in shapes])
        for nodes in parts
        for node in nodes
        for shapes in [node.attr["_output_shapes"].list.shape]
    ]


@pytest.mark.parametrize("engine", COMPILED_OR_SLOW)
def test_the_graph_does_not_grow_with_the_trial_and_holds_no_neurons_over_it(engine):
    column = make_column(engine=engine)
    n_steps = 750
    nodes = nodes_with_shapes(column, n_steps)
    assert len(nodes) == len(nodes_with_shapes(column, 10 * n_steps))
    shapes = [tuple(shape) for _, found in nodes for shape in found]
    assert any(50 in shape and N in shape for shape in shapes)
    large = {shape for shape in shapes if n_steps in shape}
    # The input of the LGN; all else that is so long has a number per trial and step.
    assert {s for s in large if np.prod(s) > N_TRIALS * n_steps} == {
        (N_TRIALS, n_steps, N_INPUTS)
    }


@pytest.mark.parametrize("segment", [0, -50, 25, 120])
def test_a_segment_of_part_of_a_block_is_refused(segment):
    column = make_column(engine="compiled")
    message = f"segment must be a multiple of 50 .* of 5 .*, got {segment}"
    with pytest.raises(ValueError, match=message):
        summarise_in_segments(column, tensors_of(200), None, segment)


def test_trials_of_part_of_a_chunk_are_refused():
    column = make_column(engine="compiled")
    with pytest.raises(ValueError, match="103 steps are no multiple of chunks of 5"):
        summarise_in_segments(column, tensors_of(103), None, 50)


def test_trials_of_unknown_length_are_refused():
    column = make_column(engine="compiled")

    @tf.function(autograph=False)
    def run(lgn):
        inputs = {"lgn": lgn, "noise_seed": tensors_of(0)["noise_seed"]}
        return summarise_in_segments(column, inputs, None, 50)

    with pytest.raises(ValueError, match="known number of steps, got None"):
        run.get_concrete_function(tf.TensorSpec((N_TRIALS, None, N_INPUTS)))


def test_an_unknown_penalty_is_refused():
    with pytest.raises(ValueError, match="unknown voltage penalty 'none'"):
        summarise_in_segments(make_column(), tensors_of(100), "none", 50)


def test_two_replicas_in_segments_take_the_step_of_one_with_whole_trials(tmp_path):
    path = tmp_path / "results.npz"
    command = [sys.executable, "-m", "tests.models.segment_replicas", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(path, allow_pickle=True) as file:
        whole, two = file["whole"].item(), file["two"].item()
    assert whole.keys() == two.keys()
    assert any(name.endswith("sparse_recurrent_weights") for name in whole)
    for name, expected in whole.items():
        size = np.linalg.norm(expected)
        assert size > 0, name
        assert np.linalg.norm(two[name] - expected) <= 1e-5 * size, name
