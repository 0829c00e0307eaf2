"""Which LGN units lie in the elliptic subfields of neurons."""

import dataclasses

import numpy as np
from scipy.spatial import cKDTree

# Temporal frequencies of the classes of units, Hz.
FREQUENCIES = {"sON": (1, 2, 4, 8), "sOFF": (1, 2, 4, 8, 15), "tOFF": (4, 8, 15)}
BATCH = 8192  # neurons whose candidate units are looked up at a time


@dataclasses.dataclass(frozen=True)
class Subfield:
    """An ellipse in the visual field for each of n neurons.

    Args:
        x, y: Centre, (n,), degrees.
        angle: Direction of the major axis, (n,), radians.
        major, minor: Semi-axes, (n,), degrees.
    """

    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray
    major: np.ndarray
    minor: np.ndarray

    def take(self, index):
        columns = (getattr(self, f.name)[index] for f in dataclasses.fields(self))
        return Subfield(*columns)

    def contains(self, cell, x, y):
        """Whether the points (x, y) lie in the ellipses of the cells, all (k,)."""
        dx, dy = x - self.x[cell], y - self.y[cell]
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        along = dx * (cos / self.major)[cell] + dy * (sin / self.major)[cell]
        across = dy * (cos / self.minor)[cell] - dx * (sin / self.minor)[cell]
        return along * along + across * across <= 1


@dataclasses.dataclass(frozen=True)
class UnitGroup:
    """The LGN units of one kind.

    Args:
        kind: "sON", "sOFF", "tOFF" (sustained or transient) or "composite".
        rows: Which of the LGN units, (u,).
        x, y: Centres, (u,), degrees.
        frequency: Preferred temporal frequency, (u,), Hz; NaN for composites.
        tuning_angle: Direction of composites, (u,), degrees.
        tree: Search tree of the centres.
    """

    kind: str
    rows: np.ndarray
    x: np.ndarray
    y: np.ndarray
    frequency: np.ndarray
    tuning_angle: np.ndarray
    tree: cKDTree


def unit_groups(units):
    """The UnitGroup of every kind among the LGN units, by name."""
    names, of_unit = np.unique(units.model_id, return_inverse=True)
    # "sON_TF4" is of kind sON and prefers 4 Hz; "sONsOFF_001" is a composite.
    parts = [name.split("_TF") for name in names]
    kinds = np.array([part[0] if len(part) == 2 else "composite" for part in parts])
    hertz = np.array([float(part[1]) if len(part) == 2 else np.nan for part in parts])
    groups = {}
    for kind in (*FREQUENCIES, "composite"):
        rows = np.flatnonzero(kinds[of_unit] == kind)
        x, y = units.x[rows], units.y[rows]
        groups[kind] = UnitGroup(
            kind=kind,
            rows=rows,
            x=x,
            y=y,
            frequency=hertz[of_unit[rows]],
            tuning_angle=units.tuning_angle[rows],
            tree=cKDTree(np.column_stack([x, y])),
        )
    return groups


def inside(field, chosen, group):
    """Yields which units lie in the subfields of the chosen cells.

    Args:
        field: Subfield of n cells.
        chosen: Rows of `field`, (c,).
        group: UnitGroup.

    Yields:
        Rows of `field` and of the group, two (k,) arrays, in batches.
    """
    if not len(group.rows):
        return
    for start in range(0, len(chosen), BATCH):
        batch = chosen[start : start + BATCH]
        part = field.take(batch)
        centres = cKDTree(np.column_stack([part.x, part.y]))
        reach = max(part.major.max(), part.minor.max())
        near = centres.sparse_distance_matrix(group.tree, reach, output_type="ndarray")
        row, unit = near["i"], near["j"]
        is_inside = part.contains(row, group.x[unit], group.y[unit])
        # The tree walks its own way; in order, every pair meets a known draw.
        pair = np.sort(row[is_inside] * len(group.rows) + unit[is_inside])
        row, unit = np.divmod(pair, len(group.rows))
        yield batch[row], unit
