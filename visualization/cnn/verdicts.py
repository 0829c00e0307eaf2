"""Why neurons are fitted badly: how many of each verdict, and where they lie."""

import numpy as np

from visualization import style
from visualization.headings import add_inches, headed_figure

COLOURS = {
    "fine": "#009E73",
    "low rate": "#999999",
    "unreliable": "#56B4E9",
    "outside the screen": "#CC79A7",
    "overfitted": "#E69F00",
    "underfitted": "#D55E00",
}
MARKS = dict(zip(COLOURS, "osv^DX", strict=True))
LOWEST_SCORE = -0.5  # bits per spike; what is worse is drawn here
# Column of the second panel: what is known of how well a neuron can be explained.
CEILINGS = (
    ("cc_max", "ceiling of the correlation"),
    ("oracle_bps", "true rates, bits per spike"),
    ("rf_snr_sta", "SNR of the receptive field"),
)


def verdict_figure(table, least_spikes, title="Why neurons are fitted badly"):
    """Verdicts by count; score over spikes, and over what there is to explain.

    Args:
        table: Data frame with verdict, bps and n_spikes, and one of CEILINGS; a ring
            marks the score in training (train_bps) of neurons that are overfitted.
        least_spikes: Border of a low rate.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The table has no neuron, or a verdict is unknown.
    """
    if not len(table):
        raise ValueError("the table of verdicts has no neuron.")
    unknown = set(table["verdict"]) - set(COLOURS)
    if unknown:
        raise ValueError(f"verdicts must be of {[*COLOURS]}, got {sorted(unknown)}.")
    ceiling = next(
        (one for one in CEILINGS if one[0] in table and table[one[0]].notna().any()),
        None,
    )
    n_fine = int((table["verdict"] == "fine").sum())
    with style.paper():
        width = 8.7 if ceiling else 6.0
        words = f"{len(table)} neurons, {n_fine} of them are fine"
        if (table["verdict"] == "overfitted").any():
            words += "; rings: their bits per spike in training"
        figure = headed_figure((width, 3.1), title, words)
        _draw_counts(add_inches(figure, 1.35, 0.45, 1.35, 2.05), table["verdict"])
        axes = add_inches(figure, 3.4, 0.45, 2.4, 2.05)
        spikes = np.maximum(table["n_spikes"].to_numpy(float), 0.8)
        _draw_neurons(axes, spikes, table)
        axes.axvline(least_spikes, color=style.FAINT, lw=0.6, ls="--", zorder=0)
        axes.set_xscale("log")
        axes.set_xlabel("spikes that are judged")
        n_lower = int((table["bps"] < LOWEST_SCORE).sum())
        if n_lower:
            note = f"{n_lower} of them lower than {LOWEST_SCORE:g}"
            axes.set_title(note, fontsize=7, color=style.FAINT)
        axes.set_ylabel("bits per spike")
        if ceiling:
            name, label = ceiling
            beside = add_inches(figure, 6.1, 0.45, 2.4, 2.05)
            _draw_neurons(beside, table[name].to_numpy(float), table)
            beside.set_xlabel(label)
            beside.tick_params(labelleft=False)
            beside.set_ylim(axes.get_ylim())
    return figure


def _draw_counts(axes, verdicts):
    counts = [int((verdicts == name).sum()) for name in COLOURS]
    places = -np.arange(len(COLOURS))
    axes.barh(places, counts, color=[*COLOURS.values()], height=0.65)
    for place, count in zip(places, counts, strict=True):
        axes.annotate(
            str(count),
            (count, place),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
    axes.set_yticks(places, [*COLOURS])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.2 * max(counts))
    axes.set_xlabel("neurons")
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=4)


def _draw_neurons(axes, x, table):
    scores = table["bps"].to_numpy(float)
    y = np.maximum(scores, LOWEST_SCORE)
    for name, colour in COLOURS.items():
        own = (table["verdict"] == name).to_numpy()
        axes.plot(x[own], y[own], MARKS[name], ms=4, mew=0, alpha=0.75, color=colour)
        if name == "overfitted" and "train_bps" in table:
            trained = table["train_bps"].to_numpy(float)
            axes.vlines(x[own], y[own], trained[own], color=colour, lw=0.5, alpha=0.6)
            axes.plot(
                x[own], trained[own], "o", ms=3, mfc="none", color=colour, mew=0.6
            )
    axes.axhline(0, color=style.FAINT, lw=0.6, zorder=0)
