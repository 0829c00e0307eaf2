"""What moved the membrane of one cell during a trial, from what the trial recorded."""

import dataclasses

import numpy as np

from v1model.engine.replay import arriving_currents
from v1model.engine.wiring import delay_steps
from v1model.network.data import N_RECEPTORS


@dataclasses.dataclass(frozen=True)
class CellCurrents:
    """Currents of one cell, and the voltage that they add up to; float64, (T,) each.

    A current of step t is what moves the voltage from step t - 1 to step t:

        V[t] - E_L = decay (V[t-1] - E_L) + (1 - decay) / g total[t]
                     + (V_reset - V_th) z[t-1]

    Args:
        neuron: Number of the cell.
        voltage: mV.
        from_lgn, from_excitatory, from_inhibitory: Postsynaptic currents by source, pA;
            the last two are of neurons of the column.
        from_background: Of the rest of the brain, pA.
        after_spike: Both after-spike currents, pA.
        spike_step: When the cell fired, (n_spikes,).
        V_th, E_L, V_reset: Threshold, rest and reset, mV.
    """

    neuron: int
    voltage: np.ndarray
    from_lgn: np.ndarray
    from_excitatory: np.ndarray
    from_inhibitory: np.ndarray
    from_background: np.ndarray
    after_spike: np.ndarray
    spike_step: np.ndarray
    V_th: float
    E_L: float
    V_reset: float

    @property
    def total(self):
        """The sum of all currents, (T,), pA."""
        return (
            self.from_lgn
            + self.from_excitatory
            + self.from_inhibitory
            + self.from_background
            + self.after_spike
        )


def cell_currents(network, trial, neuron, background, max_delay=5):
    """The currents of one cell in a trial that started at rest.

    The equations are those of `glif3.py` (Chen, Scherr & Maass 2022), in float64 and
    for one cell. Its spikes are taken from the trial.

    Args:
        network: Network with the weights that the trial was run with.
        trial: TrialActivity.
        neuron: Number of the cell.
        background: Weighted spikes of the rest of the brain that arrive at the cell,
            (T, R), pA; see `background_at`.
        max_delay: Longest delay of the column, ms.

    Returns:
        CellCurrents.

    Raises:
        ValueError: There is no such neuron, or the network is not the trial's.
    """
    if trial.n_neurons != network.n_neurons or not 0 <= neuron < trial.n_neurons:
        raise ValueError(
            f"currents of neuron {neuron}: the trial has {trial.n_neurons} neurons and "
            f"the network {network.n_neurons}."
        )
    if background.shape != (trial.n_steps, N_RECEPTORS):
        raise ValueError(
            f"background must have shape ({trial.n_steps}, {N_RECEPTORS}), got "
            f"{background.shape}."
        )
    row = network.type_index[neuron]
    types = network.types.astype(np.float64)
    step = trial.spike_step[trial.spike_neuron == neuron]

    def psc(arriving):
        return _postsynaptic(arriving, types.tau_syn[row], trial.dt_ms)

    excitatory, inhibitory = _from_neurons(network, trial, neuron, max_delay)
    currents = {
        "from_lgn": psc(_from_lgn(network, trial, neuron)),
        "from_excitatory": psc(excitatory),
        "from_inhibitory": psc(inhibitory),
        "from_background": psc(background),
        "after_spike": _after_spike(step, trial, types.asc_amps[row], types.k[row]),
    }
    membrane = {name: float(getattr(types, name)[row]) for name in _MEMBRANE}
    total = sum(currents.values())
    potentials = {name: membrane[name] for name in ("V_th", "E_L", "V_reset")}
    return CellCurrents(
        neuron=int(neuron),
        voltage=_integrated(total, step, trial.dt_ms, **membrane),
        spike_step=step,
        **currents,
        **potentials,
    )


_MEMBRANE = ("V_th", "E_L", "V_reset", "C_m", "g")


def _from_lgn(network, trial, neuron):
    """Weighted activity of the LGN that arrives at the cell, (T, R), pA."""
    synapses = network.lgn.synapses
    mine = np.flatnonzero(synapses.post == neuron)
    sources, column = np.unique(synapses.pre[mine], return_inverse=True)
    activity = trial.inputs[:, sources]
    return _arriving(synapses.take(mine), column, activity, None)


def _from_neurons(network, trial, neuron, max_delay):
    """Weighted spikes of excitatory and of inhibitory neurons, (T, R) each, pA."""
    synapses = network.recurrent
    # Rounded with those of the whole column, whose longest one clips them.
    delays, _ = delay_steps(synapses.delay, max_delay, trial.dt_ms)
    of_cell = np.flatnonzero(synapses.post == neuron)
    is_excitatory = network.is_excitatory[synapses.pre[of_cell]]
    found = []
    for mine in (of_cell[is_excitatory], of_cell[~is_excitatory]):
        sources, column = np.unique(synapses.pre[mine], return_inverse=True)
        spikes = _spikes_of(trial, sources)
        found.append(_arriving(synapses.take(mine), column, spikes, delays[mine]))
    return found


def _spikes_of(trial, neurons):
    """Spikes of some neurons, (T, n), 0 or 1."""
    place = np.full(trial.n_neurons, -1)
    place[neurons] = np.arange(len(neurons))
    column = place[trial.spike_neuron]
    is_theirs = column >= 0
    spikes = np.zeros((trial.n_steps, len(neurons)))
    spikes[trial.spike_step[is_theirs], column[is_theirs]] = 1
    return spikes


def _arriving(synapses, column, activity, delays):
    """Weighted activity (T, sources) that arrives through synapses of one cell."""
    alone = synapses.replace(
        post=np.zeros_like(synapses.post), pre=column.astype(np.int32)
    )
    return arriving_currents(alone, activity, 1, range(len(activity)), delays)


def _postsynaptic(arriving, tau, dt):
    """Alpha-shaped currents, (T,), that arriving spikes (T, R) have caused before."""
    decay, initial = np.exp(-dt / tau), np.e / tau
    rise = psc = np.zeros(len(tau))
    found = np.empty(len(arriving))
    for step, arrived in enumerate(arriving):
        found[step] = psc.sum()
        rise, psc = decay * rise + initial * arrived, decay * (psc + dt * rise)
    return found


def _after_spike(spike_step, trial, amplitudes, rates):
    """Both after-spike currents; a spike changes them from the second step on."""
    elapsed = np.arange(trial.n_steps)[:, None] - spike_step - 2
    age = np.maximum(elapsed, 0)[..., None] * trial.dt_ms
    left = np.exp(-rates * age) * (elapsed >= 0)[..., None]  # (T, n_spikes, 2)
    return (left * amplitudes).sum(axis=(1, 2))


def _integrated(total, spike_step, dt, V_th, E_L, V_reset, C_m, g):
    decay = np.exp(-dt * g / C_m)
    fired_before = np.zeros(len(total) + 1)
    fired_before[spike_step + 1] = 1
    above, found = V_reset - E_L, np.empty(len(total))
    for step, current in enumerate(total):
        above = decay * above + (1 - decay) / g * current
        above += (V_reset - V_th) * fired_before[step]
        found[step] = E_L + above
    return found
