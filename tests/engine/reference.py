"""The column in double precision, as plain loops, in mV and pA.

Written from the equations of Chen, Scherr & Maass (2022) and nothing else: no scaled
voltages, no sparse matrices, no event tables, no shared code.
"""

import math

import numpy as np


def simulate(network, x, max_delay=5, dt=1.0):
    """Runs one trial from rest at V_reset.

    Args:
        network: Network.
        x: Input currents over V_th - E_L of the target, (T, N, R).
        max_delay: ms.
        dt: ms.

    Returns:
        Spikes (T, N) of 0 and 1, voltages (T, N) in mV.
    """
    n_steps, n, n_receptors = x.shape
    cells = [_cell(network.types, k, dt) for k in network.type_index]
    outgoing, longest = _outgoing(network, max_delay, dt)
    arriving = np.zeros((n_steps + longest + 1, n, n_receptors))
    voltage = [cell["V_reset"] for cell in cells]
    rest = [0.0] * n
    asc = [[0.0, 0.0] for _ in range(n)]
    rise = [[0.0] * n_receptors for _ in range(n)]
    psc = [[0.0] * n_receptors for _ in range(n)]
    spiked = [False] * n
    spikes = np.zeros((n_steps, n))
    voltages = np.zeros((n_steps, n))
    for t in range(n_steps):
        for i, cell in enumerate(cells):
            current = sum(psc[i]) + asc[i][0] + asc[i][1]
            for r in range(n_receptors):
                decay = cell["syn_decay"][r]
                incoming = arriving[t, i, r] + float(x[t, i, r]) * cell["range"]
                psc[i][r] = decay * psc[i][r] + dt * decay * rise[i][r]
                rise[i][r] = decay * rise[i][r] + incoming * cell["peak"][r]
            for j in range(2):
                asc[i][j] = cell["asc_decay"][j] * asc[i][j]
            relaxed = cell["decay"] * (voltage[i] - cell["E_L"])
            voltage[i] = cell["E_L"] + relaxed + current * cell["resistance"]
            if spiked[i]:
                voltage[i] += cell["V_reset"] - cell["V_th"]
                rest[i] += cell["t_ref"]
                for j in range(2):
                    asc[i][j] += cell["asc_amps"][j]
            rest[i] = max(rest[i] - dt, 0.0)
            spiked[i] = voltage[i] > cell["V_th"] and not rest[i] > 0
        for i in range(n):
            voltages[t, i] = voltage[i]
            if spiked[i]:
                spikes[t, i] = 1
                for target, receptor, weight, delay in outgoing[i]:
                    arriving[t + delay, target, receptor] += weight
    return spikes, voltages


def _cell(types, k, dt):
    """Constants of one cell of type k."""
    leak = math.exp(-dt * float(types.g[k]) / float(types.C_m[k]))
    cell = {
        name: float(getattr(types, name)[k])
        for name in ("V_th", "E_L", "V_reset", "t_ref")
    }
    return {
        **cell,
        "range": cell["V_th"] - cell["E_L"],
        "decay": leak,
        "resistance": (1 - leak) / float(types.g[k]),
        "asc_decay": [math.exp(-dt * float(rate)) for rate in types.k[k]],
        "asc_amps": [float(jump) for jump in types.asc_amps[k]],
        "syn_decay": [math.exp(-dt / float(tau)) for tau in types.tau_syn[k]],
        "peak": [math.e / float(tau) for tau in types.tau_syn[k]],
    }


def _outgoing(network, max_delay, dt):
    """Targets of each neuron, and the longest delay in steps.

    A spike of step t enters the postsynaptic current of step t + delay.
    """
    synapses = network.recurrent
    outgoing = [[] for _ in range(network.n_neurons)]
    latest = max((float(delay) for delay in synapses.delay), default=dt)
    longest = round(min(latest, max_delay))  # Python rounds half to even
    for k in range(len(synapses)):
        delay = min(max(float(synapses.delay[k]), dt), longest)
        outgoing[synapses.pre[k]].append(
            (
                int(synapses.post[k]),
                int(synapses.receptor[k]),
                float(synapses.weight[k]),
                round(delay / dt),
            )
        )
    return outgoing, max(round(longest / dt), 1)
