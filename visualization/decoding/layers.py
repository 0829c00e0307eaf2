"""Which layers of a column carry the picture, and from when on."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from v1model.decoders.groups import EXCITATORY, INHIBITORY
from visualization import style

CLASS_COLOURS = {EXCITATORY: style.CLASS_COLOURS["excitatory"], INHIBITORY: "#0072B2"}
# From the LGN up; dark to light after viridis, which prints well in gray.
LAYER_COLOURS = {
    "LGN": "#8C8C8C",
    "1": "#CC79A7",
    "2/3": "#D8A800",
    "4": "#3DA35D",
    "5": "#21708E",
    "6": "#440154",
}
LANE = 0.17  # between the classes of a layer, in rows
NARROWEST_GAP = 0.055  # between two names at the ends of lines, of the axes' height


def decoding_layers(table, rises, shown_ms, title="Which picture was it?"):
    """Accuracy by layer and class, by number of neurons, and over time.

    Left: as many neurons of each layer and class; dots with 95 % intervals, and gray
    crosses where labels were shuffled. Middle: more and more neurons, up to all there
    are; lines of excitatory neurons, dashed ones of inhibitory neurons. Right: a window
    that moves; bands are 95 % intervals, marks above the times of half of the peak.

    Args:
        table: Data frame with the columns analysis (matched, shuffled, size, time),
            layer (of LAYER_COLOURS), cell_class, neurons, accuracy, low, high, chance,
            start_ms and stop_ms.
        rises: Rise by layer; NaN where there is none.
        shown_ms: How long a picture is shown.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: An analysis is missing, or a layer is unknown.
    """
    unknown = sorted(set(table["layer"]) - set(LAYER_COLOURS))
    if unknown:
        raise ValueError(
            f"decoding: layers {unknown} are unknown, choose from {[*LAYER_COLOURS]}."
        )
    parts = {}
    for name in ("matched", "shuffled", "size", "time"):
        parts[name] = table[table["analysis"] == name]
        if not len(parts[name]):
            raise ValueError(f"decoding: the table has no analysis '{name}'.")
    chance = float(table["chance"].iloc[0])
    with style.paper():
        figure = Figure(figsize=(7.4, 3.3))
        figure.text(0.012, 0.945, title, fontsize=10, fontweight="bold")
        first = figure.add_axes((0.066, 0.15, 0.21, 0.63))
        _draw_layers(first, parts["matched"], parts["shuffled"], chance)
        _draw_sizes(figure.add_axes((0.355, 0.15, 0.235, 0.63)), parts["size"], chance)
        last = figure.add_axes((0.69, 0.15, 0.255, 0.63))
        _draw_time(last, parts["time"], rises, shown_ms, chance)
    return figure


def _draw_layers(axes, matched, shuffled, chance):
    layers = list(dict.fromkeys(matched["layer"]))
    rows = {layer: row for row, layer in enumerate(layers)}
    for name, colour in CLASS_COLOURS.items():
        lane = -LANE if name == EXCITATORY else LANE
        found = matched[matched["cell_class"] == name]
        y = np.array([rows[layer] for layer in found["layer"]]) + lane
        is_lgn = (found["layer"] == "LGN").to_numpy()
        y[is_lgn] = rows.get("LGN", 0)
        colours = np.where(is_lgn, LAYER_COLOURS["LGN"], colour)
        axes.hlines(y, found["low"], found["high"], color=colours, linewidth=1.4)
        axes.scatter(found["accuracy"], y, s=20, color=colours, zorder=3)
        control = shuffled[shuffled["cell_class"] == name]
        axes.plot(control["accuracy"], y, "x", color=style.FAINT, ms=3.5, mew=0.9)
    _draw_chance(axes.axvline, chance)
    axes.set_ylim(len(layers) - 0.5, -0.6)
    axes.set_yticks(range(len(layers)), [_name(layer) for layer in layers])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row in range(1, len(layers)):
        axes.axhline(row - 0.5, color=style.BACKDROP, linewidth=0.6, zorder=0)
    axes.set_xlim(0, max(0.1, 1.08 * float(matched["high"].max())))
    axes.set_xlabel("accuracy")
    axes.set_title(_headline("a", f"{_range(matched['neurons'])} cells each"), pad=16)
    at = {"transform": axes.transAxes, "fontsize": 7.5}
    words = [
        (n, c) for n, c in CLASS_COLOURS.items() if n in set(matched["cell_class"])
    ]
    for place, (name, colour) in enumerate([*words, ("shuffled", style.FAINT)]):
        axes.text((0, 0.4, 0.78)[place], 1.03, name, color=colour, **at)


def _draw_sizes(axes, table, chance):
    ends = []
    excitatory = set(table["layer"][table["cell_class"] == EXCITATORY])
    for (layer, name), found in table.groupby(["layer", "cell_class"], sort=False):
        is_excitatory = name == EXCITATORY
        looks = {"linestyle": "-" if is_excitatory else (0, (2.5, 1.5)), "ms": 2.8}
        colour = LAYER_COLOURS[layer]
        x, y = found["neurons"].to_numpy(), found["accuracy"].to_numpy()
        if is_excitatory:
            axes.fill_between(
                x, found["low"], found["high"], color=colour, alpha=0.15, linewidth=0
            )
        if is_excitatory or layer not in excitatory:
            ends.append((y[-1], _name(layer), colour))
        width = 1.3 if is_excitatory else 0.9
        axes.plot(x, y, "o", color=colour, linewidth=width, **looks)
    _draw_chance(axes.axhline, chance)
    axes.set_xscale("log")
    largest = int(table["neurons"].max())
    axes.set_xlim(0.8 * int(table["neurons"].min()), 1.12 * largest)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0, 1)
    axes.set_xlabel("cells")
    axes.set_ylabel("accuracy")
    axes.set_title(_headline("b", "more cells"), pad=16)
    axes.text(*(0, 1.03), "inhibitory dashed", transform=axes.transAxes, fontsize=7.5)
    _name_ends(axes, ends)


def _draw_time(axes, table, rises, shown_ms, chance):
    last = float(table["stop_ms"].max())
    top = 1.3 * float(table["high"].max())
    axes.axvspan(0, min(shown_ms, last), color=style.BACKDROP, alpha=0.6, linewidth=0)
    _draw_chance(axes.axhline, chance)
    ends = []
    for layer, found in table.groupby("layer", sort=False):
        colour = LAYER_COLOURS[layer]
        x = found["stop_ms"].to_numpy()
        axes.fill_between(
            x, found["low"], found["high"], color=colour, alpha=0.18, linewidth=0
        )
        axes.plot(x, found["accuracy"], color=colour, linewidth=1.3)
        ends.append((float(found["accuracy"].iloc[-1]), _name(layer), colour))
    known = [(layer, rise) for layer, rise in rises.items() if np.isfinite(rise.ms)]
    for place, (layer, rise) in enumerate(sorted(known, key=lambda one: one[1].ms)):
        y, colour = top * (0.97 - 0.035 * place), LAYER_COLOURS[layer]
        axes.hlines(y, rise.low, rise.high, color=colour, linewidth=1.2)
        axes.plot(rise.ms, y, "|", color=colour, ms=5, mew=1.6)
    if known:
        end = max(rise.high for _, rise in known)
        axes.text(
            *(end + 0.03 * last, 0.985 * top), "half of the peak", va="top", fontsize=7
        )
    axes.set_xlim(0, last)
    axes.set_ylim(0, top)
    axes.set_xlabel("end of the window (ms after the onset)")
    axes.set_ylabel("accuracy")
    width = int((table["stop_ms"] - table["start_ms"]).iloc[0])
    n = _range(table["neurons"])
    axes.set_title(_headline("c", f"{width} ms at a time, {n} cells"), pad=16)
    axes.text(
        *(0, 1.03), "gray: the picture is on the screen",
        transform=axes.transAxes, fontsize=7.5,
    )  # fmt: skip
    _name_ends(axes, ends)


def _draw_chance(line, chance):
    line(chance, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)


def _name_ends(axes, ends):
    """Names to the right of lines, pushed apart where the lines end close together."""
    bottom, top = axes.get_ylim()
    ends = sorted(ends)
    places = [(value - bottom) / (top - bottom) for value, *_ in ends]
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + NARROWEST_GAP)
    excess = max(places[-1] - 1.0, 0)
    for place, (_, name, colour) in zip(places, ends, strict=True):
        axes.text(
            *(1.02, place - excess), name, color=colour, fontsize=7.5,
            va="center", transform=axes.transAxes,
        )  # fmt: skip


def _headline(letter, words):
    return f"$\\bf{{{letter}}}$  {words}"


def _name(layer):
    return layer if layer == "LGN" else f"L{layer}"


def _range(numbers):
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
