"""The pictures of comparisons in the gallery."""

from visualization.gallery.entry import Entry

_COMPARE = "python training/compare.py RUNS --figures"

COMPARISON = (
    Entry(
        "comparison_differences.png",
        "comparison.forest.forest_plot",
        "Which variant is better, by how much, and whether the runs can tell.",
        _COMPARE,
    ),
    Entry(
        "comparison_rates.png",
        "comparison.rates.differences_by_rate",
        "Who gains: differences by the neurons' firing rate and reliability.",
        _COMPARE,
    ),
    Entry(
        "comparison_units.png",
        "comparison.units.unit_scatter",
        "Two variants, neuron by neuron.",
        _COMPARE,
    ),
    Entry(
        "comparison_costs.png",
        "comparison.prices.score_and_cost",
        "Scores beside costs: what no other is both cheaper and better than.",
        _COMPARE,
    ),
    Entry(
        "comparison_curves.png",
        "comparison.curves.variant_curves",
        "Learning curves of variants, means and ranges over their seeds.",
        _COMPARE,
    ),
    Entry(
        "comparison_page.png",
        "comparison.page.write_page",
        "A comparison as one HTML file that needs nothing else: tables that can be "
        "sorted and searched, units under the pointer, learning curves.",
        "python training/compare.py RUNS --html",
    ),
)
