"""VoltageNetwork: what is in it, and what it refuses."""

import numpy as np
import pytest

from tests.voltage_networks.circuits import circuit
from v1model.voltage_networks.hexals import hexagon, positions_of


def test_the_matrix_has_rows_post_and_columns_pre():
    dense = np.zeros((6, 6), np.float32)
    network = circuit()
    for a, b, w in zip(network.source, network.target, network.weight, strict=True):
        dense[b, a] = w
    np.testing.assert_array_equal(network.matrix.toarray(), dense)


def test_inputs_at_one_column_see_one_hexal():
    network = circuit()
    assert network.hexals.tolist() == [[0, 0], [1, -1]]
    assert network.hexal_of_input.tolist() == [0, 1, 0, 1]
    assert network.n_hexals == 2


def test_hexals_keep_the_order_of_the_first_inputs():
    network = circuit(u=[5, 1, 5, 1, 0, 0], v=[0, 0, 0, 0, 0, 0])
    assert network.hexals.tolist() == [[5, 0], [1, 0]]
    assert network.hexal_of_input.tolist() == [0, 1, 0, 1]


def test_scaling_leaves_the_network_as_it_was():
    network = circuit()
    other = network.scaled(weight_scale=2, bias_shift=-0.5)
    np.testing.assert_array_equal(other.weight, 2 * network.weight)
    np.testing.assert_array_equal(other.bias, network.bias - np.float32(0.5))
    assert network.weight[0] == np.float32(0.9)
    with pytest.raises(ValueError, match="read-only"):
        network.weight[0] = 1


def test_drawn_time_constants_are_those_of_the_type_and_of_the_seed():
    network = circuit().with_drawn_tau(3)
    by_type = {name: set() for name in network.cell_type.tolist()}
    for name, tau_s in zip(network.cell_type.tolist(), network.tau_s, strict=True):
        by_type[name].add(float(tau_s))
    assert all(len(values) == 1 for values in by_type.values())
    assert len({min(values) for values in by_type.values()}) == 4
    assert (network.tau_s >= np.float32(0.02)).all()
    assert (network.tau_s <= np.float32(0.2)).all()
    again, other = circuit().with_drawn_tau(3), circuit().with_drawn_tau(4)
    np.testing.assert_array_equal(network.tau_s, again.tau_s)
    assert (network.tau_s != other.tau_s).any()


@pytest.mark.parametrize("extent", [0, 1, 2, 5])
def test_a_hexagon_has_the_columns_within_its_extent_and_neighbours_are_1_apart(extent):
    columns = hexagon(extent)
    assert len(columns) == 1 + 3 * extent * (extent + 1)
    place = positions_of(*columns.T)
    distance = np.linalg.norm(place[:, None] - place, axis=2)
    nearest = distance[distance > 0]
    if extent:
        assert nearest.min() == pytest.approx(1)
        middle = distance[len(columns) // 2]
        assert np.isclose(middle, 1).sum() == 6
        assert middle.max() == pytest.approx(extent)


def test_a_negative_extent_is_refused():
    with pytest.raises(ValueError, match="extent must not be negative, got -1"):
        hexagon(-1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": [1.0]}, r"weight must have shape \(7,\), got \(1,\)"),
        ({"bias": [0.0] * 5}, r"bias must have shape \(6,\), got \(5,\)"),
        ({"tau_s": [0.02, 0, 1, 1, 1, 1]}, "tau_s must be positive, got 0.0"),
        ({"tau_s": [np.nan, 1, 1, 1, 1, 1]}, "tau_s must be finite, got nan in row 0"),
        ({"target": [4, 5, 5, 4, 5, 4, 6]}, "target must be below 6 .*, got 6"),
        ({"source": [-1, 1, 2, 3, 4, 5, 4]}, "source must be .* not negative, got -1"),
        ({"source": [0, 1, 1, 3, 4, 5, 4]}, "the connection 1 -> 5 occurs twice"),
        ({"role": ["output"] * 6}, r"one role must be 'input', got \['output'\]"),
    ],
)
def test_an_impossible_network_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        circuit(**changes)
