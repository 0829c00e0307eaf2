"""Temporal kernels of the LGN units, and the two subunits of composite units.

A kernel is a weighted sum of two cosine bumps in logarithmic time, each of unit
energy (Billeh et al. 2020; the basis is that of Pillow et al. 2005):

    bump(t) = (1 + cos(clip(pi (ln(t + b) - ln(peak + b')) / (2 d), -pi, pi))) / 2

with b = 0.3 ms, b' = 0 and d = ln(200.3 / 100.3). The first sample (lag 0) is the
bump at t = 1 ms, because the published basis drops t = 0.
"""

import dataclasses

import numpy as np

from v1model.lgn.classes import composite_classes, lgn_classes
from v1model.lgn.unit_record import FIELD_HEIGHT, FIELD_WIDTH

KERNEL_MS = 700  # taps of 1 ms (Chen et al. 2022)
BUMP_MS = 600  # a bump ends here, before its delay (BMTK)
TIME_OFFSET_MS = 0.3  # b of the bumps (BMTK)
# Half the distance of two neighbouring bumps in logarithmic time (BMTK).
BUMP_SPACING = np.log((200 + TIME_OFFSET_MS) / (100 + TIME_OFFSET_MS))

# The published code bins receptive fields by whole degrees and rounds the middle of
# a bin half-to-even, so that 3-4 and 4-5 degrees share one Gaussian of 4/3 degrees.
SIZE_PER_SIGMA = 3  # spatial_size is three standard deviations

# Degrees to pixels: the published code maps 240 x 120 degrees onto 240 x 120 pixel
# centres, whose outermost are 239 and 119 pixels apart.
N_ROWS, N_COLUMNS = FIELD_HEIGHT, FIELD_WIDTH
PIXELS_PER_DEGREE_X = (N_COLUMNS - 1) / N_COLUMNS
PIXELS_PER_DEGREE_Y = (N_ROWS - 1) / N_ROWS

_UNITS_AT_ONCE = 512  # keeps the scratch arrays inside the processor's cache


@dataclasses.dataclass(frozen=True)
class Subunits:
    """Linear filters behind I units: one each, two for the composite ones.

    Rows 0 to I - 1 are the units themselves (their first subunit); the second
    subunits of the composite units follow in the order of `second`.

    Args:
        x, y: Centre, (J,), pixels.
        sigma: Standard deviation of the Gaussian, (J,), pixels.
        kernel: Temporal kernel times the amplitude of the subunit, (J, lags)
            float32, lag 0 first, Hz per unit of contrast and ms.
        spontaneous: Rate at a gray screen, (J,) float32, Hz.
        second: Unit to which each second subunit belongs, (J - I,).
    """

    x: np.ndarray
    y: np.ndarray
    sigma: np.ndarray
    kernel: np.ndarray
    spontaneous: np.ndarray
    second: np.ndarray


def make_subunits(units):
    """Filters of `units` (LGNUnits of I units)."""
    kinds = {kind.model_id: kind for kind in lgn_classes()}
    second = np.flatnonzero(units.is_composite)
    spontaneous, sign = (
        np.array([getattr(kinds[name], field) for name in units.model_id], float)
        for field in ("spontaneous_hz", "sign")
    )
    delay_dom = np.array(units.delay_dom, float)
    delay_non_dom = np.array(units.delay_non_dom, float)
    amplitude = np.concatenate([sign, np.ones(len(second))])
    for name, composite in composite_classes().items():
        rows = np.flatnonzero(units.model_id == name)
        if not len(rows):
            continue
        delay_dom[rows], off_sum = _aligned(
            units.kpeaks_dom[rows],
            units.weight_dom[rows],
            delay_dom[rows],
            composite.peak_ms_dominant,
        )
        delay_non_dom[rows], on_sum = _aligned(
            units.kpeaks_non_dom[rows],
            units.weight_non_dom[rows],
            delay_non_dom[rows],
            composite.peak_ms_non_dominant,
        )
        amplitude[rows] = off_amplitude(
            composite, 2 * kinds[name].spontaneous_hz, off_sum, on_sum
        )
    kernel = amplitude[:, None].astype(np.float32) * temporal_kernels(
        np.concatenate([units.kpeaks_dom, units.kpeaks_non_dom[second]]),
        np.concatenate([units.weight_dom, units.weight_non_dom[second]]),
        np.concatenate([delay_dom, delay_non_dom[second]]),
    )
    x, y = subunit_centres(units)
    return Subunits(
        x=x,
        y=y,
        sigma=gaussian_sigma(np.append(units.spatial_size, units.spatial_size[second])),
        kernel=kernel,
        spontaneous=np.append(spontaneous, spontaneous[second]).astype(np.float32),
        second=second,
    )


def temporal_kernels(kpeaks, weights, delays):
    """Kernels of J filters.

    Args:
        kpeaks: Peaks of the two bumps, (J, 2), ms.
        weights: Their weights, (J, 2).
        delays: Their delays, (J, 2), ms; whole milliseconds count, as published.

    Returns:
        (J, KERNEL_MS) float32, lag 0 first. The second bump is cut where the first
        one ends and scaled to unit energy after the cut.
    """
    kernels = np.zeros((len(kpeaks), KERNEL_MS), np.float32)
    for start in range(0, len(kpeaks), _UNITS_AT_ONCE):
        block = slice(start, start + _UNITS_AT_ONCE)
        kernels[block] = _kernels(kpeaks[block], weights[block], delays[block])
    return kernels


def _kernels(kpeaks, weights, delays):
    """Kernels (J, KERNEL_MS) in float64; the lags beyond all bumps are skipped."""
    delays = np.asarray(delays).astype(int)
    reach = np.max(kpeaks, initial=1) * np.exp(2 * BUMP_SPACING)
    n_lags = min(int(reach + delays.max(initial=0)) + 2, KERNEL_MS)
    lag = np.arange(n_lags)
    log_time = np.log(np.arange(n_lags) + 1 + TIME_OFFSET_MS)
    end = BUMP_MS + delays[:, :1]
    kernels = np.zeros((len(kpeaks), KERNEL_MS))
    for bump in (0, 1):
        phase = log_time - np.log(kpeaks[:, bump, None])
        np.clip(phase * (np.pi / 2 / BUMP_SPACING), -np.pi, np.pi, out=phase)
        values = (np.cos(phase) + 1) / 2
        since_delay = lag - delays[:, bump, None]
        values = np.take_along_axis(values, np.maximum(since_delay, 0), axis=1)
        values[(since_delay < 0) | (lag >= end)] = 0
        energy = np.sqrt(np.einsum("jt,jt->j", values, values))
        kernels[:, :n_lags] += values * (weights[:, bump] / energy)[:, None]
    return kernels


def _aligned(kpeaks, weights, delays, peak_ms):
    """Delays that move the zero crossing of the kernels to `peak_ms`.

    Both bumps move together, and never before the stimulus.

    Returns:
        The delays, (J, 2), ms, and the sum of each kernel up to its crossing, (J,).
    """
    kernels = _kernels(kpeaks, weights, delays)
    crossing = zero_crossing(kernels)
    if not crossing.all():
        row = int(np.argmin(crossing))
        raise ValueError(
            "LGN: the kernel of a composite unit has no negative lobe, so its latency "
            f"is undefined: kpeaks {kpeaks[row]} ms, weights {weights[row]}."
        )
    area = np.cumsum(kernels, axis=1)[np.arange(len(kernels)), crossing - 1]
    shift = np.maximum(peak_ms - crossing, -delays.min(axis=1))
    return delays + shift[:, None], area


def zero_crossing(kernels):
    """Lag (J,) of the first negative value after the maximum, 0 if there is none."""
    after_peak = np.arange(kernels.shape[1]) > kernels.argmax(axis=1)[:, None]
    return (after_peak & (kernels < 0)).argmax(axis=1)


def off_amplitude(composite, spontaneous_hz, off_sum, on_sum):
    """Amplitude of the OFF subunit, next to 1 of the ON subunit (Billeh et al. 2020).

    Chosen so that flashes drive the unit to the recorded ratio of peak rates.
    """
    off, on = composite.max_off_hz, composite.max_on_hz
    ratio = composite.gain * off / on * on_sum / off_sum
    return -ratio - spontaneous_hz * (off - on) / (on * off_sum)


def gaussian_sigma(spatial_size):
    """Standard deviation (pixels) of the Gaussian of each receptive field."""
    return np.round(np.floor(spatial_size) + 0.5) / SIZE_PER_SIGMA


def subunit_centres(units):
    """Centres x and y of the subunits, each (J,), in pixels.

    As published, second subunits that leave the field, or come within the last
    pixel of its far edge, sit on the edge.
    """
    second = np.flatnonzero(units.is_composite)
    angle = np.deg2rad(units.tuning_angle[second])
    separation = units.sf_sep[second]
    centres = []
    for first, offset, scale, last in (
        (units.x, np.cos(angle) * separation, PIXELS_PER_DEGREE_X, N_COLUMNS - 1),
        (units.y, np.sin(angle) * separation, PIXELS_PER_DEGREE_Y, N_ROWS - 1),
    ):
        other = np.maximum((first[second] + offset) * scale, 0)
        other = np.where(other > last - 1, last, other)
        centres.append(np.append(first * scale, other))
    return tuple(centres)
