"""Drifting gratings in many directions and contrasts, with gray between them."""

import dataclasses
import fractions
import itertools

import numpy as np

from v1model.stimuli.gratings import Grating
from v1model.stimuli.screening import BLANK, Screening, Shown, gray

STIMULUS = "drifting_gratings"
REFRESH_MS = 20  # what moves is drawn so often: a screen of 50 Hz


def drifting_gratings(
    directions,
    contrasts,
    repeats,
    seed,
    *,
    shown_ms=2000,
    gray_ms=1000,
    spatial_frequency=0.04,
    temporal_frequency=2.0,
):
    """Every direction in every contrast, again and again, in a new order each time.

    Args:
        directions: In which the bars move, (K,) degrees.
        contrasts: Amplitudes around gray, (A,).
        repeats: How often each is shown.
        seed: Of the orders.
        shown_ms: How long a grating is shown; a multiple of REFRESH_MS.
        gray_ms: Gray before each, and after the last.
        spatial_frequency: Cycles per degree.
        temporal_frequency: Hz.

    Returns:
        Screening. Rows have `direction` and `orientation` (degrees), `contrast`, the
        frequencies, `repeat`, and the number of the grating as `frame`.

    Raises:
        ValueError: There can be no such gratings.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be positive, got {repeats}.")
    if shown_ms <= 0 or shown_ms % REFRESH_MS:
        raise ValueError(
            f"gratings must be shown for a multiple of {REFRESH_MS} ms, got {shown_ms}."
        )
    gratings = [
        Grating(float(direction), spatial_frequency, temporal_frequency, 0.0, contrast)
        for direction, contrast in itertools.product(directions, contrasts)
    ]
    rng = np.random.default_rng(seed)
    frames = MovingFrames()
    shown = []
    for repeat in range(repeats):
        for number in rng.permutation(len(gratings)):
            grating = gratings[number]
            if gray_ms:
                shown.append(Shown([BLANK], [gray_ms]))
            row = {**_row(grating), "frame": int(number), "repeat": repeat}
            shown.append(Shown(*frames.of(grating, shown_ms), row))
    return Screening.of(frames.draw, len(frames), [*shown, *gray(gray_ms, 2)])


def _row(grating):
    return {
        "stimulus": STIMULUS,
        "block": 1,
        "direction": grating.direction,
        "orientation": grating.direction % 180,
        "contrast": float(grating.contrast),
        "spatial_frequency": grating.spatial_frequency,
        "temporal_frequency": grating.temporal_frequency,
    }


class MovingFrames:
    """The different frames of gratings that move or stand, numbered as they come.

    A grating that comes back to a phase is the same frame again.
    """

    def __init__(self):
        self._numbers = {}
        self._gratings = []

    def __len__(self):
        return len(self._gratings)

    def of(self, grating, ms):
        """Numbers and durations of the frames of a Grating that is shown for `ms`."""
        if not grating.temporal_frequency:
            return [self._number(grating)], [ms]
        starts = range(0, ms, REFRESH_MS)
        frequency = fractions.Fraction(grating.temporal_frequency)
        frequency = frequency.limit_denominator(10_000)
        numbers = []
        for start in starts:
            cycles = frequency * start / 1000
            phase = (grating.phase - 360 * float(cycles % 1)) % 360
            still = dataclasses.replace(grating, phase=phase, temporal_frequency=0.0)
            numbers.append(self._number(still))
        return numbers, [min(REFRESH_MS, ms - start) for start in starts]

    def draw(self, number):
        """A frame, (120, 240) float32."""
        return self._gratings[number].movie(1)[0]

    def _number(self, still):
        if still not in self._numbers:
            self._numbers[still] = len(self._gratings)
            self._gratings.append(still)
        return self._numbers[still]
