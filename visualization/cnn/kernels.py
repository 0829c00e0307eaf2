"""Kernels in time: what a frontend does with the frames before a bin."""

import matplotlib
import numpy as np

from visualization import style
from visualization.headings import TOP, add_inches, headed_figure


def temporal_kernels(kernels, sampling_rate, title="Kernels in time"):
    """Kernels over lags, a line each; at the right the share of each lag's energy.

    The energy of lag 0, the bin itself, is orange: no cell of the cortex answers to a
    frame that early.

    Args:
        kernels: (K, M), lag 0 first.
        sampling_rate: Hz.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no kernel, or no lag.
    """
    kernels = np.asarray(kernels, np.float64)
    if kernels.ndim != 2 or not kernels.size:
        raise ValueError(f"kernels must be (K, M), got {kernels.shape}.")
    lags = 1000 / sampling_rate * np.arange(len(kernels))
    energy = (kernels**2).sum(axis=1)
    share = energy / (energy.sum() or 1.0)
    with style.paper():
        words = f"{kernels.shape[1]} kernels; lag 0 has {share[0]:.1%} of the energy"
        figure = headed_figure((6.6, TOP + 2.4), title, words)
        axes = add_inches(figure, 0.6, 0.45, 3.4, 1.85)
        axes.axhline(0, color=style.FAINT, lw=0.6)
        colours = matplotlib.colormaps["viridis"](
            np.linspace(0, 0.85, kernels.shape[1])
        )
        for kernel, colour in zip(kernels.T, colours, strict=True):
            axes.plot(lags, kernel, ".-", color=colour, ms=4)
        axes.set_xlabel("lag, ms")
        axes.set_ylabel("weight")
        axes = add_inches(figure, 4.6, 0.45, 1.9, 1.85)
        bars = [style.CLASS_COLOURS["excitatory"]]
        bars += [style.CLASS_COLOURS["Pvalb"]] * (len(lags) - 1)
        axes.bar(lags, share, 0.7 * 1000 / sampling_rate, color=bars)
        axes.set_ylim(0, 1.05 * max(share.max(), 1e-9))
        axes.set_xlabel("lag, ms")
        axes.set_ylabel("share of the energy")
    return figure
