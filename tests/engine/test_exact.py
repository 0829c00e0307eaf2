"""The exact integration against double-precision loops, and laws of one neuron."""

import math

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import tensorflow as tf

from tests.engine import exact_reference
from tests.engine.circuits import calm_network, circuit, sparse_input
from tests.engine.exact_rollouts import rest, run
from v1model.engine.exact import ExactParameters, exact_constants
from v1model.engine.glif3 import (
    GLIF3Parameters,
    GLIF3State,
    glif3_parameters,
)
from v1model.engine.stepwise import stepwise_rollout
from v1model.engine.surrogate import smooth_spike
from v1model.engine.wiring import wiring_of


def kick(n_steps, step, n=1, size=2000.0):
    """A current that makes neuron 0 fire, (T, N, R), pA."""
    arriving = np.zeros((n_steps, n, 4))
    arriving[step, 0, 0] = size
    return arriving


@pytest.mark.parametrize("seed", [0, 1])
def test_500_ms_of_300_cells_equal_nests_update_in_double_precision(seed):
    network = calm_network(seed)
    x = sparse_input(1, 500, 1200, np.random.default_rng(seed)).reshape(500, 300, 4)
    arriving = 30.0 * x.astype(float)
    delays = wiring_of(network.recurrent, 300, 4, 5).delay
    spikes, voltages = exact_reference.simulate(network, arriving, delays)
    assert 2 < 1000 * spikes.mean() < 40
    found, v, _ = run(network, arriving)
    np.testing.assert_array_equal(found, spikes)
    np.testing.assert_allclose(v[~spikes], voltages[~spikes], atol=1e-9)


def test_single_precision_keeps_the_voltage_to_a_thousandth_of_a_millivolt():
    network = calm_network(2, n=60)
    x = sparse_input(1, 300, 240, np.random.default_rng(2)).reshape(300, 60, 4)
    spikes, voltages, _ = run(network, 30.0 * x)
    rough_spikes, rough, _ = run(network, 30.0 * x, "float32")
    assert spikes.any()
    np.testing.assert_array_equal(rough_spikes, spikes)
    np.testing.assert_allclose(rough, voltages, atol=1e-3)


@hypothesis.given(
    step=st.sampled_from([0.1, 0.2, 0.25, 0.5]),
    tau_syn=st.floats(0.5, 25),
    g=st.floats(1, 20),
    seed=st.integers(0, 99),
)
@hypothesis.settings(max_examples=8, deadline=None)
def test_below_threshold_the_voltage_does_not_depend_on_the_step(
    step, tau_syn, g, seed
):
    """What makes it exact; inputs arrive at the same times."""
    network = circuit(1, g=g, tau_syn=(tau_syn,) * 4, V_th=1000.0)
    coarse = np.random.default_rng(seed).normal(0, 50, (12, 1, 4))
    every = round(1 / step)
    fine = np.zeros((12 * every, 1, 4))
    fine[every - 1 :: every] = coarse  # a step of input ends when the ms ends
    _, v, _ = run(network, coarse)
    _, v_fine, _ = run(network, fine, dt=step)
    np.testing.assert_allclose(v_fine[every - 1 :: every], v, atol=1e-9)


@hypothesis.given(
    tau_syn=st.floats(0.5, 30), distance=st.floats(-1, 1), power=st.integers(0, 12)
)
@hypothesis.settings(max_examples=100, deadline=None)
def test_gains_have_no_singularity_where_the_time_constants_meet(
    tau_syn, distance, power
):
    tau = tau_syn * (1 + 0.5 * distance * 10.0**-power)
    types = circuit(1, tau_syn=(tau_syn,) * 4, C_m=5.0 * tau, g=5.0).types
    found = exact_constants(types, 1.0)
    p, q = exact_reference._gains(tau_syn, 5.0 * tau / 5.0, 5.0 * tau, 1.0)
    np.testing.assert_allclose(found["rise_factor"], p, rtol=1e-11)
    np.testing.assert_allclose(found["psc_factor"], q, rtol=1e-11)


def test_an_after_spike_current_that_does_not_decay_is_its_own_mean():
    constants = exact_constants(circuit(1, k=(0.0, 0.1)).types, 1.0)
    mean = (1 - math.exp(-0.1)) / 0.1
    np.testing.assert_allclose(constants["asc_mean"], [[1, mean]])


@pytest.mark.parametrize("delay", [1, 2, 3, 4, 5])
def test_a_spike_reaches_the_voltage_of_its_target_after_delay_plus_1_steps(delay):
    rows = [(1, 0, 0, 100.0, delay), (2, 0, 0, 0.0, 5)]
    network = circuit(3, rows, V_reset=-75.0)
    spikes, v, _ = run(network, kick(40, 0, n=3))
    first_spike = int(np.flatnonzero(spikes[:, 0])[0])
    assert np.flatnonzero(v[:, 1] != -75)[0] == first_spike + delay + 1
    assert (v[:, 2] == -75).all()


@pytest.mark.parametrize("t_ref", [0.3, 1.0, 1.0004, 2.5, 3.0, 5.0])
def test_a_spike_holds_the_neuron_at_reset_for_t_ref_rounded_up(t_ref):
    network = circuit(1, t_ref=t_ref, V_reset=-60.0)
    spikes, v, _ = run(network, np.full((60, 1, 4), 3000.0))
    at = np.flatnonzero(spikes[:, 0])
    held = math.ceil(round(t_ref, 3))
    assert set(np.diff(at)) == {held + 1}
    for spike in at[:-1]:
        np.testing.assert_allclose(v[spike + 1 : spike + 1 + held, 0], -60)


def test_after_spike_currents_wait_while_the_neuron_is_held():
    """Three steps are held; t_ref decides by how much they have decayed."""
    amps, k, t_ref = (40.0, -20.0), (0.01, 0.2), 2.6
    network = circuit(1, asc_amps=amps, k=k, t_ref=t_ref, V_reset=-75.0)
    for n_steps in range(1, 12):
        spikes, _, last = run(network, kick(n_steps, 0))
        if spikes.any():
            break
    scale = 30.0  # V_th - E_L
    _, _, held = run(network, np.zeros((3, 1, 4)), state=[s.numpy() for s in last])
    np.testing.assert_allclose(held.asc_1, [[amps[0] / scale]])
    _, _, free = run(network, np.zeros((5, 1, 4)), state=[s.numpy() for s in last])
    decayed = [a * math.exp(-2 * b) / scale for a, b in zip(amps, k, strict=True)]
    np.testing.assert_allclose([free.asc_1, free.asc_2], np.reshape(decayed, (2, 1, 1)))


def test_gradients_are_those_of_finite_differences():
    """With smooth spikes, in double precision; a third of a spike holds nobody."""
    rows = [(1, 0, 0, 60.0, 1), (0, 1, 1, -40.0, 2), (2, 1, 0, 80.0, 1)]
    network = circuit(3, rows, asc_amps=(30.0, -50.0), t_ref=1.0)
    p = glif3_parameters(network.types, network.type_index, 1.0, "exact")
    wiring = wiring_of(network.recurrent, 3, 4, 5)
    rng = np.random.default_rng(0)
    x = rng.normal(3, 3, (1, 12, 12))
    weights = network.recurrent.weight / p.voltage_scale[network.recurrent.post]
    state = GLIF3State(*map(tf.constant, rest(p, wiring)))
    upstream = rng.normal(size=(2, 1, 12, 3))

    def loss(x, weights):
        tensors = ExactParameters(*map(tf.constant, p))
        spike = smooth_spike(0.28, 0.5)
        z, v, _ = stepwise_rollout(x, weights, state, tensors, wiring, spike, 1.0)
        return tf.reduce_sum(z * upstream[0]) + tf.reduce_sum(v * upstream[1])

    point = [tf.constant(x), tf.constant(weights)]
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = loss(*point)
    found = tape.gradient(value, point)
    for which, gradient in enumerate(found):
        direction = rng.normal(size=point[which].shape)
        ends = []
        for sign in (1, -1):
            moved = list(point)
            moved[which] = point[which] + sign * 1e-6 * direction
            ends.append(float(loss(*moved)))
        slope = (ends[0] - ends[1]) / 2e-6
        assert slope == pytest.approx(np.sum(gradient * direction), rel=1e-5)


def test_the_published_constants_are_part_of_the_exact_ones():
    network = calm_network(0, n=60)
    published = glif3_parameters(network.types, network.type_index)
    exact = glif3_parameters(network.types, network.type_index, 1.0, "exact")
    assert isinstance(published, GLIF3Parameters)
    for name in set(GLIF3Parameters._fields) - {"t_ref"}:
        np.testing.assert_array_equal(getattr(exact, name), getattr(published, name))
    single = network.types.astype("float32")
    exact = glif3_parameters(single, network.type_index, 1.0, "exact")
    assert {column.dtype.name for column in exact} == {"float32"}


def test_an_unknown_integration_is_answered_with_the_choices():
    network = circuit(1)
    with pytest.raises(ValueError, match="'euler'.*published.*exact"):
        glif3_parameters(network.types, network.type_index, 1.0, "euler")
