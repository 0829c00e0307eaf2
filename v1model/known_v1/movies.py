"""What the eye sees in a trial: frames as they are stored, (T, H, W) uint8.

A pixel p stands for the luminance (p - 127) / 255, about [-0.5, 0.5]; 127 is grey. The
neurons see the stored frames, so that what is known of them is of what is stored.
"""

import numpy as np

GREY = 127
RANGE = 255.0
GABORS, GABOR_HOLD = 12, 2  # per frame; bins that it stays
GABOR_FREQUENCIES = (0.25, 0.125, 0.0625)  # cycles per pixel
GABOR_JITTER = 0.15  # SD of the logarithm of the frequency
GABOR_CONTRAST, GABOR_CYCLES = 0.35, 0.35  # amplitude; SD of the envelope
ORIENTATIONS, PHASES, GRATING_HOLD = 8, 8, 4
GRATING_FREQUENCIES = (0.04, 0.08, 0.12, 0.16)  # cycles per pixel
GRATING_CONTRAST = 0.3


def stored(luminance):
    """Luminance in [-0.5, 0.5] as uint8."""
    return np.clip(np.rint(RANGE * luminance + GREY), 0, 255).astype(np.uint8)


def seen(frames):
    """Stored frames as luminance, float32."""
    return (frames.astype(np.float32) - GREY) / RANGE


def crops(pixels, position, size):
    """What lies around the gaze, by bilinear interpolation: (T, size, size) float32.

    Args:
        pixels: The picture, (h, w).
        position: Of the frame's first pixel, (T, 2) y, x, within
            [0, h - size - 1], [0, w - size - 1].
        size: Side of the frame.
    """
    first = np.floor(position).astype(int)
    part = (position - first).astype(np.float32)[..., None, None]
    offsets = np.arange(size + 1)
    rows = (first[:, 0, None] + offsets)[:, :, None]
    columns = (first[:, 1, None] + offsets)[:, None, :]
    patch = pixels[rows, columns]
    patch = patch[:, :-1] + part[:, 0] * (patch[:, 1:] - patch[:, :-1])
    return patch[..., :-1] + part[:, 1] * (patch[..., 1:] - patch[..., :-1])


def gabor_frames(rng, n_bins, size, scale=1.0):
    """Gabors at random places, new ones every other bin: (T, size, size) uint8."""
    n = -(-n_bins // GABOR_HOLD)
    shape = (n, GABORS)
    y0, x0 = rng.uniform(0, size - 1, (2, *shape))
    angle = rng.uniform(0, np.pi, shape)
    frequency = rng.choice(GABOR_FREQUENCIES, shape) / scale
    frequency = frequency * np.exp(GABOR_JITTER * rng.standard_normal(shape))
    phase = rng.integers(0, 4, shape) * (np.pi / 2)
    grid = np.arange(size, dtype=np.float32)
    y0, x0, frequency, phase = (
        one.astype(np.float32)[..., None, None] for one in (y0, x0, frequency, phase)
    )
    sine, cosine = (
        one.astype(np.float32)[..., None, None]
        for one in (np.sin(angle), np.cos(angle))
    )
    frames = np.empty((n, size, size), np.float32)
    for some in np.array_split(np.arange(n), max(1, n // 256)):
        y, x = grid[:, None] - y0[some], grid - x0[some]
        f = frequency[some]
        width = GABOR_CYCLES / f
        envelope = np.exp(-0.5 * (y / width) ** 2) * np.exp(-0.5 * (x / width) ** 2)
        carrier = np.cos(
            2 * np.pi * f * (x * cosine[some] + y * sine[some]) + phase[some]
        )
        frames[some] = GABOR_CONTRAST * (envelope * carrier).sum(axis=1)
    frames = stored(np.clip(frames, -0.5, 0.5))
    return np.repeat(frames, GABOR_HOLD, axis=0)[:n_bins]


def grating_frames(rng, n_bins, size, scale=1.0):
    """Full-field gratings, a new one every four bins.

    Returns:
        frames (T, size, size) uint8 and what is shown, (T, 3) float32: orientation in
        degrees, frequency in cycles per pixel, phase in degrees.
    """
    n = -(-n_bins // GRATING_HOLD)
    degrees = rng.integers(0, ORIENTATIONS, n) * (180.0 / ORIENTATIONS)
    frequency = rng.choice(GRATING_FREQUENCIES, n) / scale
    phase = rng.integers(0, PHASES, n) * (360.0 / PHASES)
    shown = np.stack([degrees, frequency, phase], -1)
    frames = stored(GRATING_CONTRAST * grating(*shown.T, size))
    shown = shown.astype(np.float32)
    return tuple(
        np.repeat(array, GRATING_HOLD, axis=0)[:n_bins] for array in (frames, shown)
    )


def grating(orientation_deg, frequency, phase_deg, size):
    """Gratings of amplitude 1, (n, size, size) float64.

    The orientation is the direction in which the luminance varies, counted from x
    towards larger y; the phase is that in the frame's middle.

    Args:
        orientation_deg, frequency, phase_deg: (n,) degrees, cycles per pixel, degrees.
        size: Side of the frame.
    """
    angle, phase = np.deg2rad([orientation_deg, phase_deg])[..., None, None]
    frequency = np.asarray(frequency)[:, None, None]
    grid = np.arange(size) - (size - 1) / 2
    along = grid * np.cos(angle) + grid[:, None] * np.sin(angle)
    return np.cos(2 * np.pi * frequency * along + phase)
