"""The column in NEST against the reference and the exact integration."""

import dataclasses
import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.engine import exact_reference
from tests.engine.circuits import calm_network, circuit
from tests.engine.exact_rollouts import run
from tests.workers import LIMIT_S
from v1model.engine.nest_export import NestColumn, import_nest
from v1model.engine.replay import arriving_currents
from v1model.engine.wiring import delay_steps
from v1model.network import build_column
from v1model.network.data import Synapses

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def nest():
    """NEST, imported in the order that the compiled engine survives."""
    if importlib.util.find_spec("nest") is None:
        pytest.skip("NEST is not installed")
    return import_nest()


def one_source_per_receptor(n, rng):
    """Synapses of random weights, from source 4 * neuron + receptor, pA."""
    receptor = np.tile(np.arange(4), n)
    sign = np.where(receptor % 2 == 0, 1, -0.3)
    return Synapses(
        post=np.repeat(np.arange(n), 4),
        pre=np.arange(4 * n),
        receptor=receptor,
        weight=sign * rng.exponential(130, 4 * n),
        delay=np.ones(4 * n),
    )


def random_counts(shape, mean, rng):
    """Input spikes; none in step 0."""
    counts = rng.poisson(mean, shape)
    counts[0] = 0
    return counts


@pytest.mark.parametrize("is_connected", [False, True])
def test_the_reference_is_nests_update(nest, is_connected):
    """300 cells with random input spikes: alone, and as a network."""
    rng = np.random.default_rng(0)
    network = calm_network(0)
    synapses = one_source_per_receptor(300, rng)
    counts = random_counts((500, 1200), 0.03, rng)
    column = NestColumn(network, is_connected=is_connected, recorded=np.arange(300))
    column.add_input(synapses, counts)
    activity = column.run(500)
    if not is_connected:
        none = network.recurrent.take(np.zeros(0, int))
        network = dataclasses.replace(network, recurrent=none)
    arriving = arriving_currents(synapses, counts, 300, range(500))
    delays, _ = delay_steps(network.recurrent.delay, 5)
    spikes, voltages = exact_reference.simulate(
        network, arriving.reshape(500, 300, 4), delays
    )
    assert spikes.sum() > 300
    np.testing.assert_array_equal(activity.spikes, spikes)
    np.testing.assert_allclose(activity.voltages, voltages, atol=1e-9)


def test_a_built_column_fires_spike_for_spike_as_in_nest(nest):
    rng = np.random.default_rng(1)
    network = build_column(500, seed=2)
    network = dataclasses.replace(network, lgn=network.lgn.connected())
    sources = [
        (network.lgn.synapses, random_counts((500, network.lgn.n_inputs), 0.008, rng)),
        (network.background.synapses, random_counts((500, 1), 1.0, rng)),
    ]
    recorded = np.arange(0, 500, 7)
    column = NestColumn(network, recorded=recorded)
    for source in sources:
        column.add_input(*source)
    activity = column.run(500)
    arriving = sum(arriving_currents(*s, 500, range(500)) for s in sources)
    spikes, voltages, _ = run(network, arriving.reshape(500, 500, 4))
    assert 1 < 1000 * spikes.mean() < 20
    np.testing.assert_array_equal(activity.spikes, spikes)
    is_quiet = ~spikes[:, recorded]
    np.testing.assert_allclose(
        voltages[:, recorded][is_quiet], activity.voltages[is_quiet], atol=1e-9
    )


def test_long_delays_do_not_shorten_the_recording(nest):
    network = circuit(2, [(1, 0, 0, 100.0, 4)], V_reset=-60.0)
    column = NestColumn(network, recorded=[0, 1])
    activity = column.run(7)
    expected = -75 + 15 * np.exp(-np.arange(1, 8) / 20)
    np.testing.assert_allclose(activity.voltages, np.transpose([expected] * 2))


def test_threads_do_not_change_the_spikes(nest):
    rng = np.random.default_rng(2)
    network = calm_network(1, n=60)
    synapses = one_source_per_receptor(60, rng)
    counts = random_counts((200, 240), 0.05, rng)
    found = []
    for threads in (1, 2):
        column = NestColumn(network, threads=threads)
        column.add_input(synapses, counts)
        found.append(column.run(200).spikes)
        assert column.spikes().sum() >= found[-1].sum()  # NEST runs a step further
    assert found[0].any()
    np.testing.assert_array_equal(*found)


def test_nests_background_has_its_rate_and_differs_between_neurons(nest):
    """An infinitely leaky neuron shows the current; its mean is rate w tau e."""
    rate, weight, tau = 500.0, 20.0, 3.0
    leaky = {"g": 1e4, "C_m": 1.0, "V_th": 0.0, "V_reset": -75.0}
    network = circuit(40, tau_syn=(tau,) * 4, **leaky)
    sources = Synapses(
        post=np.arange(40),
        pre=np.zeros(40),
        receptor=np.zeros(40),
        weight=np.full(40, weight),
        delay=np.ones(40),
    )
    background = dataclasses.replace(network.background, synapses=sources)
    network = dataclasses.replace(network, background=background)
    column = NestColumn(network, recorded=np.arange(40))
    column.add_poisson_background(rate)
    current = 1e4 * (column.run(1000).voltages[50:] + 75)
    mean = rate / 1000 * weight * tau * np.e
    assert current.mean() == pytest.approx(mean, rel=0.05)
    assert np.abs(np.corrcoef(current[:, :2].T)[0, 1]) < 0.5


def test_inputs_that_nest_cannot_deliver_are_refused(nest):
    network = circuit(1)
    synapses = one_source_per_receptor(1, np.random.default_rng(0))
    column = NestColumn(network)
    with pytest.raises(ValueError, match="step 0"):
        column.add_input(synapses, np.ones((5, 4), int))
    column.run(3)
    with pytest.raises(ValueError, match="too late"):
        column.add_input(synapses, np.zeros((5, 4), int))
    with pytest.raises(ValueError, match="already run"):
        column.run(3)


def test_recorded_neurons_must_increase(nest):
    with pytest.raises(ValueError, match="strictly increasing"):
        NestColumn(circuit(3), recorded=[2, 1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"t_ref": 0.0}, "t_ref must be positive"),
        ({"k": (0.0, 0.1)}, "k must be positive"),
        ({"V_reset": -40.0}, "V_reset must lie below V_th"),
    ],
)
def test_cells_that_nest_refuses_are_named(values, message):
    with pytest.raises(ValueError, match=f"{message}.*type 1"):
        NestColumn(circuit(1, **values))


def test_nest_and_the_compiled_engine_take_turns_in_one_process(nest):
    """Their two OpenMP libraries, loaded in the wrong order, end the process."""
    program = """
import numpy as np
from tests.engine.circuits import calm_network, sparse_input
from v1model.engine.nest_export import NestColumn
from v1model.models import BillehColumn, ColumnRNN
network = calm_network(0, n=60)
for _ in range(3):
    NestColumn(network, threads=2).run(20)
    x = sparse_input(2, 20, 240, np.random.default_rng(0))
    ColumnRNN(BillehColumn(network), engine="compiled")(x)
print("done")
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT_S, cwd=ROOT
    )
    assert done.stdout.endswith("done\n"), done.stderr[-2000:]


def test_without_nest_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "nest", None)
    with pytest.raises(ModuleNotFoundError, match=r"v1model\[nest\]"):
        NestColumn(circuit(1))
