"""The adjoint of the column's time loop, compiled for CPU with Numba.

A spike of step s is first felt by a voltage of step s + 3 (delay, rise, current). The
adjoints of BLOCK = 3 steps therefore follow from voltage adjoints that are already
known, with a single pass over the synapses for three steps and several trials. That
pass is bound by reading the synapses; it is exact.

Steps before 0 stand for the initial state, steps from T on are zero. Names ending in
`_b` are adjoints: the derivative of the loss by that quantity. Shapes: G trials, T
steps, N neurons, R receptors, D delays, S synapses, L lanes (BLOCK * G, rounded up);
receptors are at positions r * N + i.
"""

import numba
import numpy as np

from v1model.engine.adjoint_state import BLOCK
from v1model.engine.denormals import flush_denormals, restore
from v1model.engine.forward_kernel import TILE, first_from
from v1model.engine.kernel import kernel
from v1model.engine.row_sums import add_row
from v1model.engine.vector_loops import (
    add,
    add_product,
    copy,
    decay_and_add,
    decay_with_source,
    gaussian_slopes,
)

N_TASKS = 64  # pieces of work for the threads; rows differ in length


@kernel()
def run_backwards(
    run,
    up,
    constants,
    table,
    weight,
    surrogate,
    dt,
    lanes,
    channel,
    a,
    x_b,
    weight_b,
):
    """All blocks, from the last step to the spikes of the initial state.

    Args:
        run, up: Run, Upstream.
        constants: Constants.
        table: AdjointTable; receptors are positions.
        weight: Weights in the order of the table, (S,).
        surrogate: Width, height, tolerance.
        dt: ms.
        lanes: A tuple of L numbers.
        channel: Position of each input column's receptor, (P,).
        a: Adjoints, zero on entry.
        x_b: Written: gradient of the input currents, (G, T, P).
        weight_b: Added to: gradient of the weights in table order, (S,).

    Returns:
        Gradient of the initial spike buffer, (G, D * N).
    """
    n_trials, n_steps, n = run.spikes.shape
    n_delays = run.buffer.shape[1] // n
    buffer_b = np.zeros_like(run.buffer)
    up_now = (up.spikes, up.voltages)
    newest = -(-n_steps // BLOCK) * BLOCK - 1
    while newest >= -n_delays:
        advance_tiles(
            newest,
            run,
            up_now,
            up.state,
            constants,
            table,
            surrogate,
            dt,
            channel,
            a,
            x_b,
        )
        pass_over_synapses(table, weight, n_trials, lanes, a, weight_b)
        if newest < 0:
            _store_buffer_adjoint(newest, n, n_trials, a.worth, buffer_b)
        newest -= BLOCK
    return buffer_b


# Bodies of parallel loops are functions of their own: Numba tells LLVM that the arrays
# of a loop do not overlap, which is wrong for one that is named twice in its body.


@kernel(parallel=True)
def advance_tiles(
    newest,
    run,
    up,
    state_up,
    constants,
    table,
    surrogate,
    dt,
    channel,
    a,
    x_b,
):
    """All that concerns single neurons, between two passes over the synapses.

    Voltage adjoints of the block above follow from the last pass, adjoint currents of
    this block from them; the next pass needs these and the block's slopes and spikes.
    """
    n = a.v.shape[2]
    for tile in numba.prange((n + TILE - 1) // TILE):
        n_trials, n_steps, _ = run.spikes.shape
        n_delays = run.buffer.shape[1] // n
        flags = flush_denormals()
        for b in range(n_trials):
            if newest + BLOCK >= 0 and newest < n_steps - 1:
                _advance_neurons_of(
                    b, tile, newest + BLOCK, up, state_up, constants, n_delays, a
                )
            _advance_currents_of(
                b, tile, newest, n_steps, state_up, constants, dt, channel, a, x_b
            )
        _fill_window_of(tile, table, n_delays, a)
        _slopes_and_spikes_of(tile, newest, run, surrogate, a)
        restore(flags)


@kernel()
def _advance_currents_of(
    b, tile, newest, n_steps, state_up, constants, dt, channel, a, x_b
):
    """Adjoint currents of steps newest - 1 to newest + 1, for all receptors."""
    n = a.v.shape[2]
    first = tile * TILE
    last = min(first + TILE, n)
    factor = constants.factor[first:last]
    for lane_start in range(0, a.psc.shape[1], n):
        here = slice(lane_start + first, lane_start + last)
        decay, initial = constants.syn_decay[here], constants.initial[here]
        rise, psc = a.rise[b, here], a.psc[b, here]
        for j in range(BLOCK):
            step = newest + 1 - j
            current = a.current[BLOCK - 1 - j, b, here]
            current[:] = 0
            if step < -2:
                continue
            decay_and_add(psc, decay, a.v[j, b, first:last], factor)
            if step == n_steps - 2:
                add(state_up.psc[b, here], psc)
            # The rise before step 0 is the initial state's: no further decay.
            if step >= -1:
                decay_with_source(rise, decay, psc, dt)
            if step == n_steps - 1:
                add(state_up.psc_rise[b, here], rise)
            if 0 <= step < n_steps:
                add_product(initial, rise, current)
    begin = first_from(channel, 0, len(channel), n, first)
    end = first_from(channel, begin, len(channel), n, last)
    for j in range(BLOCK):
        step = newest - 1 + j
        if 0 <= step < n_steps:
            for p in range(begin, end):
                x_b[b, step, p] = a.current[j, b, channel[p]]


@kernel()
def _fill_window_of(tile, table, n_delays, a):
    """Moves the window by BLOCK steps and writes the block's currents into it."""
    n = a.v.shape[2]
    for lane_start in range(0, a.psc.shape[1], n):
        tile_start = lane_start + tile * TILE
        tile_end = min(tile_start + TILE, lane_start + n)
        first = _first_not_below(table.receptor, tile_start)
        last = _first_not_below(table.receptor, tile_end)
        for row in range(first, last):
            _fill_row(row, table, n_delays, a)


@kernel()
def _first_not_below(values, limit):
    # np.searchsorted does the same, and takes Numba three seconds to compile.
    first, last = 0, len(values)
    while first < last:
        middle = (first + last) // 2
        if values[middle] < limit:
            first = middle + 1
        else:
            last = middle
    return first


@kernel()
def _fill_row(row, table, n_delays, a):
    n_trials = a.v.shape[1]
    shift = BLOCK * n_trials
    first = row * table.width * n_trials
    for at in range(first + (n_delays + 2) * n_trials - 1, first + shift - 1, -1):
        a.window[at] = a.window[at - shift]
    receptor = table.receptor[row]
    for j in range(BLOCK):
        for b in range(n_trials):
            a.window[first + j * n_trials + b] = a.current[j, b, receptor]


@kernel()
def _slopes_and_spikes_of(tile, newest, run, surrogate, a):
    """Surrogate derivatives and spikes of the block."""
    n_trials, n_steps, n = run.spikes.shape
    n_delays = run.buffer.shape[1] // n
    first = tile * TILE
    last = min(first + TILE, n)
    # Spikes before step 0 belong to the initial state: always needed.
    a.is_active[first:last] = newest - BLOCK + 1 < 0
    a.has_spiked[first:last] = 0
    for j in range(BLOCK):
        step = newest - BLOCK + 1 + j
        for b in range(n_trials):
            slope = a.slopes[j, b, first:last]
            lane = j * n_trials + b
            slope[:] = 0
            if 0 <= step < n_steps:
                v = run.voltages[b, step, first:last]
                rest = run.refractory[b, step, first:last]
                gaussian_slopes(v, rest, surrogate, slope)
                for i in range(last - first):
                    a.is_active[first + i] |= slope[i] != 0
                _mark_spikes(run.spikes[b, step], first, last, lane, a)
            elif -n_delays <= step < 0:
                z = run.buffer[b, (-step - 1) * n : -step * n]
                _mark_spikes(z, first, last, lane, a)


@kernel()
def _mark_spikes(z, first, last, lane, a):
    for i in range(first, last):
        if z[i] > 0:
            a.spiked[i, lane] = 1
            a.has_spiked[i] = 1


@kernel(parallel=True)
def pass_over_synapses(table, weight, n_trials, lanes, a, weight_b):
    """What each spike of the block is worth, and the weights' gradient."""
    n = len(a.is_active)
    for task in numba.prange(N_TASKS):
        low, high = task * n // N_TASKS, (task + 1) * n // N_TASKS
        flags = flush_denormals()
        _pass_over_rows(low, high, table, weight, n_trials, lanes, a, weight_b)
        restore(flags)


@kernel()
def _pass_over_rows(low, high, table, weight, n_trials, lanes, a, weight_b):
    n = len(a.is_active)
    n_lanes = len(lanes)
    n_blocks = (len(table.start) - 1) // n
    block_length = table.block * table.width * n_trials
    a.worth[low * n_lanes : high * n_lanes] = 0
    for block in range(n_blocks):
        window = a.window[block * block_length :]
        for i in range(low, high):
            first, last = table.start[block * n + i], table.start[block * n + i + 1]
            if a.has_spiked[i]:
                row, gradient = table.index[first:last], weight_b[first:last]
                _add_currents(row, window, n_trials, a.spiked[i], gradient)
            if a.is_active[i]:
                at = i * n_lanes
                add_row(
                    a.worth,
                    at,
                    weight,
                    table.index,
                    first,
                    last,
                    window,
                    n_trials,
                    lanes,
                )
    for i in range(low, high):
        if a.has_spiked[i]:
            a.spiked[i] = 0


@kernel()
def _add_currents(row, window, n_trials, spiked, gradient):
    """Adds to each weight of a row the currents at which its spikes arrive."""
    for lane in range(len(spiked)):
        if spiked[lane]:
            for k in range(len(row)):
                gradient[k] += window[np.int64(row[k]) * n_trials + lane]


@kernel()
def _advance_neurons_of(b, tile, newest, up, state_up, constants, n_delays, a):
    """Adjoints of voltage and after-spike currents over the block below `newest`."""
    spikes_up, voltages_up = up
    n_trials, n_steps, n = spikes_up.shape
    n_lanes = len(a.worth) // n
    first = tile * TILE
    last = min(first + TILE, n)
    here = slice(first, last)
    c = constants
    asc_1, asc_2 = a.asc[0, b, here], a.asc[1, b, here]
    spike = np.empty(last - first, np.float32)
    for j in range(BLOCK):
        step = newest - j
        v = a.v[j, b, here]
        if step >= n_steps:
            v[:] = 0
            continue
        later = a.v[j - 1, b, here]  # of step + 1; for j = 0, of the block above
        lane = (BLOCK - 1 - j) * n_trials + b
        for i in range(last - first):
            spike[i] = a.worth[(first + i) * n_lanes + lane]
        add(spikes_up[b, step, here], spike)
        add_product(c.reset[here], later, spike)
        add_product(c.asc_amps[0, here], asc_1, spike)
        add_product(c.asc_amps[1, here], asc_2, spike)
        decay_and_add(asc_1, c.asc_decay[0, here], c.factor[here], later)
        decay_and_add(asc_2, c.asc_decay[1, here], c.factor[here], later)
        copy(voltages_up[b, step, here], v)
        add_product(c.decay[here], later, v)
        age = n_steps - 1 - step
        if age < n_delays:
            add(state_up.z_buffer[b, age * n + first : age * n + last], spike)
        if age == 0:
            add(state_up.asc_1[b, here], asc_1)
            add(state_up.asc_2[b, here], asc_2)
            add(state_up.v[b, here], v)
        add_product(a.slopes[BLOCK - 1 - j, b, here], spike, v)


@kernel()
def _store_buffer_adjoint(newest, n, n_trials, worth, buffer_b):
    """Writes what the spikes before step 0 are worth into the buffer's gradient."""
    n_lanes = len(worth) // n
    n_delays = buffer_b.shape[1] // n
    for j in range(BLOCK):
        step = newest - BLOCK + 1 + j
        if -n_delays <= step < 0:
            for b in range(n_trials):
                for i in range(n):
                    at = i * n_lanes + j * n_trials + b
                    buffer_b[b, (-step - 1) * n + i] = worth[at]
