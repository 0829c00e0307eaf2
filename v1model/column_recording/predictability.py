"""How well rollouts predict columns that part, and how well anybody could.

Truth is (R, G, K, N): R columns that began G stretches of K steps in the same state and
saw the same, with other noise. A prediction (G, K, N) knows that state and what was
seen. Its squared error is at least the variance over the columns, which is the noise.
All are divided by the variance of the neuron over all of the truth; NaN without any.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from v1model.network.populations import ROUGH_POPULATIONS

LEAST_SPIKES = 20  # in all columns together, of a neuron that is judged
LEAST_VARIANCE = 0.01  # of a population in a window, in that of all steps

LATER_MS = (20, 100, 500)  # where the windows after the first step end


class Window(NamedTuple):
    """Steps [start, stop) of a stretch; 0 is the first after its beginning."""

    name: str
    start: int
    stop: int


def windows_of(n_steps, step_ms):
    """The windows in which predictions are judged, a list of Window.

    Args:
        n_steps: K.
        step_ms: Length of a step.
    """
    found, start = [], 0
    for border_ms in (step_ms, *LATER_MS, n_steps * step_ms):
        stop = min(border_ms // step_ms, n_steps)
        if stop > start:
            ends = f"{(start + 1) * step_ms:g}", f"{stop * step_ms:g}"
            name = ends[1] if stop == start + 1 else "–".join(ends)
            found.append(Window(f"{name} ms", start, stop))
            start = stop
    return found


def error(truth, prediction, window):
    """Mean squared error in a window, in the variance of all steps, (N,) float64.

    Args:
        truth: (R, G, K, N).
        prediction: (G, K, N).
        window: Window.
    """
    part = slice(window.start, window.stop)
    away = truth[:, :, part] - prediction[:, part]
    return _share(np.square(away, dtype=np.float64).mean(axis=(0, 1, 2)), truth)


def noise(truth, window):
    """The error of a prediction that knows everything but the noise, (N,) float64.

    The variance over the columns in a window, without bias. Arguments are those of
    `error`.
    """
    part = truth[:, :, window.start : window.stop].astype(np.float64)
    return _share(part.var(axis=0, ddof=1).mean(axis=(0, 1)), truth)


def variance(truth, window):
    """The error of the neuron's mean in a window, (N,) float64; see `error`."""
    part = truth[:, :, window.start : window.stop]
    return _share(part.var(axis=(0, 1, 2), dtype=np.float64), truth)


def is_judged(counts, least=LEAST_SPIKES):
    """Neurons that spiked enough for their rate to be predicted, (N,) bool.

    Args:
        counts: Spikes (R, G, K, N).
        least: In all columns together.
    """
    return counts.sum(axis=(0, 1, 2), dtype=np.float64) >= least


def population_table(errors, variances, populations, judged):
    """R2 of each population, 1 - sum of errors / sum of variances: a data frame.

    Errors are in the variance of their neuron, so all neurons count alike, but those
    that hardly varied in the window do not decide.

    Args:
        errors: (N,) by name; see `error` and `noise`.
        variances: (N,), see `variance`.
        populations: Population of each neuron, one of the 17, (N,).
        judged: (N,) bool.

    Returns:
        One row for each of the 17 from the pia down and a last one, "all"; columns
        population, neurons, judged, and the names, NaN where nobody is judged or
        everybody stands still in the window.
    """
    populations = np.asarray(populations)
    judged = judged & np.isfinite(variances)
    rows = []
    for name in (*ROUGH_POPULATIONS, "all"):
        own = np.ones(len(judged), bool) if name == "all" else populations == name
        counted = own & judged
        row = {"population": name, "neurons": own.sum(), "judged": counted.sum()}
        total = variances[counted].sum()
        varies = total > LEAST_VARIANCE * counted.sum()
        for key, values in errors.items():
            row[key] = 1 - values[counted].sum() / total if varies else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def _share(power, truth):
    """Power (N,) in the variance of all of the truth; NaN where there is none."""
    flat = truth.reshape(-1, truth.shape[-1])
    varies = flat.max(axis=0) > flat.min(axis=0)
    whole = flat.var(axis=0, dtype=np.float64)
    return np.where(varies, power / np.where(varies, whole, 1), np.nan)
