"""Movies on the hexals of an eye: bars, pictures, gratings, noise and grey.

A segment is a short stretch of one kind, (t, H) float32 luminance in [0, 1]; a movie is
one segment after another. Places are in hexals: neighbours are 1 apart.
"""

import itertools

import numpy as np
from scipy import ndimage, signal, special

from v1model.voltage_networks.photographs import photographs

GREY = 0.5
ACCEPTANCE = 0.5  # hexals, standard deviation of what a photoreceptor sees
SEGMENT_S = (1.0, 4.0)  # length of a segment
# Ranges from which each segment draws; speeds in hexals per second.
BAR_SPEED, BAR_WIDTH, BAR_CONTRAST = (4.0, 40.0), (1.0, 4.0), (0.4, 1.0)
CYCLES_PER_HEXAL, GRATING_HZ, GRATING_CONTRAST = (0.05, 0.25), (0.5, 5.0), (0.3, 1.0)
PIXELS_PER_HEXAL = (8.0, 24.0)
FIXATION_S = (0.2, 1.0)  # between two saccades
DRIFT_SPEED = (2.0, 24.0)  # of each coordinate, root mean square
DRIFT_S = 0.3  # in which the drift forgets where it went
HOLD_S = (0.02, 0.2)  # how long a frame of noise stays


def bars(positions, n_steps, dt_s, rng):
    """A bright or dark bar that crosses the eye again and again, each time anew."""
    movie = np.empty((n_steps, len(positions)), np.float32)
    start = 0
    while start < n_steps:
        direction = rng.uniform(0, 2 * np.pi)
        speed, width = _log_uniform(rng, BAR_SPEED), rng.uniform(*BAR_WIDTH)
        height = rng.choice([-1, 1]) * rng.uniform(*BAR_CONTRAST) / 2
        along = positions @ _unit(direction)
        margin = width / 2 + 2 * ACCEPTANCE
        way = np.ptp(along) + 2 * margin
        t = np.arange(min(max(int(way / speed / dt_s), 1), n_steps - start)) * dt_s
        place = along.min() - margin + speed * t
        distance = along - place[:, None]
        edges = [(distance + side * width / 2) / ACCEPTANCE for side in (1, -1)]
        shape = special.ndtr(edges[0]) - special.ndtr(edges[1])
        movie[start : start + len(t)] = GREY + height * shape
        start += len(t)
    return movie


def pictures(positions, n_steps, dt_s, rng):
    """A photograph, over which the eye drifts and jumps."""
    photograph = photographs()[rng.integers(len(photographs()))]
    scale = _log_uniform(rng, PIXELS_PER_HEXAL)
    turn = rng.uniform(0, 2 * np.pi)
    turned = positions @ np.stack([_unit(turn), _unit(turn + np.pi / 2)], axis=1)
    gaze = _gaze(np.array(photograph.shape) / scale, n_steps, dt_s, rng)
    seen = ndimage.gaussian_filter(photograph, ACCEPTANCE * scale, mode="mirror")
    places = scale * (gaze[:, None] + turned)  # (T, H, 2), pixels
    return ndimage.map_coordinates(
        seen, np.moveaxis(places, -1, 0), order=1, mode="mirror"
    ).astype(np.float32)


def gratings(positions, n_steps, dt_s, rng):
    """A sinusoidal grating that drifts in one direction."""
    wave = 2 * np.pi * _log_uniform(rng, CYCLES_PER_HEXAL)
    speed = 2 * np.pi * _log_uniform(rng, GRATING_HZ)
    height = rng.uniform(*GRATING_CONTRAST) / 2
    along = positions @ _unit(rng.uniform(0, 2 * np.pi))
    phase = rng.uniform(0, 2 * np.pi) - speed * dt_s * np.arange(n_steps)
    return (GREY + height * np.sin(wave * along + phase[:, None])).astype(np.float32)


def noise(positions, n_steps, dt_s, rng):
    """Every hexal a luminance of its own, and a new one again and again."""
    steps = max(round(_log_uniform(rng, HOLD_S) / dt_s), 1)
    frames = rng.random((-(-n_steps // steps), len(positions)), np.float32)
    return np.repeat(frames, steps, axis=0)[:n_steps]


def grey(positions, n_steps, dt_s, rng):
    """Nothing."""
    return np.full((n_steps, len(positions)), GREY, np.float32)


KINDS = {
    "bars": bars,
    "pictures": pictures,
    "gratings": gratings,
    "noise": noise,
    "grey": grey,
}


def kinds_of(text):
    """Names of kinds in a text like "bars+pictures".

    Raises:
        ValueError: One is unknown.
    """
    names = tuple(text.split("+"))
    for name in names:
        if name not in KINDS:
            raise ValueError(
                f"stimulus '{name}' is unknown; choose from {', '.join(KINDS)}, or "
                "several with a '+' between."
            )
    return names


def segments(stimulus, positions, dt_s, seed):
    """Segments without end.

    Args:
        stimulus: A kind, or several with a '+' between, drawn with equal chances.
        positions: (H, 2), places of the hexals.
        dt_s: Length of a step, s.
        seed: Of everything that is drawn.

    Yields:
        The kind, and its frames (t, H) float32.
    """
    names = kinds_of(stimulus)
    for number in itertools.count():
        rng = np.random.default_rng([seed, number])
        name = names[rng.integers(len(names))]
        n_steps = max(round(rng.uniform(*SEGMENT_S) / dt_s), 1)
        yield name, KINDS[name](positions, n_steps, dt_s, rng)


def movie(stimulus, positions, n_steps, dt_s, seed):
    """The first n_steps frames of `segments`, (T, H) float32."""
    parts, n = [], 0
    for _, frames in segments(stimulus, positions, dt_s, seed):
        parts.append(frames)
        n += len(frames)
        if n >= n_steps:
            return np.concatenate(parts)[:n_steps]


def _gaze(size, n_steps, dt_s, rng):
    """Where the eye looks in each step, (T, 2), in hexals from a corner of `size`."""
    n_jumps = np.zeros(n_steps, np.int64)
    step = 0
    while step < n_steps:
        n_jumps[step] = 1
        step += max(round(rng.uniform(*FIXATION_S) / dt_s), 1)
    fixation = np.cumsum(n_jumps) - 1
    targets = rng.uniform(0, size, (fixation[-1] + 1, 2))
    kept = np.exp(-dt_s / DRIFT_S)
    kicks = rng.normal(0, np.sqrt(1 - kept**2), (n_steps, 2))
    kicks *= _log_uniform(rng, DRIFT_SPEED)
    speed = signal.lfilter([1.0], [1.0, -kept], kicks, axis=0)
    return targets[fixation] + np.cumsum(speed, axis=0) * dt_s


def _unit(angle):
    return np.array([np.cos(angle), np.sin(angle)])


def _log_uniform(rng, bounds):
    return float(np.exp(rng.uniform(*np.log(bounds))))
