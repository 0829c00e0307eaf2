"""Datasets hand out exactly the batches of the task, from any step on."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.networks import small_network
from v1model.config import TaskConfig
from v1model.lgn import LGN
from v1model.stimuli import View, make_task, task_dataset

STEPS = 3
N_INPUTS = 20


@pytest.fixture(scope="module")
def task():
    lgn = LGN(small_network().lgn.units)
    return make_task(
        TaskConfig(task="garrett"), lgn, View(120.0, 60.0, 40.0, 30.0), seed=1
    )


def taken(task, split, first_step, n):
    dataset = task_dataset(task, split, 2, first_step, STEPS, N_INPUTS)
    return list(itertools.islice(dataset.as_numpy_iterator(), n))


def test_a_dataset_hands_out_the_batches_of_the_task_in_order(task):
    for step, (inputs, labels, weights) in enumerate(taken(task, "training", 0, 4)):
        batch = task.batch("training", step, 2, STEPS)
        np.testing.assert_array_equal(inputs["lgn"], batch.inputs)
        np.testing.assert_array_equal(inputs["noise_seed"], batch.noise_seeds)
        np.testing.assert_array_equal(labels, batch.labels)
        np.testing.assert_array_equal(weights, batch.weights)
        continues = step % STEPS > 0
        np.testing.assert_array_equal(inputs["continues"], [continues] * 2)


def test_a_resumed_run_sees_the_data_that_it_would_have_seen(task):
    resumed = taken(task, "training", 3, 2)
    whole = taken(task, "training", 0, 5)[3:]
    for a, b in zip(tf.nest.flatten(resumed), tf.nest.flatten(whole), strict=True):
        np.testing.assert_array_equal(a, b)


def test_validation_ends_after_its_steps_and_training_never_does(task):
    validation = task_dataset(task, "validation", 2, 0, STEPS, N_INPUTS)
    assert validation.cardinality() == STEPS
    assert len(taken(task, "validation", 0, 99)) == STEPS
    training = task_dataset(task, "training", 2, 0, STEPS, N_INPUTS)
    assert training.cardinality() == tf.data.INFINITE_CARDINALITY


def test_shapes_are_static(task):
    inputs, labels, weights = task_dataset(
        task, "training", 2, 0, STEPS, N_INPUTS
    ).element_spec
    assert inputs["lgn"].shape == (2, 600, N_INPUTS)
    assert inputs["noise_seed"].shape == (2, 2)
    assert labels.shape == weights.shape == (2, 12)


def test_replicas_share_the_lanes_of_the_global_batch(task):
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    dataset = task_dataset(task, "validation", 2, 0, STEPS, N_INPUTS)
    distributed = strategy.experimental_distribute_dataset(dataset)
    for step, (inputs, *_) in enumerate(distributed):
        batch = task.batch("validation", step, 2, STEPS)
        np.testing.assert_array_equal(inputs["lgn"], batch.inputs)
    assert step == STEPS - 1


def test_keras_fits_from_a_dataset(task):
    inputs = {
        "lgn": keras.Input((600, N_INPUTS), name="lgn"),
        "noise_seed": keras.Input((2,), dtype="int32", name="noise_seed"),
        "continues": keras.Input((), name="continues"),
        "task": keras.Input((), dtype="int32", name="task"),
    }
    chunks = keras.layers.AveragePooling1D(50)(inputs["lgn"])
    outputs = keras.layers.Dense(2, activation="softmax")(chunks)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(
        task_dataset(task, "training", 2, 0, STEPS, N_INPUTS),
        steps_per_epoch=STEPS,
        epochs=2,
        validation_data=task_dataset(task, "validation", 2, 0, STEPS, N_INPUTS),
        shuffle=False,
        verbose=0,
    )
    assert len(history.history["val_loss"]) == 2
    assert np.isfinite(history.history["loss"]).all()
