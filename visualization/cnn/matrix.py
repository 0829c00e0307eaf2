"""The generalisation matrix: trained on one kind of stimulus, judged on another."""

import matplotlib
import numpy as np

from visualization import style
from visualization.headings import TOP, add_inches, headed_figure

PANELS = (
    ("oracle_share_median", "share of the oracle", "viridis"),
    ("bps_mean", "bits per spike", "viridis"),
    ("bps_affine_mean", "rescaled, bits per spike", "viridis"),
    ("corr_mean", "correlation", "viridis"),
    ("gain_gap_median", "gain gap, bits per spike", "Oranges"),
)


def generalisation_heatmap(matrix, title="Generalisation across stimuli"):
    """Scores of each model (row) on each type of trials (column), one panel per score.

    Args:
        matrix: Data frame of `generalisation_matrix`; columns that it lacks, or in
            which nothing is known, have no panel.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The matrix is empty.
    """
    if not len(matrix):
        raise ValueError("the generalisation matrix has no row.")
    known = [name for name in matrix if matrix[name].notna().any()]
    panels = [panel for panel in PANELS if panel[0] in known]
    trains, tests = (list(dict.fromkeys(matrix[name])) for name in ("train", "test"))
    cell = 0.62, 0.42
    # Wide enough for the words above.
    width, height = max(cell[0] * len(tests), 1.2), cell[1] * len(trains)
    left = 0.35 + 0.075 * max(len(style.shortened(name, 22)) for name in trains)
    with style.paper():
        size = left + (width + 0.35) * len(panels), TOP + height + 1.15
        words = "rows: trained on; columns: judged on"
        figure = headed_figure(size, title, words)
        for k, (name, label, colours) in enumerate(panels):
            values = matrix.pivot(index="train", columns="test", values=name)
            values = values.loc[trains, tests].to_numpy(float)
            axes = add_inches(figure, left + (width + 0.35) * k, 0.8, width, height)
            _draw_cells(axes, values, colours)
            axes.set_xticks(
                range(len(tests)),
                [style.shortened(name, 12) for name in tests],
                rotation=40,
                ha="right",
                rotation_mode="anchor",
            )
            names = [style.shortened(name, 22) for name in trains]
            axes.set_yticks(range(len(trains)), names if k == 0 else [""] * len(trains))
            axes.tick_params(length=0)
            axes.set_title(label, fontsize=7.5, pad=4)
    return figure


def _draw_cells(axes, values, colours):
    known = values[np.isfinite(values)]
    high = max(known.max(), 1e-3)
    low = max(min(0.0, known.min()), -high)  # how poor the worst is needs no colours
    colours = matplotlib.colormaps[colours]
    axes.imshow(values, cmap=colours, vmin=low, vmax=high, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if not np.isfinite(value):
            continue
        red, green, blue, _ = colours(max((value - low) / (high - low), 0.0))
        is_dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        ink = "white" if is_dark else style.INK
        axes.text(
            column,
            row,
            f"{round(value, 2) + 0.0:.2f}",
            ha="center",
            va="center",
            color=ink,
        )
