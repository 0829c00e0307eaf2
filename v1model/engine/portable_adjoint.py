"""The adjoint of the portable engine, in reverse time.

The recurrent currents of step t are c = W z_buffer, so the spikes in the buffer, those
of steps t - 1 to t - D, are worth W^T c_b. A current of step t is first felt by the
voltage of step t + 2. The adjoint currents of BLOCK = 3 steps therefore follow from
voltage adjoints that are already known, and one pass over the synapses serves three
steps of all trials. It is exact.

Names ending in `_b` are adjoints: the derivative of the loss by that quantity.
"""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.engine.glif3 import GLIF3Parameters, GLIF3State
from v1model.engine.portable_matrix import product, weights_of
from v1model.engine.portable_products import Products, fired_steps
from v1model.engine.portable_tables import PortableTables

BLOCK = 3
CHUNK = 20  # blocks whose products of spikes and currents are kept at a time


class Run(NamedTuple):
    """What the adjoint needs of a forward run.

    spikes, voltages: (B, T, N).  refractory: (B, T, N) bool.  z_buffer: Spikes before
    the first step, (B, D * N).
    """

    spikes: tf.Tensor
    voltages: tf.Tensor
    refractory: tf.Tensor
    z_buffer: tf.Tensor


class Carry(NamedTuple):
    """Adjoint of the state after step t, as the steps from t + 1 on feel it.

    buffer: Of the spikes of steps t, t - 1, ..., D times (B, N).
    v, asc_1, asc_2: (B, N).  rise, psc: (B, N, R).
    current: Of the currents of step t + 1, (B, N * R): not in `buffer` yet.
    """

    buffer: tuple
    v: tf.Tensor
    asc_1: tf.Tensor
    asc_2: tf.Tensor
    rise: tf.Tensor
    psc: tf.Tensor
    current: tf.Tensor


def adjoint(run, upstream, weights, parameters, tables, surrogate, dt, channels):
    """Gradients of `portable_rollout`.

    Args:
        run: Run.
        upstream: Derivatives of the loss by spikes and voltages (B, T, N), and by each
            part of the last state.
        weights, parameters, surrogate, dt, channels: As in `portable_rollout`.
        tables: PortableTables.

    Returns:
        Gradients of the input currents (B, T, P), of the weights (S,) and of the
        initial state (GLIF3State).
    """
    spikes_b, voltages_b, *last_b = upstream
    values = weights_of(tables.pieces, weights)
    fired = fired_steps(run.spikes, run.z_buffer)
    way = _WayBack(
        run, spikes_b, voltages_b, values, fired, parameters, tables, surrogate, dt,
        channels,
    )  # fmt: skip
    n_steps = tf.shape(run.spikes)[1]
    progress = (
        n_steps - 1,
        _first_carry(GLIF3State(*last_b), tables),
        tf.TensorArray(weights.dtype, n_steps),
        tf.zeros_like(weights),
    )
    # What blocks of three leave over is done step by step.
    for size in (BLOCK, 1):
        progress = tf.while_loop(
            lambda t, *_, size=size: t >= size - 1,
            functools.partial(way.chunk, size),
            progress,
        )
    _, carry, inputs_b, weights_b = progress
    # The buffer before step 0 has not felt the currents of step 0 yet.
    none = Products.none(weights.dtype)
    carry, products = way.deliver(carry, [carry.current], 0, none)
    x_b = tf.transpose(inputs_b.stack(), (1, 0, 2))
    return x_b, products.add_to(weights_b), _state_adjoint(carry, tables)


class _WayBack(NamedTuple):
    """What all steps of the adjoint have in common; see `adjoint`."""

    run: Run
    spikes_b: tf.Tensor
    voltages_b: tf.Tensor
    values: list
    fired: tf.Tensor
    parameters: GLIF3Parameters
    tables: PortableTables
    surrogate: tuple
    dt: float
    channels: np.ndarray | None

    def chunk(self, size, t, carry, inputs_b, weights_b):
        """Up to CHUNK blocks, whose products are added up together."""
        last = tf.maximum(t - CHUNK * size, size - 2)
        *rest, products = tf.while_loop(
            lambda t, *_: t > last,
            functools.partial(self.block, size),
            (t, carry, inputs_b, Products.none(weights_b.dtype)),
        )
        return *rest, products.add_to(weights_b)

    def block(self, size, t, carry, inputs_b, products):
        """Steps t, t - 1, ...: `size` of them, with one pass over the synapses."""
        currents = _known_currents(carry, size, self.parameters, self.dt)
        carry, products = self.deliver(carry, currents, t + 1, products)
        for step in (t - j for j in range(size)):
            slope = _slope(
                self.run.voltages[:, step],
                self.run.refractory[:, step],
                self.surrogate,
            )
            up = (self.spikes_b[:, step], self.voltages_b[:, step])
            carry = step_back(carry, *up, slope, self.parameters, self.dt)
            inputs_b = inputs_b.write(step, _select(carry.current, self.channels))
        return t - size, carry, inputs_b, products

    def deliver(self, carry, currents, newest, products):
        """Takes adjoint currents to the spikes and the weights that they came from.

        Args:
            carry: Carry.
            currents: Of steps newest, newest - 1, ..., each (B, N * R).
            newest: Step.
            products: Products.
        """
        worth = _worth(currents, self.values, self.tables)
        buffer = _add_worth(carry.buffer, worth)
        products = products.append(currents, self.fired, newest, self.tables)
        return carry._replace(buffer=buffer), products


def step_back(carry, z_b, v_b, slope, parameters, dt):
    """The adjoint of one step, t.

    Args:
        carry: Carry after step t; its buffer may be longer than D.
        z_b, v_b: Upstream gradients of spikes and voltages, (B, N).
        slope: Surrogate derivative of the spikes, (B, N).
        parameters: GLIF3Parameters, as tensors.
        dt: ms.

    Returns:
        The Carry after step t - 1.
    """
    p = parameters
    v_b = carry.v + v_b + slope * (z_b + carry.buffer[0])
    current_b = p.current_factor * v_b
    z_b = (
        (p.v_reset - 1) * v_b
        + p.asc_amps[:, 0] * carry.asc_1
        + p.asc_amps[:, 1] * carry.asc_2
    )
    return Carry(
        buffer=(carry.buffer[1] + z_b, *carry.buffer[2:]),
        v=p.decay * v_b,
        asc_1=p.asc_decay[:, 0] * carry.asc_1 + current_b,
        asc_2=p.asc_decay[:, 1] * carry.asc_2 + current_b,
        rise=_rise_back(carry, p, dt),
        psc=p.syn_decay * carry.psc + current_b[..., None],
        current=_current(carry.rise, p),
    )


def _rise_back(carry, p, dt):
    """Adjoint of the rise one step before, (B, N, R)."""
    return p.syn_decay * carry.rise + dt * p.syn_decay * carry.psc


def _current(rise, p):
    """Adjoint currents (B, N * R) of a step from the adjoint of its rise."""
    n, n_receptors = rise.shape[1:]
    return tf.reshape(p.psc_initial * rise, (-1, n * n_receptors))


def _known_currents(carry, size, p, dt):
    """Adjoint currents of steps t + 1, t, ... down to t + 2 - size, each (B, N * R)."""
    rises = (carry.rise, _rise_back(carry, p, dt))
    return [carry.current, *(_current(rise, p) for rise in rises[: size - 1])]


def _slope(v, refractory, surrogate):
    """Surrogate derivatives of one step's spikes, (B, N)."""
    width, height, tolerance = surrogate
    slope = height * tf.exp(-tf.math.squared_difference(v, 1.0) / width**2)
    return tf.where(refractory | (slope < tolerance), tf.zeros_like(slope), slope)


def _select(current, channels):
    """The columns of (B, N * R) that belong to the input, (B, P)."""
    return current if channels is None else tf.gather(current, channels, axis=1)


def _worth(currents, values, tables):
    """W^T c_b: what the spikes in the buffer are worth.

    Args:
        currents: Adjoint currents c_b of some steps, newest first, each (B, N * R).
        values: Weights of each piece of the transposed matrix.
        tables: PortableTables.

    Returns:
        A list by delay of lists by step of (B, N).
    """
    n_trials = currents[0].shape[0] or tf.shape(currents[0])[0]
    n_lanes = len(currents) * n_trials
    worth = product(tables.pieces, values, tf.transpose(tf.concat(currents, 0)))
    worth = tf.reshape(worth, (tables.n_delays, tables.n_neurons, n_lanes))
    shape = (tables.n_delays, len(currents), n_trials, tables.n_neurons)
    worth = tf.reshape(tf.transpose(worth, (0, 2, 1)), shape)
    return [tf.unstack(by_step) for by_step in tf.unstack(worth)]


def _add_worth(buffer, worth):
    """Adds what currents of steps t + 1, t, ... are worth to the buffer of step t.

    Args:
        buffer: Of steps t, t - 1, ..., D of them.
        worth: See `_worth`.

    Returns:
        The buffer, longer by the number of those steps: D are left after them.
    """
    longer = [*buffer, *[tf.zeros_like(buffer[0])] * len(worth[0])]
    for delay, by_step in enumerate(worth):
        for age, value in enumerate(by_step):
            longer[age + delay] += value
    return tuple(longer)


def _first_carry(last_b, tables):
    """The Carry after the last step."""
    n, n_receptors = tables.n_neurons, tables.n_receptors
    return Carry(
        buffer=tuple(tf.split(last_b.z_buffer, tables.n_delays, axis=1)),
        v=last_b.v,
        asc_1=last_b.asc_1,
        asc_2=last_b.asc_2,
        rise=tf.reshape(last_b.psc_rise, (-1, n, n_receptors)),
        psc=tf.reshape(last_b.psc, (-1, n, n_receptors)),
        current=tf.zeros_like(last_b.psc),
    )


def _state_adjoint(carry, tables):
    """Gradient of the initial GLIF3State."""
    return GLIF3State(
        z_buffer=tf.concat(carry.buffer[: tables.n_delays], 1),
        v=carry.v,
        r=tf.zeros_like(carry.v),
        asc_1=carry.asc_1,
        asc_2=carry.asc_2,
        psc_rise=tf.reshape(carry.rise, (-1, tables.n_targets)),
        psc=tf.reshape(carry.psc, (-1, tables.n_targets)),
    )
