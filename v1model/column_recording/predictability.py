"""How well rollouts predict columns that part, and how well anybody could.

Truth is (R, G, K, N): R columns that began G stretches of K steps in the same state and
saw the same, with other noise. A prediction (G, K, N) knows that state and what was
seen. Its squared error is at least the variance over the columns, which is the noise.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from v1model.network.populations import ROUGH_POPULATIONS

LEAST_SPIKES = 20  # in all columns together, of a neuron that is judged


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


def r2(truth, prediction, window):
    """1 - mean squared error in a window / variance, (N,) float64.

    The variance is that of all steps, so that windows can be compared; NaN where a
    neuron does not vary.

    Args:
        truth: (R, G, K, N).
        prediction: (G, K, N).
        window: Window.
    """
    part = slice(window.start, window.stop)
    error = truth[:, :, part] - prediction[:, part]
    return 1 - _share(np.square(error, dtype=np.float64).mean(axis=(0, 1, 2)), truth)


def ceiling(truth, window):
    """The r2 of a prediction that knows everything but the noise, (N,) float64.

    1 - variance over the columns in a window / variance; without bias, so of few
    stretches it may be below 0.

    Args:
        truth: (R, G, K, N).
        window: Window.
    """
    part = truth[:, :, window.start : window.stop].astype(np.float64)
    return 1 - _share(part.var(axis=0, ddof=1).mean(axis=(0, 1)), truth)


def is_judged(counts, least=LEAST_SPIKES):
    """Neurons that spiked enough for their rate to be predicted, (N,) bool.

    Args:
        counts: Spikes (R, G, K, N).
        least: In all columns together.
    """
    return counts.sum(axis=(0, 1, 2), dtype=np.float64) >= least


def population_table(by_neuron, populations, judged):
    """Means over the judged neurons of each population, a data frame.

    Args:
        by_neuron: (N,) by name, such as r2 and ceiling.
        populations: Population of each neuron, one of the 17, (N,).
        judged: (N,) bool.

    Returns:
        One row for each of the 17 from the pia down and a last one, "all"; columns
        population, neurons, judged, and the names, NaN where nobody is judged.
    """
    frame = pd.DataFrame(
        {name: np.where(judged, values, np.nan) for name, values in by_neuron.items()}
    )
    frame.insert(0, "judged", judged)
    frame.insert(0, "population", populations)
    rows = []
    for name in (*ROUGH_POPULATIONS, "all"):
        own = frame if name == "all" else frame[frame["population"] == name]
        means = own.drop(columns=["population", "judged"]).mean()
        row = {"population": name, "neurons": len(own), "judged": own["judged"].sum()}
        rows.append({**row, **means})
    return pd.DataFrame(rows)


def _share(power, truth):
    """Power (N,) over the variance of all of the truth; NaN where there is none."""
    flat = truth.reshape(-1, truth.shape[-1])
    varies = flat.max(axis=0) > flat.min(axis=0)
    variance = flat.var(axis=0, dtype=np.float64)
    return np.where(varies, power / np.where(varies, variance, 1), np.nan)
