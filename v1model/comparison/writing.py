"""A Comparison as CSV tables."""

import pathlib

from v1model.atomic import write_frame
from v1model.comparison.differences import unit_table

RUNS, VARIANTS, DIFFERENCES = "runs.csv", "variants.csv", "differences.csv"
NEURONS, BY_RATE = "neurons.csv", "by_rate.csv"


def write_tables(comparison, folder):
    """Writes the tables of a Comparison, atomically.

    runs.csv and variants.csv have a row for each, differences.csv one for each variant,
    by_rate.csv one for each variant and bin of a covariate, neurons.csv one for each
    unit, with the mean score of each variant.

    Args:
        comparison: Comparison.
        folder: Made if it is missing.

    Returns:
        Paths, a list; without scores the last three are left out.

    Raises:
        WriteError: A file cannot be written.
    """
    folder = pathlib.Path(folder)
    tables = {RUNS: comparison.runs, VARIANTS: comparison.variants}
    if len(comparison.aligned):
        tables |= {
            DIFFERENCES: comparison.differences,
            BY_RATE: comparison.by_rate,
            NEURONS: unit_table(comparison.aligned, _first(comparison)),
        }
    for name, table in tables.items():
        write_frame(folder / name, table)
    return [folder / name for name in tables]


def _first(comparison):
    """The baseline, or the best variant where that has no scores."""
    scored = [*dict.fromkeys(comparison.aligned["variant"])]
    return comparison.baseline if comparison.baseline in scored else scored[0]
