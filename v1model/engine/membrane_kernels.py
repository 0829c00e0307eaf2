"""One step of the neurons of a tile: published update and exact integration.

The equations are those of `glif3.py` and `exact.py`, term by term in the same order: so
float32 rounds alike, and spikes agree bit for bit with the step-by-step loop. What a
spike does to its own neuron is done for the few that fired; for all others it would
add zero.

Receptors are kept in lanes (`lanes.py`), state and constants by neuron. B trials, T
steps, N neurons, K lanes.
"""

from typing import NamedTuple

import numpy as np

from v1model.engine.kernel import kernel
from v1model.engine.vector_loops import (
    add,
    add_weighed,
    copy,
    count_down,
    decay_and_add,
    fire,
    fire_free,
    integrate_free,
    scale,
    scale_free,
    weigh,
)

_HALF = np.float32(0.5)


class ExactConstants(NamedTuple):
    """What ExactParameters has beyond the published constants, float32, contiguous.

    v_reset: (N,).  asc_mean, asc_rest_decay: (2, N).
    rise_factor, psc_factor: (K * N,).
    """

    v_reset: np.ndarray
    asc_mean: np.ndarray
    asc_rest_decay: np.ndarray
    rise_factor: np.ndarray
    psc_factor: np.ndarray


@kernel()
def add_psc(exact, rise, psc, lane, total):
    """Adds what the currents of a lane give the voltage: psc, or p rise + q psc.

    Args:
        exact: ExactConstants; None for the published update.
        rise, psc: Currents of the lane, (n,).
        lane: Where its constants are, a slice.
        total: Added to, (n,).
    """
    if exact is None:
        add(psc, total)
    else:
        add_weighed(exact.rise_factor[lane], rise, exact.psc_factor[lane], psc, total)


@kernel()
def advance_published(state, constants, total, fired, out, b, t, first, last, dt):
    """Voltages, after-spike currents, refractory periods and spikes of one step.

    Args:
        state: GLIF3State, overwritten.
        constants: Constants.
        total: Sums of the postsynaptic currents, (N,); overwritten.
        fired: Neurons of the tile that fired in the step before.
        out: Spikes, scaled voltages, refractory flags, (B, T, N) each, written.
        b, t: Trial and step.
        first, last: The tile.
        dt: ms.
    """
    spikes, voltages, refractory = out
    here = slice(first, last)
    c, total = constants, total[here]
    v, rest = state.v[b], state.r[b]
    asc_1, asc_2 = state.asc_1[b], state.asc_2[b]
    add(asc_1[here], total)
    add(asc_2[here], total)
    decay_and_add(v[here], c.decay[here], c.factor[here], total)
    scale(c.asc_decay[0, here], asc_1[here])
    scale(c.asc_decay[1, here], asc_2[here])
    for i in fired:
        v[i] += c.reset[i]
        asc_1[i] += c.asc_amps[0, i]
        asc_2[i] += c.asc_amps[1, i]
        rest[i] += c.t_ref[i]
    count_down(rest[here], dt)
    fire(v[here], rest[here], spikes[b, t, here], refractory[b, t, here])
    copy(v[here], voltages[b, t, here])


@kernel()
def advance_exact(state, constants, exact, total, fired, out, b, t, first, last, dt):
    """`advance_published` of the exact integration; no refractory flags are written.

    Args:
        exact: ExactConstants.
        total: What the postsynaptic currents add to the voltage, (N,).
    """
    spikes, voltages, _ = out
    here = slice(first, last)
    half = _HALF * dt  # a rest of whole steps, but for rounding
    c, e = constants, exact
    v, rest = state.v[b], state.r[b]
    asc_1, asc_2 = state.asc_1[b], state.asc_2[b]
    for i in fired:
        v[i] = e.v_reset[i]
        asc_1[i] = e.asc_rest_decay[0, i] * asc_1[i] + c.asc_amps[0, i]
        asc_2[i] = e.asc_rest_decay[1, i] * asc_2[i] + c.asc_amps[1, i]
        rest[i] += c.t_ref[i]
    rest = rest[here]
    # The row of voltages serves as scratch until it is written.
    row = voltages[b, t, here]
    weigh(e.asc_mean[0, here], asc_1[here], e.asc_mean[1, here], asc_2[here], row)
    decay, factor = c.decay[here], c.factor[here]
    integrate_free(v[here], rest, half, decay, total[here], factor, row)
    scale_free(c.asc_decay[0, here], rest, half, asc_1[here])
    scale_free(c.asc_decay[1, here], rest, half, asc_2[here])
    fire_free(v[here], rest, half, spikes[b, t, here])
    count_down(rest, dt)
    copy(v[here], row)
