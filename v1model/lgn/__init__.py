"""The lateral geniculate nucleus: movies to firing rates of the column's inputs."""

from v1model.lgn.current import (
    CURRENT_PER_PROBABILITY,
    current_from_rates,
    spikes_from_rates,
)
from v1model.lgn.model import LGN
from v1model.lgn.movie import Movie
from v1model.lgn.units import LGNUnits, draw_units, read_units, write_units

__all__ = [
    "CURRENT_PER_PROBABILITY",
    "LGN",
    "LGNUnits",
    "Movie",
    "current_from_rates",
    "draw_units",
    "read_units",
    "spikes_from_rates",
    "write_units",
]
