"""The picture of the inputs has their means, in a unit that is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.visualization.trials import made_up, words_of
from v1model.lgn.current import current_from_rates
from visualization.trial.inputs import PICTURE, WIDTH, block_means, input_heatmap


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_blocks_have_the_means_of_what_lies_in_them(rows, columns, n_rows, n_columns):
    values = np.random.default_rng(0).normal(size=(rows, columns))
    found = block_means(values, n_rows, n_columns)
    n_rows, n_columns = min(n_rows, rows), min(n_columns, columns)
    assert found.shape == (n_rows, n_columns)
    for i in range(n_rows):
        for j in range(n_columns):
            block = values[
                i * rows // n_rows : (i + 1) * rows // n_rows,
                j * columns // n_columns : (j + 1) * columns // n_columns,
            ]
            assert found[i, j] == pytest.approx(block.mean(), abs=1e-5)


def picture_and_mean(inputs):
    figure = input_heatmap(made_up(50, inputs=inputs, n_steps=len(inputs)))
    axes, mean, bar = figure.axes
    rates, _, _ = mean.patches[-1].get_data()
    return np.asarray(axes.images[0].get_array()), rates, bar.get_ylabel()


def test_currents_are_drawn_as_the_rates_that_they_stand_for():
    rates = np.random.default_rng(1).gamma(2, 10, (200, 40))
    picture, mean, unit = picture_and_mean(current_from_rates(rates))
    np.testing.assert_allclose(picture, rates.T, rtol=1e-3)
    np.testing.assert_allclose(mean, rates.mean(axis=1), rtol=1e-3)
    assert unit == "Rate (Hz)"


def test_spikes_are_drawn_as_their_density():
    spikes = (np.random.default_rng(1).random((1200, 700)) < 0.05).astype(np.float32)
    picture, mean, unit = picture_and_mean(spikes)
    assert picture.shape == (PICTURE, WIDTH)
    assert mean.mean() == pytest.approx(spikes.mean() * 1000)
    # Two inputs and two steps in the first pixel.
    assert picture[0, 0] == pytest.approx(spikes[:2, :2].mean() * 1000)
    assert unit == "Rate (Hz)"


def test_what_is_neither_is_drawn_as_it_is():
    values = np.random.default_rng(1).normal(size=(100, 20))
    picture, _, unit = picture_and_mean(values)
    np.testing.assert_allclose(picture, values.T, rtol=1e-5)
    assert unit == "Input"


def test_a_step_of_another_length_makes_other_rates():
    rates = np.full((200, 4), 30.0)
    inputs = current_from_rates(rates, dt_ms=0.5)
    figure = input_heatmap(made_up(50, inputs=inputs, dt_ms=0.5))
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), 30, rtol=1e-3)
    assert figure.axes[0].get_xlim() == (0, 100)


def test_silent_inputs_have_no_colour_bar():
    figure = input_heatmap(made_up(50, "none"))
    assert len(figure.axes) == 2 and "no input" in words_of(figure)
