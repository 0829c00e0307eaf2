"""Several runs of the latent evolver side by side, and how one was trained."""

import numpy as np
from matplotlib.figure import Figure

from visualization import style
from visualization.latent.decades import show_decades
from visualization.latent.headings import write_heading

VALUE, BASELINE = "#0072B2", style.FAINT
LOSSES = {
    "recon": "#009E73",
    "evolve": "#0072B2",
    "tv_loss": "#CC79A7",
    "consistency": "#56B4E9",
    "aug_loss": "#E69F00",
    "reg": "#999999",
}
LONGEST_NAME = 34


def runs_figure(runs, title="Runs of the latent evolver"):
    """A row per run: its errors one step ahead, between observations, and far ahead.

    Open marks: the baseline of the same recording, which is what a filled mark left of
    it beats: staying at the start, or interpolation between observations. A cross
    beside the last error: that many starts diverged.

    Args:
        runs: Numbers of a Diagnosis (`scalars`) by name of the run; all of rollouts of
            the same length.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no run, or the rollouts differ in length.
    """
    far = rollout_prefix(runs)
    panels = (
        ("one step ahead", "frame_one_step_mse", "frame_constant_mse"),
        (
            "between observations",
            "time_aligned_mse_latent_intermediate_avg",
            "time_aligned_mse_latent_interpolation_intermediate_avg",
        ),
        (
            f"over {far[15:-4]} steps",
            f"{far}_mse_overall",
            f"{far}_constant_mse_overall",
        ),
        ("R2, median neuron", "median_r2_bias", None),
    )
    names = [*runs]
    place = -np.arange(len(names))
    with style.paper():
        height = 1.05 + 0.26 * len(names)
        figure = Figure(figsize=(8.2, height))
        bottom, top = 0.42 / height, 1 - 0.62 / height
        for k, (words, key, baseline) in enumerate(panels):
            axes = figure.add_axes((0.265 + 0.185 * k, bottom, 0.14, top - bottom))
            for y in place:
                axes.axhline(y, color=style.BACKDROP, lw=0.6, zorder=0)
            values = np.array([runs[name].get(key, np.nan) for name in names])
            if baseline is None:
                axes.axvline(0, color=style.INK, lw=0.6)
                values = np.clip(values, -1, 1)
                axes.set_xlim(min(0, np.nanmin([*values, 0])) - 0.05, 1.03)
            else:
                others = [runs[name].get(baseline, np.nan) for name in names]
                axes.plot(others, place, "o", mfc="white", color=BASELINE, ms=5)
                show_decades(axes, x=[*values, *others])
            shown = np.where(np.isfinite(values), values, np.nan)
            axes.plot(shown, place, "o", color=VALUE, ms=5, zorder=3)
            axes.set_title(words, fontsize=8)
            axes.set_ylim(place[-1] - 0.6, 0.6)
            axes.set_yticks(place, [""] * len(names) if k else _labels(names))
            axes.tick_params(axis="y", length=0)
            axes.set_xlabel("squared error" if baseline else "R2")
            if key == f"{far}_mse_overall":
                _mark_divergence(axes, place, runs, f"{far}_diverged_starts")
        figure.text(0.01, 1 - 0.22 / height, title, fontsize=9, fontweight="bold")
    return figure


def _labels(names):
    return [style.without_middle(name, LONGEST_NAME) for name in names]


def _mark_divergence(axes, place, runs, key):
    for y, numbers in zip(place, runs.values(), strict=True):
        n = numbers.get(key, 0)
        if n:
            axes.text(
                1.0,
                y,
                f"{n:g} ×",
                transform=axes.get_yaxis_transform(),
                ha="left",
                va="center",
                fontsize=6.5,
                color=style.WRONG,
            )


def rollout_prefix(runs):
    """What the names of numbers about whole rollouts begin with, the same in all runs.

    Args:
        runs: Numbers, or their names alone, by name of the run.

    Raises:
        ValueError: There is no run, or the rollouts differ in length.
    """
    if not runs:
        raise ValueError("there is no run to compare.")
    ending = "_mse_overall"
    found = {
        key.removesuffix(ending)
        for numbers in runs.values()
        for key in numbers
        if key.startswith("rollout_latent_")
        and key.endswith(ending)
        and "constant" not in key
    }
    if len(found) != 1:
        raise ValueError(f"runs must have rollouts of one length, got {sorted(found)}.")
    return found.pop()


def training_losses(table, title="Losses over training"):
    """Losses of every epoch, and the error on the held-out part, over minutes.

    Losses are those of the activity as the model sees it, normalized; the error is in
    the units of the recording. Dashed: staying at the start, on the held-out part. Grey
    lines divide the phases of the training.

    Args:
        table: Columns of a run's metrics.csv by name, arrays (epochs,) of numbers, but
            "phase" of text.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The table is empty.
    """
    phases = np.asarray(table["phase"])
    if not len(phases):
        raise ValueError("the table of losses has no row: no epoch was finished.")
    minutes = np.asarray(table["seconds"], np.float64) / 60
    held_out = {
        "val_mse": ("held out", style.INK, "-"),
        "val_mse_constant": ("held out, constant", style.INK, (0, (4, 3))),
    }
    lines = [(name, name.removesuffix("_loss"), c, "-") for name, c in LOSSES.items()]
    lines += [(name, *rest) for name, rest in held_out.items()]
    with style.paper():
        figure = Figure(figsize=(5.8, 3.2))
        axes = figure.add_axes((0.13, 0.14, 0.60, 0.73))
        for name, words, colour, dashes in lines:
            values = np.asarray(table.get(name, []), np.float64)
            is_there = np.isfinite(values) & (values > 0)
            if is_there.any():
                axes.plot(
                    minutes[is_there],
                    values[is_there],
                    color=colour,
                    ls=dashes,
                    marker="." if is_there.sum() < 3 else "",
                    label=words,
                )
        axes.set_yscale("log")
        for k in np.flatnonzero(phases[1:] != phases[:-1]):
            axes.axvline(minutes[k], color=style.FAINT, lw=0.7)
        starts = np.flatnonzero(np.r_[True, phases[1:] != phases[:-1]])
        names = ", ".join(str(phases[k]).replace("_", " ") for k in starts)
        axes.set_xlim(0, max(minutes[-1], 1e-3))
        axes.set_xlabel("minutes of training")
        axes.set_ylabel("loss")
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
        write_heading(axes, title, f"phases: {names}")
    return figure
