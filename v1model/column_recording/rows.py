"""ColumnRows: what a column does while it is shown something, row by row.

Row t of a recording is the column at time t, before the update of that step: who fires
at t, the voltages at t, and what the LGN sends and the screen shows from t on. One
update makes row t + 1 of it. So row 0 is the column at rest, and what the simulation
returns for its step t stands in row t + 1.
"""

from typing import NamedTuple

import numpy as np
import scipy.signal

from v1model.column_recording.config import GRID_MS
from v1model.engine.glif3 import GLIF3State
from v1model.lgn import current_from_rates, spikes_from_rates
from v1model.simulation import lgn_generator, simulate

PIECE_MS = 128  # run at once; divides GRID_MS


class Rows(NamedTuple):
    """t successive rows; what nobody asked for is None.

    spikes: Events, (step from 0 on, neuron).  voltages: (t, N), mV.  rates: (t, N)
    float32, Hz.  lgn: What the LGN sends, (t, I): spikes uint8, or currents float32.
    n_steps: t.
    """

    spikes: tuple[np.ndarray, np.ndarray]
    voltages: np.ndarray | None
    rates: np.ndarray | None
    lgn: np.ndarray
    n_steps: int


class Standing(NamedTuple):
    """Where a column stands before row `step`: all that the rows from there on need.

    state: GLIF3State of arrays (1, ...).  spikes, voltages: Of row `step`, (1, N).
    rates: Of the row before, (N,).  generator: State of the generator of LGN spikes.
    """

    step: int
    state: GLIF3State
    spikes: np.ndarray
    voltages: np.ndarray
    rates: np.ndarray
    generator: dict


def at_rest(layers, seed):
    """The Standing of a column before anything happened.

    Args:
        layers: ColumnLayers.
        seed: Of the LGN spikes.
    """
    cell = layers.rsnn.cell
    state = cell.zero_state(1)
    return Standing(
        step=0,
        state=GLIF3State(*(part.numpy() for part in state)),
        spikes=np.zeros((1, cell.n_neurons), bool),
        voltages=np.asarray(cell.to_millivolt(state.v)),
        rates=np.zeros(cell.n_neurons, np.float32),
        generator=lgn_generator(seed).bit_generator.state,
    )


class ColumnRows:
    """The rows of a column from a Standing to the end, a piece at a time.

    Iterating yields Rows; `standing` is then where the column stands behind them.

    Args:
        layers: ColumnLayers.
        screen: ScreenRates.
        seed: Of the noise.
        n_steps: Where the rows end.
        standing: Standing that they begin with.
        current_input: Whether LGN rates enter as currents, otherwise as spikes.
        voltage_dtype: Of `voltages`; None leaves them out.
        rate_tau_ms: Time constant of `rates`; None leaves them out.
    """

    def __init__(
        self,
        layers,
        screen,
        seed,
        n_steps,
        standing,
        *,
        current_input=False,
        voltage_dtype=None,
        rate_tau_ms=None,
    ):
        self.standing = standing
        self._layers, self._screen, self._seed = layers, screen, seed
        self._n_steps = n_steps
        self._current_input = current_input
        self._voltage_dtype, self._rate_tau_ms = voltage_dtype, rate_tau_ms
        self._generator = np.random.default_rng()
        self._generator.bit_generator.state = standing.generator
        self._sent = None

    def __iter__(self):
        start = self.standing.step
        state = GLIF3State(*self.standing.state)
        pieces = simulate(
            self._layers,
            self.lgn_pieces(),
            (self._seed,),
            state=state,
            start_ms=start,
        )
        for activity in pieces:
            yield self._rows(activity)

    def lgn_pieces(self):
        """Yields what the LGN sends from the standing on, (1, t, I) each."""
        for first in range(self.standing.step, self._n_steps, GRID_MS):
            rates = self._screen.between(first, min(first + GRID_MS, self._n_steps))
            for low in range(0, len(rates), PIECE_MS):
                piece = rates[low : low + PIECE_MS]
                if self._current_input:
                    self._sent = current_from_rates(piece)
                else:
                    self._sent = spikes_from_rates(piece, self._generator)
                yield self._sent[None]

    def _rows(self, activity):
        before, n_steps = self.standing, activity.spikes.shape[1]
        spikes = activity.spikes[0].numpy() > 0
        # The last row of what was computed is the first of the next piece.
        step, neuron = np.divmod(np.flatnonzero(spikes[:-1]), spikes.shape[1])
        first = np.flatnonzero(before.spikes)
        events = (
            np.concatenate([np.zeros(len(first), step.dtype), step + 1]),
            np.concatenate([first, neuron]),
        )
        rates = self._smoothed(before, spikes)
        self.standing = Standing(
            step=before.step + n_steps,
            state=activity.state,
            spikes=spikes[-1:],
            voltages=activity.voltages[0, -1:].numpy(),
            rates=before.rates if rates is None else rates[-1],
            generator=self._generator.bit_generator.state,
        )
        lgn = self._sent if self._current_input else self._sent.astype(np.uint8)
        voltages = self._shifted(before, activity)
        return Rows(events, voltages, rates, lgn, n_steps)

    def _shifted(self, before, activity):
        """Voltages of the rows, (t, N), or None."""
        if self._voltage_dtype is None:
            return None
        computed = activity.voltages[0].numpy()
        voltages = np.empty(computed.shape, self._voltage_dtype)
        voltages[0], voltages[1:] = before.voltages, computed[:-1]
        return voltages

    def _smoothed(self, before, spikes):
        """Spikes as rates in Hz, smoothed into the past, (t, N), or None."""
        if self._rate_tau_ms is None:
            return None
        dt = self._layers.rsnn.cell.dt
        kept = np.exp(-dt / self._rate_tau_ms)
        rates, _ = scipy.signal.lfilter(
            [(1 - kept) * 1000 / dt],
            [1, -kept],
            np.concatenate([before.spikes, spikes[:-1]]).astype(np.float32),
            axis=0,
            zi=kept * before.rates[None].astype(np.float64),
        )
        return rates.astype(np.float32)
