#!/usr/bin/env python
"""Measures the firing rates of an untrained column under a drifting grating.

Prints each population beside its band and the published rates, and writes a figure and
a csv. The exit status is 1 if a population is outside its band.
"""

import csv
import dataclasses
import io
import math
import pathlib
import sys
import time

import numpy as np
from absl import app, flags

from v1model.atomic import write_text
from v1model.config import DEFAULT_BUILD_SEED, NetworkConfig
from v1model.flags import list_under_help
from v1model.lgn import LGN
from v1model.network import load_network
from v1model.network.physiology import column_rates, rate_bands
from v1model.network.populations import ROUGH_POPULATIONS, rough_index
from v1model.simulation import (
    grating_rates,
    gray_rates,
    population_rates,
    untrained_column,
)
from visualization.column.rates import rate_comparison
from visualization.files import write_figure

NOT_COMPARED = (math.nan, math.nan)  # no rate of the whole network was published


@dataclasses.dataclass(frozen=True)
class Row:
    """One population: what was measured and what it is held against, Hz."""

    population: str
    cells: int
    rate_hz: float
    low_hz: float
    high_hz: float
    published_new_hz: float
    published_old_hz: float

    @property
    def verdict(self):
        """ "inside", "low" or "high"; "no cells" where there is nothing to judge."""
        if math.isnan(self.rate_hz):
            return "no cells"
        if self.rate_hz < self.low_hz:
            return "low"
        return "high" if self.rate_hz > self.high_hz else "inside"


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    flags.DEFINE_string(
        "data_dir",
        "",
        "GLIF_network or SONATA folder; empty builds a column.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "neurons",
        0,
        "Neurons kept or built; 0 keeps the whole folder, or builds 5,000.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "build_seed",
        DEFAULT_BUILD_SEED,
        "Seed of the column that is built without --data_dir.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "seed", 3000, "Seed of LGN spikes and noise.", flag_values=values
    )
    flags.DEFINE_list(
        "directions",
        [str(angle) for angle in range(0, 360, 45)],
        "Directions of the grating, degrees.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "duration_ms",
        2500,
        "How long a grating is shown, ms.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "trials",
        2,
        "Trials per direction; one processor core each.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "gray_ms",
        0,
        "Also measures a gray screen for this long, ms; 0 does not.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_string(
        "out",
        "docs/figures/rates.png",
        "Figure to write; the csv goes beside it.",
        flag_values=values,
    )
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    try:
        rows = measure(flags.FLAGS)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    sys.exit(int(any(row.verdict in ("low", "high") for row in rows)))


def measure(values):
    """Measures, prints and writes what the flags ask for; returns the rows."""
    directions = [_number(text) for text in values.directions]
    if not directions:
        raise ValueError("directions: at least one is needed, got none.")
    network = _network(values)
    column, lgn = untrained_column(network), LGN(network.lgn.units)
    measured = []
    for index, direction in enumerate(directions):
        began = time.perf_counter()
        rates = grating_rates(
            column,
            lgn,
            direction,
            duration_ms=values.duration_ms,
            # The background is one train for all cells: draw it anew each time.
            seed=values.seed + index,
            trials=values.trials,
        )
        measured.append(rates)
        _report(f"grating at {direction:g} degrees", rates, began)
    rows = compare(network, np.mean(measured, axis=0))
    print(table(rows))
    if values.gray_ms:
        began = time.perf_counter()
        rates = gray_rates(
            column,
            lgn,
            duration_ms=values.gray_ms,
            seed=values.seed,
            trials=values.trials,
        )
        _report("gray screen", rates, began)
    write(rows, pathlib.Path(values.out), f"{network.n_neurons:,} neurons, untrained")
    return rows


def compare(network, rates):
    """A Row for each of the 17 populations and for the whole network."""
    means = population_rates(network, rates)
    names, position = rough_index(network)
    cells = dict(zip(names, np.bincount(position, minlength=len(names)), strict=True))
    cells["network"] = network.n_neurons
    published = {
        name: (row["new_dg"], row["old_dg"]) for name, row in column_rates().items()
    }
    return [
        Row(
            name,
            int(cells[name]),
            means.get(name, math.nan),
            rate_bands()[name].low,
            rate_bands()[name].high,
            *published.get(name, NOT_COMPARED),
        )
        for name in (*ROUGH_POPULATIONS, "network")
    ]


def table(rows):
    """The rows as text."""
    lines = [
        f"{'population':12} {'cells':>7} {'Hz':>6} {'band':>10} {'published':>12}",
    ]
    for row in rows:
        band = f"{row.low_hz:g}-{row.high_hz:g}"
        new, old = row.published_new_hz, row.published_old_hz
        published = "" if math.isnan(new) else f"{new:.2f}, {old:.2f}"
        lines.append(
            f"{row.population:12} {row.cells:7,} {row.rate_hz:6.2f} {band:>10} "
            f"{published:>12}  {row.verdict}"
        )
    n_outside = sum(row.verdict in ("low", "high") for row in rows)
    return "\n".join([*lines, f"{n_outside} of {len(rows)} outside their band."])


def write(rows, figure_path, subject):
    """Writes the figure, and the rows as a csv beside it."""
    rates = {row.population: row.rate_hz for row in rows}
    figure = rate_comparison(rates, f"{subject}: mean rate under a 2 Hz grating")
    write_figure(figure, figure_path, dpi=200)
    names = [field.name for field in dataclasses.fields(Row)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "verdict"])
    for row in rows:
        values = dataclasses.astuple(row)
        cells = [f"{v:.3f}" if isinstance(v, float) else v for v in values]
        writer.writerow([*cells, row.verdict])
    write_text(figure_path.with_suffix(".csv"), text.getvalue())
    print(f"Wrote {figure_path} and {figure_path.with_suffix('.csv')}.")


def _network(values):
    config = NetworkConfig(
        data_dir=values.data_dir,
        neurons=values.neurons,
        seed=values.seed,
        build_seed=values.build_seed,
    )
    network = load_network(config)
    if network.lgn.units is None:
        raise ValueError(
            f"{values.data_dir} has no table of the LGN units, without which no "
            "grating can be shown to this network."
        )
    return dataclasses.replace(network, lgn=network.lgn.connected())


def _number(text):
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"directions must be numbers, got {text!r}.") from None


def _report(what, rates, began):
    seconds = time.perf_counter() - began
    line = f"{what}: {rates.mean():.2f} Hz, {seconds:.1f} s"
    print(line, file=sys.stderr, flush=True)


def cli():
    define_flags()
    app.run(main)


if __name__ == "__main__":
    cli()
