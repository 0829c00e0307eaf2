"""Receptive fields of spikes and of a model's rates beside each other."""

import numpy as np

from visualization import style
from visualization.headings import TOP, add_inches, headed_figure

DATA, MODEL = style.FAINT, "#0072B2"
CERTAIN = 10.0  # standard errors; noise of some thousand pixels reaches 4
SIDE, STEP = 0.82, 1.0  # inches
HEADS = ("STA, spikes", "STA, model", "STE, spikes", "STE, model")


def field_maps(data, model, names, sampling_rate, centers=None, title="Fields"):
    """A row per neuron: STA and STE of spikes and model at the peak, and over time.

    Each map has its own scale: shapes are compared, not sizes. A pair of maps is pale
    where the largest value of the spikes' one is less than ten standard errors, as in
    the STA of a complex cell. The cross is the true centre, where it is known.

    Args:
        data, model: TriggeredAverages of the same K neurons.
        names: (K,).
        sampling_rate: Hz.
        centers: True ones, (K, 2) y, x pixels, or None.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no neuron, or there are other numbers of them.
    """
    if not len(names) or {len(data.sta), len(model.sta)} != {len(names)}:
        raise ValueError(
            f"{len(names)} names cannot be of {len(data.sta)} and {len(model.sta)} "
            "neurons."
        )
    maps = (data.sta, model.sta, data.ste - data.power, model.ste - model.power)
    with style.paper():
        size = 1.15 + STEP * len(HEADS) + 2.1, TOP + 0.62 + STEP * len(names)
        words = "at the lag at which spikes' maps vary most; pale: near noise; "
        words += "grey: spikes, blue: model; cross: true centre"
        words = words if centers is not None else words.rpartition(";")[0]
        figure = headed_figure(size, title, words)
        for k, name in enumerate(names):
            bottom = size[1] - TOP - 0.22 - STEP * (k + 1) + 0.1
            courses = [np.nan_to_num(own[k]).std(axis=(1, 2)) for own in maps]
            certain = [np.abs(np.nan_to_num(z[k])) for z in (data.z_sta, data.z_ste)]
            for column, own in enumerate(maps):
                # The same lag for the model as for the spikes beside it.
                lag = courses[column - column % 2].argmax()
                axes = add_inches(figure, 1.1 + STEP * column, bottom, SIDE, SIDE)
                fading = CERTAIN / max(certain[column // 2][lag].max(), 1e-12)
                _draw_map(axes, np.nan_to_num(own[k][lag]), max(fading, 1.0))
                if centers is not None:
                    place = (centers[k][::-1] + 0.5) / data.pixel - 0.5
                    axes.plot(*place, "+", color=style.INK, ms=5, mew=0.8)
                if k == 0:
                    axes.set_title(HEADS[column], fontsize=7, loc="center", pad=3)
            figure.text(
                0.08 / size[0],
                (bottom + SIDE / 2) / size[1],
                name,
                va="center",
                fontsize=7,
            )
            axes = add_inches(
                figure, 1.45 + STEP * len(HEADS), bottom + 0.04, 1.5, SIDE - 0.08
            )
            _draw_courses(axes, courses, sampling_rate)
            if k == 0:
                axes.set_title("over time; dashed: STE", fontsize=7, pad=3)
            if k == len(names) - 1:
                axes.set_xlabel("lag, ms")
            else:
                axes.set_xticklabels([])
    return figure


def _draw_map(axes, values, fading):
    top = fading * np.abs(values).max() or 1.0
    axes.imshow(values, cmap="RdBu_r", vmin=-top, vmax=top)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(style.FAINT)


def _draw_courses(axes, courses, sampling_rate):
    lags = np.arange(len(courses[0])) * 1000 / sampling_rate
    for column, course in enumerate(courses):
        colour = MODEL if column % 2 else DATA
        dashes = (0, (3, 2)) if column > 1 else "-"
        scaled = course / (course.max() or 1.0)
        axes.plot(
            lags,
            scaled,
            color=colour,
            ls=dashes,
            label="model" if column % 2 else "spikes",
        )
    axes.set_ylim(0, 1.08)
    axes.set_xlim(0, lags[-1])
    axes.set_yticks([])
