"""Updates of the optimizer, against a few lines of NumPy and against each other."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from v1model.latent.config import TrainingConfig
from v1model.latent.updates import Updates, learning_rate_for, optimizer_for

N_ROWS, N_INPUTS = 40, 3
RATE = 0.01


def regression(optimizer=None, clip=0.0, strategy=None):
    """A linear regression of rows of a chunk: Updates, and its variable."""
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        weight = keras.Variable(np.zeros(N_INPUTS, "f4"))
        optimizer = optimizer or optimizer_for("Adam", RATE)
        optimizer.build([weight])
    phase = types.SimpleNamespace(
        losses=("fit", "decay"), clip=clip, variables=[weight], optimizer=optimizer
    )

    def losses(chunk, starts, seed):
        x, y = tf.gather(chunk["x"], starts), tf.gather(chunk["y"], starts)
        error = tf.linalg.matvec(x, weight) - y
        return {
            "fit": tf.reduce_mean(error**2),
            "decay": 0.1 * tf.reduce_sum(weight**2),
        }

    return Updates(losses, phase, strategy), weight


@pytest.fixture
def chunk(rng):
    x = rng.standard_normal((N_ROWS, N_INPUTS)).astype("f4")
    return {"x": x, "y": x @ np.array([1.0, -2.0, 3.0], "f4")}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def by_hand(chunk, starts, clip=0.0):
    """Adam as PyTorch defines it, float64."""
    w, m, v = (np.zeros(N_INPUTS) for _ in range(3))
    sums = np.zeros(2)
    for step, rows in enumerate(starts.reshape(len(starts), -1), 1):
        x, y = chunk["x"][rows].astype(float), chunk["y"][rows].astype(float)
        error = x @ w - y
        sums += np.mean(error**2), 0.1 * np.sum(w**2)
        gradient = 2 * x.T @ error / len(y) + 0.2 * w
        if clip:
            gradient *= min(1, clip / np.linalg.norm(gradient))
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        unbiased = m / (1 - 0.9**step), v / (1 - 0.999**step)
        w = w - RATE * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
    return w, sums


@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_updates_are_those_of_adam_and_losses_are_summed(chunk, rng, clip):
    starts = rng.integers(0, N_ROWS, (7, 1, 5), dtype=np.int32)
    updates, weight = regression(clip=clip)
    sums = updates(chunk, starts, np.zeros((7, 2), np.int32))
    expected, losses = by_hand(chunk, starts, clip)
    np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(sums, losses, rtol=1e-4)


def test_a_clipped_gradient_keeps_its_direction(chunk, rng):
    starts = rng.integers(0, N_ROWS, (1, 1, 5), dtype=np.int32)
    steps = []
    for clip in (0.0, 1e-3):
        updates, weight = regression(keras.optimizers.SGD(1.0), clip)
        updates(chunk, starts, np.zeros((1, 2), np.int32))
        steps.append(weight.numpy())
    np.testing.assert_allclose(np.linalg.norm(steps[1]), 1e-3, rtol=1e-5)
    np.testing.assert_allclose(
        steps[1] / np.linalg.norm(steps[1]),
        steps[0] / np.linalg.norm(steps[0]),
        rtol=1e-4,
    )


def test_calls_do_not_care_how_many_updates_they_do(chunk, rng):
    starts = rng.integers(0, N_ROWS, (6, 1, 5), dtype=np.int32)
    seeds = np.zeros((6, 2), np.int32)
    found = []
    for parts in ([slice(0, 6)], [slice(0, 4), slice(4, 6)]):
        updates, weight = regression()
        for part in parts:
            updates(chunk, starts[part], seeds[part])
        found.append(weight.numpy())
    np.testing.assert_array_equal(*found)


def test_each_update_and_replica_has_its_own_seed():
    seen = []
    phase = regression()[0]

    def losses(chunk, starts, seed):
        seen.append(seed)
        noise = tf.random.stateless_normal((), seed)
        return {"fit": noise, "decay": 0.0 * tf.reduce_sum(phase.variables[0] ** 2)}

    phase.losses = losses
    chunk = {"x": np.zeros((4, 3), "f4")}
    seeds = np.array([[1, 2], [1, 3]], np.int32)
    sums = phase(chunk, np.zeros((2, 1, 2), np.int32), seeds)
    expected = sum(float(tf.random.stateless_normal((), seed)) for seed in seeds)
    assert sums[0] == pytest.approx(expected)


def test_a_schedule_begins_after_its_warm_up_and_ends_with_training():
    training = TrainingConfig(
        learning_rate=1e-3, learning_rate_schedule="cosine", warmup_steps=10
    )
    rate = learning_rate_for(training, 110)
    assert float(rate(0)) == pytest.approx(1e-4)
    assert float(rate(10)) == pytest.approx(1e-3)
    assert float(rate(60)) == pytest.approx(1e-3 * 0.505)
    assert float(rate(110)) == pytest.approx(1e-5)
    constant = learning_rate_for(TrainingConfig(learning_rate=1e-3), 110)
    assert float(constant(109)) == pytest.approx(1e-3)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_one_pass_gives_what_keras_gives(chunk, rng, name):
    starts = rng.integers(0, N_ROWS, (20, 1, 5), dtype=np.int32)
    constants = {"epsilon": 1e-8} | ({"weight_decay": 0.01} if name == "AdamW" else {})
    slow = getattr(keras.optimizers, name)(RATE, **constants)
    found = []
    for optimizer in (optimizer_for(name, RATE), slow):
        updates, weight = regression(optimizer)
        updates(chunk, starts, np.zeros((20, 2), np.int32))
        found.append([weight.numpy(), *(v.numpy() for v in optimizer.variables)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_a_share_of_the_learning_rate_is_a_smaller_one(chunk, rng, name):
    starts = rng.integers(0, N_ROWS, (20, 1, 5), dtype=np.int32)
    found = []
    for rate, shares in ((RATE, (0.25,)), (0.25 * RATE, ())):
        optimizer = optimizer_for(name, rate)
        updates, weight = regression(optimizer)
        weight.assign(np.full(N_INPUTS, 50, "f4"))  # so that it decays
        optimizer.shares = shares
        updates(chunk, starts, np.zeros((20, 2), np.int32))
        found.append(weight.numpy())
    np.testing.assert_allclose(*found, rtol=1e-6)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_epsilon_is_that_of_pytorch(name):
    assert optimizer_for(name, 1e-3).epsilon == 1e-8


def test_an_update_without_a_finite_gradient_is_left_out_and_counted(chunk, rng):
    starts = rng.integers(0, N_ROWS, (3, 1, 5), dtype=np.int32)
    updates, weight = regression(clip=0.5)
    broken = chunk | {"y": np.full_like(chunk["y"], np.nan)}
    updates(broken, starts, np.zeros((3, 2), np.int32))
    assert updates.left_out == 3
    assert np.array_equal(weight.numpy(), np.zeros(N_INPUTS))
    updates(chunk, starts, np.zeros((3, 2), np.int32))
    assert updates.left_out == 3
    assert np.all(np.isfinite(weight.numpy()))
    assert np.any(weight.numpy())
