"""A made-up eye, for those who have no connectome at hand.

Nothing here is measured: which types there are and which connect is chosen so that the
network has what makes the eye of a fly hard to predict (brightening and darkening in
separate pathways that are rectified, slow and fast cells, detectors of motion, feedback
and inhibition over distances), and how strongly they connect is drawn. Every column is
wired like every other.
"""

import itertools
from typing import NamedTuple

import numpy as np

from v1model.voltage_networks.hexals import hexagon
from v1model.voltage_networks.movies import movie
from v1model.voltage_networks.network import INPUT, VoltageNetwork
from v1model.voltage_networks.simulation import DT_S, settled

RECEPTORS = ("R1", "R2")  # copies of the same frame
LAMINA = ("L1", "L2", "L3", "L4")
WIDE = "W"
ON, OFF = (tuple(f"{name}{k}" for k in range(1, 5)) for name in ("On", "Off"))
# Detectors of motion by the step to the column that the motion comes from.
FROM = {"a": (1, 0), "b": (-1, 0), "c": (0, 1), "d": (0, -1)}
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
_SPREAD = 0.25
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
    paths = _paths(rng)
    tau_s = {name: float(rng.uniform(*_tau_range(name))) for name in TYPES}
    rest = {name: float(rng.uniform(*_REST)) for name in TYPES}
    scale, bias = dict.fromkeys(TYPES, 1.0), dict.fromkeys(TYPES, 0.0)
    for _ in range(_ROUNDS):
        trial = _wired(paths, scale, bias, tau_s, _TRIAL_EXTENT)
        seen = movie("bars+noise", trial.positions, _TRIAL_STEPS, DT_S, seed)
        activity = settled(trial).run(seen)
        for name in TYPES:
            if name in RECEPTORS:
                continue
            own = activity[:, trial.cell_type == name]
            factor = _SPREAD / max(float(own.std(axis=0).mean()), 1e-3)
            adjusted = scale[name] * float(factor**_PACE)
            scale[name] = float(np.clip(adjusted, *_SCALE))
            bias[name] += _PACE * (rest[name] - float(np.median(own)))
    return _wired(paths, scale, bias, tau_s, extent)


def _paths(rng):
    """Who connects to whom, with drawn weights."""

    def strong():
        return float(rng.uniform(0.7, 1.3))

    def weak():
        return float(rng.uniform(0.2, 0.5))

    paths = []
    for k, name in enumerate(LAMINA):
        receptor = RECEPTORS[k % 2]
        paths += [
            Path(name, receptor, MIDDLE, -strong()),
            Path(name, receptor, RING, weak()),
            Path(name, WIDE, AREA, -weak(), True),
        ]
    paths += [Path(WIDE, name, AREA, strong()) for name in LAMINA]
    for pathway, sign in ((ON, -1), (OFF, 1)):
        for k, name in enumerate(pathway):
            first, second = rng.permutation(LAMINA)[:2]
            rival = pathway[(k + int(rng.integers(1, 4))) % 4]
            paths += [
                Path(name, str(first), MIDDLE, sign * strong()),
                Path(name, str(second), RING, -sign * weak()),
                Path(name, rival, MIDDLE, -weak(), True),
            ]
    for (pathway, cells), (name, (u, v)) in itertools.product(
        (("on", ON), ("off", OFF)), FROM.items()
    ):
        fast, slow = (
            cells[2 * int(rng.integers(2))],
            cells[1 + 2 * int(rng.integers(2))],
        )
        opposite = "badc"["abcd".index(name)]
        post = f"M{pathway}{name}"
        paths += [
            Path(post, fast, MIDDLE, strong()),
            Path(post, slow, ((u, v),), strong()),
            Path(post, slow, ((-u, -v),), -strong()),
            Path(post, f"M{pathway}{opposite}", MIDDLE, -weak(), True),
            Path(post, FIELD[int(rng.integers(2))], AREA, -weak(), True),
        ]
    for name, other in zip(FIELD, FIELD[::-1], strict=True):
        paths += [
            Path(name, one, AREA, strong()) for one in rng.permutation(MOTION)[:4]
        ]
        paths.append(Path(name, other, MIDDLE, -weak(), True))
    return paths


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
    number = {tuple(column): k for k, column in enumerate(columns.tolist())}
    edges = {}
    for path in paths:
        post, pre = TYPES.index(path.post) * n, TYPES.index(path.pre) * n
        weight = path.weight / len(path.steps)
        if not path.is_feedback:
            weight *= scale[path.post]
        for (u, v), k in number.items():
            for du, dv in path.steps:
                other = number.get((u + du, v + dv))
                if other is not None:
                    pair = (pre + other, post + k)
                    edges[pair] = edges.get(pair, 0.0) + weight
    source, target = np.array(list(edges), np.int64).reshape(-1, 2).T
    last = (*MOTION, *FIELD)
    role = [
        INPUT if name in RECEPTORS else "output" if name in last else "intermediate"
        for name in TYPES
    ]
    return VoltageNetwork(
        source=source,
        target=target,
        weight=list(edges.values()),
        tau_s=np.repeat([tau_s[name] for name in TYPES], n),
        bias=np.repeat([bias[name] for name in TYPES], n),
        cell_type=np.repeat(TYPES, n),
        u=np.tile(columns[:, 0], len(TYPES)),
        v=np.tile(columns[:, 1], len(TYPES)),
        role=np.repeat(role, n),
    )
