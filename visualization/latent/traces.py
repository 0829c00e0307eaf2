"""Predicted and true activity of single neurons."""

import numpy as np
from matplotlib.figure import Figure

from visualization import style

TRUTH, PREDICTION = style.FAINT, "#0072B2"
ROWS = 22  # traces below each other
PAD = 0.2  # of the range of the truth, above and below


def rollout_traces(
    truth, predicted, names, dt_ms=None, title="Predicted and true activity"
):
    """What a rollout says of a few neurons, a trace each, over the truth in grey.

    Each has its own scale, that of its truth, whose range is written below its R2, 1 -
    var(error) / var(truth). On the published common scale most would be flat.

    Args:
        truth, predicted: (K, M).
        names: Of the traces, (M,).
        dt_ms: Of a step; None has steps on the axis.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no trace, or the sizes disagree.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if not len(names) or {truth.shape, predicted.shape} != {(len(truth), len(names))}:
        raise ValueError(
            f"{len(names)} traces cannot have shapes {truth.shape} and "
            f"{predicted.shape}."
        )
    n_columns = -(-len(names) // ROWS)
    n_rows = -(-len(names) // n_columns)
    time = np.arange(1, len(truth) + 1) * (1 if dt_ms is None else dt_ms / 1000)
    with style.paper():
        size = 0.6 + 4.6 * n_columns, 0.9 + 0.42 * n_rows
        figure = Figure(figsize=size)
        grid = figure.subplots(
            n_rows,
            n_columns,
            squeeze=False,
            sharex=True,
            gridspec_kw={
                "left": 0.55 / size[0],
                "right": 1 - 0.65 / size[0],
                "bottom": 0.45 / size[1],
                "top": 1 - 0.45 / size[1],
                "hspace": 0.06,
                "wspace": 0.32,
            },
        )
        panels = [*grid.T.flat]
        for m, axes in enumerate(panels):
            if m >= len(names):
                axes.set_axis_off()
                continue
            _draw_trace(axes, time, truth[:, m], predicted[:, m], names[m])
            is_last = m % n_rows == n_rows - 1 or m == len(names) - 1
            axes.spines["bottom"].set_visible(is_last)
            axes.tick_params(axis="x", bottom=is_last, labelbottom=is_last)
            if is_last:
                axes.set_xlabel("step" if dt_ms is None else "time (s)")
        panels[0].set_xlim(0, time[-1])
        x, y = 0.1 / size[0], 1 - 0.2 / size[1]
        figure.text(x, y, title, fontsize=9, fontweight="bold")
        for text, colour, place in (
            ("prediction", PREDICTION, 1.35),
            ("truth", TRUTH, 0.6),
        ):
            figure.text(1 - place / size[0], y, text, color=colour)
    return figure


def _draw_trace(axes, time, truth, predicted, name):
    axes.plot(time, truth, color=TRUTH, lw=2.0)
    shown = np.where(np.isfinite(predicted), predicted, np.nan)
    axes.plot(time, shown, color=PREDICTION, lw=0.7)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    low, high = float(truth.min()), float(truth.max())
    span = high - low or 1.0
    axes.set_ylim(low - PAD * span, high + PAD * span)
    beside = {"transform": axes.transAxes, "va": "center", "fontsize": 6.5}
    axes.text(-0.01, 0.5, style.shortened(name, 8), ha="right", **beside)
    axes.text(1.01, 0.66, f"R2 {_r2(truth, predicted)}", **beside)
    axes.text(1.01, 0.26, f"{high - low:.2g}", color=style.FAINT, **beside)


def _r2(truth, predicted):
    variance = np.var(truth, dtype=np.float64)
    if not np.isfinite(predicted).all() or not variance > 0:
        return "-"
    error = predicted.astype(np.float64) - truth
    r2 = 1 - np.var(error) / variance
    return f"{r2:.2f}" if r2 > -10 else "< -10"
