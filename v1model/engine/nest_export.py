"""A column in NEST: the same neurons, synapses and input spikes in that simulator.

NEST (Gewaltig & Diesmann 2007) keeps one network per process, in the module itself: a
new NestColumn replaces the one before. Its `glif_psc` with after-spike currents is the
GLIF3 neuron; what it integrates otherwise than the published update is told in
`v1model/engine/exact.py`.
"""

import contextlib
import io
from typing import NamedTuple

import numba
import numpy as np

from v1model.engine.wiring import delay_steps

_PORT = 1  # NEST counts receptors from 1


class NestActivity(NamedTuple):
    """What NEST recorded.

    spikes: (T, N) bool.  voltages: (T, n) of the recorded neurons, mV; V_reset at a
    spike.
    """

    spikes: np.ndarray
    voltages: np.ndarray


class NestColumn:
    """A network as `glif_psc` neurons, from rest at V_reset.

    Step t of `run` is the step t of a BillehColumn: a recurrent spike or an input that
    arrives in it is the same in both.

    Args:
        network: Network.
        max_delay: Longest delay, ms; longer ones are clipped as in BillehColumn.
        dt: Length of a step, ms.
        threads: Number of NEST's threads.
        is_connected: Whether the recurrent synapses are made.
        recorded: Neurons whose voltage is recorded, (n,), increasing.

    Raises:
        ModuleNotFoundError: NEST is not installed.
        ValueError: A cell type is one that `glif_psc` cannot be.
    """

    def __init__(
        self,
        network,
        *,
        max_delay=5,
        dt=1.0,
        threads=1,
        is_connected=True,
        recorded=(),
    ):
        _check_types(network)
        self.nest = import_nest()
        self.network = network
        self.dt = dt
        self.recorded = _increasing(recorded)
        self.elapsed = 0
        self.nest.ResetKernel()
        self.nest.set(resolution=dt, local_num_threads=threads)
        self._neurons = self._create_neurons()
        if is_connected:
            synapses = network.recurrent
            steps, _ = delay_steps(synapses.delay, max_delay, dt)
            self._connect(self._ids[synapses.pre], synapses, steps * dt)
        self._spikes = self.nest.Create("spike_recorder")
        self.nest.Connect(self._neurons, self._spikes)
        self._voltages = self._record_voltages()

    @property
    def _ids(self):
        return np.arange(len(self._neurons)) + self._neurons[0].global_id

    def _create_neurons(self):
        """All neurons, in the order of the network, with the values of their types."""
        neurons = self.nest.Create("glif_psc", self.network.n_neurons)
        for m in np.unique(self.network.type_index):
            members = np.flatnonzero(self.network.type_index == m)
            neurons[members].set(**_values_of(self.network.types, m))
        return neurons

    def _record_voltages(self):
        if len(self.recorded) == 0:
            return None
        settings = {"record_from": ["V_m"], "interval": self.dt}
        multimeter = self.nest.Create("multimeter", params=settings)
        self.nest.Connect(multimeter, self._neurons[self.recorded])
        return multimeter

    def add_input(self, synapses, counts):
        """Lets sources fire prescribed spikes into the column.

        The delays of the synapses are ignored, as in SparseLayer: a spike of step t
        arrives in step t.

        Args:
            synapses: Synapses; `pre` is a column of `counts`.
            counts: Spikes of each source in each step, (T, sources), whole numbers.

        Raises:
            ValueError: There is a spike in step 0, which NEST cannot deliver, or the
                column has already run.
        """
        if self.elapsed:
            raise ValueError(f"inputs come too late, after {self.elapsed} steps.")
        counts = np.asarray(counts)
        if counts[:1].any():
            raise ValueError("NEST delivers no input in step 0, the counts have some.")
        sources = self.nest.Create("spike_generator", counts.shape[1])
        first = sources[0].global_id
        trains = []
        for column in counts.T:
            steps = np.flatnonzero(column)
            train = {"spike_times": steps * self.dt}
            train["spike_multiplicities"] = column[steps].astype(np.int64)
            trains.append(train)
        sources.set(trains)
        delay = np.full(len(synapses), self.dt)
        self._connect(first + synapses.pre.astype(np.int64), synapses, delay)

    def add_poisson_background(self, rate_hz):
        """Gives each neuron a Poisson source of its own, drawn by NEST."""
        source = self.nest.Create("poisson_generator", params={"rate": rate_hz})
        synapses = self.network.background.synapses
        delay = np.full(len(synapses), self.dt)
        self._connect(np.full(len(synapses), source.global_id), synapses, delay)

    def run(self, n_steps):
        """Runs n_steps from rest, and reads what was recorded; can be called once.

        Returns:
            NestActivity.
        """
        if self.elapsed:
            raise ValueError(f"the column has already run {self.elapsed} steps.")
        # NEST hands a voltage over when the next slice begins.
        self.simulate(n_steps + self._slice_steps)
        return NestActivity(self.spikes()[:n_steps], self._read_voltages(n_steps))

    def simulate(self, n_steps):
        """Runs on for n_steps, and reads nothing."""
        self.nest.Simulate(n_steps * self.dt)
        self.elapsed += n_steps

    def spikes(self):
        """All spikes so far, (elapsed, N) bool."""
        step, neuron, _ = self._events(self._spikes, "times", self.elapsed)
        spikes = np.zeros((self.elapsed, self.network.n_neurons), bool)
        spikes[step, neuron] = True
        return spikes

    @property
    def _slice_steps(self):
        """Steps that NEST simulates between two exchanges of spikes."""
        return round(self.nest.min_delay / self.dt)

    def _connect(self, sources, synapses, delay):
        if len(synapses) == 0:
            return
        values = {
            "weight": synapses.weight.astype(np.float64),
            "delay": delay.astype(np.float64),
            "receptor_type": synapses.receptor.astype(np.int64) + _PORT,
        }
        targets = self._ids[synapses.post]
        self.nest.Connect(sources, targets, "one_to_one", values)

    def _read_voltages(self, n_steps):
        voltages = np.full((n_steps, len(self.recorded)), np.nan)
        if self._voltages is not None:
            step, neuron, values = self._events(self._voltages, "V_m", n_steps)
            voltages[step, np.searchsorted(self.recorded, neuron)] = values
        return voltages

    def _events(self, recorder, name, n_steps):
        """Step, neuron and value `name` of each event of the first n_steps."""
        events = recorder.get("events")
        # NEST stamps what happens in a step with the end of the step. An empty column
        # is float.
        step = np.round(events["times"] / self.dt).astype(np.int64) - 1
        neuron = events["senders"].astype(np.int64) - self._ids[0]
        is_early = step < n_steps
        return step[is_early], neuron[is_early], events[name][is_early]


def import_nest():
    """NEST's module, without its banner and its notes.

    A program that runs the compiled engine too must not import NEST in another way
    before: each brings an OpenMP library, and the process dies in the second use of
    NEST if NEST's was loaded first.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    numba.get_num_threads()  # loads Numba's OpenMP library, if it is not yet there
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            import nest
    except ModuleNotFoundError as error:
        if error.name != "nest":
            raise
        raise ModuleNotFoundError(
            "NEST is not installed: pip install 'v1model[nest]'.", name="nest"
        ) from error
    nest.verbosity = nest.VerbosityLevel.WARNING
    return nest


def _increasing(recorded):
    recorded = np.asarray(recorded, np.int64)
    if (np.diff(recorded) <= 0).any():
        raise ValueError("recorded neurons must be strictly increasing.")
    return recorded


def _values_of(types, m):
    """Parameters of `glif_psc` of type m."""
    scalars = {
        name: float(getattr(types, name)[m])
        for name in ("V_th", "E_L", "V_reset", "g", "C_m", "t_ref")
    }
    return {
        **scalars,
        "V_m": float(types.V_reset[m]),
        "asc_amps": [float(value) for value in types.asc_amps[m]],
        "asc_decay": [float(value) for value in types.k[m]],
        "tau_syn": [float(value) for value in types.tau_syn[m]],
        "after_spike_currents": True,
        "spike_dependent_threshold": False,
        "adapting_threshold": False,
    }


def _check_types(network):
    """Raises ValueError for cells that NEST would refuse."""
    types = network.types
    rules = (
        ("t_ref", types.t_ref > 0, "be positive"),
        ("k", (types.k > 0).all(1), "be positive"),
        ("V_reset", types.V_reset < types.V_th, "lie below V_th"),
    )
    for name, is_ok, rule in rules:
        if not is_ok.all():
            row = int(np.argmin(is_ok))
            raise ValueError(
                f"cell types: in NEST {name} must {rule}, got "
                f"{getattr(types, name)[row]} for type {types.node_type_id[row]}."
            )
