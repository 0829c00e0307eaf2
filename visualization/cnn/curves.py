"""Curves: over the epochs of a training, and over the share of the data."""

import numpy as np
from matplotlib.ticker import MaxNLocator, NullFormatter

from visualization import style
from visualization.headings import add_inches, headed_figure

# Of metrics.csv: what a panel shows, and how the names of its columns begin.
PANELS = (
    ("loss", ("total", "poisson", "correlation")),
    ("bits per spike", ("val_bps",)),
    ("learning rate", ("learning_rate",)),
    ("lag-0 mass of kernels", ("kernel_lag0_mass",)),
)
METHODS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def training_curves(table, title="Training of a read-out model"):
    """Losses, bits per spike in validation, learning rate and kernels over the epochs.

    Args:
        table: Columns of a run's metrics.csv by name, arrays (epochs,), with `epoch`;
            what it lacks is not drawn.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: No epoch was finished.
    """
    columns = {
        name: np.asarray(values, np.float64)
        for name, values in table.items()
        if np.asarray(values).dtype.kind in "iuf"
    }
    epochs = columns.get("epoch", np.zeros(0))
    if not len(epochs):
        raise ValueError("the table has no row: no epoch was finished.")
    chosen = []
    for label, first in PANELS:
        names = [name for name in columns if name.startswith(first)]
        names = [name for name in names if np.isfinite(columns[name]).any()]
        names = [name for k, name in enumerate(names) if _is_new(columns, names, k)]
        if names:
            chosen.append((label, names))
    with style.paper():
        rows = max(len(names) for _, names in chosen)
        size = 0.2 + 2.6 * len(chosen), 2.85 + 0.13 * rows
        figure = headed_figure(size, title, f"{len(epochs)} epochs")
        for k, (label, names) in enumerate(chosen):
            axes = add_inches(figure, 0.66 + 2.6 * k, 0.45, 1.85, 1.75)
            marker = "." if len(epochs) < 3 else ""
            for colour, name in zip(METHODS, names, strict=False):
                axes.plot(
                    epochs,
                    columns[name],
                    color=colour,
                    marker=marker,
                    label=style.without_middle(name, 26),
                )
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(5))
            axes.set_xlabel("epoch")
            axes.set_ylabel(label)
            axes.legend(
                loc="lower left", bbox_to_anchor=(-0.02, 1.0), fontsize=6, borderpad=0
            )
    return figure


def _is_new(columns, names, k):
    """Whether a column is no copy of an earlier one, as the only recording's is."""
    own = columns[names[k]]
    return not any(
        np.array_equal(own, columns[name], equal_nan=True) for name in names[:k]
    )


def transfer_curves(table, title="Read-outs from little data"):
    """Scores over the share of the training trials, a line per method.

    Lines are means over recordings, dots single ones.

    Args:
        table: Data frame with share (0 to 1), method, recording, bps_mean, corr_mean
            and seconds.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The table is empty.
    """
    if not len(table):
        raise ValueError("the table of transfers has no row.")
    panels = (
        ("bps_mean", "bits per spike"),
        ("corr_mean", "correlation"),
        ("seconds", "seconds of training"),
    )
    panels = [one for one in panels if one[0] in table]
    with style.paper():
        size = 0.2 + 2.5 * len(panels) + 1.3, 2.9
        figure = headed_figure(size, title, "lines: means over recordings")
        for k, (name, label) in enumerate(panels):
            axes = add_inches(figure, 0.62 + 2.5 * k, 0.45, 1.8, 1.8)
            methods = dict.fromkeys(table["method"])
            for colour, method in zip(METHODS, methods, strict=False):
                own = table[table["method"] == method]
                mean = own.groupby("share")[name].mean()
                axes.plot(own["share"], own[name], ".", color=colour, ms=3, alpha=0.5)
                axes.plot(mean.index, mean, color=colour, label=str(method))
            shares = np.unique(table["share"])
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set_xticks(shares, [f"{100 * share:g}" for share in shares])
            axes.set_xlabel("% of the training trials")
            axes.set_ylabel(label)
            if name == "seconds":
                axes.set_yscale("log")
            if k == len(panels) - 1:
                axes.legend(loc="upper left", bbox_to_anchor=(1.03, 1), borderaxespad=0)
    return figure
