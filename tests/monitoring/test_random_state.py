"""Random numbers that monitors draw are put back."""

import random

import keras
import numpy as np
import pytest

from v1model.monitoring.random_state import kept_random_state


def draw():
    return random.random(), np.random.normal()  # noqa: NPY002


def test_what_is_drawn_inside_is_drawn_again_outside():
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    with kept_random_state(None):
        inside = draw(), draw()
    assert (draw(), draw()) == inside


def test_dropout_of_the_model_goes_on_where_it_was():
    model = keras.Sequential([keras.Input((9,)), keras.layers.Dropout(0.5, seed=1)])
    ones = np.ones((4, 9), np.float32)
    with kept_random_state(model):
        inside = model(ones, training=True).numpy()
    outside = model(ones, training=True).numpy()
    np.testing.assert_array_equal(inside, outside)
    assert (outside != model(ones, training=True).numpy()).any()


def test_they_are_put_back_after_an_error_too():
    random.seed(3)
    with pytest.raises(KeyError), kept_random_state(None):
        inside = draw()
        raise KeyError
    assert random.random() == inside[0]
