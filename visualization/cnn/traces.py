"""Predicted rates of single neurons over their spikes."""

import numpy as np

from visualization import style
from visualization.headings import TOP, add_inches, headed_figure

SPIKES, MODEL, TRUTH = "#BBBBBB", "#0072B2", "#D55E00"


def example_traces(counts, rates, sampling_rate, names, truth=None, title="Examples"):
    """A stretch of time of a few neurons: spikes, predicted rate and true rate.

    Args:
        counts: (T, K), spikes per bin.
        rates: (T, K), spikes per bin; NaN where nothing is predicted.
        sampling_rate: Hz.
        names: Of the neurons, (K,), such as their scores.
        truth: (T, K), spikes per bin, or None where nobody knows it.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no neuron, or the shapes differ.
    """
    counts, rates = np.asarray(counts), np.asarray(rates)
    if not len(names) or {counts.shape, rates.shape} != {(len(counts), len(names))}:
        raise ValueError(
            f"{len(names)} neurons cannot have shapes {counts.shape} and {rates.shape}."
        )
    seconds = np.arange(len(counts)) / sampling_rate
    with style.paper():
        height = TOP + 0.35 + 1.05 * len(names)
        words = "grey: spikes per bin, as a rate; cut off where no rate is as high"
        figure = headed_figure((7.2, height), title, words)
        for k, name in enumerate(names):
            bottom = height - TOP - 1.05 * (k + 1) + 0.12
            axes = add_inches(figure, 0.6, bottom, 5.4, 0.72)
            hz = sampling_rate * counts[:, k]
            lines = {"model": (sampling_rate * rates[:, k], MODEL, 1.2)}
            if truth is not None:
                lines = {"truth": (sampling_rate * truth[:, k], TRUTH, 0.9)} | lines
            # Single spikes are much higher than rates; the axis is for the rates.
            top = 1.15 * max(np.nanmax(values) for values, _, _ in lines.values())
            axes.bar(seconds, np.minimum(hz, top), 1 / sampling_rate, color=SPIKES)
            for label, (values, colour, width) in lines.items():
                axes.plot(seconds, values, color=colour, lw=width, label=label)
            axes.set_ylim(0, top)
            axes.set_xlim(seconds[0], seconds[-1])
            axes.set_ylabel("Hz")
            axes.annotate(
                name,
                (1, 0.5),
                (6, 0),
                xycoords="axes fraction",
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
            if k < len(names) - 1:
                axes.set_xticklabels([])
            else:
                axes.set_xlabel("seconds")
            if k == 0:
                axes.legend(
                    loc="lower right",
                    bbox_to_anchor=(1, 0.98),
                    ncols=2,
                    fontsize=7,
                    borderaxespad=0,
                )
    return figure
