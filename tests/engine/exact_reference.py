"""NEST's `glif_psc` in double precision with NumPy, in mV and pA.

Written from the published description of NEST's update: the reset happens within the
step of the spike, a counter runs down through the refractory period. No scaled
voltages, no spike buffer, no shared code.
"""

import math

import numpy as np


def simulate(network, arriving, delays, dt=1.0):
    """Runs one trial from rest at V_reset.

    Args:
        network: Network.
        arriving: Weighted input spikes of each step, (T, N, R), pA.
        delays: Delay of each recurrent synapse, (S,), whole steps.
        dt: ms.

    Returns:
        Spikes (T, N) bool and voltages (T, N) in mV: V_reset at a spike.
    """
    n_steps, n, n_receptors = arriving.shape
    cell = _constants(network, dt)
    synapses = network.recurrent
    waiting = np.zeros((n_steps + int(delays.max(initial=0)) + 1, n, n_receptors))
    waiting[:n_steps] = arriving
    u = cell["reset"].copy()
    asc = np.zeros((n, 2))
    countdown = np.zeros(n, int)
    slope, current = np.zeros((2, n, n_receptors))
    spikes = np.zeros((n_steps, n), bool)
    voltages = np.zeros((n_steps, n))
    for t in range(n_steps):
        free = countdown == 0
        synaptic = (cell["p31"] * slope + cell["p32"] * current).sum(1)
        mean_asc = (cell["asc_mean"] * asc).sum(1)
        moved = cell["p33"] * u + cell["p30"] * mean_asc + synaptic
        asc = np.where(free[:, None], cell["asc_decay"] * asc, asc)
        fires = free & (moved > cell["threshold"])
        u = np.where(fires, cell["reset"], np.where(free, moved, u))
        after = cell["asc_amps"] + cell["asc_rest"] * asc
        asc = np.where(fires[:, None], after, asc)
        countdown = np.where(fires, cell["n_refractory"], np.maximum(countdown - 1, 0))
        current = cell["p11"] * (current + dt * slope)
        slope = cell["p11"] * slope + cell["peak"] * waiting[t]
        spikes[t], voltages[t] = fires, u + cell["E_L"]
        active = np.flatnonzero(fires[synapses.pre])
        place = (t + delays[active], synapses.post[active], synapses.receptor[active])
        np.add.at(waiting, place, synapses.weight[active].astype(float))
    return spikes, voltages


def _constants(network, dt):
    """Constants of every neuron, (N,), (N, 2) or (N, R)."""
    types = network.types.astype(np.float64)
    tau = types.C_m / types.g
    decay = np.exp(-dt / tau)
    p31, p32 = np.transpose(
        [
            [_gains(tau_syn, tau[m], types.C_m[m], dt) for tau_syn in types.tau_syn[m]]
            for m in range(len(types))
        ],
        (2, 0, 1),
    )
    per_type = {
        "E_L": types.E_L,
        "threshold": types.V_th - types.E_L,
        "reset": types.V_reset - types.E_L,
        "p33": decay,
        "p30": tau / types.C_m * (1 - decay),
        "p31": p31,
        "p32": p32,
        "p11": np.exp(-dt / types.tau_syn),
        "peak": math.e / types.tau_syn,
        "asc_amps": types.asc_amps,
        "asc_decay": np.exp(-dt * types.k),
        "asc_mean": (1 - np.exp(-dt * types.k)) / (types.k * dt),
        "asc_rest": np.exp(-types.k * types.t_ref[:, None]),
        "n_refractory": np.ceil(np.round(types.t_ref, 3) / dt).astype(int),
    }
    return {name: column[network.type_index] for name, column in per_type.items()}


def _gains(tau_syn, tau, capacity, dt):
    """Voltage after dt from a unit slope and a unit current, by quadrature."""
    node, weight = np.polynomial.legendre.leggauss(20)
    s = dt * (node + 1) / 2
    reach = np.exp(-(dt - s) / tau - s / tau_syn) / capacity * weight * dt / 2
    return (reach * s).sum(), reach.sum()
