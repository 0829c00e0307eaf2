"""The membrane as NEST's `glif_psc` integrates it: exactly between two spikes.

One step of dt from the state before it, in the units of `glif3.py`; z is the spike of
the step before. The spike acts first:

    v0   = V_reset if z, else v
    a_i  = amp_i + exp(-k_i t_ref) asc_i if z, else asc_i
    rest = r + t_ref z,   r' = max(rest - dt, 0)

While rest > 0 the neuron is held: v' = v0, asc_i' = a_i, and no spike. Otherwise

    v'     = decay v0 + sum_r (p rise + q psc) + factor sum_i m_i a_i
    asc_i' = exp(-k_i dt) a_i

where m_i = (1 - exp(-k_i dt)) / (k_i dt) is the mean of an after-spike current over
the step, and q and p are what the voltage gains in it from a postsynaptic current of 1
and from one that starts at 0 and rises by 1 per ms.

Other than in the published update, a spike reaches the voltage of its target after
delay + 1 steps instead of delay + 2, the reset sets the voltage instead of lowering it,
and the shortest interval between two spikes is t_ref rounded up, plus one step. The
voltage of a step with a spike is the one that crossed the threshold; NEST records
V_reset there.

Exact integration: Rotter & Diesmann, Biological Cybernetics 81 (1999).
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

_TICKS_PER_MS = 1000  # NEST rounds durations to microseconds
_SMALL = 1e-3  # below it a quotient loses digits, and the series of it none


class ExactParameters(NamedTuple):
    """Constants of one exact step, per neuron: those of GLIF3Parameters and four more.

    t_ref: Refractory period in whole steps, (N,), ms.
    asc_mean, asc_rest_decay: m, and the decay over t_ref, (N, 2).
    rise_factor, psc_factor: p and q, (N, R), mV/pA ms and mV/pA.
    """

    decay: np.ndarray
    current_factor: np.ndarray
    v_reset: np.ndarray
    t_ref: np.ndarray
    asc_decay: np.ndarray
    asc_amps: np.ndarray
    syn_decay: np.ndarray
    psc_initial: np.ndarray
    voltage_scale: np.ndarray
    voltage_offset: np.ndarray
    asc_mean: np.ndarray
    asc_rest_decay: np.ndarray
    rise_factor: np.ndarray
    psc_factor: np.ndarray


def exact_constants(types, dt):
    """What ExactParameters has beside, or instead of, the published constants.

    Args:
        types: CellTypes.
        dt: ms.

    Returns:
        dict of arrays with a row per type.
    """
    rise_factor, psc_factor = _voltage_gains(types, dt)
    ticks = np.round(types.t_ref * _TICKS_PER_MS)
    n_steps = np.ceil(ticks / round(dt * _TICKS_PER_MS))
    return {
        "t_ref": (n_steps * dt).astype(types.t_ref.dtype),
        "asc_mean": _mean_growth(-types.k * dt),
        "asc_rest_decay": np.exp(-types.k * types.t_ref[:, None]),
        "rise_factor": rise_factor,
        "psc_factor": psc_factor,
    }


def exact_membrane(state, z, rise, psc, parameters, dt):
    """Voltage, rest, after-spike currents after a step, and who is held, (B, N) each.

    Args:
        state: GLIF3State before the step.
        z: Spikes of the step before, (B, N).
        rise, psc: Postsynaptic currents before the step, (B, N, R).
        parameters: ExactParameters, as tensors.
        dt: ms.
    """
    p = parameters
    # Products with z, not choices by z: the surrogate derivative passes through them.
    v = (1 - z) * state.v + z * p.v_reset
    asc_1, asc_2 = (
        (1 - z + z * p.asc_rest_decay[:, i]) * asc + z * p.asc_amps[:, i]
        for i, asc in enumerate((state.asc_1, state.asc_2))
    )
    rest = state.r + z * p.t_ref
    is_held = rest > dt / 2  # a rest of whole steps, but for rounding

    mean_current = p.asc_mean[:, 0] * asc_1 + p.asc_mean[:, 1] * asc_2
    synaptic = tf.reduce_sum(p.rise_factor * rise + p.psc_factor * psc, -1)
    # TensorFlow reorders the sum of a graph; in this order it leaves it as it is.
    moved = p.decay * v + synaptic + p.current_factor * mean_current
    return (
        tf.where(is_held, v, moved),
        tf.nn.relu(rest - dt),
        tf.where(is_held, asc_1, p.asc_decay[:, 0] * asc_1),
        tf.where(is_held, asc_2, p.asc_decay[:, 1] * asc_2),
        is_held,
    )


def _voltage_gains(types, dt):
    """p and q of each type and receptor, (M, R).

    With x = dt / tau_m - dt / tau_syn they are dt exp(-dt / tau_m) / C times dt times
    the mean of u exp(x u), and times the mean of exp(x u), over u from 0 to 1.
    """
    tau_m = (types.C_m / types.g)[:, None]
    x = dt / tau_m - dt / types.tau_syn
    gain = dt * np.exp(-dt / tau_m) / types.C_m[:, None]
    return dt * gain * _mean_ramp(x), gain * _mean_growth(x)


def _mean_growth(x):
    """Mean of exp(x u) over u from 0 to 1."""
    divisor = np.where(x == 0, 1, x)
    return np.where(x == 0, 1, np.expm1(x) / divisor).astype(x.dtype)


def _mean_ramp(x):
    """Mean of u exp(x u) over u from 0 to 1."""
    is_small = np.abs(x) < _SMALL
    y = np.where(is_small, 1, x).astype(np.float64)
    quotient = (y * np.exp(y) - np.expm1(y)) / y**2
    series = 1 / 2 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x / 144)))
    return np.where(is_small, series, quotient).astype(x.dtype)
