#!/usr/bin/env python
"""Runs one column on the same input spikes here and in NEST, and compares the two.

The column sees a drifting grating; LGN spikes and the background, one source for all
neurons, are drawn once and given to both. NEST (glif_psc) integrates exactly. Here the
column runs with the published update and with the exact one. "NEST's spikes" replaces
the recurrent spikes of a run by NEST's: what still differs is the neuron, not the chaos
of the network. Needs the extra nest: pip install 'v1model[nest]'.
"""

import csv
import io
import pathlib
import sys
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import app, flags

from v1model.atomic import write_text
from v1model.config import DEFAULT_BUILD_SEED, NetworkConfig
from v1model.engine.agreement import (
    SpikeAgreement,
    VoltageDifference,
    before_first_spike,
    below_threshold,
    binned_rates,
    correlation,
    spike_agreement,
    voltage_difference,
)
from v1model.engine.nest_export import NestActivity, NestColumn, import_nest
from v1model.engine.replay import arriving_currents
from v1model.engine.wiring import delay_steps
from v1model.flags import list_under_help
from v1model.lgn import LGN, spikes_from_rates
from v1model.models import BillehColumn, ColumnRNN
from v1model.models.noise import BACKGROUND_RATE_HZ
from v1model.network.data import N_RECEPTORS, Synapses
from v1model.network.populations import rough_index
from v1model.simulation import grating_lgn_rates, population_rates
from v1model.trained_run import OF_A_RUN, find_subject
from visualization.files import write_figure
from visualization.nest import rate_agreement, voltage_traces
from visualization.style import class_of

PIECE_MS = 100  # input currents are computed for so long at a time
BIN_MS = 10  # of the rates that are correlated
SHORTEST_MS = 100
RECORDED_PER_POPULATION = 20
TRACE_MS = 400


class Source(NamedTuple):
    """Spikes from outside: Synapses, and counts (T, sources) of their sources."""

    synapses: Synapses
    counts: np.ndarray


class Case(NamedTuple):
    """One run of ours: how it integrates, in which precision, on whose spikes."""

    integration: str
    dtype: str
    on_nest_spikes: bool

    @property
    def name(self):
        """In words."""
        spikes = "NEST's spikes" if self.on_nest_spikes else "its own spikes"
        return f"{self.integration}, {self.dtype}, {spikes}"


class Finding(NamedTuple):
    """How a case agrees with NEST.

    unfired: Voltages of recorded cells before the first spike of either simulation.
    voltages: Theirs below threshold, spikes and refractory periods left out.
    correlation: Of the rate in bins, mean over the populations.
    """

    case: Case
    rate_hz: float
    spikes: SpikeAgreement
    unfired: VoltageDifference
    voltages: VoltageDifference
    correlation: float


CASES = (
    Case("published", "float32", True),
    Case("exact", "float32", True),
    Case("published", "float32", False),
    Case("exact", "float32", False),
    Case("exact", "float64", False),
)


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    flags.DEFINE_integer(
        "neurons",
        500,
        "Neurons built, or kept of the folder; 0 keeps the whole folder.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_string(
        "data_dir",
        "",
        "GLIF_network or SONATA folder; empty builds a column.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "build_seed",
        DEFAULT_BUILD_SEED,
        "Seed of the column that is built without --data_dir.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "weights",
        "",
        "Trained weights: the folder of a run, which also says which network it is, or "
        "a .keras or .weights.h5 file.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "seed",
        3000,
        "Seed of LGN spikes, background and recorded cells.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "ms",
        1000,
        "How long both simulate, ms.",
        lower_bound=SHORTEST_MS,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "threads", 1, "Threads of NEST.", lower_bound=1, flag_values=values
    )
    flags.DEFINE_string(
        "out",
        "nest_comparison",
        "Folder for the two figures and the two tables.",
        flag_values=values,
    )
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    try:
        compare(flags.FLAGS)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        sys.exit(f"error: {error}")


def compare(values):
    """Simulates, prints and writes what the flags ask for; returns the Findings."""
    import_nest()
    folder = pathlib.Path(values.out)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"--out {folder} is a file, not a folder.")
    subject = load_subject(values)
    network = subject.network
    sources = draw_input(network, values.ms, values.seed)
    recorded = some_of_each_population(network, values.seed)
    nest = _timed("NEST", run_nest, subject, sources, recorded, values)
    findings, activities = [], {}
    for case in CASES:
        activity = _timed(case.name, run_here, subject, sources, nest, case)
        findings.append(find(network, case, activity, nest, recorded))
        activities[case] = activity
    print(table(nest, findings))
    write(folder, subject, findings, nest, activities, recorded)
    return findings


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


def draw_input(network, n_steps, seed):
    """LGN spikes under a grating and the shared background, two Sources.

    Nothing happens in step 0, in which NEST delivers no input.
    """
    rng = np.random.default_rng(seed)
    rates = grating_lgn_rates(LGN(network.lgn.units), 45.0, duration_ms=n_steps)
    lgn = spikes_from_rates(rates, rng)
    background = rng.poisson(BACKGROUND_RATE_HZ / 1000, (n_steps, 1))
    lgn[0], background[0] = 0, 0
    synapses = network.background.synapses
    from_one_source = synapses.replace(pre=np.zeros(len(synapses), np.int32))
    return Source(network.lgn.synapses, lgn), Source(from_one_source, background)


def some_of_each_population(network, seed):
    """Increasing indices of up to 20 neurons of each population."""
    rng = np.random.default_rng(seed)
    names, position = rough_index(network)
    chosen = []
    for k in range(len(names)):
        members = rng.permutation(np.flatnonzero(position == k))
        chosen.append(members[:RECORDED_PER_POPULATION])
    return np.sort(np.concatenate(chosen))


def run_nest(subject, sources, recorded, values):
    """NestActivity of all neurons; voltages of the recorded ones."""
    column = NestColumn(
        subject.network,
        max_delay=subject.max_delay,
        threads=values.threads,
        recorded=recorded,
    )
    for source in sources:
        column.add_input(source.synapses, source.counts)
    return column.run(values.ms)


def run_here(subject, sources, nest, case):
    """The same of our column, voltages of all neurons: NestActivity."""
    network, max_delay = subject.network, subject.max_delay
    cell = BillehColumn(
        network,
        integration=case.integration,
        max_delay=max_delay,
        recurrent_weight_scale=0.0 if case.on_nest_spikes else 1.0,
        dtype=case.dtype,
    )
    engine = "compiled" if case.dtype == "float32" else "stepwise"
    rnn = ColumnRNN(cell, engine, dtype=case.dtype)
    scale = np.repeat(cell.parameters.voltage_scale, N_RECEPTORS)
    delays, _ = delay_steps(network.recurrent.delay, max_delay)
    n_steps, n = nest.spikes.shape

    @tf.function(reduce_retracing=True)
    def advance(currents, state):
        return rnn(currents, initial_state=state)

    state, spikes, voltages = cell.zero_state(1), [], []
    for start in range(0, n_steps, PIECE_MS):
        steps = range(start, min(start + PIECE_MS, n_steps))
        arriving = sum(arriving_currents(*source, n, steps) for source in sources)
        if case.on_nest_spikes:
            own = (network.recurrent, nest.spikes, n, steps, delays)
            arriving += arriving_currents(*own)
        currents = tf.constant((arriving / scale)[None], cell.variable_dtype)
        activity = advance(currents, state)
        state = activity.state
        spikes.append(activity.spikes.numpy()[0] > 0)
        voltages.append(activity.voltages.numpy()[0])
    return NestActivity(np.concatenate(spikes), np.concatenate(voltages))


def find(network, case, activity, nest, recorded):
    """The Finding of one case."""
    fired = (activity.spikes | nest.spikes)[:, recorded]
    t_ref = network.types.t_ref[network.type_index[recorded]]
    is_counted = below_threshold(fired, np.ceil(t_ref) + 1)
    voltages = activity.voltages[:, recorded]
    return Finding(
        case,
        1000 * float(activity.spikes.mean()),
        spike_agreement(nest.spikes, activity.spikes),
        voltage_difference(voltages, nest.voltages, before_first_spike(fired)),
        voltage_difference(voltages, nest.voltages, is_counted),
        float(np.nanmean(list(correlations(network, activity, nest).values()))),
    )


def correlations(network, activity, nest):
    """Correlation of each population's rate with NEST's, by name."""
    names, position = rough_index(network)
    return {
        name: correlation(
            *(
                binned_rates(run.spikes[:, position == k], BIN_MS)
                for run in (activity, nest)
            )
        )
        for k, name in enumerate(names)
        if (position == k).any()
    }


def table(nest, findings):
    """The findings as text."""
    lines = [
        f"NEST: {1000 * nest.spikes.mean():.3f} Hz, {nest.spikes.sum():,} spikes",
        f"{'':41}  spikes, %        only         mV, 1st spike  mV, below V_th  rate",
        f"{'':35}{'Hz':>6}  same <=3 ms  here  NEST      rms     max     rms     max"
        "  corr.",
    ]
    for finding in findings:
        row = row_of(finding)
        lines.append(
            f"{row['case']:35}{row['rate_hz']:6.3f} {100 * row['same_step']:5.1f} "
            f"{100 * row['within_3_steps']:7.1f} {row['only_here']:5} "
            f"{row['only_nest']:5}  {row['unfired_rms_mv']:7.1g} "
            f"{row['unfired_max_mv']:7.1g} {row['voltage_rms_mv']:7.1g} "
            f"{row['voltage_max_mv']:7.1g}  {row['rate_correlation']:.3f}"
        )
    return "\n".join(lines)


def row_of(finding):
    """A Finding as a row of the table, a dict."""
    spikes = finding.spikes
    return {
        "case": finding.case.name,
        "rate_hz": finding.rate_hz,
        "same_step": spikes.share_within(0),
        "within_3_steps": spikes.share_within(3),
        "only_here": spikes.only_second,
        "only_nest": spikes.only_first,
        "unfired_rms_mv": finding.unfired.rms,
        "unfired_max_mv": finding.unfired.largest,
        "unfired_samples": finding.unfired.n_samples,
        "voltage_rms_mv": finding.voltages.rms,
        "voltage_max_mv": finding.voltages.largest,
        "voltage_samples": finding.voltages.n_samples,
        "rate_correlation": finding.correlation,
        **{
            f"lag_{lag:+d}_ms": int(n)
            for lag, n in zip(spikes.lags, spikes.matched, strict=True)
        },
    }


def write(folder, subject, findings, nest, activities, recorded):
    """Writes the two tables and the two figures."""
    network = subject.network
    write_text(folder / "comparison.csv", _csv([row_of(f) for f in findings]))
    own = {case.integration: activities[case] for case in CASES if _is_plain(case)}
    replayed = {c.integration: activities[c] for c in CASES if c.on_nest_spikes}
    populations = population_rows(network, nest, own)
    write_text(folder / "populations.csv", _csv(populations))
    rates = rate_agreement(
        [row["population"] for row in populations],
        np.array([row["nest_hz"] for row in populations]),
        {name: np.array([row[f"{name}_hz"] for row in populations]) for name in own},
        {
            "NEST": binned_rates(nest.spikes, BIN_MS),
            **{name: binned_rates(run.spikes, BIN_MS) for name, run in own.items()},
        },
        BIN_MS,
    )
    traces = traces_of(network, nest, replayed, recorded)
    for name, figure in (("rates.png", rates), ("traces.png", traces)):
        write_figure(figure, folder / name, dpi=200)
    print(f"Wrote two tables and two figures to {folder}.")


def _is_plain(case):
    return not case.on_nest_spikes and case.dtype == "float32"


def population_rows(network, nest, own):
    """Rates and correlations of each population, and of the network, as dicts."""
    here = {
        name: population_rates(network, 1000 * a.spikes.mean(0))
        for name, a in own.items()
    }
    correlated = {name: correlations(network, a, nest) for name, a in own.items()}
    rows = []
    for population, rate in population_rates(
        network, 1000 * nest.spikes.mean(0)
    ).items():
        row = {"population": population, "nest_hz": rate}
        for name in own:
            row[f"{name}_hz"] = here[name][population]
            row[f"{name}_correlation"] = correlated[name].get(population, np.nan)
        rows.append(row)
    return rows


def traces_of(network, nest, replayed, recorded):
    """Figure of one recorded cell per class, around its first spike in NEST."""
    titles, starts, columns = [], [], []
    classes = np.array([class_of(name) for name in network.pop_name[recorded]])
    for name in dict.fromkeys(classes):
        members = np.flatnonzero(classes == name)
        counts = nest.spikes[:, recorded[members]].sum(0)
        # Neither silent nor the busiest: the median of the cells that fire.
        fires = members[counts > 0] if counts.any() else members
        counts = nest.spikes[:, recorded[fires]].sum(0)
        at = fires[np.argsort(counts, kind="stable")[len(fires) // 2]]
        first = int(np.argmax(nest.spikes[:, recorded[at]]))
        start = min(max(first - TRACE_MS // 4, 0), max(len(nest.spikes) - TRACE_MS, 0))
        columns.append(at)
        starts.append(start)
        titles.append(f"{network.pop_name[recorded[at]]}, neuron {recorded[at]}")

    def cut(of_neurons):
        pieces = [
            of_neurons[start : start + TRACE_MS, at]
            for start, at in zip(starts, columns, strict=True)
        ]
        return np.stack(pieces, axis=1)

    others = {name: cut(run.voltages[:, recorded]) for name, run in replayed.items()}
    fired = {
        name: cut((run.spikes | nest.spikes)[:, recorded])
        for name, run in replayed.items()
    }
    return voltage_traces(titles, cut(nest.voltages), others, fired, np.array(starts))


def _csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()}
        )
    return text.getvalue()


def _timed(what, simulate, *arguments):
    began = time.perf_counter()
    activity = simulate(*arguments)
    seconds = time.perf_counter() - began
    line = f"{what}: {1000 * activity.spikes.mean():.2f} Hz, {seconds:.1f} s"
    print(line, file=sys.stderr, flush=True)
    return activity


def cli():
    define_flags()
    app.run(main)


if __name__ == "__main__":
    cli()
