"""All sessions in one figure: none is left out, whatever came of it."""

import dataclasses
import textwrap

import numpy as np
from matplotlib.figure import Figure

from visualization import style
from visualization.decoding.labels import COLOURS, NAMES

_LONGEST_NAME = 15  # characters of a session
_ROW_IN = 0.235  # height of a session at least, inches
_MARK_IN = 0.05  # height of a mark
_SPREAD = 0.30  # rows, of the marks of a session about its line
_WIDTH_IN = 7.4
_LINE = 56  # characters of the words beside a session, of which there are two lines


@dataclasses.dataclass(frozen=True)
class SessionMark:
    """What a decoder made of a session.

    Args:
        session, decoder: Names.
        accuracy, low, high: Fractions; None for a failure.
        chance: Accuracy of the best constant answer, or None.
        is_at_chance: Whether the interval reaches down to chance.
        error: Why it failed; empty if it did not.
    """

    session: str
    decoder: str
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    is_at_chance: bool = False
    error: str = ""


def marks_of(rows):
    """A SessionMark for each session and decoder: the mean over seeds.

    The interval is the mean of the seeds' intervals: that of one decoding, which more
    seeds on the same test part do not narrow. If a seed failed, so has the mark.

    Args:
        rows: Rows (`v1model.decoders.results`) of one split and one K, not shuffled.
    """
    marks = []
    for session, decoder in sorted({(row.session, row.decoder) for row in rows}):
        own = [r for r in rows if (r.session, r.decoder) == (session, decoder)]
        errors = [row.error for row in own if row.accuracy is None]
        if errors:
            marks.append(SessionMark(session, decoder, error=errors[0]))
            continue
        names = ("accuracy", "accuracy_low", "accuracy_high", "chance")
        means = [float(np.mean([getattr(row, name) for row in own])) for name in names]
        is_at_chance = any(row.is_at_chance for row in own)
        marks.append(SessionMark(session, decoder, *means, is_at_chance))
    return marks


def summary_figure(marks, suspects=None, title="Decoding of all sessions"):
    """One line per session, one mark per decoder with its 95 % interval.

    Sessions are sorted by their best decoder. Ticks are chance. An open mark is at
    chance; a cross at the left has failed; both are said in words at the right, and so
    are sessions that are known to be doubtful, marked with a dagger.

    Args:
        marks: SessionMarks.
        suspects: Reason by session, of sessions that are known to be doubtful.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no mark.
    """
    if not marks:
        raise ValueError("a summary needs one session at least, got none.")
    suspects = {str(name): why for name, why in (suspects or {}).items()}
    decoders = sorted({mark.decoder for mark in marks}, key=list(COLOURS).index)
    sessions = _sorted_sessions(marks)
    with style.paper():
        height = 1.45 + max(_ROW_IN, _MARK_IN * len(decoders)) * len(sessions)
        figure = Figure(figsize=(_WIDTH_IN, height))
        bottom, top = 0.60 / height, 1 - 0.72 / height
        axes = figure.add_axes((0.15, bottom, 0.45, top - bottom))
        for y, session in enumerate(sessions):
            own = [mark for mark in marks if mark.session == session]
            axes.axhline(y, color=style.BACKDROP, linewidth=0.6, zorder=0)
            _draw_session(axes, y, own, decoders)
            words = _words_of(own, suspects.get(session))
            axes.annotate(
                words,
                (1, y),
                xycoords=("axes fraction", "data"),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.5,
                linespacing=1.0,
            )
        names = [
            style.without_middle(s, _LONGEST_NAME) + (" †" if s in suspects else "")
            for s in sessions
        ]
        axes.set_yticks(range(len(sessions)), names)
        axes.set_ylim(len(sessions) - 0.5, -0.5)
        axes.set_xlim(-0.04, 1.02)
        axes.set_xticks(np.arange(0, 1.01, 0.2))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("accuracy on the test part")
        _draw_key(figure, decoders, height)
        figure.text(0.02, 1 - 0.22 / height, title, fontsize=10, fontweight="bold")
    return figure


def _sorted_sessions(marks):
    best = {}
    for mark in marks:
        value = -1.0 if mark.accuracy is None else mark.accuracy
        best[mark.session] = max(best.get(mark.session, -1.0), value)
    return sorted(best, key=lambda name: (-best[name], name))


def _draw_session(axes, y, marks, decoders):
    for mark in marks:
        place = decoders.index(mark.decoder) - (len(decoders) - 1) / 2
        height = y + 2 * _SPREAD * place / max(len(decoders), 2)
        colour = COLOURS[mark.decoder]
        if mark.accuracy is None:
            axes.plot(-0.02, height, "x", color=colour, ms=4, mew=1.2, clip_on=False)
            continue
        axes.plot([mark.low, mark.high], [height] * 2, color=colour, lw=0.9)
        face = "white" if mark.is_at_chance else colour
        axes.plot(mark.accuracy, height, "o", ms=3.6, mfc=face, mec=colour, mew=0.9)
    levels = [mark.chance for mark in marks if mark.chance is not None]
    if levels:
        span = [y - 0.42, y + 0.42]
        axes.plot([np.mean(levels)] * 2, span, color=style.INK, lw=1.0, zorder=1)


def _words_of(marks, suspect):
    """What must not be overlooked, in words."""
    words = []
    failed = [mark for mark in marks if mark.accuracy is None]
    if failed:
        who = "" if len(failed) == len(marks) else f" ({_names(failed)})"
        words.append(f"FAILED{who}: {failed[0].error}")
    low = [mark for mark in marks if mark.is_at_chance]
    if low:
        who = "" if len(low) == len(marks) else f" ({_names(low)})"
        words.append(f"AT CHANCE{who}")
    if suspect:
        words.append(f"† {suspect}")
    lines = textwrap.wrap("; ".join(words), _LINE)
    if len(lines) > 2:
        lines = [lines[0], f"{lines[1][: _LINE - 4].rstrip()} ..."]
    return "\n".join(lines)


def _names(marks):
    return ", ".join(NAMES[mark.decoder] for mark in marks)


def _draw_key(figure, decoders, height):
    y = 1 - 0.50 / height
    x = 0.15
    for name in decoders:
        width = (0.058 * len(NAMES[name]) + 0.27) / _WIDTH_IN
        if x + width > 0.99:
            x, y = 0.15, y - 0.15 / height
        dot = {"color": COLOURS[name], "fontsize": 8, "va": "center"}
        figure.text(x, y, "●", **dot)
        figure.text(x + 0.018, y, NAMES[name], va="center", fontsize=7.5)
        x += width
    figure.text(
        0.15,
        0.07 / height,
        "○ at chance   × failed   | chance   bars: 95 % intervals",
        fontsize=7,
        color=style.FAINT,
    )
