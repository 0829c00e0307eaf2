"""Every operation of the portable engine has a GPU kernel.

TensorFlow's registry knows its GPU kernels on a machine without a GPU too.
"""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import kernels

from tests.engine.circuits import random_circuit
from tests.engine.rollouts import HEIGHT, WIDTH, busy_state, column_of
from tests.models.columns import batch_of, make_column, make_trainer
from tests.models.summaries import tensors_of, with_gradients
from tests.networks import small_network
from v1model.engine.glif3 import GLIF3Parameters, GLIF3State
from v1model.engine.portable import portable_rollout
from v1model.engine.portable_projection import portable_projection
from v1model.engine.projection import projection_table
from v1model.models.summary import summarise_in_segments

DEVICES = ("GPU", "DEFAULT")  # a DEFAULT kernel serves every device


def nodes_of(function, *arguments):
    """The operations of a traced function and of all functions that it calls."""
    traced = tf.function(function, autograph=False).get_concrete_function(*arguments)
    graph = traced.graph.as_graph_def()
    yield from graph.node
    for part in graph.library.function:
        yield from part.node_def


def is_computed(node):
    """Not an argument of the graph, and not the text of an error message.

    Arguments are handed over by the caller, strings always stay on the host.
    """
    is_text = (
        node.op == "Const" and node.attr["dtype"].type == tf.string.as_datatype_enum
    )
    return node.op != "Placeholder" and not is_text


def has_gpu_kernel(node):
    """Whether a kernel for the node's types is registered."""
    return any(
        kernel.device_type in DEVICES and all(fits(node, c) for c in kernel.constraint)
        for kernel in kernels.get_registered_kernels_for_op(node.op).kernel
    )


def fits(node, constraint):
    allowed = constraint.allowed_values.list.type
    attribute = node.attr[constraint.name]
    return set(attribute.list.type or [attribute.type]) <= set(allowed)


def without_gpu_kernel(function, *arguments):
    """Names of operations that no GPU can run."""
    nodes = [node for node in nodes_of(function, *arguments) if is_computed(node)]
    assert nodes
    return {node.op for node in nodes if not has_gpu_kernel(node)}


@pytest.mark.parametrize(
    ("function", "operation"),
    [
        (lambda: tf.gather(tf.ragged.constant([[1], [2, 3]]), [0]), "RaggedGather"),
        (
            lambda: tf.random.stateless_poisson((3,), (1, 2), 1.0),
            "StatelessRandomPoisson",
        ),
        (
            lambda: tf.while_loop(
                lambda t: t < 1.0,
                lambda t: t + tf.random.stateless_poisson((), (1, 2), 1.0, tf.float32),
                (0.0,),
            ),
            "StatelessRandomPoisson",
        ),
        (lambda: tf.linalg.matmul([[1]], [[1]]), "MatMul"),  # float32 has one
    ],
)
def test_an_operation_without_gpu_kernel_is_found(function, operation):
    """Also in the body of a loop, and also where only its type has none."""
    assert operation in without_gpu_kernel(function)


def column_step(column, channels):
    """A function of currents, weights and state: all gradients of the engine."""
    parameters = GLIF3Parameters(*(tf.constant(part) for part in column.parameters))

    def step(x, weights, *state):
        with tf.GradientTape() as tape:
            tape.watch([x, weights, *state])
            spikes, v, last = portable_rollout(
                x, weights, GLIF3State(*state), parameters, column.wiring,
                (WIDTH, HEIGHT, 0.0), 1.0, channels,
            )  # fmt: skip
            parts = (spikes, v, *last)
            loss = tf.add_n([tf.reduce_sum(tf.square(part)) for part in parts])
        return tape.gradient(loss, [x, weights, *state])

    return step


@pytest.mark.parametrize("channels", [None, np.array([0, 5, 7], np.int32)])
@pytest.mark.parametrize("batch", [None, 1, 2])
def test_a_gpu_can_run_the_engine_and_its_adjoint(channels, batch):
    rng = np.random.default_rng(0)
    column = column_of(random_circuit(5, 30, 4.0, rng))
    n_columns = column.n_targets if channels is None else len(channels)
    state = busy_state(column, 1, rng)
    arguments = (
        tf.TensorSpec((batch, None, n_columns)),
        tf.TensorSpec(column.weights.shape),
        *(tf.TensorSpec((batch, part.shape[1])) for part in state),
    )
    assert without_gpu_kernel(column_step(column, channels), *arguments) == set()


def test_a_gpu_can_run_the_projection_and_its_gradients():
    population = small_network(20).lgn
    table = projection_table(population.synapses, 4)

    def step(x, weights):
        with tf.GradientTape() as tape:
            tape.watch([x, weights])
            y = portable_projection(x, weights, table, 80)
            loss = tf.reduce_sum(tf.square(y))
        return tape.gradient(loss, [x, weights])

    arguments = (
        tf.TensorSpec((None, None, 20)),
        tf.TensorSpec(population.synapses.weight.shape),
    )
    assert without_gpu_kernel(step, *arguments) == set()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"background": "shared", "recurrent_weight_regularization": 0.01},
        {"noise_pool": np.ones(9, np.float32), "use_decoded_noise": True},
    ],
)
def test_a_gpu_can_run_the_rest_of_a_training_step(options):
    """Noise, readout, losses, metrics and optimizer, around the reference engine."""
    trainer = make_trainer(engine="portable", **options)
    trainer.optimizer.build(trainer.trainable_variables)
    batch = tf.nest.map_structure(tf.constant, batch_of(2))
    assert without_gpu_kernel(lambda: trainer.train_step(batch)) == set()


def test_a_gpu_can_run_a_trial_in_segments():
    column = make_column(engine="portable")

    def in_segments(inputs):
        return summarise_in_segments(column, inputs, "threshold", 50)

    step = with_gradients(in_segments, column, in_graph=False)
    state = column.rsnn.cell.zero_state(2)
    assert without_gpu_kernel(step, tensors_of(120), state) == set()
