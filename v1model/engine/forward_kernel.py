"""The time loop of the column, compiled for CPU with Numba.

Only the synapses of neurons that fired are visited. The additions into one target run
in the order of the published sparse product (by source), so the float32 sums round
alike and spikes agree bit for bit with the step-by-step loop.

Shapes: B trials, T steps, N neurons, R receptors, D delays, S synapses. Everything is
float32; see `engine/glif3.py` for the equations and `engine/wiring.py` for the table.
"""

import numba
import numpy as np


@numba.njit(parallel=True, nogil=True, cache=True)
def simulate(x, weight, start, target, parameters, state, dt):
    """Runs T steps.

    Args:
        x: Input currents, (B, T, N * R).
        weight: Weights in the order of the event table, (S,).
        start, target: The event table.
        parameters: decay, current_factor, reset (= V_reset - 1), t_ref (N,);
            asc_decay, asc_amps (2, N); syn_decay, psc_initial (N * R,).
        state: The seven arrays of GLIF3State; not changed.
        dt: ms.

    Returns:
        Spikes (B, T, N), scaled voltages (B, T, N), whether each neuron was refractory
        (B, T, N) uint8, and the seven arrays of the last state.
    """
    decay, factor, reset, t_ref, asc_decay, asc_amps, syn_decay, initial = parameters
    n_trials, n_steps, n_targets = x.shape
    n = decay.shape[0]
    n_receptors = n_targets // n
    n_delays = state[0].shape[1] // n
    spikes = np.zeros((n_trials, n_steps, n), np.float32)
    voltages = np.empty((n_trials, n_steps, n), np.float32)
    refractory = np.empty((n_trials, n_steps, n), np.uint8)
    buffer = np.zeros((n_trials, n_delays * n), np.float32)
    v, r = state[1].copy(), state[2].copy()
    asc_1, asc_2 = state[3].copy(), state[4].copy()
    rise, psc = state[5].copy(), state[6].copy()
    zero = np.float32(0)
    one = np.float32(1)

    for b in numba.prange(n_trials):
        received = np.zeros(n_targets, np.float32)
        # The spikes of the last D steps as sorted lists, newest in slot `newest`.
        fired = np.empty((n_delays, n), np.int32)
        n_fired = np.zeros(n_delays, np.int64)
        cursor = np.empty(n_delays, np.int64)
        for slot in range(n_delays):
            for i in range(n):
                if state[0][b, slot * n + i] > 0:
                    fired[slot, n_fired[slot]] = i
                    n_fired[slot] += 1
        newest = 0

        for t in range(n_steps):
            # Merge the lists by source, so that every sum runs in canonical order.
            cursor[:] = 0
            while True:
                source = n
                for slot in range(n_delays):
                    if cursor[slot] < n_fired[slot]:
                        source = min(source, fired[slot, cursor[slot]])
                if source == n:
                    break
                for delay in range(n_delays):
                    slot = (newest + delay) % n_delays
                    at = cursor[slot]
                    if at < n_fired[slot] and fired[slot, at] == source:
                        cursor[slot] = at + 1
                        row = source * n_delays + delay
                        for k in range(start[row], start[row + 1]):
                            received[target[k]] += weight[k]

            previous = newest
            oldest = (newest + n_delays - 1) % n_delays
            # z of the last step, as a cursor into its sorted list of spikes.
            at = 0
            last = n_fired[previous]
            count = 0
            next_list = np.empty(n, np.int32) if n_delays == 1 else fired[oldest]
            for i in range(n):
                spiked = at < last and fired[previous, at] == i
                if spiked:
                    at += 1
                total = zero
                for s in range(i * n_receptors, (i + 1) * n_receptors):
                    old_psc = psc[b, s]
                    old_rise = rise[b, s]
                    total += old_psc
                    psc[b, s] = old_psc * syn_decay[s] + dt * syn_decay[s] * old_rise
                    rise[b, s] = (
                        syn_decay[s] * old_rise
                        + (received[s] + x[b, t, s]) * initial[s]
                    )
                    received[s] = zero
                total = total + asc_1[b, i] + asc_2[b, i]
                voltage = decay[i] * v[b, i] + factor[i] * total
                rest = r[b, i]
                asc_1[b, i] = asc_decay[0, i] * asc_1[b, i]
                asc_2[b, i] = asc_decay[1, i] * asc_2[b, i]
                if spiked:
                    voltage += reset[i]
                    rest += t_ref[i]
                    asc_1[b, i] += asc_amps[0, i]
                    asc_2[b, i] += asc_amps[1, i]
                rest = max(rest - dt, zero)
                v[b, i] = voltage
                r[b, i] = rest
                voltages[b, t, i] = voltage
                refractory[b, t, i] = rest > 0
                if voltage - one > 0 and rest <= 0:
                    spikes[b, t, i] = one
                    next_list[count] = i
                    count += 1
            if n_delays == 1:
                fired[0, :count] = next_list[:count]
            newest = oldest
            n_fired[newest] = count

        for delay in range(n_delays):
            slot = (newest + delay) % n_delays
            for k in range(n_fired[slot]):
                buffer[b, delay * n + fired[slot, k]] = one
    return (
        spikes,
        voltages,
        refractory,
        (buffer, v, r, asc_1, asc_2, rise, psc),
    )
