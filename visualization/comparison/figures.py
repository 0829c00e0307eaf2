"""All figures of a Comparison, as files."""

import pathlib

import numpy as np

from v1model.comparison.contents import GROUPS
from v1model.comparison.costs import price_of
from v1model.comparison.differences import unit_table
from visualization.comparison.curves import variant_curves
from visualization.comparison.forest import forest_plot
from visualization.comparison.prices import score_and_cost
from visualization.comparison.rates import differences_by_rate
from visualization.comparison.units import unit_scatter
from visualization.files import write_figure

DPI = 150
PREFIX = "comparison_"


def comparison_figures(comparison):
    """Figures of a Comparison by name, pairs; without those that nothing is known for.

    Args:
        comparison: Comparison.
    """
    names = list(comparison.variants["variant"])
    known = comparison.differences["difference"].notna()
    others = known & (comparison.differences["variant"] != comparison.baseline)
    words = comparison.words
    if others.any():
        yield (
            "differences",
            forest_plot(
                comparison.differences,
                comparison.baseline,
                words,
                comparison.unit,
                GROUPS[comparison.room],
            ),
        )
        if len(comparison.by_rate):
            yield "rates", differences_by_rate(comparison.by_rate, names, words)
        best = comparison.differences.loc[others, "variant"].iloc[0]
        table = unit_table(comparison.aligned, comparison.baseline)
        rates = table["rate_hz"].to_numpy(float) if "rate_hz" in table else None
        pair = (comparison.baseline, best)
        scores = (table[name].to_numpy(float) for name in pair)
        yield "units", unit_scatter(*scores, pair, words, rates, comparison.unit)
    if len(names) > 1 and np.isfinite(comparison.variants["score"]).any():
        price = price_of(comparison.variants)
        if price is not None:
            yield (
                "costs",
                score_and_cost(comparison.variants, comparison.runs, price, words),
            )
    if comparison.curve:
        variant_of = dict(
            zip(comparison.runs["run"], comparison.runs["variant"], strict=True)
        )
        yield (
            "curves",
            variant_curves(comparison.histories, variant_of, names, comparison.curve),
        )


def write_figures(comparison, folder, dpi=DPI):
    """Writes all figures of a Comparison as PNG files.

    Args:
        comparison: Comparison.
        folder: Made if it is missing.
        dpi: Dots per inch.

    Returns:
        Paths, a list.

    Raises:
        WriteError: A file cannot be written.
    """
    folder, paths = pathlib.Path(folder), []
    for name, figure in comparison_figures(comparison):
        paths.append(folder / f"{PREFIX}{name}.png")
        write_figure(figure, paths[-1], dpi)
    return paths
