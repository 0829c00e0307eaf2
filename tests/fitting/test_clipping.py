"""Gradients are shortened, whatever their size."""

import numpy as np
import pytest
import tensorflow as tf

from v1model.fitting.clipping import clipped


def lengths(gradients):
    return np.sqrt(sum(np.square(g.numpy().astype(float)).sum() for g in gradients))


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 1e5, 1e30])
def test_directions_are_kept_and_long_gradients_shortened(size):
    rng = np.random.default_rng(0)
    arrays = [size * rng.normal(size=n) for n in (5, 7)]
    gradients, is_finite = clipped([tf.constant(a, tf.float32) for a in arrays], 0.5)
    length = np.sqrt(sum(np.square(a).sum() for a in arrays))
    for own, array in zip(gradients, arrays, strict=True):
        np.testing.assert_allclose(own, array * min(1, 0.5 / length), rtol=1e-5)
    assert bool(is_finite)


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
def test_a_gradient_that_is_not_finite_says_nothing(wrong):
    arrays = [np.ones(3), np.array([1.0, wrong])]
    gradients, is_finite = clipped([tf.constant(a, tf.float32) for a in arrays], 0.5)
    assert lengths(gradients) == 0
    assert not bool(is_finite)


def test_no_gradient_stays_none():
    gradients, is_finite = clipped([tf.zeros(3)], 0.5)
    assert lengths(gradients) == 0
    assert bool(is_finite)
