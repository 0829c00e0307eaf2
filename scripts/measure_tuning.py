#!/usr/bin/env python
"""Measures how a column is tuned to the direction of drifting gratings.

Prints each population beside chance, the published column and Neuropixels units, and
writes a figure and a csv. Chance is a column of Poisson neurons with the same rates
that prefer nothing: few spikes look tuned. All directions share the seeds of their
trials, so that no difference between two of them is one of the background. A trained
column, too, is shown the LGN's spikes over the shared background, as in publication.
"""

import csv
import dataclasses
import io
import sys
import time
from typing import NamedTuple

import numpy as np
from absl import app, flags

from v1model.atomic import atomic_path, write_text
from v1model.config import DEFAULT_BUILD_SEED, NetworkConfig
from v1model.flags import list_under_help
from v1model.lgn import LGN
from v1model.network.physiology import physiology_targets
from v1model.network.populations import rough_index
from v1model.simulation import grating_rates, untrained_column
from v1model.trained_run import OF_A_RUN, find_subject
from v1model.tuning import Tuning, alignment, turn_between
from visualization.column.tuning import Offsets, Selectivity, tuning_distributions
from visualization.files import check_figure_path, write_figure

# Medians of the two published runs of the core and of Neuropixels units lie between.
EXPECTED_OSI = {"excitatory": (0.2, 0.45), "Pvalb": (0.0, 0.2)}
EXPECTED_DSI = {"excitatory": (0.08, 0.3)}
DPI = 200


class Measurement(NamedTuple):
    """What was measured.

    tuning: Tuning.  untuned: That of neurons of the same rates without preference.
    beyond: Who is more selective than chance, by OSI and by DSI, (N,) bool each.
    """

    tuning: Tuning
    untuned: Tuning
    beyond: tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Row:
    """One population; `chance` is the median of untuned neurons of the same rates.

    `beyond` is the share of the active neurons beyond their own 95 % point of chance,
    `published` the median of the published column, `np_*` those of Neuropixels units.
    """

    population: str
    cells: int
    active: int
    osi_q25: float
    osi_median: float
    osi_q75: float
    osi_chance: float
    osi_beyond: float
    osi_published: float
    osi_np_q25: float
    osi_np_median: float
    osi_np_q75: float
    dsi_q25: float
    dsi_median: float
    dsi_q75: float
    dsi_chance: float
    dsi_beyond: float
    dsi_published: float
    dsi_np_q25: float
    dsi_np_median: float
    dsi_np_q75: float


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    for name, default, help_text in (
        ("data_dir", "", "GLIF_network or SONATA folder; empty builds a column."),
        (
            "weights",
            "",
            "Trained weights: the folder of a run, which also says which network it "
            "is, or a .keras or .weights.h5 file.",
        ),
        (
            "out",
            "docs/figures/tuning.png",
            "Figure to write (.png, .pdf or .svg); the csv goes beside it.",
        ),
        (
            "neurons_out",
            "",
            "An .npz file for the rates and the tuning of every neuron; empty writes "
            "none.",
        ),
    ):
        flags.DEFINE_string(name, default, help_text, flag_values=values)
    for name, default, lowest, help_text in (
        (
            "neurons",
            0,
            0,
            "Neurons kept or built; 0 keeps the whole folder, or builds 5,000.",
        ),
        (
            "build_seed",
            DEFAULT_BUILD_SEED,
            0,
            "Seed of the column that is built without --data_dir.",
        ),
        ("seed", 3000, 0, "Seed of LGN spikes, noise and chance."),
        ("directions", 8, 3, "Directions of the grating, evenly spaced from 0 on."),
        ("duration_ms", 2500, 1, "How long a grating is shown, ms."),
        ("trials", 4, 1, "Trials per direction, which run side by side."),
    ):
        flags.DEFINE_integer(
            name, default, help_text, lower_bound=lowest, flag_values=values
        )
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    try:
        measure(flags.FLAGS)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


def measure(values):
    """Measures, prints and writes what the flags ask for; returns the rows."""
    out = check_figure_path(values.out)
    if values.neurons_out and not values.neurons_out.endswith(".npz"):
        raise ValueError(f"neurons_out must end with .npz, got {values.neurons_out}.")
    subject = load_subject(values)
    tuning = _shown_gratings(subject, values)
    rng = np.random.default_rng(values.seed)
    measured = Measurement(tuning, tuning.untuned(rng), tuning.beyond_chance(rng))
    rows = compare(subject.network, measured)
    print(table(rows))
    print(_preferences(subject.network, measured))
    seconds = values.trials * values.duration_ms / 1000
    state = "trained" if subject.is_trained else "untrained"
    name = f"{subject.network.n_neurons:,} neurons, {state}"
    title = f"{name}: {values.directions} directions, {seconds:g} s of each"
    write(rows, figure_of(subject.network, measured, title), out)
    if values.neurons_out:
        write_neurons(subject.network, tuning, seconds, values.neurons_out)
    return rows


def load_subject(values):
    """The Subject that the flags ask for.

    Raises:
        OSError, ValueError: A flag or a file that it names is wrong.
    """
    config = NetworkConfig(
        data_dir=values.data_dir,
        neurons=values.neurons,
        seed=values.seed,
        build_seed=values.build_seed,
    )
    given = [name for name in OF_A_RUN if values[name].present]
    return find_subject(config, values.weights, given)


def _shown_gratings(subject, values):
    """The Tuning of all neurons, told direction by direction."""
    column = untrained_column(subject.network, max_delay=subject.max_delay)
    lgn = LGN(subject.network.lgn.units)
    directions = np.arange(values.directions) * 360 / values.directions
    seconds = values.trials * values.duration_ms / 1000
    counts, began = [], time.perf_counter()
    for index, direction in enumerate(directions):
        start = time.perf_counter()
        rates = grating_rates(
            column,
            lgn,
            direction,
            duration_ms=values.duration_ms,
            seed=values.seed,
            trials=values.trials,
        )
        counts.append(np.rint(rates * seconds).astype(np.int64))
        now = time.perf_counter()
        left = (now - began) / (index + 1) * (len(directions) - index - 1)
        line = f"{direction:g} degrees: {rates.mean():.2f} Hz, {now - start:.1f} s"
        print(f"{line}, about {left:.0f} s left", file=sys.stderr, flush=True)
    return Tuning(np.stack(counts, axis=1), directions)


def compare(network, measured):
    """A Row for each of the 17 populations."""
    rows = []
    for name, members in _members(network).items():
        by_index = [
            _statistics(name, index, selectivity)
            for index, selectivity in _selectivities(measured, members).items()
        ]
        active = int((measured.tuning.total[members] > 0).sum())
        rows.append(Row(name, int(members.sum()), active, *by_index[0], *by_index[1]))
    return rows


def _members(network):
    """Whether each neuron is in a population, (N,) bool by name."""
    names, position = rough_index(network)
    return {name: position == k for k, name in enumerate(names)}


def _selectivities(measured, members):
    """The Selectivity of some neurons, by "osi" and "dsi"."""
    tuning, untuned = measured.tuning, measured.untuned
    is_active = tuning.total[members] > 0
    found = {}
    for index, beyond in zip(("osi", "dsi"), measured.beyond, strict=True):
        own, chance = (getattr(t, index)[members] for t in (tuning, untuned))
        share = beyond[members][is_active].mean() if is_active.any() else np.nan
        chance = chance[np.isfinite(chance)]
        found[index] = Selectivity(own[is_active], chance, float(share))
    return found


def _statistics(name, index, selectivity):
    """The nine numbers of a Row about one index."""
    own, chance = selectivity.measured, selectivity.untuned
    quartiles = np.quantile(own, (0.25, 0.5, 0.75)) if len(own) else (np.nan,) * 3
    target = physiology_targets()[name]
    column = index.upper()
    neuropixels = [target[f"np_{column}_{part}"] for part in ("q25", "median", "q75")]
    floor = np.median(chance) if len(chance) else np.nan
    published = target[f"bil_{column}_median"]
    numbers = (*quartiles, floor, selectivity.beyond_chance, published, *neuropixels)
    return [float(number) for number in numbers]


def table(rows):
    """The rows as text."""
    lines = [
        f"{'':10}{'':>14}  {'OSI median':^34}  {'DSI median':^34}",
        f"{'population':10}{'cells':>7}{'active':>7}"
        + 2 * f"  {'here':>5}{'chance':>7}{'beyond':>7}{'publ.':>7}{'Np.':>6}  ",
    ]
    for row in rows:
        line = f"{row.population:10}{row.cells:7,}{row.active:7,}"
        if not row.active:
            lines.append(f"{line}  {'silent' if row.cells else 'no cells'}")
            continue
        for index, expected in (("osi", EXPECTED_OSI), ("dsi", EXPECTED_DSI)):
            of = {f: getattr(row, f"{index}_{f}") for f in ("median", "chance")}
            mark = _verdict(row.population, of["median"], expected)
            line += f"  {of['median']:5.2f}{of['chance']:7.2f}"
            line += f"{100 * getattr(row, f'{index}_beyond'):6.0f}%"
            line += f"{getattr(row, f'{index}_published'):7.2f}"
            line += f"{getattr(row, f'{index}_np_median'):6.2f} {mark}"
        lines.append(line.rstrip())
    return "\n".join([*lines, "< and >: below and above what is expected of a core."])


def _verdict(population, median, expected):
    kind = "excitatory" if population.startswith("e") else population[2:]
    low, high = expected.get(kind, (0, 1))
    return "<" if median < low else ">" if median > high else " "


def _preferences(network, measured):
    """Whether excitatory cells prefer what they are wired to, as text."""
    tuning, (by_osi, by_dsi) = measured.tuning, measured.beyond
    cases = (
        ("direction", tuning.preferred_direction, by_dsi, 360.0),
        ("orientation", tuning.preferred_orientation, by_osi, 180.0),
    )
    lines = []
    for what, preferred, beyond, period in cases:
        chosen = beyond & network.is_excitatory
        if chosen.sum() < 3:
            lines.append(f"Fewer than 3 excitatory cells have a preferred {what}.")
            continue
        found = alignment(preferred[chosen], network.tuning_angle[chosen], period)
        lines.append(
            f"Preferred {what} of {chosen.sum():,} excitatory cells: tuning angle "
            f"{round(found.offset):+d} degrees (circular correlation "
            f"{found.correlation:.2f}, concentration {found.concentration:.2f})."
        )
    return "\n".join(lines)


def figure_of(network, measured, title):
    """The figure of a Measurement."""
    tuning, (by_osi, by_dsi) = measured.tuning, measured.beyond
    indices = {
        name: _selectivities(measured, members)
        for name, members in _members(network).items()
        if members.any()
    }
    by_osi, by_dsi = by_osi & network.is_excitatory, by_dsi & network.is_excitatory
    wired = network.tuning_angle
    offsets = Offsets(
        turn_between(tuning.preferred_direction, wired)[by_dsi],
        turn_between(tuning.preferred_orientation, wired, 180.0)[by_osi],
    )
    osi, dsi = ({n: row[i] for n, row in indices.items()} for i in ("osi", "dsi"))
    return tuning_distributions(osi, dsi, offsets, title)


def write(rows, figure, path):
    """Writes the figure, and the rows as a csv beside it."""
    write_figure(figure, path, dpi=DPI)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in dataclasses.fields(Row)])
    for row in rows:
        cells = dataclasses.astuple(row)
        writer.writerow([f"{v:.3f}" if isinstance(v, float) else v for v in cells])
    write_text(path.with_suffix(".csv"), text.getvalue())
    print(f"Wrote {path} and {path.with_suffix('.csv')}.")


def write_neurons(network, tuning, seconds, path):
    """Writes rates (N, K) in Hz, and the tuning of every neuron, as an .npz file."""
    with atomic_path(path) as partial:
        np.savez_compressed(
            partial,
            directions=tuning.directions,
            rates=(tuning.counts / seconds).astype(np.float32),
            osi=tuning.osi.astype(np.float32),
            dsi=tuning.dsi.astype(np.float32),
            preferred_direction=tuning.preferred_direction.astype(np.float32),
            preferred_orientation=tuning.preferred_orientation.astype(np.float32),
            tuning_angle=network.tuning_angle.astype(np.float32),
            node_id=network.node_id,
            pop_name=network.pop_name,
        )
    print(f"Wrote {path}.")


def cli():
    define_flags()
    app.run(main)


if __name__ == "__main__":
    cli()
