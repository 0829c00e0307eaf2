"""The column against plain double-precision loops, and single laws of one neuron."""

import math

import numpy as np
import pytest

from tests.engine import reference
from tests.engine.circuits import calm_network, circuit, sparse_input
from tests.engine.rollouts import ENGINES, column_of, run, to_millivolt

KICK = 40.0  # a current that makes a resting neuron fire once


def drive(column, n_steps, **steps_by_target):
    """Input currents (1, T, N * R): `KICK` at receptor 0 of neuron `n<i>`."""
    x = np.zeros((1, n_steps, column.n_targets), np.float32)
    for name, steps in steps_by_target.items():
        x[0, steps, 4 * int(name[1:])] = KICK
    return x


@pytest.mark.parametrize("seed", [0, 1])
def test_500_ms_of_300_cells_equal_plain_loops_in_double_precision(seed):
    network = calm_network(seed)
    column = column_of(network)
    x = sparse_input(1, 500, column.n_targets, np.random.default_rng(seed))
    spikes, voltages = reference.simulate(network, x[0].reshape(500, 300, 4))
    assert 2 < 1000 * spikes.mean() < 20
    assert column.wiring.n_delays == 5
    assert set(column.wiring.delay) == {1, 2, 3, 4, 5}
    for engine in ENGINES:
        z, v, _ = run(engine, column, x)
        np.testing.assert_array_equal(z[0], spikes)
        np.testing.assert_allclose(to_millivolt(column, v[0]), voltages, atol=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("delay", [1, 2, 3, 4, 5])
def test_a_spike_reaches_the_voltage_of_its_target_after_delay_plus_2_steps(
    engine, delay
):
    # A second synapse keeps the buffer at 5 steps, whatever the delay.
    rows = [(1, 0, 0, 100.0, delay), (2, 0, 0, 0.0, 5)]
    column = column_of(circuit(3, rows, V_reset=-75.0))
    spikes, v, _ = run(engine, column, drive(column, 40, n0=[0]))
    first_spike = int(np.flatnonzero(spikes[0, :, 0])[0])
    first_effect = int(np.flatnonzero(v[0, :, 1])[0])
    assert first_effect == first_spike + delay + 2
    assert not v[0, :, 2].any()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_input_reaches_the_voltage_after_2_steps(engine):
    column = column_of(circuit(1, V_reset=-75.0))
    _, v, _ = run(engine, column, drive(column, 10, n0=[3]))
    assert np.flatnonzero(v[0, :, 0])[0] == 5


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("t_ref", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0])
def test_the_shortest_interspike_interval_is_the_ceiling_of_t_ref(engine, t_ref):
    column = column_of(circuit(1, t_ref=t_ref))
    x = np.full((1, 60, 4), 50.0, np.float32)
    spikes, _, _ = run(engine, column, x)
    intervals = np.diff(np.flatnonzero(spikes[0, :, 0]))
    assert intervals.min() == math.ceil(t_ref)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("V_reset", [-80.0, -75.0, -65.0, -50.0])
def test_a_spike_lowers_the_voltage_by_threshold_minus_reset(engine, V_reset):
    """The reset is subtracted from what the voltage would be, one step later."""
    column = column_of(circuit(1, V_reset=V_reset))
    silent = column_of(circuit(1, V_reset=V_reset, V_th=1000.0))
    x = drive(column, 12, n0=[0])
    z, v, _ = run(engine, column, x)
    # The same currents in pA for a neuron whose threshold is out of reach.
    _, free, _ = run(engine, silent, x * np.float32(30 / 1075))
    at = int(np.flatnonzero(z[0, :, 0])[0])
    mv, free_mv = to_millivolt(column, v)[0, :, 0], to_millivolt(silent, free)[0, :, 0]
    np.testing.assert_allclose(mv[: at + 1], free_mv[: at + 1], atol=1e-3)
    assert mv[at + 1] - free_mv[at + 1] == pytest.approx(V_reset + 45, abs=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_neuron_starts_at_reset_and_decays_to_rest(engine):
    column = column_of(circuit(1, V_reset=-60.0))
    _, v, _ = run(engine, column, drive(column, 3))
    tau = 100.0 / 5.0
    expected = -75 + 15 * np.exp(-np.arange(1, 4) / tau)
    np.testing.assert_allclose(to_millivolt(column, v)[0, :, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("receptor", [0, 1, 2, 3])
def test_a_synaptic_current_peaks_at_its_weight_after_tau_syn(engine, receptor):
    """An infinitely leaky neuron shows the current itself, two steps later."""
    tau_syn = 6.0
    leaky = {"g": 1e4, "C_m": 1.0, "V_th": 0.0, "V_reset": -75.0}
    network = circuit(1, tau_syn=(tau_syn,) * 4, **leaky)
    column = column_of(network)
    x = np.zeros((1, 40, 4), np.float32)
    x[0, 0, receptor] = 30.0 / 75  # 30 pA over V_th - E_L
    _, v, _ = run(engine, column, x)
    current = 1e4 * (to_millivolt(column, v)[0, :, 0] + 75)
    elapsed = np.arange(40) - 1
    alpha = 30 * np.maximum(elapsed, 0) / tau_syn * np.exp(1 - elapsed / tau_syn)
    np.testing.assert_allclose(current, alpha, atol=0.2)
    assert np.argmax(current) == 1 + tau_syn


@pytest.mark.parametrize("engine", ENGINES)
def test_no_spike_falls_into_a_refractory_period_that_the_state_brings(engine):
    column = column_of(circuit(1))
    state = run(engine, column, np.zeros((1, 1, 4), np.float32))[2]
    state = state._replace(v=state.v + 2, r=np.array([[2.5]], np.float32))
    spikes, v, last = run(engine, column, np.zeros((1, 3, 4), np.float32), state)
    np.testing.assert_array_equal(spikes[0, :, 0], [0, 0, 1])
    assert (v[0, :, 0] > 1).all()  # the voltage itself is not clamped
    np.testing.assert_array_equal(last.r, [[0]])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("chunks", [(7, 23), (1, 29), (2, 3, 25), (4, 4, 4, 18)])
def test_chunks_with_the_state_passed_on_equal_one_long_run(engine, chunks):
    """Also chunks that are shorter than the longest delay."""
    column = column_of(calm_network(3, n=60))
    x = 3 * sparse_input(2, 30, column.n_targets, np.random.default_rng(0))
    whole = run(engine, column, x)
    state, spikes, voltages = None, [], []
    for part in np.split(x, np.cumsum(chunks)[:-1], axis=1):
        z, v, state = run(engine, column, part, state)
        spikes.append(z)
        voltages.append(v)
    assert whole[0].any()
    np.testing.assert_array_equal(np.concatenate(spikes, 1), whole[0])
    np.testing.assert_array_equal(np.concatenate(voltages, 1), whole[1])
    for part, expected in zip(state, whole[2], strict=True):
        np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_trial_does_not_depend_on_the_batch_it_sits_in(engine):
    column = column_of(calm_network(4, n=60))
    x = 3 * sparse_input(3, 40, column.n_targets, np.random.default_rng(1))
    spikes, v, last = run(engine, column, x)
    assert spikes.any()
    for b in range(3):
        alone = run(engine, column, x[b : b + 1])
        np.testing.assert_array_equal(alone[0][0], spikes[b])
        np.testing.assert_array_equal(alone[1][0], v[b])
        for part, expected in zip(alone[2], last, strict=True):
            np.testing.assert_array_equal(part[0], expected[b])
