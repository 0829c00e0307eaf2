"""How well models predict columns that part: tables of R2 beside the ceiling."""

import math

import numpy as np
import pandas as pd
from scipy import signal as filters

from v1model.column_recording.predictability import (
    error,
    is_judged,
    noise,
    population_table,
    variance,
    windows_of,
)

CONSTANT, CEILING = "constant", "ceiling"


def voltages_of(shown, step_ms, tau_ms):
    """Voltages at the beginnings (G, N) and after them (R, G, K, N) of a Shown, mV."""
    del step_ms, tau_ms
    return shown.branches.first_rows("voltages"), shown.branches.voltages


def rates_of(shown, step_ms, tau_ms):
    """Rates in Hz, smoothed as `latent.signals` does: as `voltages_of`.

    A stretch goes on from the rates of column 0 at its beginning.

    Args:
        shown: Shown.
        step_ms: Length of a step, ms.
        tau_ms: Time constant, ms.
    """
    kept = math.exp(-step_ms / tau_ms)

    def smoothed(counts, before):
        """Rates of counts (..., K, N) after rates (..., N)."""
        steps = counts.astype(np.float64) * (1 - kept) * 1000 / step_ms
        state = kept * before[..., None, :]
        return filters.lfilter([1], [1, -kept], steps, axis=-2, zi=state)[0]

    found, counts = shown.branches, shown.branches.counts
    now = smoothed(found.before_counts, np.zeros(counts.shape[-1]))[-1]
    first, rows = [], np.empty(counts.shape, np.float32)
    for g in range(counts.shape[1]):
        first.append(now)
        rates = smoothed(counts[:, g], np.broadcast_to(now, counts[:, 0, 0].shape))
        rows[:, g], now = rates, rates[0, -1]
    return np.stack(first).astype(np.float32), rows


SIGNALS = {"voltages": voltages_of, "rates": rates_of}


def rolled_out(model, first, stimulus):
    """Predicted activity of all stretches, (G, K, N).

    Args:
        model: With encode, encode_stimulus, evolve and decode.
        first: Activity at the beginnings, (G, N).
        stimulus: (G, K, S).
    """
    frames = model.encode_stimulus(np.swapaxes(stimulus, 0, 1).astype(np.float32))
    states = model.evolve(model.encode(first.astype(np.float32)), frames)
    return np.swapaxes(np.asarray(model.decode(states)), 0, 1)


def judged_table(signal, shown, models, populations, step_ms, tau_ms):
    """R2 of models by population and time after the beginning, a data frame.

    Args:
        signal: One of SIGNALS.
        shown: Shown.
        models: Models by name; see `rolled_out`.
        populations: Of each neuron, (N,).
        step_ms, tau_ms: Of the steps and of the rates, ms.

    Returns:
        A row for each window and population: window, stop_ms, population, neurons,
        judged, the names of the models, constant (activity that stays as it is) and
        ceiling (nobody can do better). Of rates those neurons are judged that spiked
        at least a few times.
    """
    first, truth = SIGNALS[signal](shown, step_ms, tau_ms)
    predictions = {
        name: rolled_out(model, first, shown.stimulus) for name, model in models.items()
    }
    predictions[CONSTANT] = np.broadcast_to(first[:, None], truth.shape[1:])
    judged = np.ones(truth.shape[-1], bool)
    if signal == "rates":
        judged = is_judged(shown.branches.counts)
    tables = []
    for window in windows_of(truth.shape[2], step_ms):
        errors = {name: error(truth, of, window) for name, of in predictions.items()}
        errors[CEILING] = noise(truth, window)
        table = population_table(errors, variance(truth, window), populations, judged)
        table.insert(0, "stop_ms", window.stop * step_ms)
        table.insert(0, "window", window.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
