"""When the picture can be read: accuracy from some of the bins."""

from matplotlib.figure import Figure

from visualization import style
from visualization.decoding.labels import place_labels

UNTIL, WITHIN = "#0072B2", "#E69F00"
_WORDS = {
    "until": "all bins up to here",
    "within": "this bin alone",
}


def over_time_figure(sections, chance, bayes=None, title="When the picture is read"):
    """Accuracy on the test part over time after the onset.

    Blue: decoders of everything from the onset up to a time, at that time. Orange:
    decoders of single bins, over the bin. Bands and bars are 95 % intervals.

    Args:
        sections: Sections (`v1model.decoders.over_time`).
        chance: Accuracy of the best constant answer.
        bayes: Accuracy of the best possible decoder of all bins, or None.
        title: Of the figure.

    Returns:
        matplotlib Figure.
    """
    with style.paper():
        figure = Figure(figsize=(4.6, 3.1))
        axes = figure.add_axes((0.12, 0.15, 0.62, 0.70))
        until = [s for s in sections if s.kind == "until"]
        within = [s for s in sections if s.kind == "within"]
        x = [s.to_ms for s in until]
        low, high = [s.low for s in until], [s.high for s in until]
        axes.fill_between(x, low, high, color=UNTIL, alpha=0.2, linewidth=0)
        axes.plot(
            x, [s.accuracy for s in until], "o-", color=UNTIL, ms=3.5, clip_on=False
        )
        for section in within:
            middle = (section.from_ms + section.to_ms) / 2
            span = [section.from_ms, section.to_ms]
            height = [section.accuracy] * 2
            axes.plot(span, height, color=WITHIN, lw=2, solid_capstyle="butt")
            ends = [section.low, section.high]
            axes.plot([middle] * 2, ends, color=WITHIN, lw=1)
        end = max(s.to_ms for s in sections)
        labels = [
            (until[-1].accuracy, _WORDS["until"], UNTIL),
            (within[-1].accuracy, _WORDS["within"], WITHIN),
            (chance, f"chance {chance:.3f}", style.INK),
        ]
        axes.axhline(chance, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)))
        if bayes is not None:
            axes.axhline(bayes, color=style.FAINT, linewidth=0.8)
            labels.append((bayes, f"best possible {bayes:.3f}", style.FAINT))
        place_labels(axes, labels, end)
        axes.set_xlim(0, end)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("time after the onset (ms)")
        axes.set_ylabel("accuracy")
        axes.set_title(title, fontweight="bold")
    return figure
