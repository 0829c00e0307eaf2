"""Where a latent model of a column works, and where it fails."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from visualization import style

STIMULI = {"pictures": ("o", "-"), "gratings": ("^", "--")}
CONSTANT, CEILING = "constant", "ceiling"
LOWEST = -0.25  # R2 that is drawn; what is below stands at the edge
_ALL = "all"


def column_prediction(table, model, other, title="A column, predicted"):
    """R2 over time and by population, beside what anybody could reach.

    Left: all judged neurons together against the time since the model was told the
    activity; gray is the ceiling. Middle and right: populations from the pia down,
    shortly after that and late, when only the stimulus tells something; marks are the
    model's, gray bars the ceiling. A population without a judged neuron is empty.

    Args:
        table: Data frame with the columns signal, stimulus (pictures, gratings),
            window, stop_ms, population (the last one "all"), judged, constant, ceiling
            and the names of the models; see `evolver_judging.judged_table`.
        model: Column of the model.
        other: Column of the one that it is compared with.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: A column is missing, or there is a stimulus of another name.
    """
    needed = ["signal", "stimulus", "window", "stop_ms", "population", "judged"]
    for name in (*needed, model, other, CONSTANT, CEILING):
        if name not in table:
            raise ValueError(f"column: the table has no column '{name}'.")
    unknown = sorted(set(table["stimulus"]) - set(STIMULI))
    if unknown:
        raise ValueError(
            f"column: stimuli {unknown} are unknown, choose from {[*STIMULI]}."
        )
    signals = list(dict.fromkeys(table["signal"]))
    windows = list(dict.fromkeys(table["window"]))
    chosen = windows[min(1, len(windows) - 1)], windows[-1]
    with style.paper():
        figure = Figure(figsize=(7.4, 0.7 + 3.1 * len(signals)))
        top = 1 - 0.5 / figure.get_figheight()
        figure.text(0.012, top + 0.02, title, fontsize=10, fontweight="bold")
        axes = figure.subplots(
            len(signals), 3, squeeze=False, width_ratios=(1.15, 1, 1)
        )
        figure.subplots_adjust(0.085, 0.62 / figure.get_figheight(), 0.985, top - 0.05)
        figure.subplots_adjust(wspace=0.42, hspace=0.42)
        for row, signal in zip(axes, signals, strict=True):
            own = table[table["signal"] == signal]
            _draw_time(row[0], own, signal, model, other)
            for place, window in zip(row[1:], chosen, strict=True):
                _draw_populations(place, own[own["window"] == window], window, model)
        _explain(figure, model, other)
    return figure


def _draw_time(axes, table, signal, model, other):
    everybody = table[table["population"] == _ALL]
    windows = list(dict.fromkeys(everybody["window"]))
    for name, (marker, line) in STIMULI.items():
        rows = everybody[everybody["stimulus"] == name]
        x = np.arange(len(rows))
        for column, colour, width in (
            (CEILING, style.FAINT, 2.4),
            (CONSTANT, "#E69F00", 0.8),
            (other, "#56B4E9", 1.0),
            (model, style.INK, 1.4),
        ):
            y = np.clip(rows[column].to_numpy(), LOWEST, None)
            axes.plot(x, y, line, marker=marker, ms=3, color=colour, lw=width)
    axes.axhline(0, color=style.FAINT, linewidth=0.6)
    axes.set(ylim=(LOWEST - 0.05, 1.05), ylabel=f"R² of {signal}, all neurons")
    axes.set_xticks(np.arange(len(windows)), [w.removesuffix(" ms") for w in windows])
    axes.tick_params(axis="x", labelsize=6.5, labelrotation=20)
    axes.set_xlabel("ms after the model was told the activity")


def _draw_populations(axes, table, window, model):
    names = [name for name in dict.fromkeys(table["population"]) if name != _ALL]
    for name, (marker, _) in STIMULI.items():
        rows = table[table["stimulus"] == name].set_index("population").loc[names]
        lane = np.arange(len(names)) + (0.18 if name == "gratings" else -0.18)
        known = rows[CEILING].notna().to_numpy()
        limit = np.clip(rows[CEILING].to_numpy(), LOWEST, None)
        axes.barh(
            lane[known], limit[known], 0.3, color=style.BACKDROP, edgecolor="none"
        )
        axes.scatter(
            np.clip(rows[model].to_numpy(), LOWEST, None)[known],
            lane[known],
            s=11,
            marker=marker,
            color=np.array([style.colour_of(name) for name in names])[known],
            zorder=3,
        )
    axes.axvline(0, color=style.FAINT, linewidth=0.6)
    axes.set_yticks(np.arange(len(names)), names, fontsize=6)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlim=(LOWEST - 0.03, 1.03))
    axes.set_title(f"{window} later", fontsize=8)
    axes.set_xlabel("R²")


def _explain(figure, model, other):
    lines = [
        Line2D([], [], color=colour, lw=width, label=label)
        for colour, width, label in (
            (style.FAINT, 2.4, "ceiling (other noise)"),
            (style.INK, 1.4, model),
            ("#56B4E9", 1.0, other),
            ("#E69F00", 0.8, "no change"),
        )
    ]
    lines += [
        Line2D(
            [], [], color=style.INK, marker=marker, ls=line, ms=3.5, lw=1, label=name
        )
        for name, (marker, line) in STIMULI.items()
    ]
    figure.legend(
        handles=lines,
        loc="upper right",
        ncols=len(lines),
        fontsize=6.5,
        columnspacing=1.2,
        bbox_to_anchor=(0.99, 1.0),
    )
