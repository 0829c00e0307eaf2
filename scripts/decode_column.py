#!/usr/bin/env python
"""Decodes which picture a column saw from its spikes, layer by layer.

Natural pictures are flashed to a column (scripts/record_column.py; --recording takes a
recording that is there already), and a logistic regression says from the spikes of
neurons of one layer and class which it was. Every presentation is tested once, by a
decoder that was fitted to others: five folds, of which one is tested, one chooses the
penalty and three are fitted. In each fold other neurons are drawn. Units of the LGN
stand beside them: what the column was told. Prints a table, and writes a figure and a
csv.
"""

import dataclasses
import logging
import pathlib
import sys
import time
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.stats

from training.quiet_start import quiet_start
from v1model import flags
from v1model.atomic import WriteError, write_text
from v1model.decoders.inputs import Inputs
from v1model.decoders.linear import fit_logistic
from v1model.decoders.parts import Part
from v1model.metrics import wilson_interval
from v1model.options import option, require, require_positive
from v1model.presentations.recording_bins import bin_recording
from v1model.presentations.splits import Split, shuffled_labels
from v1model.recordings import open_recording
from v1model.stimuli.flashes import STIMULUS
from v1model.stimuli.screening import BLANK
from visualization.decoding.layers import Rise, decoding_layers
from visualization.files import check_figure_path, write_figure

PROGRAM = "decode_column"
N_FOLDS = 5
SIZES = (10, 30, 100, 300)  # neurons that are drawn, beside all
LGN = "LGN"
EXCITATORY, INHIBITORY = "excitatory", "inhibitory"
BOOTSTRAPS = 1000
SECONDS_BETWEEN_LINES = 5.0
DPI = 200


@dataclasses.dataclass(frozen=True)
class DecodeConfig:
    """What is decoded."""

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
    seed: int = option(3000, "Of the column's noise, of the folds and of all draws.")
    matched: int = option(90, "Neurons per layer and class that are compared.")
    draws: int = option(3, "How often others of them are drawn, for each fold anew.")
    timed: int = option(700, "Neurons per layer of the course in time, at most.")
    window_ms: int = option(40, "Length of the window that moves over the time.")
    step_ms: int = option(20, "How far it moves.")
    until_ms: int = option(400, "Where it ends, after the onset.")

    def __post_init__(self):
        for name in ("neurons", "n_pictures", "matched", "draws", "timed"):
            require_positive(self, name)
        for name in ("window_ms", "step_ms", "until_ms"):
            require_positive(self, name)
        enough = self.repeats >= N_FOLDS
        require(enough, "repeats", f"must be at least {N_FOLDS}", self.repeats)


class Group(NamedTuple):
    """Neurons of one layer and class, or the LGN's units, under one name each.

    layer: As in the recording's table, or LGN.  cell_class: EXCITATORY or INHIBITORY.
    members: Which units they are, increasing, (n,) int.
    """

    layer: str
    cell_class: str
    members: np.ndarray


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
        recorded(config)
    with open_recording(path) as recording:
        activity = Activity(recording)
        whole = activity.counts(0, activity.shown_ms)
        groups = groups_of(activity.units)
        progress = Progress("fits", total=n_fits(config, groups))
        results = [
            *by_group(whole, groups, config, progress),
            *by_size(whole, groups, config, progress),
        ]
        courses = over_time(activity, groups, config, progress)
        for rows, _ in courses.values():
            results += rows
    table = pd.DataFrame(results)
    rises = {
        layer: rise_of(rows, right, config) for layer, (rows, right) in courses.items()
    }
    print(words_of(table, rises))
    title = (
        f"Which of {len(whole.classes)} natural pictures? {whole.n_presentations:,} "
        f"presentations to a column of {activity.n_neurons:,} neurons"
    )
    figure = decoding_layers(table, rises, activity.shown_ms, title)
    write_figure(figure, out, dpi=DPI)
    write_text(out.with_suffix(".csv"), table.to_csv(index=False, float_format="%.4f"))
    print(f"Wrote {out} and {out.with_suffix('.csv')}.")
    return table


def recorded(config):
    """Records a built column that is shown pictures."""
    with quiet_start():
        from v1model.column_recording.config import RecordConfig, ShownConfig
        from v1model.column_recording.recorder import ColumnRecorder
    from v1model.config import NetworkConfig

    record = RecordConfig(
        network=NetworkConfig(neurons=config.neurons, seed=config.seed),
        shown=ShownConfig(n_pictures=config.n_pictures, repeats=config.repeats),
        signals=("spikes",),
        out=config.recording,
    )
    ColumnRecorder(record).record(Progress("s recorded", 0.001))


class Activity:
    """Spikes of a column and of its LGN around the onsets of pictures.

    Args:
        recording: Recording, open, of natural pictures.

    Raises:
        ValueError: It has no spikes of the LGN, or other stimuli only.
    """

    def __init__(self, recording):
        self._recording = recording
        self.n_neurons = recording.n_neurons
        if "lgn" not in recording.stimulus:
            raise ValueError(f"{recording.path}: stimulus 'lgn' is missing.")
        self._step, self._unit = _events(recording.stimulus["lgn"], recording.n_steps)
        self._n_units = recording.stimulus["lgn"].shape[1]
        first = bin_recording(recording, 1, stimulus=STIMULUS, drop=(BLANK,))
        self.shown_ms = round(1000 * float(np.min(first.stop_s - first.start_s)))
        self.units = self._with_lgn(first).units

    def counts(self, start_ms, stop_ms):
        """Spikes in [start, stop) ms after the onset: BinnedSpikes of one bin.

        The units are those of the column, then those of the LGN, of layer LGN.
        """
        window = start_ms / 1000, stop_ms / 1000
        return self._with_lgn(
            bin_recording(
                self._recording, 1, stimulus=STIMULUS, drop=(BLANK,), window=window
            )
        )

    def _with_lgn(self, binned):
        clock = self._recording.clock
        first = clock.steps(binned.start_s + 1e-6)
        last = clock.steps(binned.stop_s + 1e-6)
        counts = np.zeros((binned.n_presentations, 1, self._n_units), np.uint8)
        low, high = np.searchsorted(self._step, (first, last))
        for row, span in enumerate(map(slice, low, high)):
            counts[row, 0] = np.bincount(self._unit[span], minlength=self._n_units)
        ids = binned.units["id"].max() + 1 + np.arange(self._n_units)
        lgn = pd.DataFrame({"id": ids, "layer": LGN, "is_excitatory": True})
        units = binned.units[["id", "layer", "is_excitatory"]]
        valid = np.ones((binned.n_presentations, self._n_units), bool)
        return dataclasses.replace(
            binned,
            counts=np.concatenate([binned.counts, counts], axis=2),
            valid=np.concatenate([binned.valid, valid], axis=1),
            units=pd.concat([units, lgn], ignore_index=True),
        )


def _events(series, n_steps):
    """Spikes (T, I) as events in order of time, read in pieces."""
    steps, units = [], []
    for start in range(0, n_steps, 10_000):
        step, unit = np.nonzero(series.read(start, min(start + 10_000, n_steps)))
        steps.append(step + start)
        units.append(unit)
    return np.concatenate(steps), np.concatenate(units)


def groups_of(units):
    """The Groups of a table of units: from the pia down, then the LGN."""
    groups = []
    layers = sorted(set(units["layer"]) - {LGN})
    for layer in (*layers, LGN):
        for is_excitatory in (True, False):
            chosen = (units["layer"] == layer) & (
                units["is_excitatory"] == is_excitatory
            )
            if chosen.any():
                name = EXCITATORY if is_excitatory else INHIBITORY
                groups.append(Group(str(layer), name, np.flatnonzero(chosen)))
    return groups


def folds(binned, seed):
    """Splits of presentations of which each tests others; each class is in all parts.

    Args:
        binned: BinnedSpikes.
        seed: Of the division.

    Returns:
        N_FOLDS Splits: a fifth is tested, the next one validates.

    Raises:
        ValueError: A class has fewer presentations than there are folds.
    """
    fewest = int(np.bincount(binned.targets).min())
    if fewest < N_FOLDS:
        raise ValueError(
            f"each picture must be shown {N_FOLDS} times or more, got {fewest}."
        )
    rng = np.random.default_rng(seed)
    part = np.empty(binned.n_presentations, np.int64)
    for target in range(len(binned.classes)):
        rows = np.flatnonzero(binned.targets == target)
        part[rng.permutation(rows)] = np.arange(len(rows)) % N_FOLDS
    return [
        Split(
            train=np.flatnonzero((part != k) & (part != (k + 1) % N_FOLDS)),
            validation=np.flatnonzero(part == (k + 1) % N_FOLDS),
            test=np.flatnonzero(part == k),
        )
        for k in range(N_FOLDS)
    ]


def answers_right(binned, members, n, seed, progress):
    """Whether each presentation is decoded rightly from n neurons, (P,) bool.

    Args:
        binned: BinnedSpikes.
        members: Units from which each fold draws n others.
        n: How many.
        seed: Of the folds and of the draws.
        progress: Called after every fit.
    """
    is_right = np.zeros(binned.n_presentations, bool)
    for test, found in answers_of_folds(binned, members, n, seed, progress):
        is_right[test] = found
    return is_right


def answers_of_folds(binned, members, n, seed, progress):
    """Yields what each fold tests, and whether it is decoded rightly."""
    rng = np.random.default_rng([seed, n])
    for split in folds(binned, seed):
        drawn = np.sort(rng.choice(members, n, replace=False))
        yield split.test, decoded(binned.take_units(drawn), split)
        progress()


def decoded(binned, split):
    """Whether each presentation of the test part is decoded rightly, (n,) bool."""
    parts = [binned.take(rows) for rows in split]
    if not parts[0].counts.any():
        return np.zeros(len(split.test), bool)  # nothing to read, no answer
    inputs = Inputs.fit(parts[0])
    training, validation, test = (Part.of(part, inputs) for part in parts)
    model = fit_logistic(training, validation, lambda *choice: None)
    answers = model.scores(test.inputs, test.valid).argmax(axis=1)
    return answers == test.targets


def by_group(whole, groups, config, progress):
    """Rows of all layers and classes: as many neurons of each, and shuffled labels."""
    shuffled = shuffled_labels(whole, config.seed)
    for group in groups:
        n = min(config.matched, len(group.members))
        shares = [
            found.mean()
            for draw in range(config.draws)
            for _, found in answers_of_folds(
                whole, group.members, n, config.seed + draw, progress
            )
        ]
        row = row_of("matched", group, n, whole, np.mean(shares), mean_interval(shares))
        yield {**row, "tested": config.draws * row["tested"]}
        right = answers_right(shuffled, group.members, n, config.seed, progress)
        yield row_of("shuffled", group, n, whole, *share_of(right))


def by_size(whole, groups, config, progress):
    """Rows of all layers and classes: more and more neurons, up to all."""
    for group in groups:
        sizes = [n for n in SIZES if n < len(group.members)]
        for n in (*sizes, len(group.members)):
            right = answers_right(whole, group.members, n, config.seed, progress)
            yield row_of("size", group, n, whole, *share_of(right))


def timed_groups(groups):
    """Groups whose answers are followed in time: excitatory ones, and the LGN."""
    return [g for g in groups if g.cell_class == EXCITATORY]


def over_time(activity, groups, config, progress):
    """Rows and answers, (windows, P) bool, by layer, of a window that moves."""
    chosen = timed_groups(groups)
    n = min([config.timed, *(len(group.members) for group in chosen)])
    rows = {group.layer: [] for group in chosen}
    right = {group.layer: [] for group in chosen}
    for stop in window_stops(config):
        binned = activity.counts(stop - config.window_ms, stop)
        for group in chosen:
            found = answers_right(binned, group.members, n, config.seed, progress)
            row = row_of("time", group, n, binned, *share_of(found))
            times = {"start_ms": stop - config.window_ms, "stop_ms": stop}
            rows[group.layer].append({**row, **times})
            right[group.layer].append(found)
    return {name: (rows[name], np.stack(right[name])) for name in rows}


def window_stops(config):
    return range(config.step_ms, config.until_ms + 1, config.step_ms)


def row_of(analysis, group, n, binned, accuracy, interval):
    """One result, with its 95 % interval."""
    return {
        "analysis": analysis,
        "layer": group.layer,
        "cell_class": group.cell_class,
        "neurons": n,
        "tested": binned.n_presentations,
        "accuracy": float(accuracy),
        "low": float(interval[0]),
        "high": float(interval[1]),
        "chance": 1 / len(binned.classes),
    }


def share_of(is_right):
    """The share of right answers and its interval (Wilson's)."""
    return is_right.mean(), wilson_interval(int(is_right.sum()), len(is_right))


def mean_interval(shares):
    """Student's interval of a mean over draws: it covers the choice of neurons too."""
    shares = np.asarray(shares)
    half = scipy.stats.t.ppf(0.975, len(shares) - 1) * scipy.stats.sem(shares)
    return max(shares.mean() - half, 0.0), min(shares.mean() + half, 1.0)


def rise_of(rows, right, config):
    """When a layer tells half of what it will: the Rise of its course in time.

    Args:
        rows: Of `over_time`.
        right: Answers, (windows, P) bool; presentations are drawn again for the
            interval.
        config: DecodeConfig.

    Returns:
        Rise; NaN where the layer never is above chance.
    """
    stops = np.array([row["stop_ms"] for row in rows], float)
    peak = max(rows, key=lambda row: row["accuracy"])
    if peak["low"] <= peak["chance"]:
        return Rise(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(config.seed)
    n = right.shape[1]
    draws = (right[:, rng.integers(n, size=n)].mean(axis=1) for _ in range(BOOTSTRAPS))
    times = [half_rise(stops, draw, peak["chance"]) for draw in draws]
    low, high = np.quantile(times, (0.025, 0.975))
    whole = half_rise(stops, right.mean(axis=1), peak["chance"])
    return Rise(whole, float(low), float(high))


def half_rise(stops, accuracy, chance):
    """When the accuracy first is half way from chance to its peak, ms.

    Between two windows on the straight line; at the first window if it is there.
    """
    half = (chance + accuracy.max()) / 2
    k = int(np.argmax(accuracy >= half))
    if k == 0:
        return float(stops[0])
    share = (half - accuracy[k - 1]) / (accuracy[k] - accuracy[k - 1])
    return float(stops[k - 1] + share * (stops[k] - stops[k - 1]))


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


class Progress:
    """Lines that say how much is done and how long the rest takes.

    Args:
        what: What is counted, in words.
        unit: What a count is worth.
        total: How many there will be, where no call says so.
    """

    def __init__(self, what, unit=1, total=0):
        self._what, self._unit, self._total, self._done = what, unit, total, 0
        self._began = self._written = time.perf_counter()

    def __call__(self, done=None, total=None, before=0):
        self._done = self._done + 1 if done is None else done
        total = total or self._total
        now = time.perf_counter()
        if self._done < total and now - self._written < SECONDS_BETWEEN_LINES:
            return
        self._written = now
        left = (total - self._done) * (now - self._began) / (self._done - before)
        print(
            f"{self._done * self._unit:,.0f} of {total * self._unit:,.0f} "
            f"{self._what}, about {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )


def n_fits(config, groups):
    """How often a decoder is fitted in all."""
    sizes = sum(1 + sum(n < len(group.members) for n in SIZES) for group in groups)
    timed = len(timed_groups(groups)) * len(window_stops(config))
    matched = (config.draws + 1) * len(groups)
    return N_FOLDS * (matched + sizes + timed)


def cli():
    flags.run(main, DecodeConfig)


if __name__ == "__main__":
    cli()
