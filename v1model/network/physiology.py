"""Published firing rates and tuning that a built column is judged by.

All are keyed by the 17 groups of populations such as "e23" or "i4Sst"
(`tables.Population.group`).
"""

import dataclasses
import functools
import re
from types import MappingProxyType

from v1model.network.tables import read_table

# Neuropixels units are named after the marker, the populations after the line.
_NEUROPIXELS_LINES = {"PV": "Pvalb", "SST": "Sst", "VIP": "Htr3a", "Htr3a": "Htr3a"}


@dataclasses.dataclass(frozen=True)
class RateBand:
    """Firing rates that an untrained column keeps to under a 2 Hz grating, Hz."""

    low: float
    high: float


@functools.cache
def rate_bands():
    """Bands by group, and for the whole "network" and for "any" group."""
    return MappingProxyType(
        {
            row["population"]: RateBand(float(row["low_hz"]), float(row["high_hz"]))
            for row in read_table("rate_bands.csv")
        }
    )


@functools.cache
def column_rates():
    """Mean rates (Hz) of two published runs of the column, and of a rebuilt one.

    Per group a mapping with `new_sp` and `new_dg` (grey screen and drifting grating
    of the newer run), `old_dg`, and `A_*` (range over seeds of the rebuilt column).
    """
    return _rows_of_numbers("rebuilt_vs_billeh_rates.csv", "pop", str)


@functools.cache
def physiology_targets():
    """Neuropixels units (`np_*`) and the published column (`bil_*`) per group.

    Rates in Hz (`sp` spontaneous, `dg` drifting grating, `peak` at the preferred
    direction), OSI and DSI without unit; the columns are explained in
    `published/README.md`.
    """
    return _rows_of_numbers("physiology_targets.csv", "cell_type", _group)


def _rows_of_numbers(table, key, rename):
    rows = {}
    for row in read_table(table):
        values = {name: float(text) for name, text in row.items() if name != key}
        rows[rename(row[key])] = MappingProxyType(values)
    return MappingProxyType(rows)


def _group(cell_type):
    """The group of a Neuropixels cell type: "L2/3 PV" is "i23Pvalb"."""
    layer, line = cell_type.split()
    digits = re.sub(r"\D", "", layer)
    return f"e{digits}" if line == "Exc" else f"i{digits}{_NEUROPIXELS_LINES[line]}"
