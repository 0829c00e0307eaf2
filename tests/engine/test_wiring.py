"""Delays in steps, and the two orders of the synapses."""

import numpy as np
import pytest

from tests.engine.circuits import circuit, synapses
from tests.networks import small_network
from v1model.engine.wiring import delay_steps, wiring_of


@pytest.mark.parametrize(
    ("delay", "steps"),
    [(0.0, 1), (0.4, 1), (1, 1), (1.5, 2), (2.4, 2), (2.5, 2), (3.5, 4), (4.5, 4)],
)
def test_delays_are_rounded_half_to_even(delay, steps):
    computed, _ = delay_steps(np.array([delay, 5.0], np.float32), max_delay=5)
    assert computed[0] == steps


def test_long_delays_are_clipped_to_the_longest_one():
    steps, longest = delay_steps(np.array([1.0, 5.0, 6.0, 40.0]), max_delay=5)
    np.testing.assert_array_equal(steps, [1, 5, 5, 5])
    assert longest == 5


@pytest.mark.parametrize(("delays", "longest"), [((1.2, 2.6), 3), ((0.1,), 1), ((), 1)])
def test_the_buffer_is_no_longer_than_the_longest_delay(delays, longest):
    steps, n_delays = delay_steps(np.array(delays, np.float32), max_delay=5)
    assert n_delays == longest
    assert (steps >= 1).all()
    assert (steps <= n_delays).all()


def test_delays_of_half_a_step_are_rounded_in_steps():
    steps, longest = delay_steps(np.array([0.2, 0.5, 1.0, 2.0]), max_delay=2, dt=0.5)
    np.testing.assert_array_equal(steps, [1, 1, 2, 4])
    assert longest == 4


def test_the_event_table_holds_every_synapse_once_under_its_source_and_delay():
    network = small_network(40, seed=2)
    wiring = wiring_of(network.recurrent, 40, 4, max_delay=5)
    table = wiring.events
    np.testing.assert_array_equal(np.sort(table.order), np.arange(len(wiring.target)))
    np.testing.assert_array_equal(table.target, wiring.target[table.order])
    sizes = np.diff(table.start)
    source, delay = np.divmod(np.repeat(np.arange(40 * 5), sizes), 5)
    np.testing.assert_array_equal(source, wiring.pre[table.order])
    np.testing.assert_array_equal(delay + 1, wiring.delay[table.order])


def test_targets_of_a_row_are_in_ascending_order():
    """Spikes of one source add to a target in the order of the sparse product."""
    table = wiring_of(small_network(40).recurrent, 40, 4, max_delay=5).events
    inside_a_row = np.ones(len(table.target) - 1, bool)
    boundaries = table.start[1:-1]
    inside_a_row[
        boundaries[(boundaries > 0) & (boundaries < len(table.target))] - 1
    ] = 0
    assert (np.diff(table.target)[inside_a_row] >= 0).all()


@pytest.mark.parametrize(("n", "max_delay"), [(40, 5), (300, 5), (40, 1)])
def test_the_adjoint_table_holds_every_synapse_once_under_its_source(n, max_delay):
    """From a window row of the table, its receptor; from the index, row and delay."""
    wiring = wiring_of(small_network(n, seed=2).recurrent, n, 4, max_delay)
    table = wiring.adjoint
    assert table.width >= wiring.n_delays + 2
    assert table.block * table.width <= 1 << 16
    np.testing.assert_array_equal(np.sort(table.order), np.arange(len(wiring.target)))
    n_blocks = -(-len(table.receptor) // table.block)
    block, source = np.divmod(
        np.repeat(np.arange(n_blocks * n), np.diff(table.start)), n
    )
    row, delay = np.divmod(table.index.astype(np.int64), table.width)
    receptor = table.receptor[block * table.block + row]
    np.testing.assert_array_equal(source, wiring.pre[table.order])
    np.testing.assert_array_equal(receptor, wiring.target[table.order])
    np.testing.assert_array_equal(delay + 1, wiring.delay[table.order])


def test_rows_of_the_window_are_sorted_by_receptor_then_neuron():
    network = small_network(40).recurrent
    table = wiring_of(network, 40, 4, max_delay=5).adjoint
    used = np.unique(network.post * 4 + network.receptor)
    neuron, receptor = np.divmod(used, 4)
    np.testing.assert_array_equal(table.receptor, used[np.lexsort((neuron, receptor))])


def test_unsorted_synapses_are_refused():
    rows = synapses([(0, 1, 0, 1.0, 1.0), (1, 0, 0, 1.0, 1.0)])
    with pytest.raises(ValueError, match="canonical order"):
        wiring_of(rows.take([1, 0]), 2, 4, max_delay=5)


def test_a_network_without_synapses_has_a_wiring():
    wiring = wiring_of(circuit(3).recurrent, 3, 4, max_delay=5)
    assert wiring.n_delays == 1
    assert wiring.events.start[-1] == 0
    assert len(wiring.adjoint.index) == 0
