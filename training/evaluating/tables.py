"""Tables as files."""

import pandas as pd

from v1model.atomic import atomic_path


def write_table(table, path):
    """Writes a data frame as CSV, atomically."""
    with atomic_path(path) as partial:
        table.to_csv(partial, index=False, float_format="%.6g")


def write_numbers(numbers, path):
    """Writes named numbers as CSV, a row each."""
    table = pd.DataFrame({"name": [*numbers], "value": [*numbers.values()]})
    write_table(table, path)
