"""Prints of one neuron: its current is what the input layer gives to it."""

import numpy as np
import pytest

from tests.models.columns import inputs_of, make_column
from v1model.engine.channels import input_column
from visualization.logger import neuron_prints
from visualization.logger.neuron_prints import receptor_currents


@pytest.mark.parametrize("noise_pool", [None, np.zeros(50, np.float32)])
@pytest.mark.parametrize("neuron", [0, 17])
def test_the_current_of_a_neuron_is_that_of_its_receptors(
    monkeypatch, noise_pool, neuron
):
    """In pieces too, and whether or not the column keeps receptors without input."""
    monkeypatch.setattr(neuron_prints, "PIECE", 7)
    column = make_column(noise_pool=noise_pool)
    lgn = inputs_of(1)["lgn"]
    whole = column.input_layer(lgn).numpy()[0]
    if noise_pool is None:
        position = input_column(column.rsnn.cell.input_receptors, 240)
        padded = np.concatenate([whole, np.zeros((len(whole), 1))], axis=1)
        whole = padded[:, np.where(position < whole.shape[1], position, -1)]
    expected = whole.reshape(len(whole), 60, 4)[:, neuron]
    found = receptor_currents(column, lgn, neuron)
    assert np.abs(found).sum() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-6)
