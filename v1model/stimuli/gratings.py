"""Sine gratings around a gray of 0.

    value(x, y, t) = contrast sin(2 pi (f (x cos a + y sin a) - F t) + phase)

with x the column and y the row of the pixel, both in degrees (one pixel is one
degree), a the direction, f the spatial and F the temporal frequency. Direction 0
moves towards larger x, 90 towards larger y: the axes of `LGNUnits`, so that a grating
in direction a moves along the `tuning_angle` a of a neuron. (The published files count
directions clockwise: y points up there, so that their 45 is 315 here.)
"""

import dataclasses

import numpy as np

from v1model.lgn.kernels import N_COLUMNS, N_ROWS

# Half a cycle per pixel is the finest pattern that pixels can show.
MAX_SPATIAL_FREQUENCY = 0.5


@dataclasses.dataclass(frozen=True)
class Grating:
    """One grating, for as long as it is shown.

    Args:
        direction: In which the bars move, degrees; of bars that stand still, the
            direction across them.
        spatial_frequency: Cycles per degree.
        temporal_frequency: Cycles that pass a point in a second, Hz; 0 stands still.
        phase: At the top left corner and the onset, degrees; the full period is 0 to
            360.
        contrast: Amplitude; pictures are shown in [-contrast, contrast].

    Raises:
        ValueError: A value is not finite, the contrast is negative, or the pattern is
            too fine for pixels.
    """

    direction: float
    spatial_frequency: float = 0.05
    temporal_frequency: float = 0.0
    phase: float = 0.0
    contrast: float = 1.0

    def __post_init__(self):
        for name, value in dataclasses.asdict(self).items():
            if not np.isfinite(value):
                raise ValueError(f"{name} must be finite, got {value}.")
        if not 0 < self.spatial_frequency <= MAX_SPATIAL_FREQUENCY:
            raise ValueError(
                f"spatial_frequency must lie in (0, {MAX_SPATIAL_FREQUENCY}] "
                f"cycles per degree, got {self.spatial_frequency}."
            )
        if self.contrast < 0:
            raise ValueError(f"contrast must not be negative, got {self.contrast}.")

    @property
    def cycles(self):
        """Cycles of the pattern from the top left corner to each pixel, (120, 240)."""
        angle = np.deg2rad(self.direction)
        position = np.arange(N_COLUMNS) * np.cos(angle) + (
            np.arange(N_ROWS)[:, None] * np.sin(angle)
        )
        return self.spatial_frequency * position

    def quadrature(self):
        """Sine and cosine of the pattern, (2, 120, 240) float32.

        Every frame is a weighted sum of the two, whatever the phase and the time.
        """
        space = 2 * np.pi * self.cycles
        return np.stack([np.sin(space), np.cos(space)]).astype(np.float32)

    def weights(self, ms):
        """Weights of the two, (2, T) float32, at times `ms` (T,) after the onset."""
        seconds = np.asarray(ms) / 1000
        time = np.deg2rad(self.phase) - 2 * np.pi * self.temporal_frequency * seconds
        weights = self.contrast * np.stack([np.cos(time), np.sin(time)])
        return weights.astype(np.float32)

    def movie(self, duration_ms):
        """One frame per ms, (T, 120, 240) float32.

        Raises:
            ValueError: The duration is not a positive whole number.
        """
        if duration_ms != int(duration_ms) or duration_ms <= 0:
            raise ValueError(
                f"duration_ms must be a positive whole number, got {duration_ms}."
            )
        sine, cosine = self.quadrature()
        first, second = self.weights(np.arange(int(duration_ms)))[..., None, None]
        movie = sine * first
        movie += cosine * second
        return movie


def static_grating(orientation, *, spatial_frequency=0.05, phase=0.0, contrast=1.0):
    """One frame (120, 240) of a `Grating` that stands still."""
    still = Grating(
        orientation,
        spatial_frequency=spatial_frequency,
        phase=phase,
        contrast=contrast,
    )
    return still.movie(1)[0]


def drifting_grating(
    duration_ms,
    direction,
    *,
    spatial_frequency=0.05,
    temporal_frequency=2.0,
    phase=0.0,
    contrast=1.0,
):
    """The movie (T, 120, 240) of a `Grating`, one frame per ms."""
    moving = Grating(direction, spatial_frequency, temporal_frequency, phase, contrast)
    return moving.movie(duration_ms)


@dataclasses.dataclass(frozen=True)
class GratingSet:
    """Numbered gratings: every orientation in every phase.

    Number k has orientation k // P and phase k % P, of P phases.

    Args:
        orientations: Directions across the bars, (K,), degrees.
        phases: At `centre` and the onset, (P,), degrees.
        centre: (x, y) from the left and the top of the field, degrees. Another
            orientation turns the bars around this point.
        spatial_frequency, temporal_frequency, contrast: As of a `Grating`.

    Raises:
        ValueError: There can be no such Grating.
    """

    orientations: np.ndarray
    phases: np.ndarray
    centre: tuple[float, float]
    spatial_frequency: float
    temporal_frequency: float
    contrast: float

    def __post_init__(self):
        self[0]  # refuses what cannot be before any trial

    def __getitem__(self, number):
        """The Grating of this number."""
        orientation, phase = divmod(int(number), len(self.phases))
        direction = float(self.orientations[orientation])
        angle = np.deg2rad(direction)
        x, y = self.centre
        cycles = self.spatial_frequency * (x * np.cos(angle) + y * np.sin(angle))
        return Grating(
            direction,
            self.spatial_frequency,
            self.temporal_frequency,
            float(self.phases[phase] - 360 * cycles),
            self.contrast,
        )
