"""A Report as files: tables and figures."""

import pathlib

import numpy as np

from v1model.atomic import write_frame
from v1model.cnn.evaluation.fields import true_centers
from visualization.cnn.curves import training_curves
from visualization.cnn.fields import field_maps
from visualization.cnn.oracle import oracle_scatter
from visualization.cnn.saccades import saccade_curves
from visualization.cnn.traces import example_traces
from visualization.files import write_figure

TRACE_S = 3.0  # of an example
N_MAPS = 8


def write_report(report, folder, dpi=130, history=None):
    """Writes neurons.csv, numbers.csv and the figures of a Report.

    Args:
        report: Report.
        folder: Made if it is missing.
        dpi: Of the figures.
        history: Columns of the run's metrics.csv for the curves of its training, or
            None.

    Returns:
        The numbers of all neurons, by name.

    Raises:
        WriteError: A file cannot be written.
    """
    folder = pathlib.Path(folder)
    write_frame(folder / "neurons.csv", report.neurons)
    write_frame(folder / "numbers.csv", report.numbers.reset_index())
    for name, figure in report_figures(report):
        write_figure(figure, folder / f"{name}.png", dpi=dpi)
    if history:
        write_figure(training_curves(history), folder / "training.png", dpi=dpi)
    return report.numbers.loc["all"].to_dict()


def report_figures(report):
    """Figures of a Report by name: pairs, without those that nothing is known for."""
    table, spec = report.neurons, report.recording.spec
    title = f"{spec.name}, part {report.part or 'all'}"
    order = np.argsort(-table["bps"].to_numpy(float), kind="stable")
    order = order[np.isfinite(table["bps"].to_numpy(float)[order])]
    if not len(order):
        return
    if "oracle_bps" in table:
        yield "oracle", oracle_scatter(table, f"Bits per spike: {title}")
    yield "traces", _traces(report, order, title)
    # Spread evenly from the best to the worst.
    chosen = order[np.unique(np.linspace(0, len(order) - 1, N_MAPS).astype(int))]
    names = [_name(table, n) for n in chosen]
    truth = true_centers(report.recording)
    yield (
        "fields",
        field_maps(
            *(own.take(chosen) for own in report.fields),
            names,
            spec.sampling_rate,
            None if truth is None else truth[chosen],
            f"Receptive fields: {title}",
        ),
    )
    if report.saccades is not None:
        own = [one._replace(means=one.means[chosen]) for one in report.saccades]
        yield (
            "saccades",
            saccade_curves(
                *own, names, spec.sampling_rate, f"Around saccades: {title}"
            ),
        )


def _traces(report, order, title):
    recording, rates = report.recording, report.prediction.rates
    chosen = [order[0], order[len(order) // 2], order[-1]]
    trials = recording.trials_of(report.part, report.types)
    longest = (trials["stop"] - trials["start"]).max()
    found = []
    for start, stop in zip(trials["start"], trials["stop"], strict=True):
        known = np.flatnonzero(np.isfinite(rates[start:stop]).any(axis=1))
        if stop - start == longest and len(known):
            first = start + int(known[0])
            last = min(stop, first + round(TRACE_S * recording.spec.sampling_rate))
            found.append((first, last))
    # Where there is most to be seen of the neuron in the middle.
    start, stop = max(
        found, key=lambda own: recording.counts[slice(*own), chosen[1]].sum()
    )
    words = [
        f"{rank}\n{_name(report.neurons, n)}"
        for rank, n in zip(("best", "median", "worst"), chosen, strict=True)
    ]
    truth = report.true_rates
    return example_traces(
        recording.counts[start:stop, chosen],
        rates[start:stop, chosen],
        recording.spec.sampling_rate,
        words,
        None if truth is None else truth[start:stop, chosen],
        f"Predicted rates: {title}",
    )


def _name(table, n):
    row = table.iloc[n]
    kind = f"{row['kind']} " if "kind" in table else ""
    return f"{kind}{row['id']}\n{row['bps']:.2f} bits"
