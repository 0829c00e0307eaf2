"""A stretch of a recording: what was shown, who fired, how much, and when not."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from visualization import style
from visualization.recording.panels import (
    colours_of,
    draw_curve,
    draw_pictures,
    draw_trials,
    trial_rows,
)
from visualization.trial.axes import DPI, place, say, write
from visualization.trial.dots import dot_picture, enlarged
from visualization.trial.laminar import heights

LEFT, WIDTH, RIGHT = 118, 640, 70  # px
TITLE, FOOT = 62, 46
TRIAL_ROW, PICTURES, CURVE, RASTER, DENSE, RATE = 17, 56, 50, 300, 190, 84
GAP = 12
SPARSE = 0.1  # spikes per pixel up to which dots are enlarged
TALLEST_TICK = 12  # px
N_BINS = 75  # of rates over time
MOST_CURVES = 6  # groups with a rate of their own
_WITHOUT_TICKS = ("trials", "pictures")
_INVALID = 0.35  # how far invalid pixels are greyed


def recording_overview(stretch):
    """Draws a Stretch: stimulus, raster, a dense signal, rates of the groups.

    Grey is what is not valid. The height of a group grows with the square root of its
    size.

    Returns:
        matplotlib Figure.
    """
    rows = trial_rows(stretch)
    panels = []
    if rows:
        panels.append(("trials", TRIAL_ROW * len(rows)))
    if stretch.pictures:
        panels.append(("pictures", PICTURES))
    elif stretch.curve is not None:
        panels.append(("curve", CURVE))
    if stretch.step is not None:
        panels.append(("raster", RASTER))
    if stretch.dense is not None:
        panels.append(("dense", DENSE if stretch.step is not None else RASTER))
    panels.append(("rates", RATE))
    high = TITLE + sum(size + GAP for _, size in panels) + FOOT
    with style.paper():
        size = ((LEFT + WIDTH + RIGHT) / DPI, high / DPI)
        figure = Figure(figsize=size, dpi=DPI)
        write(figure, 14, 9, stretch.title, fontsize=10, fontweight="bold")
        write(figure, 14, 29, stretch.subtitle, color=style.FAINT)
        colours = colours_of(stretch.group_names)
        top = TITLE
        for name, size in panels:
            axes = place(figure, LEFT, top, WIDTH, size)
            axes.set_xlim(stretch.start_s, stretch.stop_s)
            if name == "trials":
                draw_trials(axes, stretch, rows)
            elif name == "pictures":
                draw_pictures(axes, stretch)
            elif name == "curve":
                draw_curve(axes, stretch)
            elif name == "raster":
                _draw_raster(axes, stretch, colours)
            elif name == "dense":
                bar = place(figure, LEFT + WIDTH + 10, top + size / 4, 8, size / 2)
                _draw_dense(figure, axes, bar, stretch, colours)
            else:
                _draw_rates(axes, stretch, colours)
            axes.set_xlim(stretch.start_s, stretch.stop_s)
            axes.xaxis.set_major_locator(MaxNLocator(8))
            if name != "rates":
                axes.tick_params(labelbottom=False, bottom=name not in _WITHOUT_TICKS)
            top += size + GAP
        axes.set_xlabel("Time (s)")
        axes.ticklabel_format(axis="x", useOffset=False)
    return figure


def _bands(stretch, total, members):
    """Pixel rows of groups: first row, end row, the groups that have members."""
    sizes = np.bincount(stretch.group[members], minlength=len(stretch.group_names))
    present = np.flatnonzero(sizes)
    ends = np.cumsum(heights(sizes[present], total))
    return np.concatenate([[0], ends[:-1]]), ends, present


def _name_groups(axes, stretch, colours, starts, ends, present):
    looks = {"transform": axes.get_yaxis_transform(), "clip_on": False}
    sizes = np.bincount(stretch.group, minlength=len(stretch.group_names))
    for start, end, k in zip(starts, ends, present, strict=True):
        colour, n = colours[k], f"{sizes[k]:,}"
        words = f"{style.shortened(stretch.group_names[k], 14)} {n}"
        if end - start >= 8:
            at = (-0.018, (start + end) / 2)
            place_of = {"ha": "right", "va": "center", "fontsize": 7}
            axes.text(*at, words, color=colour, **place_of, **looks)
        axes.vlines(-0.008, start + 0.5, end - 0.5, colors=[colour], lw=3, **looks)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _draw_raster(axes, stretch, colours):
    everyone = np.arange(len(stretch.group))
    starts, ends, present = _bands(stretch, RASTER, everyone)
    row, middle = np.empty((2, len(everyone)), np.int64)
    of_row = np.empty(RASTER, object)
    for start, end, k in zip(starts, ends, present, strict=True):
        members = np.flatnonzero(stretch.group == k)
        rank, high = np.arange(len(members)), end - start
        row[members] = start + rank * high // len(members)
        middle[members] = start + (2 * rank + 1) * high // (2 * len(members))
        of_row[start:end] = colours[k]
    width = WIDTH
    axes.set_ylim(RASTER, 0)
    _draw_invalid(axes, stretch, row, RASTER)
    if len(stretch.step):
        at = (stretch.step + 0.5) * width / stretch.n_steps
        column = np.minimum(at.astype(np.int64), width - 1)
        # Where there is room, a spike is a tick.
        tall = np.clip(RASTER // (3 * len(everyone)), 1, TALLEST_TICK)
        rows = middle[stretch.neuron][:, None] + np.arange(tall) - tall // 2
        rows, columns = rows.ravel(), np.repeat(column, tall)
        shown = np.arange(RASTER)
        picture = dot_picture(rows, columns, of_row.tolist(), width, shown)
        if len(stretch.step) < SPARSE * RASTER * width:
            picture = enlarged(picture)
        extent = (stretch.start_s, stretch.stop_s, RASTER, 0)
        axes.imshow(picture, extent=extent, aspect="auto", zorder=2)
    else:
        say(axes, "no spikes")
    _name_groups(axes, stretch, colours, starts, ends, present)


def _draw_invalid(axes, stretch, row, n_rows):
    """Greys the rows of neurons where most of them are invalid, and says so."""
    if stretch.valid.all():
        return
    n = np.bincount(row, minlength=n_rows)
    for k, valid in enumerate(stretch.valid):
        n_invalid = np.bincount(row[~valid], minlength=n_rows)
        is_grey = (n_invalid > 0.5 * n) & (n > 0)
        # Rows without a neuron of their own look like the one above.
        source = np.maximum.accumulate(np.where(n > 0, np.arange(n_rows), 0))
        is_grey = is_grey[source]
        if not is_grey.any():
            continue
        picture = np.zeros((n_rows, 1, 4))
        picture[..., :3] = to_rgb(style.FAINT)
        picture[is_grey, 0, 3] = _INVALID
        extent = (stretch.valid_s[k], stretch.valid_s[k + 1], n_rows, 0)
        axes.imshow(picture, extent=extent, aspect="auto", zorder=1)
        middle = np.flatnonzero(is_grey).mean()
        span = stretch.valid_s[k + 1] - stretch.valid_s[k]
        if span > 0.08 * (stretch.stop_s - stretch.start_s) and is_grey.sum() > 12:
            looks = {"ha": "center", "va": "center", "fontsize": 7, "zorder": 5}
            box = {"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 1.5}
            at = (stretch.valid_s[k] + span / 2, middle)
            axes.text(*at, "not valid", color=style.INK, bbox=box, **looks)
    axes.set_xlim(stretch.start_s, stretch.stop_s)
    axes.set_ylim(n_rows, 0)


def _draw_dense(figure, axes, bar, stretch, colours):
    """A heat map: neurons are rows, each group in the height that it has everywhere."""
    total = int(round(axes.get_position().height * figure.get_size_inches()[1] * DPI))
    starts, ends, present = _bands(stretch, total, stretch.dense_neurons)
    rows = np.empty(total, np.int64)
    group = stretch.group[stretch.dense_neurons]
    for start, end, k in zip(starts, ends, present, strict=True):
        members = np.flatnonzero(group == k)
        of_row = np.arange(end - start) * len(members) // (end - start)
        rows[start:end] = members[of_row]
    values = _block_means(stretch.dense, WIDTH)[:, rows].T
    low, high = 0.0, 1.0
    finite = values[np.isfinite(values)]
    if finite.size:
        low, high = np.quantile(finite, (0.01, 0.99))
        high = high if high > low else low + 1
    cmap = "magma" if stretch.dense_unit != "mV" else "viridis"
    extent = (stretch.start_s, stretch.stop_s, total, 0)
    image = axes.imshow(
        values, extent=extent, aspect="auto", vmin=low, vmax=high, cmap=cmap
    )
    axes.set_facecolor(style.BACKDROP)
    bars = figure.colorbar(image, cax=bar, extend="both")
    bars.set_label(f"{stretch.dense_name} ({stretch.dense_unit})", fontsize=7)
    bars.ax.tick_params(labelsize=6.5)
    bars.outline.set_linewidth(0.4)
    _name_groups(axes, stretch, colours, starts, ends, present)


def _block_means(values, most):
    """Means over time in at most so many blocks, (n, N)."""
    if len(values) <= most:
        return values
    edges = np.linspace(0, len(values), most + 1).astype(int)[:-1]
    is_there = np.isfinite(values)
    total = np.add.reduceat(np.where(is_there, values, 0), edges, axis=0)
    n = np.add.reduceat(is_there.astype(np.int64), edges, axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _draw_rates(axes, stretch, colours):
    """Means over groups: of spikes in Hz, or of the dense signal; names at the right.

    Where there are many groups, those of one colour are put together.
    """
    edges = np.linspace(0, stretch.n_steps, min(N_BINS, stretch.n_steps) + 1)
    edges = np.unique(edges.astype(int))
    times = stretch.start_s + edges * stretch.dt_ms / 1000
    names, colours, merged = _merged(stretch.group_names, colours)
    group = merged[stretch.group]
    if stretch.step is not None:
        values = _spike_rates(stretch, group, len(names), edges, times)
        axes.set_ylabel("Rate (Hz)")
    else:
        values = _dense_means(stretch, group, len(names), len(edges) - 1)
        axes.set_ylabel(f"Mean ({stretch.dense_unit})")
    is_drawn = np.isfinite(values).any(axis=1)
    for k in np.flatnonzero(is_drawn):
        axes.stairs(values[k], times, baseline=None, color=colours[k], lw=1.1)
    for y, k in enumerate(np.flatnonzero(is_drawn) if len(names) > 1 else ()):
        looks = {"transform": axes.transAxes, "fontsize": 7, "va": "top"}
        axes.text(
            1.012,
            1 - 0.165 * y,
            style.shortened(names[k], 11),
            color=colours[k],
            **looks,
        )
    if stretch.step is not None:
        axes.set_ylim(0, max(1.05 * np.nanmax(values, initial=0), 1))
    if not is_drawn.any():
        say(axes, "nothing is valid")


def _merged(names, colours):
    """Names and colours of at most MOST_CURVES groups, and which each becomes."""
    if len(names) <= MOST_CURVES:
        return names, colours, np.arange(len(names))
    classes = {colour: name for name, colour in style.CLASS_COLOURS.items()}
    if not set(colours) <= classes.keys():
        return ["all"], [style.INK], np.zeros(len(names), np.int64)
    kept = [colour for colour in classes if colour in colours]
    merged = np.array([kept.index(colour) for colour in colours])
    return [classes[colour] for colour in kept], kept, merged


def _spike_rates(stretch, group, n_groups, edges, times):
    """Mean rate of the valid neurons of each group in each bin, (n_groups, n), Hz.

    NaN where none is valid all through the bin.
    """
    column = np.searchsorted(edges, stretch.step, side="right") - 1
    n_bins = len(edges) - 1
    valid = np.ones((n_bins, len(group)), bool)
    for k, of_piece in enumerate(stretch.valid):
        begin, end = stretch.valid_s[k : k + 2]
        valid[(times[:-1] < end) & (times[1:] > begin)] &= of_piece
    kept = valid[column, stretch.neuron]
    cell = group[stretch.neuron[kept]] * n_bins + column[kept]
    total = np.bincount(cell, minlength=n_groups * n_bins).reshape(n_groups, n_bins)
    sizes = np.stack([np.bincount(group[row], minlength=n_groups) for row in valid], 1)
    rates = total / np.maximum(sizes, 1) / np.diff(times)
    return np.where(sizes > 0, rates, np.nan)


def _dense_means(stretch, group, n_groups, n_bins):
    """Mean of the drawn neurons of each group in each bin, (n_groups, n)."""
    means = _block_means(stretch.dense, n_bins)
    values = np.full((n_groups, len(means)), np.nan)
    of_drawn = group[stretch.dense_neurons]
    for k in np.unique(of_drawn):
        own = means[:, of_drawn == k]
        is_there = np.isfinite(own).any(axis=1)
        values[k, is_there] = np.nanmean(own[is_there], axis=1)
    return values
