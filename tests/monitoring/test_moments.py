"""Numbers of weights, gradients and updates, against steps that were really taken."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from v1model.cnn.updates import optimizer_for as cnn_optimizer
from v1model.fitting.adam import Adam, adam_w
from v1model.monitoring.groups import MOST_GROUPS, groups_of
from v1model.monitoring.moments import (
    gradient_numbers,
    last_update,
    update_numbers,
    weight_numbers,
)
from v1model.schedules import LearningRate

SHAPES = {"kernel": (7, 5), "bias": (5,), "angle": (3, 2)}
SCHEDULE = keras.optimizers.schedules.CosineDecay(0.03, 10)


def variables():
    draws = np.random.default_rng(3)
    return [
        keras.Variable(draws.normal(size=shape).astype(np.float32), name=name)
        for name, shape in SHAPES.items()
    ]


def own_rates():
    optimizer = adam_w(0.01, 0.1)
    optimizer.shares, optimizer.decays = (0.5, 1.0, 2.0), (True, False, True)
    return optimizer


class TrainingOfCores:
    """TrainingParams as `cnn_optimizer` reads them."""

    optimizer, weight_decay, core_lr_scale = "adamw", 0.05, 0.3


def of_cores(trained):
    rate = LearningRate.over(20, 0.01, "cosine", 3, 0.1)
    return cnn_optimizer(TrainingOfCores, rate, trained[:1], trained[1:])


OPTIMIZERS = {
    "adam": lambda _: keras.optimizers.Adam(0.01),
    "adam of keras, scheduled": lambda _: keras.optimizers.Adam(SCHEDULE),
    "adam of keras, clipped": lambda _: keras.optimizers.Adam(0.01, global_clipnorm=1),
    "adamw of keras": lambda _: keras.optimizers.AdamW(SCHEDULE, weight_decay=0.1),
    "amsgrad": lambda _: keras.optimizers.Adam(0.01, amsgrad=True),
    "ours": lambda _: Adam(SCHEDULE, epsilon=1e-8),
    "ours with decay": lambda _: adam_w(0.01, 0.1),
    "ours with own rates": lambda _: own_rates(),
    "that of cores": of_cores,
}


def stepped(optimizer, trained, n_steps):
    """Weights before the last of some steps, and all gradients."""
    draws, gradients = np.random.default_rng(5), []
    for _ in range(n_steps):
        before = [v.numpy().copy() for v in trained]
        gradients.append(
            [draws.normal(size=v.shape).astype(np.float32) for v in trained]
        )
        optimizer.apply([tf.constant(g) for g in gradients[-1]], trained)
    return before, gradients


@pytest.mark.parametrize("n_steps", [1, 2, 7])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_last_update_is_what_the_weights_have_moved_by(name, n_steps):
    trained = variables()
    optimizer = OPTIMIZERS[name](trained)
    before, _ = stepped(optimizer, trained, n_steps)
    for old, variable in zip(before, trained, strict=True):
        moved = variable.numpy() - old
        # The difference of two float32 numbers about 1 is known to about 1e-7.
        np.testing.assert_allclose(
            last_update(optimizer, variable), moved, atol=5e-7, rtol=1e-5
        )
    found = update_numbers(optimizer, trained)
    for old, variable in zip(before, trained, strict=True):
        expected = np.linalg.norm(variable.numpy() - old)
        expected /= np.linalg.norm(variable.numpy())
        assert found[f"ratio/{variable.name}"] == pytest.approx(expected, rel=1e-4)


def test_with_a_scaled_loss_the_inner_optimizer_is_asked():
    trained = variables()
    inner = keras.optimizers.Adam(0.01)
    optimizer = keras.optimizers.LossScaleOptimizer(inner)
    optimizer.build(trained)
    for _ in range(3):
        before = [v.numpy().copy() for v in trained]
        optimizer.apply([tf.ones(v.shape) * 2.0**15 for v in trained], trained)
    found = update_numbers(optimizer, trained)
    moved = np.linalg.norm(trained[0].numpy() - before[0])
    expected = moved / np.linalg.norm(trained[0].numpy())
    assert found["ratio/kernel"] == pytest.approx(expected, rel=1e-4)


def test_gradients_have_the_size_that_adam_has_averaged():
    trained = variables()
    optimizer = Adam(0.01)
    optimizer.build(trained)
    _, gradients = stepped(optimizer, trained, 6)
    found = gradient_numbers(optimizer, trained)
    total = 0.0
    for k, variable in enumerate(trained):
        own = np.array([step[k] for step in gradients], np.float64)

        def mean(values, beta):
            """The running mean of Adam, as a sum with weights."""
            weights = beta ** np.arange(len(values))[::-1]
            return np.tensordot(weights / weights.sum(), values, 1)

        square, signed = mean(own**2, 0.999), mean(own, 0.9)
        total += square.sum()
        name = variable.name
        assert found[f"norm/{name}"] == pytest.approx(np.sqrt(square.sum()), rel=1e-4)
        assert found[f"rms/{name}"] == pytest.approx(np.sqrt(square.mean()), rel=1e-4)
        signal = np.mean(np.abs(signed) / np.sqrt(square))
        assert found[f"signal/{name}"] == pytest.approx(signal, rel=1e-4)
    assert found["norm/all"] == pytest.approx(np.sqrt(total), rel=1e-4)


def test_the_same_gradient_in_every_update_is_all_signal():
    trained = variables()
    optimizer = Adam(0.01)
    for _ in range(5):
        optimizer.apply([tf.fill(v.shape, -0.3) for v in trained], trained)
    found = gradient_numbers(optimizer, trained)
    assert found["signal/kernel"] == pytest.approx(1, abs=1e-4)
    assert found["rms/kernel"] == pytest.approx(0.3, rel=1e-4)


def test_noise_is_a_fifth_of_signal():
    """Of m, a share (1 - beta_1) / (1 + beta_1) of the variance of a gradient is left;
    the mean of |x| of a normal x is sqrt(2 / pi)."""
    noisy = [keras.Variable(np.zeros(20_000, np.float32), name="noisy")]
    optimizer = Adam(0.01)
    stepped(optimizer, noisy, 60)
    expected = np.sqrt(2 / np.pi * 0.1 / 1.9)
    found = gradient_numbers(optimizer, noisy)["signal/noisy"]
    assert found == pytest.approx(expected, rel=0.02)


def test_weights_without_a_gradient_are_no_signal():
    trained = variables()
    optimizer = Adam(0.01)
    gradients = [tf.ones((7, 5)), tf.zeros((5,)), tf.ones((3, 2))]
    optimizer.apply(gradients, trained)
    found = gradient_numbers(optimizer, trained)
    assert found["norm/bias"] == 0 and "signal/bias" not in found


@pytest.mark.parametrize(
    "optimizer", [None, keras.optimizers.SGD(0.1), keras.optimizers.Adam(0.1)]
)
def test_without_moments_nothing_is_said(optimizer):
    """Before the first step Adam has none."""
    trained = variables()
    if optimizer is not None:
        optimizer.build(trained)
    assert gradient_numbers(optimizer, trained) == {}
    assert update_numbers(optimizer, trained) == {}


@pytest.mark.parametrize("name", ["Nadam", "Lamb", "Adamax", "RMSprop", "Lion"])
def test_nothing_is_said_of_optimizers_that_take_other_steps_than_adam(name):
    trained = variables()
    optimizer = getattr(keras.optimizers, name)(0.01)
    stepped(optimizer, trained, 2)
    assert gradient_numbers(optimizer, trained) == {}
    assert update_numbers(optimizer, trained) == {}


def test_weights_are_measured_as_by_numpy():
    trained = variables()
    trained[0].assign(np.where(trained[0].numpy() > 0.5, 0, trained[0].numpy()))
    scalars, samples = weight_numbers(trained)
    for variable in trained:
        w, name = variable.numpy().astype(np.float64), variable.name
        expected = {
            "norm": np.linalg.norm(w),
            "rms": np.sqrt(np.mean(w**2)),
            "min": w.min(),
            "max": w.max(),
            "zeros": np.mean(w == 0),
        }
        for what, value in expected.items():
            assert scalars[f"{what}/{name}"] == pytest.approx(value, rel=1e-5)
        np.testing.assert_array_equal(samples[name], variable.numpy().ravel())


def test_a_distribution_is_made_of_a_sample_of_many_weights():
    many = keras.Variable(np.arange(250_000, dtype=np.float32), name="many")
    _, samples = weight_numbers([many])
    np.testing.assert_array_equal(samples["many"], np.arange(0, 250_000, 3))


class Named:
    """A variable as `groups_of` sees it."""

    def __init__(self, path):
        self.path = path


def test_few_variables_stand_alone_and_many_by_layer():
    few = [Named("net/a/kernel"), Named("net/a/bias"), Named("net/b/kernel")]
    assert groups_of(few) == {"a/kernel": [0], "a/bias": [1], "b/kernel": [2]}
    many = [
        Named(f"net/layer_{k}/{name}") for k in range(20) for name in ("kernel", "bias")
    ]
    found = groups_of(many)
    assert len(found) == 20 <= MOST_GROUPS
    assert found["layer_3"] == [6, 7]
    assert sorted(k for places in found.values() for k in places) == list(range(40))


def test_one_variable_keeps_its_name():
    assert groups_of([Named("net/kernel")]) == {"net/kernel": [0]}
    assert groups_of([]) == {}
