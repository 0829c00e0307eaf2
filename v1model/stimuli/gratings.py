"""Sine gratings around a gray of 0.

    value(x, y, t) = contrast sin(2 pi (f (x cos a + y sin a) - F t) + phase)

with x the column and y the row of the pixel, both in degrees (one pixel is one
degree), a the direction, f the spatial and F the temporal frequency. Direction 0
moves towards larger x, 90 towards larger y: the axes of `LGNUnits`, so that a grating
in direction a moves along the `tuning_angle` a of a neuron.
"""

import numpy as np

from v1model.lgn.kernels import N_COLUMNS, N_ROWS

# Half a cycle per pixel is the finest pattern that pixels can show.
MAX_SPATIAL_FREQUENCY = 0.5


def static_grating(orientation, *, spatial_frequency=0.05, phase=0.0, contrast=1.0):
    """A grating that stands still.

    Args:
        orientation: Direction across the bars, degrees.
        spatial_frequency: Cycles per degree.
        phase: Degrees; the full period is 0 to 360.
        contrast: Amplitude; pictures are shown in [-contrast, contrast].

    Returns:
        One frame, (120, 240) float32.

    Raises:
        ValueError: A value is not finite, or the pattern is too fine for pixels.
    """
    return drifting_grating(
        1,
        orientation,
        spatial_frequency=spatial_frequency,
        temporal_frequency=0.0,
        phase=phase,
        contrast=contrast,
    )[0]


def drifting_grating(
    duration_ms,
    direction,
    *,
    spatial_frequency=0.05,
    temporal_frequency=2.0,
    phase=0.0,
    contrast=1.0,
):
    """A grating that moves.

    Args:
        duration_ms: Number of frames, T.
        direction: In which the bars move, degrees.
        spatial_frequency: Cycles per degree.
        temporal_frequency: Cycles that pass a point in a second, Hz.
        phase: Degrees; the full period is 0 to 360.
        contrast: Amplitude; pictures are shown in [-contrast, contrast].

    Returns:
        (T, 120, 240) float32, one frame per ms.

    Raises:
        ValueError: A value is not finite, the duration is not a positive whole
            number, or the pattern is too fine for pixels.
    """
    _check(
        duration_ms,
        direction=direction,
        spatial_frequency=spatial_frequency,
        temporal_frequency=temporal_frequency,
        phase=phase,
        contrast=contrast,
    )
    angle = np.deg2rad(direction)
    position = np.arange(N_COLUMNS) * np.cos(angle) + (
        np.arange(N_ROWS)[:, None] * np.sin(angle)
    )
    seconds = np.arange(int(duration_ms)) / 1000
    space = 2 * np.pi * spatial_frequency * position
    time = np.deg2rad(phase) - 2 * np.pi * temporal_frequency * seconds[:, None, None]
    # The sine of the sum, with one sine per pixel and one per frame.
    sine, cosine = np.sin(space).astype(np.float32), np.cos(space).astype(np.float32)
    movie = sine * (contrast * np.cos(time)).astype(np.float32)
    movie += cosine * (contrast * np.sin(time)).astype(np.float32)
    return movie


def _check(duration_ms, **values):
    if duration_ms != int(duration_ms) or duration_ms <= 0:
        raise ValueError(
            f"duration_ms must be a positive whole number, got {duration_ms}."
        )
    for name, value in values.items():
        if not np.isfinite(value):
            raise ValueError(f"{name} must be finite, got {value}.")
    frequency = values["spatial_frequency"]
    if not 0 < frequency <= MAX_SPATIAL_FREQUENCY:
        raise ValueError(
            f"spatial_frequency must lie in (0, {MAX_SPATIAL_FREQUENCY}] "
            f"cycles per degree, got {frequency}."
        )
    if values["contrast"] < 0:
        raise ValueError(f"contrast must not be negative, got {values['contrast']}.")
