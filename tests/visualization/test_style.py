"""Colours can be told apart by colour-blind readers too."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from visualization import style

# What is left of linear red, green and blue without one kind of cone (Machado,
# Oliveira & Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 2009).
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopes": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopes": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
LEAST = 10  # CIEDE2000; below 2 or so two colours beside each other look the same


def lab_of(colour, reader):
    """A colour as a reader sees it, CIELAB, (3,)."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SEEN_BY[reader]) @ linear, 0, 1)
    encoded = 1.055 * seen ** (1 / 2.4) - 0.055
    return rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, encoded))


@pytest.mark.parametrize("reader", list(SEEN_BY))
@pytest.mark.parametrize(
    "colours",
    [tuple(style.CLASS_COLOURS.values()), (style.RIGHT, style.WRONG, style.FAINT)],
    ids=["classes", "answers"],
)
def test_colours_that_stand_beside_each_other_differ(colours, reader):
    for one, other in itertools.combinations(colours, 2):
        difference = deltaE_ciede2000(lab_of(one, reader), lab_of(other, reader))
        assert difference > LEAST, f"{one} and {other} to {reader}"
