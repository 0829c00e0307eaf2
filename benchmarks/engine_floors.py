"""Times that the compiled engine cannot undercut on this machine.

What must be done at least was counted in the kernels of `v1model/engine`
(`forward_kernel.py`, `adjoint_kernels.py`, `vector_loops.py`). How fast this machine
can do it is measured (`machine_speed.py`) on arrays of the same size, hence in the
cache in which they lie.
"""

import functools
import math
from typing import NamedTuple

import machine_speed

from v1model.engine.adjoint_state import BLOCK

_FLOAT, _LINE = 4, 64  # bytes
_RECEPTORS = 2  # in use per neuron, `v1model/engine/lanes.py`

# Numbers (float32) per neuron and step. Of the run, as long as the simulated time: an
# input, spikes, voltages, flags of a byte; backwards their two derivatives as well.
_FORWARD_RUN, _ADJOINT_RUN = 3.25, 5.25
# Of constants and state, read and written once per step, which a cache may hold.
_FORWARD_STATE = 16 + 8 * _RECEPTORS
_ADJOINT_STATE = 15 + 9 * _RECEPTORS
# Additions and multiplications per neuron and step; 28 for the surrogate derivative.
_FORWARD_FLOPS = 19 + 8 * _RECEPTORS
_ADJOINT_FLOPS = 45 + 9 * _RECEPTORS

_EVENT = 2 * _FLOAT  # bytes of a synapse that a spike passes: weight and target
_MOST_READS = 1 << 22  # random places that are tried; more say the same


class Work(NamedTuple):
    """What is simulated.

    neurons, synapses, trials, ms: Numbers.
    events: Synapses that spikes pass per trial and ms.
    index_bytes, window_bytes: Of a synapse in the adjoint's table, and of that part of
        the window of adjoint currents that a block of targets reads.
    """

    neurons: int
    synapses: int
    trials: int
    ms: int
    events: float
    index_bytes: int
    window_bytes: int


class Floors(NamedTuple):
    """Microseconds per simulated ms of all trials.

    forward_bytes, adjoint_bytes: What must be read and written, at the speed of reading
        in order.
    forward_flops, adjoint_flops: Additions and multiplications, at the speed of fused
        operations on vectors.
    adjoint_lines: A random line of the window per synapse and pass of three steps.
    """

    forward_bytes: float
    forward_flops: float
    adjoint_bytes: float
    adjoint_flops: float
    adjoint_lines: float


def floors(work):
    """The Floors of some Work."""
    steps = work.neurons * work.trials  # of single neurons, per ms
    events = work.events * work.trials
    table_bytes = work.synapses * (_FLOAT + work.index_bytes)
    reads_per_second = machine_speed.random_reads(
        min(work.synapses, _MOST_READS), work.window_bytes
    )
    flops = _peak_flops()
    return Floors(
        forward_bytes=_reading(events * _EVENT, work.synapses * _EVENT)
        + _neurons_reading(work, _FORWARD_RUN, _FORWARD_STATE),
        forward_flops=1e6 * (steps * _FORWARD_FLOPS + events) / flops,
        adjoint_bytes=_reading(table_bytes / BLOCK, table_bytes)
        + _neurons_reading(work, _ADJOINT_RUN, _ADJOINT_STATE),
        adjoint_flops=1e6
        * (steps * _ADJOINT_FLOPS + 2 * work.synapses * work.trials)
        / flops,
        adjoint_lines=1e6 * work.synapses / BLOCK / reads_per_second,
    )


def _neurons_reading(work, of_run, of_state):
    run = work.neurons * work.trials * _FLOAT * of_run
    state = work.neurons * work.trials * _FLOAT * of_state
    return _reading(run, run * work.ms) + _reading(state, state)


def _reading(n_bytes, array_bytes):
    """Microseconds to read so many bytes of an array of that size."""
    return 1e6 * n_bytes / _bandwidth(2 ** round(math.log2(max(array_bytes, 1))))


@functools.cache
def _bandwidth(array_bytes):
    return machine_speed.read_bandwidth(array_bytes)


@functools.cache
def _peak_flops():
    return machine_speed.peak_flops()
