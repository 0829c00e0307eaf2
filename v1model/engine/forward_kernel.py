"""The time loop of the column, compiled for CPU with Numba.

Only the synapses of neurons that fired are visited. The additions into one target run
in the order of the published sparse product (by source), so the float32 sums round
alike and spikes agree bit for bit with the step-by-step loop. For the same reason
nothing here may be reordered or fused by the compiler.

Shapes: B trials, T steps, N neurons, K lanes of receptors (`engine/lanes.py`), D
delays, S synapses, P input channels. Everything is float32; see `engine/glif3.py` for
the equations and `engine/wiring.py` for the table.
"""

import numba
import numpy as np

from v1model.engine.denormals import flush_denormals, restore
from v1model.engine.kernel import kernel
from v1model.engine.membrane_kernels import add_psc, advance_exact, advance_published
from v1model.engine.vector_loops import decay_and_add, decay_with_source

TILE = 512  # neurons whose state stays in the first-level cache during a step


@kernel(parallel=True)
def in_order(values, order):
    """values[order], by all threads."""
    ordered = np.empty(len(order), values.dtype)
    for i in numba.prange(len(order)):
        ordered[i] = values[order[i]]
    return ordered


@kernel(parallel=True)
def simulate(x, channel, table, constants, exact, state, dt, n_parts, out):
    """Runs T steps.

    Args:
        x: Input currents, (B, T, P).
        channel: Position of the receptor that each input column reaches, (P,).
        table: First synapse of each part of each row of the event table, then targets,
            as positions of lanes, and weights in its order, (S,).
        constants: Constants, receptors by position of lanes.
        exact: ExactConstants, by position of lanes, or None: the published update.
        state: GLIF3State, receptors by position of lanes. All but the spike buffer is
            overwritten with the last state.
        dt: ms.
        n_parts: Pieces into which the neurons of a trial are cut, for the threads.
        out: Written: spikes (B, T, N), scaled voltages (B, T, N), and, by the published
            update, whether each neuron was refractory (B, T, N) uint8.
    """
    n_trials, n_steps, _ = x.shape
    n = constants.decay.shape[0]
    buffer = state.z_buffer
    n_delays = buffer.shape[1] // n
    received = np.zeros((n_trials, constants.syn_decay.shape[0]), np.float32)
    total = np.empty((n_trials, n), np.float32)
    # The spikes of step t are the sorted list in slot t % (D + 1), one per part.
    n_slots = n_delays + 1
    fired = np.empty((n_trials, n_parts, n_slots, n // n_parts + 1), np.int32)
    n_fired = np.zeros((n_trials, n_parts, n_slots), np.int64)
    for task in range(n_trials * n_parts):
        b, part = task // n_parts, task % n_parts
        low, high = part * n // n_parts, (part + 1) * n // n_parts
        for age in range(1, n_slots):
            z = buffer[b, (age - 1) * n + low : (age - 1) * n + high]
            slot = -age % n_slots
            n_fired[b, part, slot] = _list_spikes(z, low, fired[b, part, slot])

    # The parts of a trial wait for each other after every step; whole trials never do.
    stride = max(n_steps, 1) if n_parts == 1 else 1
    inputs = (x, channel)
    for begin in range(0, n_steps, stride):
        for task in numba.prange(n_trials * n_parts):
            b, part = task // n_parts, task % n_parts
            work = (fired[b], n_fired[b], received[b], total[b])
            flags = flush_denormals()
            for t in range(begin, begin + stride):
                _advance_part(
                    b, part, t, inputs, table, constants, exact, state, dt, work, out
                )
            restore(flags)


# Bodies of parallel loops are functions of their own: Numba tells LLVM that the arrays
# of a loop do not overlap, which is wrong for one that is named twice in its body.
@kernel()
def _advance_part(b, part, t, inputs, table, constants, exact, state, dt, work, out):
    """One step of one part of the neurons of a trial."""
    x, channel = inputs
    fired, n_fired, received, total = work
    spikes = out[0]
    n = len(total)
    n_parts, n_slots = n_fired.shape
    low, high = part * n // n_parts, (part + 1) * n // n_parts
    _deliver(fired, n_fired, part, t, table, received, n)
    _add_inputs(x[b, t], channel, received, n, low, high)
    slot = (t - 1) % n_slots
    before = fired[part, slot, : n_fired[part, slot]]
    begin = 0
    for first in range(low, high, TILE):
        last = min(first + TILE, high)
        end = begin
        while end < len(before) and before[end] < last:
            end += 1
        tile = before[begin:end]
        begin = end
        _advance_currents(state, constants, exact, received, total, b, first, last, dt)
        if exact is None:
            advance_published(state, constants, total, tile, out, b, t, first, last, dt)
        else:
            advance_exact(
                state, constants, exact, total, tile, out, b, t, first, last, dt
            )
    slot = t % n_slots
    found = fired[part, slot]
    n_fired[part, slot] = _list_spikes(spikes[b, t, low:high], low, found)


@kernel()
def _list_spikes(z, first, found):
    """Writes the neurons that fired, in order; returns their number."""
    count = 0
    for i in range(len(z)):
        if z[i] > 0:
            found[count] = first + i
            count += 1
    return count


@kernel()
def _deliver(fired, n_fired, part, t, table, received, n):
    """Adds the weights of all spikes that arrive at step t at the neurons of a part.

    The lists of the last D steps are merged by source, so that every sum runs in
    canonical order.
    """
    start, target, weight = table
    n_parts, n_slots, _ = fired.shape
    n_delays = n_slots - 1
    cursor = np.empty(n_slots, np.int64)
    for origin in range(n_parts):
        cursor[:] = 0
        while True:
            source = n
            for slot in range(n_slots):
                if slot != t % n_slots and cursor[slot] < n_fired[origin, slot]:
                    source = min(source, fired[origin, slot, cursor[slot]])
            if source == n:
                break
            for delay in range(1, n_slots):
                slot = (t - delay) % n_slots
                at = cursor[slot]
                if at == n_fired[origin, slot] or fired[origin, slot, at] != source:
                    continue
                cursor[slot] = at + 1
                row = (source * n_delays + delay - 1) * n_parts + part
                first, last = start[row], start[row + 1]
                for k in range(first, last):
                    received[target[k]] += weight[k]


@kernel()
def first_from(target, first, last, n, neuron):
    """First synapse of a row whose target neuron is not below `neuron`."""
    while first < last:
        middle = (first + last) // 2
        if target[middle] % n < neuron:
            first = middle + 1
        else:
            last = middle
    return first


@kernel()
def _add_inputs(x, channel, received, n, low, high):
    # Channels are sorted by neuron.
    first = first_from(channel, 0, len(channel), n, low)
    last = first_from(channel, first, len(channel), n, high)
    for p in range(first, last):
        received[channel[p]] += x[p]


@kernel()
def _advance_currents(state, constants, exact, received, total, b, first, last, dt):
    """Sums what currents do to the voltage into `total`, advances them, by lane."""
    syn_decay, initial = constants.syn_decay, constants.initial
    total[first:last] = 0
    for lane_start in range(0, len(syn_decay), len(total)):
        here = slice(lane_start + first, lane_start + last)
        rise, psc = state.psc_rise[b, here], state.psc[b, here]
        add_psc(exact, rise, psc, here, total[first:last])
        decay_with_source(psc, syn_decay[here], rise, dt)
        decay_and_add(rise, syn_decay[here], received[here], initial[here])
        received[here] = 0
