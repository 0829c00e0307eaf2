"""LGNComponents: what the LGN tells a column, in a few numbers."""

from typing import NamedTuple

import numpy as np

_PIECE_MS = 2048  # of rates, at a time
_SAMPLE_MS = 40  # between the rows that components are found in
_LEAST_SCALE = 1e-6  # Hz


class LGNComponents(NamedTuple):
    """Principal components of the rates of LGN units.

    The rates follow from the stimulus alone and hold what is left of the last few
    hundred ms, so a model need not learn the filters of the retina.

        components = ((rates - mean) @ axes) / scale

    One scale is for all components, so that strong ones stay strong.

    mean: (I,), Hz.  axes: (I, K), orthonormal.  scale: That of the strongest component,
    Hz.  share: Of the variance that the components hold.
    """

    mean: np.ndarray
    axes: np.ndarray
    scale: float
    share: float

    def of(self, rates):
        """Components (t, K) float32 of rates (t, I), Hz."""
        return ((rates - self.mean) @ self.axes / self.scale).astype(np.float32)

    def between(self, screen, start_ms, stop_ms):
        """Components in each ms of a ScreenRates, (stop_ms - start_ms, K) float32."""
        pieces = [
            self.of(screen.between(low, min(low + _PIECE_MS, stop_ms)))
            for low in range(start_ms, stop_ms, _PIECE_MS)
        ]
        return np.concatenate(pieces)


def find_components(screen, start_ms, stop_ms, n):
    """LGNComponents of what was shown in a stretch of time.

    Args:
        screen: ScreenRates.
        start_ms, stop_ms: The stretch; only what is to be trained on.
        n: K; at most the number of units is taken.

    Raises:
        ValueError: The stretch is shorter than two samples.
    """
    if stop_ms - start_ms < 2 * _SAMPLE_MS:
        raise ValueError(
            f"components need at least {2 * _SAMPLE_MS} ms, got {stop_ms - start_ms}."
        )
    rates = np.concatenate(
        [
            screen.between(low, min(low + _PIECE_MS, stop_ms))[::_SAMPLE_MS]
            for low in range(start_ms, stop_ms, _PIECE_MS)
        ]
    ).astype(np.float64)
    mean = rates.mean(axis=0)
    rates -= mean
    _, values, axes = np.linalg.svd(rates, full_matrices=False)
    power = values**2
    # The sign of an axis is arbitrary; a rule makes it the same on every machine.
    largest = np.abs(axes).argmax(axis=1)
    axes *= np.sign(axes[np.arange(len(axes)), largest])[:, None]
    kept = axes[:n]
    scale = max(values[0] / np.sqrt(len(rates)), _LEAST_SCALE)
    share = float(power[:n].sum() / max(power.sum(), np.finfo(float).tiny))
    return LGNComponents(
        mean.astype(np.float32), kept.T.astype(np.float32), scale, share
    )
