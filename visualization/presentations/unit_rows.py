"""Numbers of units as dots, one row per area: rates, and noise ceilings."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from visualization import style

DOTS, MEDIAN = "#0072B2", "#D55E00"
TALL = 0.34  # rows: how far the dots of a row spread
BINS = 40
ROW_INCHES = 0.36
CEILINGS = (
    ("reliability", "Split-half reliability"),
    ("explainable_variance", "Explainable variance"),
    ("cc_max", "Largest correlation (CC max)"),
)


def firing_rates(rates, areas, title="Firing rates"):
    """Mean rate of each unit, a dot on a logarithmic axis, one row per area.

    Bar and tick: quartiles and median of the units that fire. At the right the number
    of units, their mean rate and how many are silent.

    Args:
        rates: (U,) Hz; NaN for a unit that was never valid.
        areas: Name of the area of each unit, (U,).
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The lengths differ, a rate is negative, or no unit fires.
    """
    rates, areas = _checked(rates, areas)
    if (rates < 0).any() or not (rates > 0).any():
        raise ValueError(
            "rates must not be negative and some must be positive, got "
            f"{np.nanmin(rates) if np.isfinite(rates).any() else np.nan} Hz at least."
        )
    rows = _rows(areas)
    with style.paper():
        figure, height = _figure(rows, width=5.6)
        axes = figure.add_axes((0.13, 0.62 / height, 0.55, 1 - 1.3 / height))
        _prepare(axes, rows)
        axes.set_xscale("log")
        fires = np.where(rates > 0, rates, np.nan)
        axes.set_xlim(0.8 * np.nanmin(fires), 1.25 * np.nanmax(fires))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("Mean firing rate (Hz)")
        _draw_dots(axes, rows, areas, np.log10(fires), lambda value: 10.0**value)
        _write_table(axes, rows, areas, rates)
        figure.text(0.02, 1 - 0.27 / height, title, fontsize=10, fontweight="bold")
    return figure


def noise_ceilings(table, title="How much of the answers repeats"):
    """Reliability, explainable variance and CC max of each unit, one row per area.

    Args:
        table: Data frame with the columns of
            `v1model.presentations.responses.response_table` and "area".
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: A column is missing, or there is no unit.
    """
    missing = {"area", *(name for name, _ in CEILINGS)} - set(table)
    if missing:
        raise ValueError(f"the table of units lacks the columns {sorted(missing)}.")
    _, areas = _checked(table["cc_max"], table["area"])
    rows = _rows(areas)
    with style.paper():
        figure, height = _figure(rows, width=7.2)
        for k, (column, words) in enumerate(CEILINGS):
            left = 0.085 + 0.315 * k
            axes = figure.add_axes((left, 0.62 / height, 0.235, 1 - 1.15 / height))
            _prepare(axes, rows, with_names=k == 0)
            values = table[column].to_numpy(float)
            least = min(0.0, np.nanmin(values, initial=0))
            axes.set_xlim(1.03 * least, 1.0)
            axes.set_xlabel(words)
            medians = _draw_dots(axes, rows, areas, values, lambda value: value)
            at_side = {"transform": axes.get_yaxis_transform(), "va": "center"}
            for name, median in medians.items():
                axes.text(1.02, rows[name], f"{median:.2f}", **at_side)
        figure.text(0.02, 1 - 0.27 / height, title, fontsize=10, fontweight="bold")
    return figure


def _checked(values, areas):
    values, areas = np.asarray(values, float), np.asarray(areas, str)
    if values.shape != areas.shape or not len(areas):
        raise ValueError(
            f"every unit needs a value and an area, got {values.shape} and "
            f"{areas.shape}."
        )
    return values, areas


def _rows(areas):
    """Height of each area's row; the area with most units comes first."""
    names, sizes = np.unique(areas, return_counts=True)
    return {str(names[k]): y for y, k in enumerate(np.argsort(-sizes, kind="stable"))}


def _figure(rows, width):
    height = 1.3 + ROW_INCHES * len(rows)
    return Figure(figsize=(width, height)), height


def _prepare(axes, rows, with_names=True):
    axes.set_ylim(len(rows) - 0.5, -0.5)
    names = [style.shortened(name, 10) if with_names else "" for name in rows]
    axes.set_yticks(list(rows.values()), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for y in rows.values():
        axes.axhline(y, color=style.BACKDROP, linewidth=0.6, zorder=0)


def _draw_dots(axes, rows, areas, values, shown):
    """A dot per unit, stacked where many are alike, and the quartiles; medians by area.

    Args:
        values: Where the dots lie evenly, (U,); NaN for none.
        shown: Function from these to positions on the axis.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return {}
    bins = np.linspace(known.min(), known.max() + 1e-9, BINS + 1)
    medians = {}
    for name, y in rows.items():
        here = values[(areas == name) & np.isfinite(values)]
        if not len(here):
            continue
        axes.plot(
            shown(here),
            y + TALL * _swarm(here, bins),
            "o",
            ms=2.2,
            mew=0,
            color=DOTS,
            alpha=0.6,
            clip_on=False,
        )
        low, medians[name], high = np.percentile(here, [25, 50, 75])
        axes.plot(shown(np.array([low, high])), [y, y], color=MEDIAN, linewidth=1.6)
        axes.plot(shown(medians[name]), y, "|", color=MEDIAN, ms=9, mew=2)
    return medians


def _swarm(values, bins):
    """Offset of each dot from its row, -1 to 1, from the middle of a bin outwards."""
    bin_of = np.digitize(values, bins)
    offset = np.zeros(len(values))
    most = np.bincount(bin_of).max()
    for place in np.unique(bin_of):
        here = np.flatnonzero(bin_of == place)
        rank = np.arange(len(here))
        offset[here] = (rank + 1) // 2 * np.where(rank % 2, 1, -1) / max(most / 2, 4)
    return offset


def _write_table(axes, rows, areas, rates):
    columns = ((1.14, "units"), (1.38, "mean Hz"), (1.56, "silent"))
    place = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
    for x, word in columns:
        axes.text(x, -0.85, word, fontweight="bold", **place)
    for name, y in rows.items():
        here = rates[areas == name]
        known = here[np.isfinite(here)]
        mean = f"{known.mean():.1f}" if len(known) else "none"
        words = (f"{len(here)}", mean, f"{(known == 0).sum()}")
        for (x, _), word in zip(columns, words, strict=True):
            axes.text(x, y, word, **place)
