#!/usr/bin/env python
"""Draws docs/figures/rooms.png: the four rooms, with pieces of other figures."""

import pathlib

import matplotlib.image

from visualization.files import write_figure
from visualization.rooms import four_rooms

DOCS = pathlib.Path(__file__).parents[1] / "docs"
OUT = DOCS / "figures" / "rooms.png"
# Of each room a figure and the part of it, pixels: left, top, right, bottom.
PIECES = {
    "column": ("gallery/raster.png", (132, 72, 792, 602)),
    "latent": ("figures/latent_traces.png", (71, 335, 545, 684)),
    "cnn": ("figures/cnn_fields.png", (142, 495, 382, 735)),
    "decoder": ("figures/confusion.png", (134, 74, 948, 886)),
}


def pieces():
    """The piece of each room, dict of (H, W, 4) arrays."""
    found = {}
    for room, (name, (left, top, right, bottom)) in PIECES.items():
        found[room] = matplotlib.image.imread(DOCS / name)[top:bottom, left:right]
    return found


def main():
    write_figure(four_rooms(pieces()), OUT, dpi=130)
    print(f"wrote {OUT}")


if __name__ == "__main__":
    main()
