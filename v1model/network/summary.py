"""A built column in numbers, beside the published ones, as text."""

import numpy as np

from v1model.network.expectation import expected_counts
from v1model.network.placement import ALL_NEURONS, CORE_NEURONS
from v1model.network.tables import crop_totals, lgn_rules, populations


def summarize(network, *, policy="crop", pairs=True):
    """Tables of cells, in-degrees and synapses of a column made by `build_column`.

    Args:
        network: Network of the 21 published populations.
        policy: The policy that it was built with.
        pairs: Whether every population pair that connects has its own row.

    Returns:
        Text of several tables, at most 88 characters wide; the totals come last.
    """
    counts = pair_counts(network)
    expected = expected_counts(network.n_neurons, policy)
    blocks = [_pair_table(counts, expected)] if pairs else []
    blocks.append(_population_table(network, counts, expected))
    blocks.append(_totals(network, counts, expected, policy))
    return "\n\n".join(blocks)


def pair_counts(network):
    """Recurrent synapses by (source population, target population)."""
    population = _population_index(network)
    n = len(populations())
    pair = population[network.recurrent.pre] * n + population[network.recurrent.post]
    counts = np.bincount(pair, minlength=n * n).reshape(n, n)
    return {
        (source.name, target.name): int(counts[row, column])
        for row, source in enumerate(populations())
        for column, target in enumerate(populations())
    }


def _population_index(network):
    """Row of `populations()` of each neuron, (N,) int32."""
    position = {p.name: index for index, p in enumerate(populations())}
    of_type = np.array([position[name] for name in network.types.pop_name], np.int32)
    return of_type[network.type_index]


def _pair_table(counts, expected):
    rows = [
        (
            source,
            target,
            f"{counts[source, target]:,}",
            f"{mean:,.0f}",
            _percent(counts[source, target], mean),
        )
        for (source, target), mean in expected.items()
    ]
    return _table(("source", "target", "synapses", "expected", "difference"), rows, 2)


def _population_table(network, counts, expected):
    population = _population_index(network)
    n = len(populations())
    cells = np.bincount(population, minlength=n)
    lgn = np.bincount(population[network.lgn.synapses.post], minlength=n)
    rows = []
    for index, p in enumerate(populations()):
        size = max(int(cells[index]), 1)
        rule = lgn_rules().get(p.name)
        rows.append(
            (
                p.name,
                f"{cells[index]:,}",
                f"{p.n_core:,}",
                f"{_onto(counts, p.name) / size:.1f}",
                f"{_onto(expected, p.name) / size:.1f}",
                f"{_onto(expected_counts(CORE_NEURONS), p.name) / p.n_core:.1f}",
                f"{lgn[index] / size:.1f}",
                f"{rule.in_degree if rule else 0:.1f}",
            )
        )
    header = (
        "population",
        "cells",
        "(core)",
        "in-degree",
        "expected",
        "(core)",
        "from LGN",
        "published",
    )
    return _table(header, rows, 1)


def _totals(network, counts, expected, policy):
    n = network.n_neurons
    total, mean = sum(counts.values()), sum(expected.values())
    n_lgn = len(network.lgn.synapses)
    population = _population_index(network)
    in_degree = [
        lgn_rules()[p.name].in_degree if p.name in lgn_rules() else 0.0
        for p in populations()
    ]
    lgn_mean = float(np.array(in_degree)[population].sum())
    n_types = len(np.unique(network.type_index))
    lines = [
        f"{n:,} neurons within {network.radius:.0f} um, "
        f"{n_types} of {len(network.types)} cell types",
        f"{total:,} recurrent synapses, {total / n:.1f} per neuron, "
        f"expected {mean:,.0f} ({_percent(total, mean)})",
        f"{n_lgn:,} LGN synapses, expected {lgn_mean:,.0f} "
        f"({_percent(n_lgn, lgn_mean)})",
        f"{len(network.background.synapses):,} background synapses",
    ]
    if policy == "crop" and n in (CORE_NEURONS, ALL_NEURONS):
        lines.append("Expected are the published counts of this column.")
    else:
        lines.append(
            "Expected are the published rules, averaged over a disc of this size: "
            "counts per pair\nare published for "
            f"{CORE_NEURONS:,} and {ALL_NEURONS:,} neurons only."
        )
        if policy == "crop" and n in crop_totals():
            published = crop_totals()[n]
            lines.append(
                f"A published crop of this size has {published:,} recurrent synapses "
                f"({_percent(total, published)})."
            )
    return "\n".join(lines)


def _onto(counts, target):
    return sum(count for (_, name), count in counts.items() if name == target)


def _percent(value, reference):
    if not reference:
        return "-"
    return f"{100 * (value / reference - 1):+.1f} %"


def _table(header, rows, n_left):
    """Aligned columns, the first `n_left` to the left and the others to the right."""
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i < n_left else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )
