#!/usr/bin/env python
"""Decodes which picture a column saw from its spikes, layer by layer.

Natural pictures are flashed to a column (scripts/record_column.py; --recording takes a
recording that is there already), and a logistic regression says from the spikes of
neurons of one layer and class which it was (v1model/decoders/by_group.py). Units of the
LGN stand beside them: what the column was told. Prints a table, and writes a figure and
a csv.
"""

import dataclasses
import logging
import pathlib
import sys

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from training.progress import Progress
from training.quiet_start import start_tensorflow
from v1model import flags
from v1model.atomic import WriteError, write_text
from v1model.column_recording.config import RecordConfig, ShownConfig
from v1model.config import NetworkConfig
from v1model.decoders.by_group import (
    GroupOptions,
    at_equal_size,
    by_size,
    n_fits,
    over_time,
)
from v1model.decoders.groups import groups_of
from v1model.decoders.rise import rise_of
from v1model.options import option, require, require_positive
from v1model.presentations.folds import N_FOLDS
from v1model.recordings import open_recording
from visualization.decoding.layers import decoding_layers
from visualization.files import check_figure_path, write_figure

PROGRAM = "decode_column"
DPI = 200


@dataclasses.dataclass(frozen=True)
class DecodeConfig:
    """What is decoded."""

    groups: GroupOptions = GroupOptions()
    recording: str = option(
        "column_pictures.h5",
        "Recording of flashed pictures; where there is none, a built column is "
        "recorded.",
    )
    out: str = option(
        "docs/figures/decoding_layers.png",
        "Figure to write (.png, .pdf or .svg); the csv goes beside it.",
    )
    neurons: int = option(5000, "Neurons of the column that is built and recorded.")
    n_pictures: int = option(40, "Pictures that it is shown, 2 to 48.")
    repeats: int = option(30, "How often it is shown each.")

    def __post_init__(self):
        for name in ("neurons", "n_pictures"):
            require_positive(self, name)
        enough = self.repeats >= N_FOLDS
        require(enough, "repeats", f"must be at least {N_FOLDS}", self.repeats)


def main(config):
    """Decodes; wrong input ends with one line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    try:
        decode(config)
    except (ValueError, WriteError, OSError) as error:
        sys.exit(f"{PROGRAM}: {' '.join(str(error).split())}")


def decode(config):
    """Decodes, prints and writes; the table of results, a data frame."""
    out = check_figure_path(config.out)
    path = pathlib.Path(config.recording).expanduser()
    if not path.exists():
        record(config)
    start_tensorflow()
    from v1model.column_recording.responses import PictureResponses

    options = config.groups
    # Products are small: threads that waited for each other were many times slower.
    with open_recording(path) as recording, threadpool_limits(1):
        responses = PictureResponses(recording)
        whole = responses.counts(0, responses.shown_ms)
        groups = groups_of(responses.units)
        progress = Progress("decoded", "fits", total=n_fits(groups, options))
        results = [
            *at_equal_size(whole, groups, options, progress),
            *by_size(whole, groups, options, progress),
        ]
        courses = over_time(responses.counts, groups, options, progress)
        n_neurons = recording.n_neurons
    for rows, _ in courses.values():
        results += rows
    table = pd.DataFrame(results)
    rises = {
        layer: rise_of(rows, right, options.seed)
        for layer, (rows, right) in courses.items()
    }
    print(words_of(table, rises))
    title = (
        f"Which of {len(whole.classes)} natural pictures? {whole.n_presentations:,} "
        f"presentations to a column of {n_neurons:,} neurons"
    )
    figure = decoding_layers(table, rises, responses.shown_ms, title)
    write_figure(figure, out, dpi=DPI)
    write_text(out.with_suffix(".csv"), table.to_csv(index=False, float_format="%.4f"))
    print(f"Wrote {out} and {out.with_suffix('.csv')}.")
    return table


def record(config):
    """Records a built column that is shown pictures."""
    start_tensorflow()
    from v1model.column_recording.recorder import ColumnRecorder

    settings = RecordConfig(
        network=NetworkConfig(neurons=config.neurons, seed=config.groups.seed),
        shown=ShownConfig(n_pictures=config.n_pictures, repeats=config.repeats),
        signals=("spikes",),
        out=config.recording,
    )
    ColumnRecorder(settings).record(Progress("recorded", "s", 0.001))


def words_of(table, rises):
    """The results as text."""
    lines = [f"{'':18}{'neurons':>8}  accuracy (95 % interval)   shuffled   all"]
    by = ["layer", "cell_class"]
    for (layer, name), rows in table.groupby(by, sort=False):
        first = {
            kind: rows[rows["analysis"] == kind] for kind in ("matched", "shuffled")
        }
        row, control = (found.iloc[0] for found in first.values())
        most = rows[rows["analysis"] == "size"].iloc[-1]
        lines.append(
            f"{layer:5}{name:13}{row['neurons']:8,}  {row['accuracy']:.3f} "
            f"({row['low']:.3f} to {row['high']:.3f})     {control['accuracy']:.3f}"
            f"      {most['accuracy']:.3f} ({most['neurons']:,})"
        )
    for layer, rise in rises.items():
        words = (
            f"half of the peak {rise.ms:.0f} ms after the onset ({rise.low:.0f} to "
            f"{rise.high:.0f})"
        )
        known = np.isfinite(rise.ms)
        lines.append(f"{layer}: {words if known else 'never above chance'}")
    return "\n".join(lines)


def cli():
    flags.run(main, DecodeConfig)


if __name__ == "__main__":
    cli()
