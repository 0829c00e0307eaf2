"""BillehColumn with the exact integration: the layer, its engines, its file."""

import keras
import numpy as np
import pytest

from tests.engine import exact_reference
from tests.engine.circuits import calm_network, sparse_input
from tests.models.columns import network_of, round_trip
from v1model.engine.wiring import wiring_of
from v1model.models import BillehColumn, ColumnRNN
from v1model.models.engines import choose_engine


def inputs(network, n_steps, factor=2):
    """Currents over V_th - E_L (1, T, N * R), and in pA (T, N, R)."""
    n = network.n_neurons
    x = factor * sparse_input(1, n_steps, 4 * n, np.random.default_rng(0))
    x = x.astype(np.float64)
    types = network.types
    scale = (types.V_th - types.E_L)[network.type_index]
    return x, x.reshape(n_steps, n, 4) * scale[:, None]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_layer_equals_nests_update(dtype):
    network = calm_network(5, n=60)
    x, arriving = inputs(network, 100)
    delays = wiring_of(network.recurrent, 60, 4, 5).delay
    spikes, voltages = exact_reference.simulate(network, arriving, delays)
    assert spikes.sum() > 10
    cell = BillehColumn(network, integration="exact", dtype=dtype)
    activity = ColumnRNN(cell, dtype=dtype)(x)
    np.testing.assert_array_equal(activity.spikes[0], spikes)
    # The network keeps its weights in single precision.
    difference = (activity.voltages.numpy()[0] - voltages)[~spikes]
    assert np.abs(difference).max() < {"float32": 1e-3, "float64": 1e-9}[dtype]


def test_calls_step_by_step_equal_the_time_loop():
    network = calm_network(5, n=60)
    x = inputs(network, 40)[0].astype(np.float32)
    cell = BillehColumn(network, integration="exact")
    whole = ColumnRNN(cell)(x)
    assert np.any(whole.spikes)
    state = cell.zero_state(1)
    for t in range(40):
        (z, v), state = cell(x[:, t], state)
        np.testing.assert_array_equal(z, whole.spikes[:, t])
        np.testing.assert_allclose(v, whole.voltages[:, t], atol=1e-4)


def test_the_compiled_engine_gives_the_spikes_and_voltages_of_the_stepwise_one():
    network = calm_network(5, n=60)
    cell = BillehColumn(network, integration="exact")
    x = inputs(network, 100)[0].astype(np.float32)
    expected = ColumnRNN(cell, "stepwise")(x)
    found = ColumnRNN(cell, "compiled")(x)
    assert np.sum(expected.spikes) > 10
    np.testing.assert_array_equal(found.spikes, expected.spikes)
    np.testing.assert_allclose(found.voltages, expected.voltages, rtol=0, atol=1e-4)
    again = ColumnRNN(cell, "compiled")(x[..., cell.input_receptors])
    assert cell.n_input_receptors < x.shape[-1]
    np.testing.assert_array_equal(again.spikes, _of_inputs_alone(cell, x))


def _of_inputs_alone(cell, x):
    """Spikes of the stepwise engine when other receptors get no input."""
    only = np.zeros_like(x)
    only[..., cell.input_receptors] = x[..., cell.input_receptors]
    return ColumnRNN(cell, "stepwise")(only).spikes


def test_the_portable_engine_does_not_integrate_exactly():
    cell = BillehColumn(network_of(), integration="exact")
    with pytest.raises(ValueError, match="portable engine.*exact.*compiled"):
        ColumnRNN(cell, engine="portable")


def test_auto_integrates_exactly_with_gradients():
    assert choose_engine("auto", integration="exact") == "stepwise"
    assert choose_engine("compiled", integration="exact") == "compiled"


def test_the_integration_is_kept_in_the_file(tmp_path):
    cell = BillehColumn(network_of(), integration="exact")
    assert round_trip(cell).get_config() == cell.get_config()
    x = keras.Input((10, 240))
    model = keras.Model(x, ColumnRNN(cell)(x).voltages)
    model.save(tmp_path / "exact.keras")
    loaded = keras.saving.load_model(tmp_path / "exact.keras")
    current = inputs(network_of(), 10, factor=5)[0].astype(np.float32)
    np.testing.assert_array_equal(loaded(current), model(current))


def test_published_columns_keep_the_fingerprint_of_their_files():
    """Weights that were saved before the option existed can still be loaded."""
    arrays = BillehColumn(network_of()).arrays
    exact = BillehColumn(network_of(), integration="exact").arrays
    assert set(exact) - set(arrays) == {
        "asc_mean",
        "asc_rest_decay",
        "rise_factor",
        "psc_factor",
    }


def test_an_unknown_integration_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="'euler'.*published.*exact"):
        BillehColumn(network_of(), integration="euler")
