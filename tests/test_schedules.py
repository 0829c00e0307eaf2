"""The learning rate against its formula in NumPy."""

import keras
import numpy as np
import pytest

from v1model import config
from v1model.schedules import DECAYS, LearningRate


def test_the_options_name_what_there_is():
    assert tuple(DECAYS) == config.DECAYS


def expected(step, highest, decay, warmup_steps, decay_steps, final):
    if step < warmup_steps:
        return highest * (step + 1) / warmup_steps
    x = min((step - warmup_steps) / decay_steps, 1.0)
    shares = {
        "constant": 1.0,
        "cosine": np.cos(np.pi * x / 2) ** 2 * (1 - final) + final,
        "exponential": np.exp(x * np.log(final)),
    }
    return highest * shares[decay]


@pytest.mark.parametrize("warmup_steps", [0, 1, 5])
@pytest.mark.parametrize("decay", DECAYS)
def test_every_step_has_the_rate_of_the_formula(decay, warmup_steps):
    options = (0.02, decay, warmup_steps, 10, 0.1)
    schedule = LearningRate(*options)
    found = [float(schedule(step)) for step in range(20)]
    np.testing.assert_allclose(
        found, [expected(step, *options) for step in range(20)], rtol=1e-5
    )


@pytest.mark.parametrize("decay", DECAYS)
def test_the_highest_rate_comes_first_after_the_warm_up(decay):
    schedule = LearningRate(0.02, decay, warmup_steps=5, decay_steps=10, final=0.1)
    rates = np.array([float(schedule(step)) for step in range(100)])
    assert rates.max() == pytest.approx(0.02)
    assert (np.diff(rates[:5]) > 0).all() and rates[0] > 0
    assert (np.diff(rates[4:]) <= 1e-9).all()
    left = 1.0 if decay == "constant" else 0.1
    np.testing.assert_allclose(rates[15:], 0.02 * left, rtol=1e-5)


def test_a_rate_is_exact_after_a_million_steps():
    schedule = LearningRate(1.0, "cosine", warmup_steps=7, decay_steps=2_000_000)
    options = (1.0, "cosine", 7, 2_000_000, 1.0)
    assert float(schedule(1_000_001)) == pytest.approx(expected(1_000_001, *options))


def test_a_schedule_survives_saving():
    schedule = LearningRate(0.02, "cosine", warmup_steps=5, decay_steps=10, final=0.1)
    optimizer = keras.optimizers.Adam(schedule)
    config = keras.saving.serialize_keras_object(optimizer)
    again = keras.saving.deserialize_keras_object(config)._learning_rate
    assert isinstance(again, LearningRate)
    assert again.get_config() == schedule.get_config()


def slope_of(steps, optimizer):
    """Weights after each step along a slope of 1."""
    weight = keras.Variable(0.0)
    optimizer.build([weight])
    path = []
    for _ in range(steps):
        gradient = optimizer.scale_loss(keras.ops.ones(()))
        optimizer.apply([gradient], [weight])
        path.append(float(weight))
    return path, weight


@pytest.mark.parametrize("has_loss_scale", [False, True])
def test_the_optimizer_moves_by_the_rate_of_its_step(has_loss_scale):
    schedule = LearningRate(0.02, "exponential", 3, decay_steps=5, final=0.1)
    optimizer = keras.optimizers.SGD(schedule)
    if has_loss_scale:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    path, _ = slope_of(10, optimizer)
    rates = [float(schedule(step)) for step in range(10)]
    np.testing.assert_allclose(path, -np.cumsum(rates), rtol=1e-5)


def test_a_step_that_half_precision_skips_does_not_move_the_schedule():
    schedule = LearningRate(0.02, warmup_steps=10)
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(schedule))
    _, weight = slope_of(2, optimizer)
    optimizer.apply([keras.ops.convert_to_tensor(np.inf)], [weight])
    assert float(optimizer.learning_rate) == pytest.approx(0.02 * 3 / 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decay": "linear"}, "unknown decay 'linear', choose from constant, cosine"),
        ({"decay": "exponential", "final": 0.0}, "exponential .*final is 0.0"),
        ({"decay": "cosine", "decay_steps": 0}, "decay_steps is 0"),
        ({"warmup_steps": -1}, "warmup_steps is -1"),
        ({"highest": float("nan")}, "highest is nan"),
    ],
)
def test_an_impossible_schedule_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LearningRate(**{"highest": 0.1, **options})
