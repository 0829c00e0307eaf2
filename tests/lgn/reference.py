"""The published LGN model in float64 NumPy, one unit and one frame at a time.

Filter every frame with the whole two-dimensional Gaussian of the unit's size class
("SAME" zero padding), interpolate between the four pixels around the centre, convolve
in time, rectify each subunit, add (Chen et al. 2022).
"""

import numpy as np
import scipy.ndimage


def rates(units, kernels, amplitudes, spontaneous, movie):
    """Rates (T, I) of units whose kernels, amplitudes and rates are known.

    Args:
        units: LGNUnits of I units.
        kernels, amplitudes: Of the first and second subunit, two per unit:
            kernels (I, 2, lags), amplitudes (I, 2).
        spontaneous: Of each subunit, (I,), Hz.
        movie: (T, 120, 240).
    """
    result = np.zeros((len(movie), len(units)))
    for i in range(len(units)):
        size_class = np.floor(units.spatial_size[i])
        sigma = np.round((size_class + size_class + 1) / 2) / 3
        impulse = np.zeros((101, 101))
        impulse[50, 50] = 1
        gaussian = scipy.ndimage.gaussian_filter(impulse, sigma, mode="nearest")
        for subunit, (x, y) in enumerate(_centres(units, i)):
            signal = [_sample(frame, gaussian, x, y) for frame in movie]
            drive = np.convolve(signal, kernels[i, subunit])[: len(movie)]
            drive = amplitudes[i, subunit] * drive + spontaneous[i]
            result[:, i] += np.maximum(drive, 0)
    return result


def _centres(units, i):
    x, y = units.x[i] * 239 / 240, units.y[i] * 119 / 120
    yield max(x, 0.0), max(y, 0.0)
    if "ON" in units.model_id[i] and "OFF" in units.model_id[i]:
        angle = units.tuning_angle[i] * np.pi / 180
        x = (np.cos(angle) * units.sf_sep[i] + units.x[i]) * 239 / 240
        y = (np.sin(angle) * units.sf_sep[i] + units.y[i]) * 119 / 120
        x, y = max(x, 0.0), max(y, 0.0)
        yield 239.0 if np.ceil(x) >= 239 else x, 119.0 if np.ceil(y) >= 119 else y


def _sample(frame, gaussian, x, y):
    total = 0.0
    for row, row_weight in ((np.floor(y), 1 - y % 1), (np.ceil(y), y % 1)):
        for column, column_weight in ((np.floor(x), 1 - x % 1), (np.ceil(x), x % 1)):
            weight = row_weight * column_weight
            total += weight * _filtered(frame, gaussian, int(row), int(column))
    return total


def _filtered(frame, gaussian, row, column):
    padded = np.pad(frame.astype(float), 50)
    return (padded[row : row + 101, column : column + 101] * gaussian).sum()
