"""Learning curves of variants: the mean of their runs, and how far these are apart."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from visualization import style
from visualization.comparison.colours import look_of
from visualization.headings import add_inches, headed_figure

LONGEST_NAME = 36  # letters
WORDS = {
    "val_bps": "bits per spike in validation",
    "val_accuracy": "accuracy in validation",
    "val_r2": "R2 in validation",
    "val_mse": "mean squared error in validation",
    "val_loss": "loss in validation",
}


def variant_curves(histories, variant_of, variants, column, title="Learning curves"):
    """Progress over epochs and over minutes.

    Thick: mean over the runs of a variant; band: from the lowest to the highest; thin:
    epochs that not all of its runs have.

    Args:
        histories: metrics.csv of each run by its name, data frames.
        variant_of: Variant of each run by its name.
        variants: Names of all variants, the baseline first: their colours.
        column: Of the tables.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: No run has an epoch with the column.
    """
    curves = {name: [] for name in variants}
    for run, history in histories.items():
        if column in history and "epoch" in history:
            values = history[column].to_numpy(float)
            is_known = np.isfinite(values)
            if is_known.any():
                curves[variant_of[run]].append(_curve(history, values, is_known))
    curves = {name: own for name, own in curves.items() if own}
    if not curves:
        raise ValueError(f"no run has an epoch with {column}.")
    has_time = all(len(one[2]) for own in curves.values() for one in own)
    legend = 0.45 + 0.06 * min(LONGEST_NAME, max(map(len, curves)))
    n_panels = 1 + has_time
    with style.paper():
        size = 0.75 + 3.0 * n_panels + legend, max(3.1, 0.75 + 0.165 * len(curves))
        n_runs = sum(map(len, curves.values()))
        figure = headed_figure(
            size, title, f"{n_runs} runs; bands: lowest to highest of a variant"
        )
        panels = []
        for k in range(n_panels):
            axes = add_inches(figure, 0.75 + 3.0 * k, 0.47, 2.45, 2.0)
            for name, own in curves.items():
                _draw(axes, name, own, 2 if k else 0, variants.index(name))
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=not k))
            if k:
                axes.set_xlim(left=0)
            axes.set_xlabel("minutes" if k else "epoch")
            panels.append(axes)
        panels[0].set_ylabel(WORDS.get(column, column))
        panels[-1].legend(
            loc="upper left", bbox_to_anchor=(1.03, 1.02), borderaxespad=0, fontsize=7
        )
    return figure


def _curve(history, values, is_known):
    """Epochs counted over all phases, values, and minutes (none if not known)."""
    rows = np.flatnonzero(is_known)
    epochs = history["epoch"].to_numpy(float)
    if "phase" in history:  # epochs begin again with each
        epochs = np.arange(1, len(history) + 1, dtype=float)
    minutes = np.zeros(0)
    if "seconds" in history:
        minutes = history["seconds"].to_numpy(float)[rows] / 60
    return epochs[rows], values[rows], minutes


def _draw(axes, name, own, which, index):
    """A variant's band and mean over its runs, at the rows that all of them have."""
    colour, dash = look_of(index)
    n_all = min(len(one[1]) for one in own)
    dashes = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (4, 1, 1, 1)))[dash]
    x = np.mean([one[which][:n_all] for one in own], axis=0)
    values = np.stack([one[1][:n_all] for one in own])
    if len(own) > 1:
        axes.fill_between(
            x, values.min(0), values.max(0), color=colour, alpha=0.15, lw=0
        )
    for one in own:
        if len(one[1]) > n_all:
            axes.plot(
                one[which][n_all - 1 :], one[1][n_all - 1 :], color=colour, lw=0.5
            )
    axes.plot(
        x,
        values.mean(axis=0),
        color=colour,
        ls=dashes,
        lw=1.4,
        marker="." if n_all < 3 else "",
        label=style.without_middle(name, LONGEST_NAME),
    )
