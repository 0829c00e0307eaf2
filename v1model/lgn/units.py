"""The LGN units: their record, drawing them, and reading and writing the csv."""

from v1model.lgn.unit_csv import read_units, write_units
from v1model.lgn.unit_draw import draw_units
from v1model.lgn.unit_record import LGNUnits

__all__ = ["LGNUnits", "draw_units", "read_units", "write_units"]
