"""What the units of a session answer to: tables and figures.

    python -m visualization.presentations FILE --out FOLDER

FILE is a recording or a file of binned spikes. The folder gets

    rates.csv                 mean rate of each unit, and of each class, Hz
    responses.csv             preferred class, selectivity, reliability of each unit
    firing_rates.png          rates by area
    noise_ceilings.png        how much of the answers repeats
    noise_correlations.png    what units share beyond the stimulus
    signal_correlations.png   how alike they are tuned
    psth_UNIT.png, tuning_UNIT.png   of the most reliable units
"""

import argparse
import io
import pathlib
import sys

import numpy as np

from v1model.atomic import write_text
from v1model.presentations.loading import load_binned
from v1model.presentations.responses import psth, rate_table, response_table, tuning
from v1model.presentations.units import unit_correlations
from visualization.files import write_figure
from visualization.presentations.correlations import correlation_matrix
from visualization.presentations.unit_responses import tuning_curve, unit_psth
from visualization.presentations.unit_rows import firing_rates, noise_ceilings

DPI = 200
BLANK = -1  # of natural scenes


def main(argv=None):
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="visualization.presentations", description=__doc__.splitlines()[0]
    )
    parser.add_argument("file", help="Recording, or binned spikes.")
    parser.add_argument(
        "--stimulus",
        default="natural_scenes",
        help="Of a recording: whose presentations; all takes every row of the trials. "
        "[%(default)s]",
    )
    parser.add_argument(
        "--label",
        default="frame",
        help="Of a recording: column of what was shown. [%(default)s]",
    )
    parser.add_argument(
        "--bins",
        type=int,
        default=0,
        help="Per presentation; 0 takes those of binned spikes, 5 of a recording.",
    )
    parser.add_argument("--units", type=int, default=2, help="Units drawn each alone.")
    parser.add_argument("--out", required=True, help="Folder for tables and figures.")
    options = parser.parse_args(argv)
    stimulus = None if options.stimulus == "all" else options.stimulus
    try:
        binned = load_binned(
            options.file, options.bins, stimulus=stimulus, label=options.label
        )
        check(binned, options.file, options.label)
        names = describe(binned, pathlib.Path(options.out), options.units)
    except (OSError, ValueError) as error:
        sys.exit(f"presentations: {error}")
    seconds = np.median(binned.stop_s - binned.start_s)
    print(  # noqa: T201, a program
        f"session {binned.session_id}: {binned.n_presentations:,} presentations of "
        f"{len(binned.classes)} classes, {seconds:.3f} s each; {binned.n_units} units\n"
        f"wrote {len(names)} files in {options.out}: {', '.join(names)}"
    )


def check(binned, path, label):
    """Refuses what has no answers to describe.

    Raises:
        ValueError: All presentations have the same label, or no unit fires.
    """
    if len(binned.classes) < 2:
        raise ValueError(
            f"{path}: '{label}' must have two values at least, got {binned.classes[0]} "
            f"for all of {binned.n_presentations} presentations."
        )
    if not binned.counts.any():
        raise ValueError(
            f"{path}: none of {binned.n_units} units fires in any of "
            f"{binned.n_presentations} presentations."
        )


def describe(binned, folder, n_drawn):
    """Writes the tables and figures of a session; names of the files.

    Args:
        binned: BinnedSpikes.
        folder: Where to.
        n_drawn: How many units are drawn each alone, the most reliable ones.
    """
    rates, responses = rate_table(binned), response_table(binned)
    area = "area" if "area" in responses else None
    names = responses[area] if area else np.full(binned.n_units, "all")
    areas = np.asarray(names, str)
    session = f"session {binned.session_id}"
    figures = {
        "firing_rates": firing_rates(
            rates["mean_hz"], areas, f"Firing rates, {session}"
        ),
        "noise_ceilings": noise_ceilings(
            responses.assign(area=areas), f"How much of the answers repeats, {session}"
        ),
    }
    fires = np.flatnonzero(rates["mean_hz"])  # the others correlate with nothing
    for kind in ("noise", "signal") if len(fires) > 1 else ():
        figures[f"{kind}_correlations"] = correlation_matrix(
            unit_correlations(binned, kind)[np.ix_(fires, fires)],
            areas[fires],
            f"{kind.capitalize()} correlations, {session}{_left_out(binned, fires)}",
            f"{kind.capitalize()} correlation",
        )
    by_class, by_bin = tuning(binned), psth(binned)
    has_blank = binned.labels.dtype.kind == "i" and BLANK in binned.labels
    blank = BLANK if has_blank else None
    duration_s = float(np.median(binned.stop_s - binned.start_s))
    ranked = np.argsort(-responses["cc_max"].fillna(-1).to_numpy(), kind="stable")
    for unit in ranked[:n_drawn]:
        number = binned.units["id"].iloc[unit]
        title = f"Unit {number}, {areas[unit]}"
        figures[f"psth_{number}"] = unit_psth(by_bin, unit, duration_s, title)
        figures[f"tuning_{number}"] = tuning_curve(by_class, unit, title, blank)
    for name, table in (("rates", rates), ("responses", responses)):
        text = io.StringIO()
        table.to_csv(text, index=False, float_format="%.6g")
        write_text(folder / f"{name}.csv", text.getvalue())
    for name, figure in figures.items():
        write_figure(figure, folder / f"{name}.png", dpi=DPI)
    return ["rates.csv", "responses.csv", *(f"{name}.png" for name in figures)]


def _left_out(binned, fires):
    n_silent = binned.n_units - len(fires)
    return f" without {n_silent:,} silent units" if n_silent else ""


if __name__ == "__main__":
    main()
