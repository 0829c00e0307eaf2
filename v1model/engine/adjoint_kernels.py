"""The adjoint of the column's time loop, compiled for CPU with Numba.

A spike of step s is first felt by a voltage of step s + 3 (delay, rise, current). The
adjoints of BLOCK = 3 steps therefore follow from voltage adjoints that are already
known, with a single pass over the synapses for three steps and all trials. That pass
is bound by the memory traffic of reading the weights; it is exact.

Steps before 0 stand for the initial state, steps from T on are zero. Names ending in
`_b` are adjoints: the derivative of the loss by that quantity.
"""

import numba
import numpy as np

BLOCK = 3
N_TASKS = 64  # pieces of work for the threads; rows differ in length


@numba.njit(parallel=True, nogil=True, cache=True)
def block_slopes(newest, voltages, refractory, width, height, tolerance, slopes):
    """Surrogate derivatives of the block's spikes; returns which rows need the pass.

    Args:
        newest: Newest step of the block.
        voltages, refractory: Of the forward run, (B, T, N).
        tolerance: Derivatives below it count as zero.
        slopes: Written, (N, BLOCK * B), oldest step first.
    """
    n_trials, n_steps, n = voltages.shape
    active = np.empty(n, np.bool_)
    for i in numba.prange(n):
        needed = False
        for j in range(BLOCK):
            step = newest - j
            for b in range(n_trials):
                slope = np.float32(0)
                if 0 <= step < n_steps and refractory[b, step, i] == 0:
                    x = (voltages[b, step, i] - np.float32(1)) / width
                    slope = height * np.exp(-x * x)
                    if slope < tolerance:
                        slope = np.float32(0)
                slopes[i, (BLOCK - 1 - j) * n_trials + b] = slope
                # Spikes before step 0 belong to the initial state: always needed.
                needed |= slope != 0 or step < 0
        active[i] = needed
    return active


@numba.njit(parallel=True, nogil=True, cache=True)
def advance_currents(newest, n_steps, window, v_b, rise_b, psc_b, up, constants, x_b):
    """Adjoint currents of steps newest - 1 to newest + 1, pushed into the window.

    Args:
        window: Adjoint currents, (N * R, (D + 2) * B); column i * B + b holds step
            newest - 1 + i of trial b.
        v_b: Voltage adjoints of the block above, newest step first, (BLOCK, B, N).
        rise_b, psc_b: Updated in place, (B, N * R).
        up: Upstream gradients of the last state's rise and psc, (B, N * R).
        constants: current_factor (N,), syn_decay, psc_initial (N * R,), dt.
        x_b: Written: gradient of the input currents, (B, T, N * R).
    """
    factor, syn_decay, initial, dt = constants
    n_trials, n = v_b.shape[1:]
    n_targets = window.shape[0]
    n_receptors = n_targets // n
    shift = BLOCK * n_trials
    for s in numba.prange(n_targets):
        i = s // n_receptors
        for lane in range(window.shape[1] - 1, shift - 1, -1):
            window[s, lane] = window[s, lane - shift]
        for b in range(n_trials):
            rise = rise_b[b, s]
            psc = psc_b[b, s]
            for j in range(BLOCK):
                step = newest + 1 - j
                if step < -2:
                    window[s, (BLOCK - 1 - j) * n_trials + b] = 0
                    continue
                psc = syn_decay[s] * psc + factor[i] * v_b[j, b, i]
                if step == n_steps - 2:
                    psc += up[1][b, s]
                # The rise before step 0 is the initial state's: no further decay.
                if step >= -1:
                    rise = syn_decay[s] * rise + dt * syn_decay[s] * psc
                if step == n_steps - 1:
                    rise += up[0][b, s]
                current = np.float32(0)
                if 0 <= step < n_steps:
                    current = initial[s] * rise
                    x_b[b, step, s] = current
                window[s, (BLOCK - 1 - j) * n_trials + b] = current
            rise_b[b, s] = rise
            psc_b[b, s] = psc


@numba.njit(parallel=True, nogil=True, cache=True)
def pass_over_synapses(window, weight, start, target, active, spiked, worth, weight_b):
    """What each spike of the block is worth, and the weights' gradient.

    Args:
        window: See `advance_currents`.
        weight, start, target: The event table and its weights.
        active: Rows whose `worth` is needed, (N,) bool.
        spiked: Spikes of the block, oldest step first, (N, BLOCK * B).
        worth: Written where active, (N, BLOCK * B).
        weight_b: Added to, in table order, (S,).
    """
    n, lanes = worth.shape
    n_trials = lanes // BLOCK
    n_delays = (start.shape[0] - 1) // n
    for task in numba.prange(N_TASKS):
        total = np.empty(lanes, np.float32)
        for i in range(task * n // N_TASKS, (task + 1) * n // N_TASKS):
            for lane in range(lanes):
                if spiked[i, lane] != 0:
                    for delay in range(n_delays):
                        row = i * n_delays + delay
                        at = delay * n_trials + lane
                        for k in range(start[row], start[row + 1]):
                            weight_b[k] += spiked[i, lane] * window[target[k], at]
            if not active[i]:
                continue
            if lanes == BLOCK:
                old, mid, new = np.float32(0), np.float32(0), np.float32(0)
                for delay in range(n_delays):
                    row = i * n_delays + delay
                    for k in range(start[row], start[row + 1]):
                        w = weight[k]
                        currents = window[target[k]]
                        old += w * currents[delay]
                        mid += w * currents[delay + 1]
                        new += w * currents[delay + 2]
                worth[i, 0], worth[i, 1], worth[i, 2] = old, mid, new
            else:
                total[:] = 0
                for delay in range(n_delays):
                    row = i * n_delays + delay
                    first = delay * n_trials
                    for k in range(start[row], start[row + 1]):
                        w = weight[k]
                        currents = window[target[k], first : first + lanes]
                        for lane in range(lanes):
                            total[lane] += w * currents[lane]
                worth[i] = total


@numba.njit(parallel=True, nogil=True, cache=True)
def advance_neurons(newest, n_steps, v_b, asc_b, slopes, worth, up, constants):
    """Adjoints of voltage and after-spike currents over the block, in place.

    Args:
        v_b: Of the block above on entry, of this block on return, newest step first,
            (BLOCK, B, N).
        asc_b: Of the two after-spike currents, (2, B, N).
        slopes, worth: (N, BLOCK * B), oldest step first.
        up: Upstream gradients: spikes and voltages (B, T, N), and of the last state
            its buffer (B, D * N), v, asc_1 and asc_2 (B, N).
        constants: decay, current_factor, reset (N,), asc_decay, asc_amps (2, N).
    """
    decay, factor, reset, asc_decay, asc_amps = constants
    spikes_up, voltages_up, buffer_up, v_up, asc_1_up, asc_2_up = up
    n_trials, n = v_b.shape[1:]
    n_delays = buffer_up.shape[1] // n
    for i in numba.prange(n):
        for b in range(n_trials):
            v = v_b[BLOCK - 1, b, i]
            asc_1 = asc_b[0, b, i]
            asc_2 = asc_b[1, b, i]
            for j in range(BLOCK):
                step = newest - j
                if step >= n_steps:
                    v_b[j, b, i] = 0
                    continue
                lane = (BLOCK - 1 - j) * n_trials + b
                spike = worth[i, lane] if slopes[i, lane] != 0 else np.float32(0)
                spike += spikes_up[b, step, i] + reset[i] * v
                spike += asc_amps[0, i] * asc_1 + asc_amps[1, i] * asc_2
                asc_1 = asc_decay[0, i] * asc_1 + factor[i] * v
                asc_2 = asc_decay[1, i] * asc_2 + factor[i] * v
                v = decay[i] * v + voltages_up[b, step, i]
                age = n_steps - 1 - step
                if age < n_delays:
                    spike += buffer_up[b, age * n + i]
                if age == 0:
                    asc_1 += asc_1_up[b, i]
                    asc_2 += asc_2_up[b, i]
                    v += v_up[b, i]
                v += spike * slopes[i, lane]
                v_b[j, b, i] = v
            asc_b[0, b, i] = asc_1
            asc_b[1, b, i] = asc_2
