"""Trained weights come back as the weights of a network."""

import keras
import numpy as np
import pytest

from tests.models.columns import make_column, make_trainer, network_of
from v1model.models.trained_network import trained_network, with_weights


def scaled(network, synapses):
    types = network.types
    return synapses.weight / (types.V_th - types.E_L)[network.type_index[synapses.post]]


def trained(column):
    """The column with other weights."""
    for variable in (
        column.rsnn.cell.recurrent_weights,
        column.input_layer.input_weights,
    ):
        variable.assign(1.5 * variable + 0.01)
    return column


def assert_weights_of(found, column):
    cell, layer = column.rsnn.cell, column.input_layer
    for synapses, variable in (
        (found.recurrent, cell.recurrent_weights),
        (found.lgn.synapses, layer.input_weights),
    ):
        np.testing.assert_allclose(scaled(found, synapses), variable, rtol=1e-6)


def test_a_keras_file_gives_its_weights(tmp_path):
    column = trained(make_column())
    column.save(tmp_path / "column.keras")
    found = trained_network(network_of(), tmp_path / "column.keras")
    assert_weights_of(found, column)


def test_a_checkpoint_of_a_trainer_gives_its_weights(tmp_path):
    trainer = make_trainer(max_delay=3)
    trainer.optimizer.build(trainer.trainable_variables)
    trained(trainer.column)
    trainer.save_weights(tmp_path / "latest.weights.h5")
    found = trained_network(network_of(), tmp_path / "latest.weights.h5", max_delay=3)
    assert_weights_of(found, trainer.column)


def test_untrained_weights_change_nothing():
    network = network_of()
    found = with_weights(
        network,
        scaled(network, network.recurrent),
        scaled(network, network.lgn.synapses),
    )
    np.testing.assert_allclose(found.recurrent.weight, network.recurrent.weight)
    np.testing.assert_allclose(
        found.lgn.synapses.weight, network.lgn.synapses.weight, rtol=1e-6
    )


def test_weights_of_another_network_or_delay_are_refused(tmp_path):
    path = tmp_path / "column.keras"
    make_column().save(path)
    with pytest.raises(ValueError, match="another network"):
        trained_network(network_of(seed=1), path)
    with pytest.raises(ValueError, match="another network"):
        trained_network(network_of(), path, max_delay=2)


def test_files_that_hold_no_column_are_refused(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match="0 groups cell/vars"):
        trained_network(network_of(), tmp_path / "other.weights.h5")
    (tmp_path / "weights.npz").touch()
    with pytest.raises(ValueError, match=r"weights\.npz"):
        trained_network(network_of(), tmp_path / "weights.npz")
    with pytest.raises(FileNotFoundError, match="none.keras"):
        trained_network(network_of(), tmp_path / "none.keras")
