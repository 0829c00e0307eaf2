"""The compiled engine: forward run and exact adjoint of the column on CPU."""

import dataclasses
import functools
from typing import NamedTuple

import numba
import numpy as np

from v1model.engine.adjoint_kernels import run_backwards
from v1model.engine.adjoint_state import BLOCK, Adjoints, Run, Upstream
from v1model.engine.buffers import aligned_zeros
from v1model.engine.exact import ExactParameters
from v1model.engine.forward_kernel import in_order, simulate
from v1model.engine.glif3 import GLIF3Parameters, GLIF3State
from v1model.engine.lanes import Lanes, lanes_of
from v1model.engine.membrane_kernels import ExactConstants
from v1model.engine.threads import thread_pool
from v1model.engine.wiring import Wiring

_GROUP = 8  # trials that share a pass over the synapses
_SMALLEST_PART = 8192  # neurons that are worth a thread of their own
_SMALLEST_PASS = 60_000  # synapses, times trials, that are worth another thread


class Constants(NamedTuple):
    """GLIF3Parameters in the layout of the kernels, float32, contiguous.

    decay, factor (= current_factor), reset (= V_reset - 1), t_ref: (N,).
    asc_decay, asc_amps: (2, N).  syn_decay, initial (= psc_initial): (K * N,).
    """

    decay: np.ndarray
    factor: np.ndarray
    reset: np.ndarray
    t_ref: np.ndarray
    asc_decay: np.ndarray
    asc_amps: np.ndarray
    syn_decay: np.ndarray
    initial: np.ndarray


class _Layout(NamedTuple):
    """What the forward loop reads, for one choice of the receptors in use.

    exact: ExactConstants; None for the published update.
    """

    lanes: Lanes
    constants: Constants
    exact: ExactConstants | None
    channel: np.ndarray
    target: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class CompiledColumn:
    """A column as the compiled loops see it; tables are made when first needed.

    Args:
        parameters: GLIF3Parameters, or ExactParameters, which has no adjoint here.
        wiring: Wiring.
        surrogate: Width, height and tolerance of the spikes' Gaussian derivative.
        dt: ms.
        channels: Receptor (post * R + receptor) that each column of the input reaches,
            increasing, (P,) int32; None stands for all N * R.
    """

    parameters: GLIF3Parameters | ExactParameters
    wiring: Wiring
    surrogate: tuple
    dt: float
    channels: np.ndarray | None = None

    @property
    def n_channels(self):
        """P."""
        if self.channels is None:
            return self.wiring.n_neurons * self.wiring.n_receptors
        return len(self.channels)

    @property
    def is_exact(self):
        """Whether the membrane is integrated exactly."""
        return isinstance(self.parameters, ExactParameters)

    def forward(self, x, weights, state):
        """Simulates T steps.

        Args:
            x: Input currents, (B, T, P).
            weights: In canonical order, (S,).
            state: GLIF3State of arrays.

        Returns:
            Spikes, scaled voltages (B, T, N), refractory flags (B, T, N) uint8, which
            only an adjoint needs: (B, T, 0) if exact, and the last GLIF3State.

        Raises:
            ValueError: The state is of another number of trials than the currents. The
                kernel would read and write outside the arrays.
        """
        trials = {len(part) for part in state}
        if trials != {len(x)}:
            raise ValueError(f"currents of {len(x)} trials, state of {sorted(trials)}.")
        layout = self._whole if self._uses_all(state) else self._packed
        packed = state._replace(
            v=state.v.copy(),
            r=state.r.copy(),
            asc_1=state.asc_1.copy(),
            asc_2=state.asc_2.copy(),
            psc_rise=layout.lanes.pack(state.psc_rise),
            psc=layout.lanes.pack(state.psc),
        )
        n, events = self.wiring.n_neurons, self.wiring.events
        shape = (*x.shape[:2], n)
        spikes, voltages = aligned_zeros(shape), aligned_zeros(shape)
        n_flags = 0 if self.is_exact else n
        refractory = aligned_zeros((*x.shape[:2], n_flags), np.uint8)
        with thread_pool():
            n_parts = _parts_of_a_trial(len(x), n)
            ordered = in_order(weights, events.order)
            simulate(
                x,
                layout.channel,
                (self._starts(n_parts), layout.target, ordered),
                layout.constants,
                layout.exact,
                packed,
                np.float32(self.dt),
                n_parts,
                (spikes, voltages, refractory),
            )
        last = packed._replace(
            z_buffer=_last_spikes(spikes, state.z_buffer),
            psc_rise=layout.lanes.unpack(packed.psc_rise),
            psc=layout.lanes.unpack(packed.psc),
        )
        return spikes, voltages, refractory, last

    def backward(self, run, up, weights):
        """The exact adjoint of `forward`.

        Args:
            run: Run.
            up: Upstream.
            weights: As in `forward`.

        Returns:
            Gradients of the input currents (B, T, P), of the weights in canonical
            order (S,), and of the initial state (GLIF3State).
        """
        table, lanes = self._adjoint_table, self._whole.lanes
        with thread_pool():
            table_weights = in_order(weights, table.order)
        state = up.state._replace(
            psc_rise=lanes.pack(up.state.psc_rise), psc=lanes.pack(up.state.psc)
        )
        n_trials, n_steps = run.spikes.shape[:2]
        x_b = aligned_zeros((n_trials, n_steps, self.n_channels))
        weight_b = np.zeros(len(weights), np.float32)
        parts = []
        for first in range(0, max(n_trials, 1), _GROUP):
            group = slice(first, first + _GROUP)
            upstream = Upstream(
                up.spikes[group],
                up.voltages[group],
                GLIF3State(*(array[group] for array in state)),
            )
            of_group = Run(*(array[group] for array in run))
            results = (x_b[group], weight_b)
            parts.append(self._backward_of(of_group, upstream, table_weights, results))
        state_b = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        weight_gradient = aligned_zeros(weight_b.shape)
        weight_gradient[table.order] = weight_b
        return x_b, weight_gradient, GLIF3State(*state_b)

    def _backward_of(self, run, up, weights, results):
        """`backward` of a group of trials, in the kernels' order.

        Fills the group's gradient of the input currents, adds to that of the weights,
        and returns that of the initial state.
        """
        n_trials, n_steps, n = run.spikes.shape
        n_lanes = _lanes_of_pass(n_trials)
        c, lanes, table = self._whole.constants, self._whole.lanes, self._adjoint_table
        a = self._zero_adjoints(n_trials, n_lanes)
        with thread_pool(1 + len(weights) * n_trials // _SMALLEST_PASS):
            buffer_b = run_backwards(
                run,
                up,
                c,
                table,
                weights,
                tuple(np.float32(value) for value in self.surrogate),
                np.float32(self.dt),
                (0,) * n_lanes,
                self._whole.channel,
                a,
                *results,
            )
        # In a run shorter than the longest delay, old spikes are in the last buffer.
        n_kept = max(self.wiring.n_delays - n_steps, 0) * n
        old = up.state.z_buffer[:, n_steps * n : n_steps * n + n_kept]
        buffer_b[:, :n_kept] += old
        first_v = a.v[BLOCK - 1]
        buffer_b[:, :n] += (
            c.reset * first_v + c.asc_amps[0] * a.asc[0] + c.asc_amps[1] * a.asc[1]
        )
        return GLIF3State(
            z_buffer=buffer_b,
            v=c.decay * first_v,
            r=np.zeros_like(first_v),
            asc_1=c.asc_decay[0] * a.asc[0] + c.factor * first_v,
            asc_2=c.asc_decay[1] * a.asc[1] + c.factor * first_v,
            psc_rise=lanes.unpack(a.rise),
            psc=lanes.unpack(a.psc),
        )

    def _zero_adjoints(self, n_trials, n_lanes):
        n, table = self.wiring.n_neurons, self._adjoint_table
        n_positions = n * self.wiring.n_receptors
        window = len(table.receptor) * table.width * n_trials
        return Adjoints(
            v=np.zeros((BLOCK, n_trials, n), np.float32),
            asc=np.zeros((2, n_trials, n), np.float32),
            rise=np.zeros((n_trials, n_positions), np.float32),
            psc=np.zeros((n_trials, n_positions), np.float32),
            current=np.zeros((BLOCK, n_trials, n_positions), np.float32),
            # Aligned: a row of the window lies in one line of the cache.
            window=aligned_zeros(window + n_lanes),
            slopes=np.zeros((BLOCK, n_trials, n), np.float32),
            is_active=np.zeros(n, np.uint8),
            spiked=np.zeros((n, n_lanes), np.uint8),
            has_spiked=np.zeros(n, np.uint8),
            worth=np.zeros(n * n_lanes, np.float32),
        )

    def _starts(self, n_parts):
        """First synapse of each part of each row of events, (N * D * parts + 1,)."""
        if n_parts not in self._known_starts:
            start, n = self.wiring.events.start, self.wiring.n_neurons
            row = np.repeat(np.arange(len(start) - 1), np.diff(start))
            post = self.wiring.events.target // self.wiring.n_receptors
            first = np.arange(n_parts + 1) * n // n_parts
            part = np.searchsorted(first, post, side="right") - 1
            counts = np.bincount(
                row * n_parts + part, minlength=(len(start) - 1) * n_parts
            )
            self._known_starts[n_parts] = np.concatenate(([0], np.cumsum(counts)))
        return self._known_starts[n_parts]

    @functools.cached_property
    def _known_starts(self):
        """What `_starts` has computed, by the number of parts."""
        return {}

    @functools.cached_property
    def _adjoint_table(self):
        table = self.wiring.adjoint
        return table._replace(receptor=self._whole.lanes.position[table.receptor])

    @functools.cached_property
    def _is_used(self):
        """Whether a receptor has a synapse or an input, (N * R,) bool."""
        is_used = np.zeros(self.wiring.n_neurons * self.wiring.n_receptors, bool)
        is_used[self.wiring.target] = True
        is_used[slice(None) if self.channels is None else self.channels] = True
        return is_used

    def _uses_all(self, state):
        """Whether receptors without synapses carry a current that must decay."""
        unused = ~self._is_used
        return bool(state.psc_rise[:, unused].any() or state.psc[:, unused].any())

    @functools.cached_property
    def _packed(self):
        return self._layout_of(self._is_used)

    @functools.cached_property
    def _whole(self):
        return self._layout_of(np.ones_like(self._is_used))

    def _layout_of(self, is_used):
        lanes = lanes_of(is_used, self.wiring.n_receptors)
        channels = slice(None) if self.channels is None else self.channels
        return _Layout(
            lanes,
            self._constants_of(lanes),
            self._exact_constants_of(lanes) if self.is_exact else None,
            np.ascontiguousarray(lanes.position[channels]),
            lanes.position[self.wiring.events.target],
        )

    def _constants_of(self, lanes):
        p = self.parameters
        columns = (
            p.decay,
            p.current_factor,
            np.asarray(p.v_reset, np.float32) - np.float32(1),
            p.t_ref,
            np.transpose(p.asc_decay),
            np.transpose(p.asc_amps),
            lanes.pack(np.ravel(p.syn_decay)),
            lanes.pack(np.ravel(p.psc_initial)),
        )
        return Constants(*(np.ascontiguousarray(c, np.float32) for c in columns))

    def _exact_constants_of(self, lanes):
        p = self.parameters
        columns = (
            p.v_reset,
            np.transpose(p.asc_mean),
            np.transpose(p.asc_rest_decay),
            lanes.pack(np.ravel(p.rise_factor)),
            lanes.pack(np.ravel(p.psc_factor)),
        )
        return ExactConstants(*(np.ascontiguousarray(c, np.float32) for c in columns))


def _parts_of_a_trial(n_trials, n_neurons):
    """Into how many pieces the neurons of a trial are cut, for the threads."""
    threads_per_trial = numba.get_num_threads() // max(n_trials, 1)
    return max(min(threads_per_trial, n_neurons // _SMALLEST_PART), 1)


def _lanes_of_pass(n_trials):
    """Lanes for BLOCK steps of these trials; few sizes, as each is compiled anew."""
    return next(size for size in (4, 8, 16, 24) if size >= BLOCK * n_trials)


def _last_spikes(spikes, buffer):
    """The spike buffer after the run: the last D steps, newest first, (B, D * N)."""
    n_trials, n_steps, n = spikes.shape
    n_kept = min(buffer.shape[1] // n, n_steps)
    newest = spikes[:, n_steps - n_kept :][:, ::-1].reshape(n_trials, n_kept * n)
    return np.concatenate((newest, buffer), axis=1)[:, : buffer.shape[1]]
