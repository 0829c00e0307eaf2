"""Errors of rollouts over their steps, beside the baselines."""

import numpy as np
from matplotlib.figure import Figure

from v1model.latent.diagnosis.scalars import over_starts
from visualization import style
from visualization.latent.headings import write_heading

MODEL, CONSTANT, INTERPOLATION = "#0072B2", style.INK, "#D55E00"
OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LIMITS = 1e-4, 1e1  # of the axis at least, published
LIMITS_ALIGNED = 1e-3, 1.0
DASHES, DOTS = (0, (4, 3)), (0, (1, 2))
LABEL = "squared error, mean over neurons"


def errors_by_time(rollouts, others=None, limit=None, title="Errors of long rollouts"):
    """Squared error over the steps of rollouts: mean over starts, and their range.

    Blue: the model. Dashed: staying at the activity of the start. Grey: the steps of a
    training rollout. Starts that diverge are counted in the heading.

    Args:
        rollouts: RolloutErrors.
        others: Other RolloutErrors from the same starts by name, or None.
        limit: Squared error above which a rollout has diverged, or None.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There are more others than colours.
    """
    others = {} if others is None else others
    if len(others) > len(OTHERS):
        raise ValueError(f"{len(OTHERS)} other models at most, got {[*others]}.")
    plan = rollouts.plan
    step = np.arange(1, plan.n_steps + 1)
    curves = {"constant": (rollouts.constant, CONSTANT, DASHES)}
    for (name, other), colour in zip(others.items(), OTHERS, strict=False):
        curves[name] = other.model, colour, "-"
    curves["model"] = rollouts.model, MODEL, "-"
    with style.paper():
        figure = Figure(figsize=(6.2, 3.4))
        axes = figure.add_axes((0.10, 0.14, 0.66, 0.72))
        axes.set_yscale("log")
        low, high = _limits([curve for curve, *_ in curves.values()], LIMITS)
        axes.set_ylim(low, high)
        axes.set_xlim(0, plan.n_steps)
        if plan.window > 1:
            axes.axvspan(0, plan.window, color=style.BACKDROP, linewidth=0, zorder=0)
        below, above = _shown(rollouts.model, low, high)
        axes.fill_between(step, below, above, color=MODEL, alpha=0.2, linewidth=0)
        for name, (curve, colour, dashes) in curves.items():
            mean = _finite(over_starts(curve), high)
            axes.plot(step, mean, color=colour, ls=dashes, label=name, zorder=3)
        if limit is not None and low < limit < high:
            axes.axhline(limit, color=style.FAINT, lw=0.7, ls=DOTS, label="diverged")
        axes.set_xlabel("step")
        axes.set_ylabel(LABEL)
        _legend(axes, plan)
        n = _diverged(rollouts.model, limit)
        words = f"{len(plan.starts)} starts; band: their range"
        write_heading(axes, title, f"{words}; {n} diverged" if n else words)
    return figure


def aligned_errors(rollouts, interpolation, title="Errors between observations"):
    """Squared error over the steps of a training rollout, mean over starts.

    Disks: where a training rollout meets an observation. Orange: linear interpolation
    between observations, which is without error there. Dashed: staying at the activity
    of the start. Where neurons are observed in turn there is no disk, and dotted lines
    are the errors of those that are not observed in a step, of the model and of their
    interpolation.

    Args:
        rollouts: RolloutErrors.
        interpolation: InterpolationErrors of the same starts.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: Every step is observed, or the rollouts are shorter than one gap.
    """
    plan = rollouts.plan
    if plan.time_units < 2 or not plan.window:
        raise ValueError(
            "errors between observations need time_units above 1 and a rollout of as "
            f"many steps, got {plan.time_units} and {plan.n_steps}."
        )
    step = np.arange(1, plan.window + 1)
    inside = slice(0, plan.window)
    curves = [
        ("constant", rollouts.constant[:, inside], CONSTANT, DASHES, 1.0),
        ("interpolation", interpolation.aligned, INTERPOLATION, "-", 1.0),
        ("model", rollouts.model[:, inside], MODEL, "-", 1.4),
    ]
    if interpolation.staggered is not None:
        hidden = "interpolation,\nnot observed", "model,\nnot observed"
        pairs = (
            (hidden[0], interpolation.staggered, INTERPOLATION),
            (hidden[1], rollouts.unobserved, MODEL),
        )
        curves += [(name, curve, colour, DOTS, 1.2) for name, curve, colour in pairs]
    with style.paper():
        figure = Figure(figsize=(6.2, 3.4))
        axes = figure.add_axes((0.10, 0.14, 0.66, 0.72))
        axes.set_yscale("log")
        shown = [curve for _, curve, *_ in curves]
        low, high = _limits(shown, LIMITS_ALIGNED)
        for name, curve, colour, dashes, width in curves:
            mean = _finite(over_starts(curve), high)
            # An error of 0 has no place on this axis.
            mean = np.where(mean > 0, mean, np.nan)
            axes.plot(step, mean, color=colour, ls=dashes, lw=width, label=name)
        if interpolation.staggered is None:
            met = np.flatnonzero(plan.loss_points)
            mean = over_starts(rollouts.model)
            mean = np.where((low <= mean) & (mean <= high), mean, np.nan)
            axes.plot(
                met + 1,
                mean[met],
                "o",
                color=MODEL,
                ms=6,
                label="observed in\ntraining",
                clip_on=False,  # the last one is at the edge
            )
        axes.set_xlim(0, plan.window)
        axes.set_ylim(low, high)
        axes.set_xticks(range(0, plan.window + 1, plan.time_units))
        axes.set_xlabel("step")
        axes.set_ylabel(LABEL)
        _legend(axes)
        who = "" if interpolation.staggered is None else "each neuron "
        words = f"mean of {len(plan.starts)} starts; {who}observed every"
        write_heading(axes, title, f"{words} {plan.time_units} steps")
    return figure


def _legend(axes, plan=None):
    handles, names = axes.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda i: not names[i].startswith("model"))
    axes.legend(
        [handles[i] for i in order],
        [names[i] for i in order],
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0,
        labelspacing=0.7,
    )
    if plan is not None and plan.window > 1:
        axes.text(
            1.03,
            0,
            "grey: length of a\ntraining rollout",
            transform=axes.transAxes,
            color=style.FAINT,
        )


def _finite(curve, high):
    """What is infinite runs along the upper edge of the axes."""
    return np.where(curve == np.inf, high, curve)


def _shown(curves, low, high):
    """Smallest and largest of the starts, inside the axes."""
    is_judged = ~np.isnan(curves)
    below = np.where(is_judged, curves, np.inf).min(axis=0)
    above = np.where(is_judged, curves, -np.inf).max(axis=0)
    return np.clip(below, low, high), np.clip(above, low, high)


def _limits(curves, least):
    """Limits of a logarithmic axis: the published ones, unless nothing would be seen.

    Whole powers of ten. Of curves that explode, only the beginning is shown.
    """
    values = np.concatenate([over_starts(curve) for curve in curves])
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return least
    middle = float(np.median(over_starts(curves[0])))
    lowest = max(np.quantile(values, 0.01), 1e-6 * middle)
    low = 10.0 ** np.floor(np.log10(lowest))
    high = 10.0 ** np.ceil(np.log10(min(values.max(), 1e2 * middle)))
    if least[0] <= low and high <= least[1]:
        return least
    return low, max(high, 10 * low)


def _diverged(curves, limit):
    beyond = np.isinf(curves)
    if limit is not None:
        beyond |= curves > limit
    return int(beyond.any(axis=1).sum())
