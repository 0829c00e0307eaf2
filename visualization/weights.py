"""Synaptic weights before and after training, class by class.

    python -m visualization.weights RUN [--out weights.png]

draws those of a finished or stopped run.
"""

import argparse
import pathlib
import sys

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from v1model.trained_run import read_trained_run
from visualization import style
from visualization.files import write_figure

LOWEST = 1e-3  # pA; weaker synapses, which move nothing, are drawn in the first bin
BINS_PER_DECADE = 12
DPI = 200  # of a .png
CLASSES = ("E to E", "E to I", "I to E", "I to I", "LGN")
EXCITATORY, INHIBITORY = style.CLASS_COLOURS["excitatory"], style.CLASS_COLOURS["Pvalb"]
_COLOURS = (EXCITATORY, EXCITATORY, INHIBITORY, INHIBITORY, style.INK)


def weight_distributions(before, after, title="Synaptic weights"):
    """How training has changed the weights of each class of synapses.

    Above: distribution of the size of the weights, before (grey) and after. Below: the
    same synapses one by one, after against before, darker where there are more; on the
    line nothing has changed. Synapses below 0.001 pA, which move nothing, are counted
    in words above and lie at the edge below.

    Args:
        before, after: Networks with the same synapses.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The two have not the same synapses.
    """
    first, last = weights_by_class(before), weights_by_class(after)
    for name, weights in first.items():
        if weights.shape != last[name].shape:
            raise ValueError(
                f"{name} has {len(weights):,} synapses before and "
                f"{len(last[name]):,} after; the networks are not the same."
            )
    edges = _edges([*first.values(), *last.values()])
    with style.paper():
        figure = Figure(figsize=(8.6, 4.9), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        figure.text(0.99, 0.985, "grey: before, line: after", ha="right", va="top")
        panels = figure.subplots(2, len(CLASSES), sharex=True)
        for column, name in enumerate(CLASSES):
            pair = first[name], last[name]
            bins = [_bins(weights, edges) for weights in pair]
            colour = _COLOURS[column]
            _draw_distributions(panels[0, column], bins, edges, colour)
            _draw_changes(panels[1, column], bins, edges, colour)
            panels[0, column].set_title(_sizes(name, bins), fontsize=7.5)
            panels[1, column].set_title(_changes(*pair), fontsize=7.5)
        panels[0, 0].set_ylabel("synapses (%)")
        panels[1, 0].set_ylabel("after (pA)")
        for axes in panels[1]:
            axes.set_xlabel("before (pA)")
    return figure


def weights_by_class(network):
    """Weights of a Network by `CLASSES`, (S,) each, pA, its synapses in order."""
    synapses, is_excitatory = network.recurrent, network.is_excitatory
    kind = 2 * ~is_excitatory[synapses.pre] + ~is_excitatory[synapses.post]
    weights = {name: synapses.weight[kind == k] for k, name in enumerate(CLASSES[:4])}
    return {**weights, CLASSES[4]: network.lgn.synapses.weight}


def _edges(weights):
    """Edges of bins from `LOWEST` to the largest weight, pA, evenly spaced in log."""
    largest = max((np.abs(w).max(initial=0) for w in weights), default=0)
    decades = np.log10(max(largest, 10 * LOWEST) / LOWEST)
    n = int(np.ceil(decades * BINS_PER_DECADE)) + 1
    return LOWEST * 10 ** (np.arange(n + 1) / BINS_PER_DECADE)


def _bins(weights, edges):
    """Bin of each weight by its size, (S,) int."""
    size = np.maximum(np.abs(weights), LOWEST)
    bins = np.log10(size / LOWEST) * BINS_PER_DECADE
    return np.clip(bins.astype(np.int64), 0, len(edges) - 2)


def _prepare(axes, edges):
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    decades = np.arange(np.log10(edges[0]), np.log10(edges[-1]) + 1e-9, 2)
    axes.set_xticks(10**decades)
    axes.xaxis.set_major_formatter(FuncFormatter(_power))
    axes.xaxis.minorticks_off()


def _power(value, _):
    """0.001, 0.1, 10, 1,000: powers of ten as people write them."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _draw_distributions(axes, bins, edges, colour):
    _prepare(axes, edges)
    if not len(bins[0]):
        axes.set_yticks([])
        middle = {"ha": "center", "va": "center", "transform": axes.transAxes}
        axes.text(0.5, 0.5, "no synapses", color=style.FAINT, **middle)
        return
    before = {"fill": True, "color": style.FAINT, "alpha": 0.5, "linewidth": 0}
    after = {"color": colour, "linewidth": 1.3}
    for which, looks in zip(bins, (before, after), strict=True):
        share = 100 * np.bincount(which, minlength=len(edges) - 1) / len(which)
        axes.stairs(share[1:], edges[1:], **looks)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.set_ylim(bottom=0)


def _draw_changes(axes, bins, edges, colour):
    _prepare(axes, edges)
    axes.set_yscale("log")
    axes.set_ylim(edges[0], edges[-1])
    axes.set_yticks(axes.get_xticks())
    axes.yaxis.set_major_formatter(FuncFormatter(_power))
    axes.yaxis.minorticks_off()
    before, after = bins
    n_bins = len(edges) - 1
    counts = np.bincount(before * n_bins + after, minlength=n_bins**2)
    counts = counts.reshape(n_bins, n_bins).T
    shades = LinearSegmentedColormap.from_list("shades", [style.BACKDROP, colour])
    axes.pcolormesh(
        edges,
        edges,
        np.ma.masked_equal(counts, 0),
        norm=LogNorm(1, max(counts.max(), 2)),
        cmap=shades,
        rasterized=True,
    )
    ends = [edges[0], edges[-1]]
    axes.plot(ends, ends, color=style.INK, linewidth=0.6, linestyle=(0, (4, 3)))


def _sizes(name, bins):
    """How many synapses there are, and the share that is too weak to be drawn."""
    if not len(bins[0]):
        return f"{name}\n\n"
    weak = [100 * np.mean(which == 0) for which in bins]
    shares = "{:.0f} %, then {:.0f} %".format(*weak)
    return f"{name}: {len(bins[0]):,}\nbelow 0.001 pA:\n{shares}"


def _changes(before, after):
    """How the weights have changed, in words."""
    sizes = [np.abs(weights).sum(dtype=np.float64) for weights in (before, after)]
    if not sizes[0]:
        return "\n"
    flipped = 100 * np.mean(before * after < 0)
    return f"sum {100 * (sizes[1] / sizes[0] - 1):+.1f} %\n{flipped:.3g} % turned sign"


def main(argv=None):
    """Draws the weights of a run; see the module."""
    parser = argparse.ArgumentParser(prog="visualization.weights")
    parser.add_argument("run", help="folder of the run")
    parser.add_argument("--out", help="figure to write; RUN/weights.png by default")
    values = parser.parse_args(argv)
    out = pathlib.Path(values.out or pathlib.Path(values.run) / "weights.png")
    try:
        if out.suffix not in (".png", ".pdf", ".svg"):
            raise ValueError(f"--out must end with .png, .pdf or .svg, got {out}.")
        run = read_trained_run(values.run)
        title = f"{pathlib.Path(values.run).name}: weights before and after training"
        figure = weight_distributions(run.before, run.after, title)
        write_figure(figure, out, dpi=DPI)
    except (ValueError, OSError) as error:
        sys.exit(f"weights: {error}")
    print(f"Wrote {out}.")  # noqa: T201


if __name__ == "__main__":
    main()
