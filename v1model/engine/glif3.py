"""The GLIF3 neuron: parameters, state and one pure step.

One step of dt, all arrays per neuron, voltages scaled so that E_L = 0, V_th = 1:

    rise'  = d rise + p (W z + x)               d = exp(-dt / tau_syn), p = e / tau_syn
    psc'   = d psc + dt d rise
    r'     = max(r + t_ref z - dt, 0)
    asc_i' = exp(-k_i dt) asc_i + amp_i z
    v'     = decay v + factor (sum_r psc + asc_1 + asc_2) + (V_reset - 1) z
    z'     = H(v' - 1), and 0 while r' > 0

Every right-hand side uses the state before the step, and z is the spike of the step
before: the reset follows its spike by one step, and a spike reaches the voltage of
its target delay + 2 steps later (Chen, Scherr & Maass 2022; neuron model of Teeter
et al. 2018). This is the "published" integration; `exact.py` has the other one, which
differs in r', asc_i' and v'.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.engine.exact import ExactParameters, exact_constants, exact_membrane


class GLIF3State(NamedTuple):
    """State between two steps.

    z_buffer: Spikes of the last D steps, newest first, (B, D * N).
    v: Scaled voltage, (B, N).
    r: Rest of the refractory period, (B, N), ms.
    asc_1, asc_2: After-spike currents over V_th - E_L, (B, N).
    psc_rise, psc: Postsynaptic currents over V_th - E_L, (B, N * R).
    """

    z_buffer: tf.Tensor
    v: tf.Tensor
    r: tf.Tensor
    asc_1: tf.Tensor
    asc_2: tf.Tensor
    psc_rise: tf.Tensor
    psc: tf.Tensor


class GLIF3Parameters(NamedTuple):
    """Constants of one step, per neuron, float32.

    decay, current_factor, v_reset, t_ref: (N,).  asc_decay, asc_amps: (N, 2).
    syn_decay, psc_initial: (N, R).  voltage_scale, voltage_offset: (N,), mV.
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


# How the membrane is integrated, by the class of its constants.
INTEGRATIONS = {"published": GLIF3Parameters, "exact": ExactParameters}


def glif3_parameters(types, type_index, dt=1.0, integration="published"):
    """Scaled step constants of each neuron.

    Computed in the precision of the cell types: float32, as published, rounds like
    the published code.

    Args:
        types: CellTypes.
        type_index: Row of each neuron, (N,).
        dt: Length of a step, ms.
        integration: One of INTEGRATIONS.

    Returns:
        GLIF3Parameters, or ExactParameters for the exact integration.

    Raises:
        ValueError: The integration is unknown.
    """
    if integration not in INTEGRATIONS:
        raise ValueError(
            f"unknown integration {integration!r}, choose from {[*INTEGRATIONS]}."
        )
    voltage_scale = types.V_th - types.E_L
    tau = types.C_m / types.g
    decay = np.exp(-dt / tau)
    per_type = GLIF3Parameters(
        decay=decay,
        current_factor=1 / types.C_m * (1 - decay) * tau,
        v_reset=(types.V_reset - types.E_L) / voltage_scale,
        t_ref=types.t_ref,
        asc_decay=np.exp(-dt * types.k),
        asc_amps=types.asc_amps / voltage_scale[:, None],
        syn_decay=np.exp(-dt / types.tau_syn),
        psc_initial=np.e / types.tau_syn,
        voltage_scale=voltage_scale,
        voltage_offset=types.E_L,
    )
    if integration == "exact":
        constants = {**per_type._asdict(), **exact_constants(types, dt)}
        per_type = ExactParameters(**constants)
    return type(per_type)(*(column[type_index] for column in per_type))


def glif3_step(state, current, parameters, spike_function, dt=1.0):
    """One step of all neurons.

    Args:
        state: GLIF3State.
        current: Weighted spikes and inputs that arrive in this step, (B, N * R).
        parameters: GLIF3Parameters or ExactParameters, as tensors; the class decides
            how the membrane is integrated.
        spike_function: Maps v - 1 to spikes; carries the surrogate derivative.
        dt: Length of a step, ms.

    Returns:
        Spikes (B, N), scaled voltage (B, N), and the next GLIF3State.
    """
    p = parameters
    n, n_receptors = p.syn_decay.shape
    z = state.z_buffer[:, :n]
    rise = tf.reshape(state.psc_rise, (-1, n, n_receptors))  # (B, N, R)
    psc = tf.reshape(state.psc, (-1, n, n_receptors))
    current = tf.reshape(current, (-1, n, n_receptors))

    next_rise = p.syn_decay * rise + current * p.psc_initial
    next_psc = psc * p.syn_decay + dt * p.syn_decay * rise
    is_exact = isinstance(p, ExactParameters)
    membrane = exact_membrane if is_exact else published_membrane
    next_v, next_r, next_asc_1, next_asc_2, is_refractory = membrane(
        state, z, rise, psc, p, dt
    )
    next_z = spike_function(next_v - 1)
    next_z = tf.where(is_refractory, tf.zeros_like(next_z), next_z)

    next_state = GLIF3State(
        z_buffer=tf.concat((next_z, state.z_buffer[:, :-n]), 1),
        v=next_v,
        r=next_r,
        asc_1=next_asc_1,
        asc_2=next_asc_2,
        psc_rise=tf.reshape(next_rise, (-1, n * n_receptors)),
        psc=tf.reshape(next_psc, (-1, n * n_receptors)),
    )
    return next_z, next_v, next_state


def published_membrane(state, z, rise, psc, parameters, dt):
    """`exact_membrane` of the published integration; the last result is r' > 0."""
    del rise  # what rises in this step enters the voltage in the next one
    p = parameters
    next_r = tf.nn.relu(state.r + z * p.t_ref - dt)
    next_asc_1 = p.asc_decay[:, 0] * state.asc_1 + z * p.asc_amps[:, 0]
    next_asc_2 = p.asc_decay[:, 1] * state.asc_2 + z * p.asc_amps[:, 1]
    total_current = tf.reduce_sum(psc, -1) + state.asc_1 + state.asc_2
    next_v = p.decay * state.v + p.current_factor * total_current + z * (p.v_reset - 1)
    return next_v, next_r, next_asc_1, next_asc_2, next_r > 0
