"""The 17 populations as rows of a figure: where they lie, and their names."""

from v1model.network.populations import ROUGH_POPULATIONS, layer_of
from visualization import style

LAYER_GAP = 0.7  # rows between two layers


def population_rows():
    """Height of each population's row, from the pia down, by name; 1 apart.

    Between two layers there is a gap.
    """
    rows, y, last = {}, 0.0, None
    for name in ROUGH_POPULATIONS:
        layer = str(layer_of([name])[0])
        y += LAYER_GAP if last not in (None, layer) else 0
        rows[name], last = y, layer
        y += 1
    return rows


def draw_names(axes, rows, name_x=-0.02, layer_x=-0.24):
    """Names of the classes beside their rows, and of the layers left of those.

    Args:
        axes: Axes whose y are rows.
        rows: Height by population.
        name_x, layer_x: Where a name ends and where a layer begins, share of the width
            of the axes.
    """
    at_left = {"transform": axes.get_yaxis_transform(), "va": "center"}
    layers = {}
    for name, y in rows.items():
        layers.setdefault(str(layer_of([name])[0]), []).append(y)
        label, colour = style.class_of(name), style.colour_of(name)
        axes.text(name_x, y, label, color=colour, ha="right", **at_left)
    for layer, heights in layers.items():
        middle = sum(heights) / len(heights)
        axes.text(layer_x, middle, f"L{layer}", fontweight="bold", ha="left", **at_left)
