"""Grids: which runs a file asks for, what they are called, how long they take."""

from v1model.grids.expansion import Level, Point, points_of
from v1model.grids.grid_file import GridFile, load_grid
from v1model.grids.recording_subsets import Subset, subsets_of
from v1model.grids.run_names import canonical, label_of, run_id

__all__ = [
    "GridFile",
    "Level",
    "Point",
    "Subset",
    "canonical",
    "label_of",
    "load_grid",
    "points_of",
    "run_id",
    "subsets_of",
]
