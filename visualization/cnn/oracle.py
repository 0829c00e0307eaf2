"""How near a model comes to the best that is possible, neuron by neuron."""

import numpy as np

from visualization import style
from visualization.headings import add_inches, headed_figure

KIND_COLOURS = {"simple": "#0072B2", "complex": "#D55E00", "normalised": "#009E73"}
OTHERS = ("#CC79A7", "#E69F00", "#56B4E9", "#999999")
SHARES = (1.0, 0.9, 0.5)


def oracle_scatter(table, title="Bits per spike beside those of the true rates"):
    """Bits per spike of the model over those of the true rates, a point per neuron.

    Beside it the share of the oracle by kind of neuron, with the medians.

    Args:
        table: Data frame of `evaluate` with bps, oracle_bps and oracle_share; `kind`
            colours the neurons, where it is known.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: No neuron has both numbers.
    """
    bps, best = (table[name].to_numpy(float) for name in ("bps", "oracle_bps"))
    is_known = np.isfinite(bps) & np.isfinite(best)
    if not is_known.any():
        raise ValueError("no neuron has both bps and oracle_bps.")
    kinds = np.asarray(table["kind"] if "kind" in table else ["neurons"] * len(bps))
    share = table["oracle_share"].to_numpy(float)
    colours = colours_of(kinds)
    with style.paper():
        n_left = int((~is_known).sum())
        words = f"{int(is_known.sum())} neurons"
        words += f"; {n_left} without spikes are left out" if n_left else ""
        figure = headed_figure((6.4, 3.7), title, words)
        axes = add_inches(figure, 0.6, 0.45, 2.6, 2.6)
        top = 1.08 * max(np.nanmax(best[is_known]), np.nanmax(bps[is_known]), 0.1)
        low = min(0.0, 1.1 * np.nanmin(bps[is_known]))
        for line in SHARES:
            axes.plot([0, top], [0, line * top], color=style.FAINT, lw=0.6, zorder=0)
            axes.annotate(
                f"{line:g}",
                (top, line * top),
                (3, -2),
                textcoords="offset points",
                color=style.FAINT,
                fontsize=7,
            )
        for kind, colour in colours.items():
            own = is_known & (kinds == kind)
            axes.plot(best[own], bps[own], "o", ms=4, mew=0, alpha=0.8, color=colour)
        axes.set_xlim(min(0.0, 1.1 * best[is_known].min()), top)
        axes.set_ylim(low, top)
        axes.set_xlabel("true rates, bits per spike")
        axes.set_ylabel("model, bits per spike")
        _draw_shares(figure, kinds, share, colours)
    return figure


def colours_of(kinds):
    """Colour by kind: those of known kinds, others in turn."""
    names = sorted(set(kinds), key=str)
    known = [name for name in KIND_COLOURS if name in names]
    rest = [name for name in names if name not in KIND_COLOURS]
    colours = {name: KIND_COLOURS[name] for name in known}
    colours |= {name: OTHERS[k % len(OTHERS)] for k, name in enumerate(rest)}
    return colours


def _draw_shares(figure, kinds, share, colours):
    beside = add_inches(figure, 4.1, 0.45, 2.1, 2.6)
    lowest = 0.0
    for place, (kind, colour) in enumerate(colours.items()):
        own = np.sort(share[(kinds == kind) & np.isfinite(share)])
        if not len(own):
            continue
        shown = np.maximum(own, -0.5)
        lowest = min(lowest, shown[0])
        x = place + np.linspace(-0.25, 0.25, len(own)) if len(own) > 1 else [place]
        beside.plot(x, shown, "o", ms=3, mew=0, alpha=0.7, color=colour)
        median = np.median(own)
        beside.plot([place - 0.35, place + 0.35], [median] * 2, color=style.INK, lw=1.4)
        beside.annotate(
            f"{median:.2f}", (place, 1.02), ha="center", va="bottom", fontsize=7
        )
    beside.axhline(1, color=style.FAINT, lw=0.6)
    beside.set_ylim(lowest - 0.05, max(1.16, 1.05 * np.nan_to_num(share).max()))
    beside.set_xlim(-0.6, len(colours) - 0.4)
    beside.set_xticks(
        range(len(colours)), [style.shortened(kind, 12) for kind in colours]
    )
    beside.set_ylabel("share of the oracle")
    beside.set_title("medians above", fontsize=7, pad=3)
