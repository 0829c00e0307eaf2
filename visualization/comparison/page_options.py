"""Options as cells of the tables and as text."""

import math

from v1model.runs.options_text import is_number
from visualization.pages import Cell


def option_columns(comparison):
    """Values of the options that differ by dotted name, one for each variant."""
    return {name: [*comparison.variants[name]] for name in comparison.options}


def option_cell(value):
    """An option: a number is sorted as such, everything else as text."""
    if is_number(value) and math.isfinite(value):
        return Cell(option_text(value), float(value))
    return option_text(value)


def option_text(value):
    """An option as text; what a run does not have is left empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
