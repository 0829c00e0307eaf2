"""A made-up eye, for those who have no connectome at hand.

Nothing here is measured: which types there are and which connect is chosen so that the
network has what makes the eye of a fly hard to predict (brightening and darkening in
separate pathways that are rectified, slow and fast cells, detectors of motion, feedback
and inhibition over distances), and how strongly they connect is drawn. Every column is
wired like every other.
"""

from typing import NamedTuple

import numpy as np

from v1model.voltage_networks.hexals import hexagon, positions_of
from v1model.voltage_networks.movies import movie
from v1model.voltage_networks.network import INPUT, VoltageNetwork
from v1model.voltage_networks.simulation import DT_S, settled

RECEPTORS = ("R1", "R2")  # copies of the same frame
LAMINA = ("L1", "L2", "L3", "L4")
WIDE = "W"
ON, OFF = (tuple(f"{name}{k}" for k in range(1, 5)) for name in ("On", "Off"))
# Detectors of motion by the step to the column that the motion comes from.
FROM = {"a": (1, 0), "b": (-1, 0), "c": (0, 1), "d": (0, -1)}
_OPPOSITE = {"a": "b", "b": "a", "c": "d", "d": "c"}
FIELD = ("H1", "H2")
MOTION = tuple(f"M{pathway}{name}" for pathway in ("on", "off") for name in FROM)
TYPES = (*RECEPTORS, *LAMINA, WIDE, *ON, *OFF, *MOTION, *FIELD)

MIDDLE = ((0, 0),)
RING = tuple((u, v) for u, v in hexagon(1).tolist() if (u, v) != (0, 0))
AREA = tuple(map(tuple, hexagon(2).tolist()))

# Range of time constants, s; pathways have a fast (odd) and a slow (even) cell.
_RECEPTOR_TAU, _FAST_TAU, _SLOW_TAU, _TAU = (
    (0.02, 0.03),
    (0.02, 0.05),
    (0.08, 0.2),
    (0.03, 0.1),
)
# How strongly a type varies, and how far it rests from the rectifier at 0.
_SPREAD, _LEAST_SPREAD = 0.25, 1e-3
_REST = (0.0, 0.3)
_SCALE = (0.3, 3.0)  # what the drawn weights are multiplied by, at most
_PACE = 0.3  # slow, since types depend on each other
_ROUNDS = 24  # of adjusting weights and biases
_TRIAL_STEPS = 400
_TRIAL_EXTENT = 2


class Path(NamedTuple):
    """All connections from one type to another.

    post, pre: Names of types.
    steps: (u, v) from the column of post to each column of pre.
    weight: Of all these connections together.
    is_feedback: Whether it closes a loop; its weight stays as it was drawn. All of
        these inhibit, so that nothing can grow without bounds.
    """

    post: str
    pre: str
    steps: tuple
    weight: float
    is_feedback: bool = False


def draw_eye(extent=2, seed=0):
    """A made-up eye of 25 cell types in every column.

    Weights into a type are scaled, and its bias shifted, until the type varies and
    rests as it was drawn to while a small eye of the same seed sees moving bars and
    noise. They do not depend on the extent.

    Args:
        extent: Columns from the middle to the border; 2 makes 19 columns and 475
            neurons.
        seed: Of weights, time constants and resting levels.

    Returns:
        VoltageNetwork.

    Raises:
        ValueError: The extent is negative.
    """
    rng = np.random.default_rng(seed)
    paths = [*_lamina(rng), *_pathways(rng), *_motion(rng), *_fields(rng)]
    tau_s = {name: float(rng.uniform(*_tau_range(name))) for name in TYPES}
    rest = {name: float(rng.uniform(*_REST)) for name in TYPES}
    scale, bias = dict.fromkeys(TYPES, 1.0), dict.fromkeys(TYPES, 0.0)
    places = positions_of(*hexagon(_TRIAL_EXTENT).T)
    seen = movie("bars+noise", places, _TRIAL_STEPS, DT_S, seed)
    for _ in range(_ROUNDS):
        trial = _wired(paths, scale, bias, tau_s, _TRIAL_EXTENT)
        activity = settled(trial).run(seen)
        for name in TYPES:
            if name in RECEPTORS:
                continue
            own = activity[:, trial.cell_type == name]
            factor = _SPREAD / max(float(own.std(axis=0).mean()), _LEAST_SPREAD)
            scale[name] = float(np.clip(scale[name] * factor**_PACE, *_SCALE))
            bias[name] += _PACE * (rest[name] - float(np.median(own)))
    return _wired(paths, scale, bias, tau_s, extent)


def _strong(rng):
    return float(rng.uniform(0.7, 1.3))


def _weak(rng):
    return float(rng.uniform(0.2, 0.5))


def _lamina(rng):
    """Cells that compare light with its surround, and one that inhibits them widely."""
    for k, name in enumerate(LAMINA):
        receptor = RECEPTORS[k % 2]
        yield Path(name, receptor, MIDDLE, -_strong(rng))
        yield Path(name, receptor, RING, _weak(rng))
        yield Path(name, WIDE, AREA, -_weak(rng), True)
    for name in LAMINA:
        yield Path(WIDE, name, AREA, _strong(rng))


def _pathways(rng):
    """Brightening and darkening, each with cells that inhibit each other."""
    for pathway, sign in ((ON, -1), (OFF, 1)):
        for k, name in enumerate(pathway):
            first, second = rng.permutation(LAMINA)[:2].tolist()
            rival = pathway[(k + int(rng.integers(1, len(pathway)))) % len(pathway)]
            yield Path(name, first, MIDDLE, sign * _strong(rng))
            yield Path(name, second, RING, -sign * _weak(rng))
            yield Path(name, rival, MIDDLE, -_weak(rng), True)


def _motion(rng):
    """Detectors: excited from one side after a delay, inhibited from the other."""
    for pathway, cells in (("on", ON), ("off", OFF)):
        for name, (u, v) in FROM.items():
            fast, slow = (
                cells[2 * int(rng.integers(2))],
                cells[1 + 2 * int(rng.integers(2))],
            )
            post, opposite = f"M{pathway}{name}", f"M{pathway}{_OPPOSITE[name]}"
            yield Path(post, fast, MIDDLE, _strong(rng))
            yield Path(post, slow, ((u, v),), _strong(rng))
            yield Path(post, slow, ((-u, -v),), -_strong(rng))
            yield Path(post, opposite, MIDDLE, -_weak(rng), True)
            field = FIELD[int(rng.integers(len(FIELD)))]
            yield Path(post, field, AREA, -_weak(rng), True)


def _fields(rng):
    """Cells that collect motion over an area."""
    for name, other in zip(FIELD, FIELD[::-1], strict=True):
        for one in rng.permutation(MOTION)[:4].tolist():
            yield Path(name, one, AREA, _strong(rng))
        yield Path(name, other, MIDDLE, -_weak(rng), True)


def _tau_range(name):
    if name in RECEPTORS:
        return _RECEPTOR_TAU
    if name in ON or name in OFF:
        return _FAST_TAU if int(name[-1]) % 2 else _SLOW_TAU
    return _TAU


def _wired(paths, scale, bias, tau_s, extent):
    """The network of these paths; connections across the border are left out."""
    columns = hexagon(extent)
    n = len(columns)
    # Number of the column at each place, -1 beyond the border; steps are at most 2.
    middle = extent + 2
    number = np.full((2 * middle + 1, 2 * middle + 1), -1)
    number[tuple((columns + middle).T)] = np.arange(n)
    source, target, weight = [], [], []
    for path in paths:
        own = path.weight / len(path.steps)
        if not path.is_feedback:
            own *= scale[path.post]
        for step in path.steps:
            other = number[tuple((columns + step + middle).T)]
            is_inside = other >= 0
            source.append(TYPES.index(path.pre) * n + other[is_inside])
            target.append(TYPES.index(path.post) * n + np.flatnonzero(is_inside))
            weight.append(np.full(is_inside.sum(), own))
    last = (*MOTION, *FIELD)
    role = [
        INPUT if name in RECEPTORS else "output" if name in last else "intermediate"
        for name in TYPES
    ]
    return VoltageNetwork(
        source=np.concatenate(source),
        target=np.concatenate(target),
        weight=np.concatenate(weight),
        tau_s=np.repeat([tau_s[name] for name in TYPES], n),
        bias=np.repeat([bias[name] for name in TYPES], n),
        cell_type=np.repeat(TYPES, n),
        u=np.tile(columns[:, 0], len(TYPES)),
        v=np.tile(columns[:, 1], len(TYPES)),
        role=np.repeat(role, n),
    )
