"""LGN units drawn from the published distributions."""

import dataclasses

import numpy as np

from v1model.lgn.classes import composite_classes, lgn_classes
from v1model.lgn.unit_record import FIELD_HEIGHT, FIELD_WIDTH, LGNUnits

# Tiles of the visual field, degrees (Billeh et al. 2020).
N_TILES_X, N_TILES_Y = 15, 10
TILE_WIDTH, TILE_HEIGHT = FIELD_WIDTH / N_TILES_X, FIELD_HEIGHT / N_TILES_Y
# Least, most frequent and largest diameter of a receptive field, degrees.
SPATIAL_SIZE_TRIANGLE = (2.0, 3.0, 10.0)
JITTER = 0.025  # filter values spread uniformly by +-2.5 % within a class


def draw_units(seed):
    """Draws the 17,400 units of the column's visual field.

    Each of the 15 x 10 tiles of 16 x 12 degrees holds the same number of units of
    each class, placed uniformly. Rows are ordered by class, then tile column, then
    tile row, as in the published table.

    Args:
        seed: Seed of the draw, or a `numpy.random.Generator`.

    Returns:
        LGNUnits with I = 17,400.
    """
    rng = np.random.default_rng(seed)
    return _joined([_draw_class(kind, rng) for kind in lgn_classes()])


def _draw_class(kind, rng):
    n = kind.per_tile * N_TILES_X * N_TILES_Y
    tile = np.repeat(np.arange(N_TILES_X * N_TILES_Y), kind.per_tile)
    column, row = np.divmod(tile, N_TILES_Y)
    composite = composite_classes().get(kind.model_id)
    if composite is None:
        size = rng.triangular(*SPATIAL_SIZE_TRIANGLE, n)
        dominant, non_dominant = kind, None
        angle = separation = np.full(n, np.nan)
    else:
        by_name = {other.model_id: other for other in lgn_classes()}
        size = np.full(n, composite.spatial_size)
        dominant = by_name[composite.dominant]
        non_dominant = by_name[composite.non_dominant]
        angle = rng.uniform(0, 360, n)
        separation = _jittered(composite.sf_sep, (n,), rng)

    def bumps(name, source):
        if source is None:
            return np.full((n, 2), np.nan)
        return _jittered(getattr(source, name), (n, 2), rng)

    return LGNUnits(
        model_id=np.full(n, kind.model_id),
        x=TILE_WIDTH * (column + rng.random(n)),
        y=TILE_HEIGHT * (row + rng.random(n)),
        spatial_size=size,
        kpeaks_dom=bumps("kpeaks", dominant),
        weight_dom=bumps("weights", dominant),
        delay_dom=bumps("delays", dominant),
        kpeaks_non_dom=bumps("kpeaks", non_dominant),
        weight_non_dom=bumps("weights", non_dominant),
        delay_non_dom=bumps("delays", non_dominant),
        tuning_angle=angle,
        sf_sep=separation,
    )


def _jittered(value, shape, rng):
    return value * rng.uniform(1 - JITTER, 1 + JITTER, shape)


def _joined(parts):
    names = [field.name for field in dataclasses.fields(LGNUnits)]
    columns = ([getattr(part, name) for part in parts] for name in names)
    return LGNUnits(*map(np.concatenate, columns))
