"""Columns that part: the same state and the same stimulus, other noise from then on.

How far they are apart after a while is what nobody can know who knows everything now,
so it bounds every prediction.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from v1model.column_recording.rows import PIECE_MS
from v1model.lgn import spikes_from_rates
from v1model.simulation import lgn_generator, simulate, trial_seeds


class Branches(NamedTuple):
    """R columns that come together again and again.

    Over G stretches of K rows, after W rows in which only column 0 was run. At the
    beginning of a stretch all take the state of column 0. Rows are those of
    `recordings.rebinning`: row k of a stretch, counted from 1, ends k steps after its
    beginning, and what was at the beginning is the last row of column 0 before it.

    voltages: Means over a step, mV, (R, G, K, N) float32.  counts: Spikes, the same
    shape.  before_voltages, before_counts: Column 0 before the first stretch, (W, N).
    start_ms: When the stretches begin, (G,) int64.
    """

    voltages: np.ndarray
    counts: np.ndarray
    before_voltages: np.ndarray
    before_counts: np.ndarray
    start_ms: np.ndarray

    def first_rows(self, name):
        """What was at the beginning of each stretch, (G, N).

        Args:
            name: "voltages" or "counts".
        """
        rows, before = getattr(self, name), getattr(self, f"before_{name}")
        return np.concatenate([before[-1:], rows[0, :-1, -1]])


def branches(
    layers,
    screen,
    seed,
    *,
    n_columns,
    start_ms,
    n_stretches,
    stretch_ms,
    settling_ms,
    step_ms,
    report=None,
):
    """Runs columns that part and come together again.

    Args:
        layers: ColumnLayers.
        screen: ScreenRates.
        seed: Of the noise of all of them.
        n_columns: R, at least 2.
        start_ms: When the first stretch begins; column 0 starts at rest settling_ms
            before.
        n_stretches: G.
        stretch_ms: Length of a stretch.
        settling_ms: Before the first, at least step_ms.
        step_ms: Length of a row; divides the other lengths.
        report: Called after every piece as report(ms done, ms in all).

    Returns:
        Branches.

    Raises:
        ValueError: A length or a number is wrong.
    """
    _check(n_columns, n_stretches, start_ms, stretch_ms, settling_ms, step_ms)
    seeds = trial_seeds(seed, n_columns)
    generators = [lgn_generator(one) for one in seeds]
    total = settling_ms + n_stretches * stretch_ms

    def run(at, length, n, state):
        pieces = _lgn_pieces(screen, at, at + length, generators[:n])
        rows, done = [], at - (start_ms - settling_ms)
        for activity in simulate(layers, pieces, seeds[:n], state=state, start_ms=at):
            rows.append((activity.voltages.numpy(), activity.spikes.numpy()))
            done += activity.spikes.shape[1]
            if report is not None:
                report(done, total)
        voltages, spikes = (np.concatenate(part, 1) for part in zip(*rows, strict=True))
        return (
            _binned(voltages, step_ms, np.mean),
            _binned(spikes, step_ms, np.sum),
            (activity.state),
        )

    *before, state = run(start_ms - settling_ms, settling_ms, 1, None)
    starts = start_ms + stretch_ms * np.arange(n_stretches)
    stretches = []
    for at in starts.tolist():
        state = tf.nest.map_structure(
            lambda part: tf.repeat(part[:1], n_columns, 0), state
        )
        *rows, state = run(at, stretch_ms, n_columns, state)
        stretches.append(rows)
    voltages, counts = (np.stack(part, 1) for part in zip(*stretches, strict=True))
    return Branches(voltages, counts, before[0][0], before[1][0], starts)


def _lgn_pieces(screen, start, stop, generators):
    """LGN spikes of each column, (R, t, I) at a time."""
    for low in range(start, stop, PIECE_MS):
        rates = screen.between(low, min(low + PIECE_MS, stop))
        yield np.stack([spikes_from_rates(rates, one) for one in generators])


def _binned(values, step_ms, reduce):
    """Of (R, t, N) what `reduce` makes of every step_ms rows, (R, t / step_ms, N)."""
    n_trials, n_ms, n_neurons = values.shape
    shape = (n_trials, n_ms // step_ms, step_ms, n_neurons)
    return reduce(values.reshape(shape), axis=2, dtype=np.float32)


def _check(n_columns, n_stretches, start_ms, stretch_ms, settling_ms, step_ms):
    if n_columns < 2:
        raise ValueError(f"n_columns must be at least 2, got {n_columns}.")
    if n_stretches < 1:
        raise ValueError(f"n_stretches must be positive, got {n_stretches}.")
    if step_ms < 1:
        raise ValueError(f"step_ms must be positive, got {step_ms}.")
    for name, ms in (("stretch_ms", stretch_ms), ("settling_ms", settling_ms)):
        if ms < step_ms or ms % step_ms:
            raise ValueError(
                f"{name} must be a positive multiple of step_ms {step_ms}, got {ms}."
            )
    if start_ms < settling_ms:
        raise ValueError(
            f"start_ms must be at least settling_ms {settling_ms}, got {start_ms}."
        )
