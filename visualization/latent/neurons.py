"""Which neurons and cell types are predicted, and which are not."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from v1model.latent.diagnosis.tables import UNKNOWN
from visualization import style
from visualization.latent.decades import show_decades
from visualization.latent.headings import write_heading

LABELS_AT_MOST = 40
EXPLAINED = ((1.0, "0"), (0.1, "0.9"), (0.01, "0.99"))  # share left, R2
WORST = -1.0  # R2 below it are drawn there
STEP, ROLLOUT = "#56B4E9", "#0072B2"


def variance_scatter(neurons, title="Explained and unexplained variance"):
    """Variance of the error against that of the truth, a point per neuron.

    Both over the time of the rollout; an error that never changes has no variance.
    Coloured by cell type, whose name stands at the medians of its neurons. Lines: R2.

    Args:
        neurons: Data frame of `neuron_table`.
        title: Of the figure.

    Returns:
        matplotlib Figure.
    """
    total = neurons["variance"].to_numpy()
    rest = neurons["unexplained"].to_numpy()
    is_drawn = np.isfinite(rest) & (rest > 0) & (total > 0)
    types = neurons["cell_type"].to_numpy()
    with style.paper():
        figure = Figure(figsize=(5.6, 5.2))
        axes = figure.add_axes((0.13, 0.10, 0.83, 0.80))
        show_decades(axes, total[is_drawn], rest[is_drawn])
        axes.set_xlabel("variance of the truth")
        axes.set_ylabel("variance of the error")
        n_left = int((~is_drawn).sum())
        words = f"{int(is_drawn.sum()):,} neurons"
        if n_left:
            words += f"; {n_left:,} that do not vary or are not finite are left out"
        write_heading(axes, title, words)
        if is_drawn.any():
            _draw_lines(axes, axes.get_xlim(), axes.get_ylim())
            _draw_types(figure, axes, types[is_drawn], total[is_drawn], rest[is_drawn])
    return figure


def _draw_lines(axes, x, y):
    for share, name in EXPLAINED:
        ends = np.array([max(x[0], y[0] / share), min(x[1], y[1] / share)])
        if ends[0] < ends[1]:
            axes.plot(ends, share * ends, color=style.FAINT, lw=0.7, zorder=1)
            axes.annotate(
                f"R2 {name}",
                (ends[1], share * ends[1]),
                (-8, -3),
                textcoords="offset points",
                ha="right",
                va="top",
                color=style.FAINT,
                fontsize=7,
            )


def _draw_types(figure, axes, types, total, rest):
    names, sizes = np.unique(types, return_counts=True)
    colours = matplotlib.colormaps["turbo"](np.linspace(0.05, 0.95, len(names)))
    centres = []
    for name, colour in zip(names, colours, strict=True):
        own = types == name
        axes.plot(total[own], rest[own], ".", color=colour, ms=2.2, mew=0, alpha=0.7)
        centres.append((np.median(total[own]), np.median(rest[own])))
    if [*names] == [UNKNOWN]:
        return
    largest = np.argsort(-sizes, kind="stable")[:LABELS_AT_MOST]
    taken = [text.get_window_extent() for text in axes.texts]
    for k in largest:
        label = _place(figure, axes, names[k], centres[k], taken)
        if label is not None:
            label.set_color(0.65 * colours[k][:3])


def _place(figure, axes, name, centre, taken):
    """Writes a name near a point, where nothing else is written; None without room."""
    inside = axes.get_window_extent()
    for radius in (0, 9, 16, 24, 34):
        for angle in np.linspace(0, 2 * np.pi, 1 if radius == 0 else 12, False):
            offset = radius * np.cos(angle), 0.7 * radius * np.sin(angle)
            label = axes.annotate(
                name,
                centre,
                offset,
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=6,
                zorder=5,
                arrowprops={"arrowstyle": "-", "lw": 0.3, "shrinkA": 0, "shrinkB": 0},
            )
            box = label.get_window_extent()
            is_inside = inside.contains(box.x0, box.y0) and inside.contains(
                box.x1, box.y1
            )
            if is_inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                return label
            label.remove()
    return None


def type_bars(types, one_step=None, title="Neurons that are predicted, by cell type"):
    """Median R2 of each cell type over long rollouts, and how much the type varies.

    R2 is 1 - mse / variance: 0 is as good as knowing the mean. Circles: one step ahead
    of true frames. What is below -1 is drawn there. The best type is on top.

    Args:
        types: Data frame of `type_table`.
        one_step: The same one step ahead, or None.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no type.
    """
    if not len(types):
        raise ValueError("the table has no cell type.")
    scores = types["median_r2_bias"].to_numpy()
    order = np.argsort(np.nan_to_num(scores, nan=-np.inf), kind="stable")
    names, scores = types["cell_type"].to_numpy()[order], scores[order]
    place = np.arange(len(names))
    with style.paper():
        height = 1.1 + 0.14 * len(names)
        figure = Figure(figsize=(6.0, height))
        bottom, top = 0.42 / height, 1 - 0.55 / height
        axes = figure.add_axes((0.16, bottom, 0.52, top - bottom))
        shown = np.clip(np.nan_to_num(scores, nan=WORST), WORST, 1)
        axes.barh(place, shown, height=0.7, color=ROLLOUT)
        lowest = min(0.0, shown.min())
        if one_step is not None:
            own = one_step.set_index("cell_type").loc[names, "median_r2_bias"]
            own = np.clip(own, WORST, 1)
            axes.plot(own, place, "o", ms=3, mfc="white", color=STEP)
            lowest = min(lowest, np.nanmin(own, initial=0.0))
        axes.axvline(0, color=style.INK, lw=0.6)
        axes.set_xlim(1.05 * lowest - 0.02, 1.02)
        axes.set_yticks(place, names, fontsize=6)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.set_xlabel("median R2")
        beside = figure.add_axes((0.72, bottom, 0.24, top - bottom))
        variance = types["variance"].to_numpy()[order]
        show_decades(beside, x=variance)
        variance = np.where(variance > 0, variance, np.nan)
        beside.plot(variance, place, ".", color=style.INK)
        beside.set_ylim(axes.get_ylim())
        beside.set_yticks([])
        beside.set_xlabel("variance")
        figure.text(0.02, 1 - 0.2 / height, title, fontsize=9, fontweight="bold")
        words = "bars: over whole rollouts"
        if one_step is not None:
            words += "; circles: one step ahead"
        figure.text(0.02, 1 - 0.4 / height, words, color=style.FAINT)
    return figure
