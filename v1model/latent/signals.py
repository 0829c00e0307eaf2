"""What a model sees of a recording: one signal, smoothed if a count, and a stimulus."""

import functools
import math

import numpy as np
from scipy import signal as filters

from v1model.recordings import QUANTITIES

MEMORY = 20  # time constants of counts that a rate is made of; e^-20 = 2e-9
SETTLING = 3  # time constants of valid counts before a rate is valid; 95 % of it
_BLOCK = 4096  # steps that are filtered at a time, in double precision
_KEPT_FRAMES = 2**28  # bytes of pictures that are kept


def choose_signal(recording, wanted):
    """Name of the signal that is modelled.

    Args:
        recording: Recording.
        wanted: The name of a signal, or a quantity (VOLTAGE, CALCIUM, RATE, COUNT):
            then the signal of that name in small letters, or the only one of it.

    Raises:
        ValueError: There is none, or several.
    """
    signals = recording.activity
    if wanted in signals:
        return wanted
    quantity = wanted.lower()
    if quantity in signals:
        return quantity
    found = [name for name, one in signals.items() if one.quantity == quantity]
    if len(found) == 1:
        return found[0]
    listed = {name: one.quantity for name, one in signals.items()}
    problem = f"{len(found)} signals are" if found else "no signal is"
    choices = ", ".join(map(str.upper, sorted(QUANTITIES)))
    raise ValueError(
        f"{recording.path}: training.column_to_model '{wanted}': {problem} of that "
        f"name or quantity. Name one of {choices}, or a signal; there are: {listed}."
    )


def choose_stimulus(recording, wanted):
    """Name of the stimulus: the wanted one, or the only one; None if there is none.

    Raises:
        ValueError: The wanted one is missing, or there are several and none is wanted.
    """
    names = sorted(recording.stimulus)
    if wanted is None and len(names) < 2:
        return names[0] if names else None
    if wanted not in names:
        raise ValueError(
            f"{recording.path}: training.stimulus must be one of {names}, got {wanted}."
        )
    return wanted


class SmoothedCounts:
    """Counts as rates in Hz, by a causal exponential kernel of area 1.

        rate[t] = a rate[t - 1] + (1 - a) 1000 / dt_ms count[t],   a = e^(-dt / tau)

    A read begins to sum 20 tau earlier, so that it is the same wherever it begins, up
    to 2e-9 of the rates that went before. Counts before the recording are zero.

    Args:
        counts: EventSignal.
        dt_ms: Length of a step, ms.
        tau_ms: Time constant, ms; > 0.
    """

    def __init__(self, counts, dt_ms, tau_ms):
        self._counts = counts
        self._kept = math.exp(-dt_ms / tau_ms)
        self._scale = (1 - self._kept) * 1000 / dt_ms
        self._n_memory = math.ceil(MEMORY * tau_ms / dt_ms)
        self.n_settling = math.ceil(SETTLING * tau_ms / dt_ms)

    def read(self, start, stop):
        """Rates of steps [start, stop), (t, N) float32, Hz."""
        rates = np.empty((stop - start, self._counts.shape[1]), np.float32)
        state = np.zeros((1, rates.shape[1]))
        for low in range(max(start - self._n_memory, 0), stop, _BLOCK):
            high = min(low + _BLOCK, stop)
            counts = self._counts.read(low, high) * self._scale
            values, state = filters.lfilter([1], [1, -self._kept], counts, 0, state)
            kept = max(low, start)
            if kept < high:
                rates[kept - start : high - start] = values[kept - low :]
        return rates


def settled(valid, n_settling):
    """Where a value and the n_settling before it are valid.

    Args:
        valid: (T, N) bool; before its first row all is taken as valid.
        n_settling: Steps.

    Returns:
        (T, N) bool.
    """
    steps = np.arange(1, len(valid) + 1, dtype=np.int32)[:, None]
    last = np.maximum.accumulate(np.where(valid, -n_settling, steps), axis=0)
    return steps - last > n_settling


class StimulusRows:
    """A stimulus as rows of numbers: pictures are flattened, bytes become 0 to 1.

    Args:
        series: Series or FramedSeries of a recording, or None.
        n_inputs: How many columns are read, the first ones; None for all.
        where: Path of the recording, for errors.

    Raises:
        ValueError: It has fewer columns.
    """

    def __init__(self, series, n_inputs, where):
        self._series = series
        width = 0 if series is None else math.prod(series.row_shape)
        self.n_inputs = width if n_inputs is None else n_inputs
        if self.n_inputs > width:
            raise ValueError(
                f"{where}: stimulus_encoder_params.num_input_dims must not be more "
                f"than the {width} columns of the stimulus, got {n_inputs}."
            )
        if series is None:
            return
        # Only pictures: a row of bytes without two axes may hold codes.
        is_bytes = series.dtype == np.uint8 and len(series.row_shape) > 1
        self._scale = np.float32(255 if is_bytes else 1)
        self._is_small = (
            series.is_framed and 4 * series.n_frames * self.n_inputs <= _KEPT_FRAMES
        )

    def read(self, start, stop):
        """Rows of steps [start, stop), (t, S) float32."""
        if not self.n_inputs:
            return np.empty((stop - start, 0), np.float32)
        if self._is_small:
            return self._frames[self._series.index(start, stop)]
        return self._flat(self._series.read(start, stop))

    @functools.cached_property
    def _frames(self):
        """All pictures as rows, and a black one at the end: index -1 is none."""
        black = np.zeros((1, self.n_inputs), np.float32)
        return np.concatenate([self._flat(self._series.frames), black])

    def _flat(self, rows):
        rows = rows.reshape(len(rows), math.prod(rows.shape[1:]))[:, : self.n_inputs]
        return np.ascontiguousarray(rows, np.float32) / self._scale
