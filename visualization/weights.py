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
from visualization.files import check_figure_path, write_figure

LOWEST = 1e-3  # pA; weaker synapses, which move nothing, share the first bin
WEAKEST = LOWEST / 10**0.75  # pA, where that bin begins on the axes
COARSE, FINE = 4, 12  # bins per decade of the distributions and of the changes
DPI = 200  # of a .png
CLASSES = ("E to E", "E to I", "I to E", "I to I", "LGN")
EXCITATORY, INHIBITORY = style.CLASS_COLOURS["excitatory"], style.CLASS_COLOURS["Pvalb"]
_COLOURS = (EXCITATORY, EXCITATORY, INHIBITORY, INHIBITORY, style.INK)


def weight_distributions(before, after, title="Synaptic weights"):
    """How training has changed the weights of each class of synapses.

    Above: distribution of the size of the weights, before (gray) and after. Below: the
    same synapses one by one, after against before, darker where there are more; on the
    line nothing has changed. Synapses below 0.001 pA, which move nothing, are one bin.
    Of E to E half and more are that weak before training, by the published rule:
    v1model.network.weights.direction_factor and phase_factor.

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
    coarse, fine = (
        _edges([*first.values(), *last.values()], n) for n in (COARSE, FINE)
    )
    with style.paper():
        figure = Figure(figsize=(8.6, 4.9), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        figure.text(0.99, 0.985, "gray: before, line: after", ha="right", va="top")
        panels = figure.subplots(2, len(CLASSES), sharex=True)
        for column, name in enumerate(CLASSES):
            pair = first[name], last[name]
            colour = _COLOURS[column]
            bins = [_bins(weights, coarse, COARSE) for weights in pair]
            _draw_distributions(panels[0, column], bins, coarse, colour)
            panels[0, column].set_title(_sizes(name, bins), fontsize=7.5)
            bins = [_bins(weights, fine, FINE) for weights in pair]
            _draw_changes(panels[1, column], bins, fine, colour)
            panels[1, column].set_title(_changes(*pair), fontsize=7.5)
        panels[0, 0].set_ylabel("Synapses (%)")
        panels[1, 0].set_ylabel("After (pA)")
        for axes in panels[1]:
            axes.set_xlabel("Before (pA)")
    return figure


def weights_by_class(network):
    """Weights of a Network by `CLASSES`, (S,) each, pA, its synapses in order."""
    synapses, is_excitatory = network.recurrent, network.is_excitatory
    kind = 2 * ~is_excitatory[synapses.pre] + ~is_excitatory[synapses.post]
    weights = {name: synapses.weight[kind == k] for k, name in enumerate(CLASSES[:4])}
    return {**weights, CLASSES[4]: network.lgn.synapses.weight}


def _edges(weights, per_decade):
    """Edges of bins up to the largest weight, pA, from `LOWEST` on evenly in log."""
    largest = max((np.abs(w).max(initial=0) for w in weights), default=0)
    decades = np.log10(max(largest, 10 * LOWEST) / LOWEST)
    n = int(np.ceil(decades * per_decade)) + 1
    return np.r_[WEAKEST, LOWEST * 10 ** (np.arange(n + 1) / per_decade)]


def _bins(weights, edges, per_decade):
    """Bin of each weight by its size, (S,) int; 0 below `LOWEST`."""
    size = np.abs(weights)
    bins = 1 + np.log10(np.maximum(size, LOWEST) / LOWEST) * per_decade
    bins = np.clip(bins.astype(np.int64), 1, len(edges) - 2)
    return np.where(size < LOWEST, 0, bins)


def _prepare(axes, edges):
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xticks(_ticks(edges))
    axes.xaxis.set_major_formatter(FuncFormatter(_power))
    axes.xaxis.minorticks_off()


def _ticks(edges):
    """The middle of the first bin, and every second power of ten from 0.1 on."""
    decades = np.arange(-1, np.log10(edges[-1]) + 1e-9, 2)
    return [np.sqrt(WEAKEST * LOWEST), *10**decades]


def _power(value, _):
    """0, 0.1, 10, 1,000: powers of ten as people write them; 0 is the first bin."""
    if value < LOWEST:
        return "≈0"
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
        axes.stairs(share, edges, **looks)
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
    """How many synapses there are, and the share of those in the first bin."""
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
    change = f"{100 * (sizes[1] / sizes[0] - 1):+.1f}".replace("-", "\N{MINUS SIGN}")
    return f"sum {change} %\n{flipped:.3g} % turned sign"


def main(argv=None):
    """Draws the weights of a run; see the module."""
    parser = argparse.ArgumentParser(
        prog="visualization.weights",
        description="Draws the weights of a run before and after training.",
    )
    parser.add_argument("run", help="folder of the run")
    parser.add_argument("--out", help="figure to write; RUN/weights.png by default")
    values = parser.parse_args(argv)
    run_path = pathlib.Path(values.run)
    try:
        if not run_path.is_dir():  # nor made by the folder of the figure
            raise FileNotFoundError(f"{run_path} is no folder of a run.")
        out = check_figure_path(values.out or run_path / "weights.png")
        run = read_trained_run(run_path)
        title = f"{run_path.name}: weights before and after training"
        figure = weight_distributions(run.before, run.after, title)
        write_figure(figure, out, dpi=DPI)
    except (ValueError, OSError) as error:
        sys.exit(f"weights: {error}")
    print(f"Wrote {out}.")  # noqa: T201


if __name__ == "__main__":
    main()
