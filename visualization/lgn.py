"""The LGN model: temporal kernels of its classes and responses of its units."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from v1model.lgn.classes import composite_classes, lgn_classes
from v1model.lgn.kernels import make_subunits
from v1model.stimuli.images import View
from visualization import style
from visualization.trial.movie_frames import shown_in
from visualization.trial.stimulus import draw_screen

# Groups of classes that share a panel and a colour (Okabe and Ito).
GROUPS = {
    "Sustained ON": ("sON_", "#E69F00"),
    "Sustained OFF": ("sOFF_", "#0072B2"),
    "Transient OFF": ("tOFF_", "#56B4E9"),
    "ON-OFF": (None, "#CC79A7"),
}
# Preferred temporal frequency (Hz) to line colour, dark to light (viridis).
FREQUENCY_COLOURS = {
    "1": "#440154",
    "2": "#3B528B",
    "4": "#21918C",
    "8": "#5EC962",
    "15": "#D8B900",
}
COMPOSITE_STYLES = {"sONsOFF_001": "-", "sONtOFF_001": "--"}
KERNEL_SHOWN_MS = 300
MAX_UNITS_PER_CLASS = 20  # their mean is drawn; they differ by 2.5 %
N_MAPS = 5
WIDE, LEFT, TIME_WIDE = 7.4, 0.62, 5.3  # of a movie's response, inches
MAPS_TOP, MAP_GAP = 4.1, 0.09
MAP_WIDE = (TIME_WIDE + MAP_GAP) / N_MAPS - MAP_GAP
MARGIN = 1.6  # shown part of the visual field, in sizes of the view
BRIGHTEST = 99.5  # percentile of the rates that is drawn brightest


def lgn_overview(units, responses):
    """Kernels of each class above the mean responses to some stimuli.

    Args:
        units: LGNUnits of I units; classes without a unit are not drawn.
        responses: Rates (T, I) in Hz by title, at least one; row t is ms t.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no response, or one has another number of units.
    """
    if not responses:
        raise ValueError("LGN overview: at least one response is needed, got 0.")
    for title, rates in responses.items():
        if rates.ndim != 2 or rates.shape[1] != len(units):
            raise ValueError(
                f"LGN overview: rates of {title!r} must have shape "
                f"(T, {len(units)}), got {rates.shape}."
            )
    with style.paper():
        figure = Figure(figsize=(7.4, 4.8), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.1))
        panels = top.subplots(1, len(GROUPS))
        for axes, group in zip(panels, GROUPS, strict=True):
            _draw_kernels(axes, units, group)
        panels[0].set_ylabel("Kernel (Hz per contrast and ms)")
        panels = bottom.subplots(1, len(responses), sharey=True, squeeze=False)[0]
        for axes, (title, rates) in zip(panels, responses.items(), strict=True):
            _draw_response(axes, units, title, rates)
        # Once all are drawn: a limit set earlier would cut off the later panels.
        panels[0].set_ylim(bottom=0)
        panels[0].set_ylabel("Mean rate (Hz)")
        panels[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), title="Mean over")
    return figure


def _classes_of(group):
    prefix, _ = GROUPS[group]
    if prefix is None:
        return list(composite_classes())
    names = (kind.model_id for kind in lgn_classes())
    plain = [name for name in names if name.startswith(prefix)]
    return sorted(plain, key=lambda name: int(name.rpartition("TF")[2]))


def _draw_kernels(axes, units, group):
    for name in _classes_of(group):
        rows = np.flatnonzero(units.model_id == name)[:MAX_UNITS_PER_CLASS]
        if not len(rows):
            continue
        subunits = make_subunits(units.take(rows))
        first = subunits.kernel[: len(rows)].mean(axis=0)[:KERNEL_SHOWN_MS]
        if name in composite_classes():
            line = COMPOSITE_STYLES[name]
            second = subunits.kernel[len(rows) :].mean(axis=0)[:KERNEL_SHOWN_MS]
            label = name.partition("_")[0]
            axes.plot(
                first, line, color=GROUPS["Sustained OFF"][1], label=f"{label} OFF"
            )
            axes.plot(
                second, line, color=GROUPS["Sustained ON"][1], label=f"{label} ON"
            )
        else:
            frequency = name.rpartition("TF")[2]
            colour = FREQUENCY_COLOURS[frequency]
            axes.plot(first, color=colour, label=f"{frequency} Hz")
    axes.axhline(0, color=style.FAINT, linewidth=0.5, zorder=0)
    axes.set(title=group, xlabel="Lag (ms)", xlim=(0, KERNEL_SHOWN_MS))
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=6.5, handlelength=1.6, labelspacing=0.25)


def _draw_response(axes, units, title, rates):
    for group, (_, colour) in GROUPS.items():
        members = np.isin(units.model_id, _classes_of(group))
        if members.any():
            mean = rates[:, members].mean(axis=1)
            axes.plot(mean, color=colour, label=group)
    axes.plot(rates.mean(axis=1), "--", color=style.INK, label="All units")
    axes.set(title=title, xlabel="Time (ms)", xlim=(0, len(rates)))


def lgn_movie_response(units, movie, rates, view=None):
    """Frames of a movie, the mean rates of classes, and the field at some moments.

    The moments lie where the rates are far from those before the movie. In a map each
    unit is a point where it looks, the brighter the higher its rate.

    Args:
        units: LGNUnits of I units.
        movie: Movie of T ms.
        rates: Rates of the units, (T, I), Hz.
        view: View of a column, drawn as a frame; the maps then show its surroundings.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The rates are of another movie or of other units.
    """
    expected = (movie.duration_ms, len(units))
    if rates.shape != expected:
        raise ValueError(
            f"LGN movie response: rates must have shape {expected}, got {rates.shape}."
        )
    around = _surroundings(units, view)
    map_high = MAP_WIDE * around.height / around.width
    high = MAPS_TOP + map_high + 0.12
    with style.paper():
        figure = Figure(figsize=(WIDE, high))

        def place(left, top, wide, tall):
            box = left / WIDE, 1 - (top + tall) / high, wide / WIDE, tall / high
            return figure.add_axes(box)

        screen = place(LEFT, 0.42, TIME_WIDE, 0.8)
        response = place(LEFT, 1.4, TIME_WIDE, 1.9)
        draw_screen(screen, shown_in(movie, around), movie.duration_ms)
        title = {"fontsize": 10, "fontweight": "bold"}
        figure.text(0.01, 1 - 0.18 / high, f"LGN: {len(units):,} units", **title)
        screen.set(xlim=(0, movie.duration_ms), ylabel="Screen")
        screen.tick_params(labelbottom=False, bottom=False)
        _draw_response(response, units, "", rates)
        response.set_ylim(bottom=0)
        response.set_ylabel("Mean rate (Hz)")
        response.legend(loc="upper left", bbox_to_anchor=(1, 1), title="Mean over")
        moments = _moments(rates)
        for ms in moments:
            response.axvline(ms, color=style.FAINT, lw=0.7, ls=":", zorder=0)
        lefts = LEFT + np.arange(N_MAPS) * (TIME_WIDE + MAP_GAP) / N_MAPS
        maps = [place(left, MAPS_TOP, MAP_WIDE, map_high) for left in lefts]
        image = _draw_maps(maps, units, rates, moments, around, view)
        bar = place(LEFT + TIME_WIDE + 0.12, MAPS_TOP, 0.09, map_high)
        figure.colorbar(image, cax=bar, label="Rate (Hz)")
    return figure


def _surroundings(units, view):
    """The part of the visual field that is drawn, as a View."""
    if view is not None:
        return View(view.x, view.y, MARGIN * view.width, MARGIN * view.height)
    left, right, top, bottom = (*_ends(units.x), *_ends(units.y))
    middle = (left + right) / 2, (top + bottom) / 2
    return View(*middle, right - left + 2, bottom - top + 2)


def _ends(values):
    return float(values.min()), float(values.max())


def _moments(rates):
    """Times of the maps, ms: the quantiles of how far the rates are from the first."""
    far = np.abs(rates - rates[0]).mean(axis=1) + 1e-6
    total = np.cumsum(far) / far.sum()
    return np.searchsorted(total, (np.arange(N_MAPS) + 0.5) / N_MAPS)


def _draw_maps(maps, units, rates, moments, around, view):
    """Draws the field at each moment; the last picture, for its scale."""
    brightest = max(float(np.percentile(rates[moments], BRIGHTEST)), 1e-3)
    # Points that just touch each other where units are as dense as on average.
    share = around.width * around.height / np.prod(np.ptp([units.x, units.y], axis=1))
    room = (72 * MAP_WIDE) ** 2 * around.height / around.width
    size = np.clip(room / max(len(units) * min(share, 1), 1), 0.6, 30)
    for axes, ms in zip(maps, moments, strict=True):
        order = np.argsort(rates[ms])
        image = axes.scatter(
            *(units.x[order], units.y[order]),
            c=rates[ms][order],
            s=size,
            lw=0,
            cmap="magma",
            vmin=0,
            vmax=brightest,
        )
        axes.set_facecolor(image.cmap(0.0))
        half = around.width / 2, around.height / 2
        axes.set(xlim=(around.x - half[0], around.x + half[0]))
        axes.set(ylim=(around.y + half[1], around.y - half[1]))
        axes.set(xticks=[], yticks=[], title=f"{ms} ms")
        if view is not None:
            corner = view.x - view.width / 2, view.y - view.height / 2
            seen = Rectangle(corner, view.width, view.height, fill=False, lw=0.8)
            seen.set_edgecolor(style.WINDOW)
            axes.add_patch(seen)
    return image
