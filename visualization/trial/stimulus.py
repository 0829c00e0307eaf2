"""What was shown during a trial, as a panel below its activity."""

from typing import NamedTuple

import numpy as np

from visualization import style
from visualization.trial.axes import mark_windows, say

LETTER_PX = 5.5  # width of a letter of a name
SCREEN_GRAY = "#808080"  # where luminance is 0


class Shown(NamedTuple):
    """Something on the screen.

    name: In words.  start_ms, end_ms: When.
    picture: Luminance around 0, (rows, columns), or None for nothing but the name.
    """

    name: str
    start_ms: float
    end_ms: float
    picture: np.ndarray | None = None


def draw_stimulus(axes, trial, stimulus):
    """Draws a stimulus over the time of a trial; names stand where there is room.

    Args:
        axes: Axes with a time axis in ms.
        trial: TrialActivity.
        stimulus: List of Shown, or a curve over time, (T,), such as the mean rate of
            the LGN in Hz.

    Raises:
        ValueError: A curve has another length, or something ends before it starts.
    """
    if isinstance(stimulus, np.ndarray):
        _draw_curve(axes, trial, stimulus)
        return
    draw_screen(axes, stimulus, trial.duration_ms)


def draw_screen(axes, stimulus, duration_ms):
    """Draws a list of Shown over a time axis of some ms; all pictures have one scale.

    Raises:
        ValueError: Something ends before it starts.
    """
    axes.set(xlim=(0, duration_ms), ylim=(0, 1), yticks=[])
    axes.spines["left"].set_visible(False)
    if not stimulus:
        say(axes, "nothing was shown")
        return
    axes.axhspan(0, 1, color=SCREEN_GRAY, lw=0, zorder=0)
    pictures = [shown.picture for shown in stimulus if shown.picture is not None]
    limit = max((float(np.abs(picture).max()) for picture in pictures), default=0)
    for shown in stimulus:
        _draw_shown(axes, shown, duration_ms, limit or 1.0)


def _draw_curve(axes, trial, curve):
    if curve.shape != (trial.n_steps,):
        raise ValueError(
            f"stimulus: a curve must have shape ({trial.n_steps},), got {curve.shape}."
        )
    mark_windows(axes, trial)
    times = (np.arange(trial.n_steps) + 0.5) * trial.dt_ms
    axes.plot(times, curve, color=style.INK)
    axes.set_ylim(bottom=min(0, np.nanmin(curve)))
    axes.set_ylabel("Stimulus")


def _draw_shown(axes, shown, duration_ms, limit):
    start, end = max(shown.start_ms, 0), min(shown.end_ms, duration_ms)
    if end <= start:
        raise ValueError(
            f"stimulus: '{shown.name}' must start in the trial and end after that, "
            f"got {shown.start_ms} to {shown.end_ms} ms."
        )
    mark_edges(axes, start, end, duration_ms)
    pixels = axes.transData.transform([(start, 0), (end, 0)])[:, 0]
    if np.ptp(pixels) >= LETTER_PX * len(shown.name):
        axes.text((start + end) / 2, 1.05, shown.name, ha="center", fontsize=7)
    if shown.picture is not None:
        inset = axes.inset_axes((start, 0, end - start, 1), transform=axes.transData)
        inset.imshow(shown.picture, cmap="gray", vmin=-limit, vmax=limit)
        inset.set_axis_off()


def mark_edges(axes, start_ms, end_ms, duration_ms):
    """White lines where something begins and ends, unless the trial does there."""
    for edge in (start_ms, end_ms):
        if 0 < edge < duration_ms:
            axes.axvline(edge, color="white", lw=0.8, zorder=6)  # before pictures
