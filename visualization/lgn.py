"""The LGN model: temporal kernels of its classes and mean responses of its units."""

import numpy as np
from matplotlib.figure import Figure

from v1model.lgn.classes import composite_classes, lgn_classes
from v1model.lgn.kernels import make_subunits
from visualization import style

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
