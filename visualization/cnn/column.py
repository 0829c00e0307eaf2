"""A twin of the spiking column: what it predicts, and where its neurons look."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from visualization import style

ALL = "all"
WORDS = {"backimage": "photographs", "noise": "checks"}
_ROWS = ("data", "twin", "wiring")


def column_twin(scores, fields, maps, title="A twin of the spiking column"):
    """Correlations by population beside their ceilings, and receptive fields.

    Above: the twin's correlation with the mean response to each movie of the test; gray
    is the largest that is possible with so many repeats, a line what the prediction for
    another neuron has. Middle: middles of receptive
    fields of data and twin against those of the wiring. Below: fields of some neurons.

    Args:
        scores: Data frame with type, population (the last one "all"), judged,
            corr_mean, corr_other and cc_max; see `twin_judging.population_scores`.
        fields: Data frame with population, data_y, data_x, model_y, model_x, wired_y,
            wired_x in pixels and sta_corr; see `twin_judging.fields_of`.
        maps: Dictionary of names of neurons to (data, twin, wiring, (y, x)): three
            maps (H, W) of any scale, and the mean place of the LGN units, pixels.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: A column is missing, or there is no map.
    """
    for table, names in (
        (scores, ("type", "population", "judged", "corr_mean", "corr_other", "cc_max")),
        (fields, ("population", "data_x", "model_x", "wired_x", "sta_corr")),
    ):
        for name in names:
            if name not in table:
                raise ValueError(f"column twin: the table has no column '{name}'.")
    if not maps:
        raise ValueError("column twin: at least one map is needed, got none.")
    with style.paper():
        figure = Figure(figsize=(7.4, 9.0))
        figure.text(0.012, 0.978, title, fontsize=10, fontweight="bold")
        outer = figure.add_gridspec(
            3,
            1,
            height_ratios=(1.2, 0.95, 1.25),
            left=0.085,
            right=0.985,
            bottom=0.02,
            top=0.93,
            hspace=0.34,
        )
        _draw_scores(figure, outer[0], scores)
        _draw_places(figure, outer[1], fields)
        _draw_maps(figure, outer[2], maps)
        _name_classes(figure, scores)
    return figure


def _draw_scores(figure, place, scores):
    kinds = [kind for kind in WORDS if (scores["type"] == kind).any()]
    axes = figure.add_subplot(place)
    names = list(dict.fromkeys(scores["population"]))
    width = 0.8 / max(len(kinds), 1)
    for number, kind in enumerate(kinds):
        own = scores[scores["type"] == kind].set_index("population").loc[names]
        x = np.arange(len(names)) - 0.4 + width * (number + 0.5)
        hatch = "////" if number else None
        axes.bar(x, own["cc_max"], 0.92 * width, color=style.BACKDROP)
        axes.bar(
            x,
            own["corr_mean"],
            0.92 * width,
            color=[_colour(name) for name in names],
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
        )
        half = 0.46 * width
        lines = axes.hlines(own["corr_other"], x - half, x + half, colors=style.INK)
        lines.set(linewidth=1.2, zorder=3)
    first = scores[scores["type"] == kinds[0]].set_index("population").loc[names]
    labels = [f"{name}\n{int(first['judged'][name])}" for name in names]
    axes.set_xticks(np.arange(len(names)), labels, fontsize=6.2)
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(-0.6, len(names) - 0.4), ylim=(0, 1))
    axes.set_ylabel("correlation with\nthe mean over repeats")
    handles = [
        Patch(
            facecolor=style.FAINT, hatch="////" * n, edgecolor="white", label=WORDS[k]
        )
        for n, k in enumerate(kinds)
    ]
    handles.append(Patch(facecolor=style.BACKDROP, label="largest possible"))
    handles.append(Line2D([], [], color=style.INK, lw=1.2, label="of another neuron"))
    axes.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, fontsize=7
    )
    axes.set_title("Held-out movies (neurons judged)")


def _draw_places(figure, place, fields):
    inner = place.subgridspec(1, 3, wspace=0.38, width_ratios=(1, 1, 1.05))
    fields = fields[np.isfinite(fields["wired_x"]) & np.isfinite(fields["model_x"])]
    colours = [_colour(name) for name in fields["population"]]
    for column, (axis, word) in enumerate(
        (("x", "from the left"), ("y", "from the top"))
    ):
        axes = figure.add_subplot(inner[column])
        wired = fields[f"wired_{axis}"]
        axes.scatter(
            wired, fields[f"model_{axis}"], s=4, c=colours, alpha=0.55, linewidths=0
        )
        low, high = np.percentile(wired, (0.5, 99.5)) + (-2, 2)
        axes.plot([low, high], [low, high], color=style.FAINT, lw=0.7, zorder=0)
        axes.set(xlim=(low, high), ylim=(low, high))
        axes.set_xlabel(f"wiring, px {word}")
        axes.set_ylabel("twin, px")
        r = np.corrcoef(wired, fields[f"model_{axis}"])[0, 1]
        axes.text(0.04, 0.92, f"r = {r:.2f}", transform=axes.transAxes, fontsize=7)
        if column == 0:
            axes.set_title("Middles of receptive fields")
    axes = figure.add_subplot(inner[2])
    bins = np.linspace(-1, 1, 41)
    for name, colour, word in (
        ("sta_corr", style.INK, "data and twin"),
        ("model_wired_corr", "#0072B2", "twin and wiring"),
        ("wired_corr", "#E69F00", "data and wiring"),
    ):
        if name in fields:
            axes.hist(
                fields[name], bins, histtype="step", color=colour, lw=1.1, label=word
            )
    axes.set_xlabel("correlation of maps")
    axes.set_ylabel("neurons")
    axes.set(xlim=(-0.3, 1))
    axes.legend(loc="upper left", fontsize=6.2, handlelength=1.2, borderaxespad=0.1)


def _draw_maps(figure, place, maps):
    inner = place.subgridspec(len(_ROWS), len(maps), wspace=0.06, hspace=0.06)
    box = place.get_position(figure)
    figure.text(
        box.x0,
        box.y1 + 0.02,
        "Receptive fields; + is where the LGN's units look on average",
        fontsize=9,
    )
    for column, (name, (*own, middle)) in enumerate(maps.items()):
        for row, (word, values) in enumerate(zip(_ROWS, own, strict=True)):
            axes = figure.add_subplot(inner[row, column])
            top = max(np.abs(values).max(), 1e-12)
            axes.imshow(values, cmap="RdBu_r", vmin=-top, vmax=top)
            axes.plot(middle[1], middle[0], "+", color=style.INK, ms=5, mew=0.7)
            axes.set(xticks=[], yticks=[])
            axes.set_xlim(-0.5, values.shape[1] - 0.5)
            axes.set_ylim(values.shape[0] - 0.5, -0.5)
            for side in axes.spines.values():
                side.set(visible=True, linewidth=0.4, color=style.FAINT)
            if row == 0:
                axes.set_title(name, fontsize=6.5, loc="center", pad=3)
            if column == 0:
                axes.set_ylabel(word)


def _name_classes(figure, scores):
    names = [name for name in scores["population"] if name != ALL]
    present = {style.class_of(name) for name in names}
    handles = [
        Line2D([], [], ls="", marker="o", ms=3.5, color=colour, label=name)
        for name, colour in style.CLASS_COLOURS.items()
        if name in present
    ]
    figure.legend(
        handles=handles,
        loc="upper right",
        ncols=len(handles),
        fontsize=7,
        bbox_to_anchor=(0.99, 0.995),
    )


def _colour(population):
    return style.FAINT if population == ALL else style.colour_of(population)
