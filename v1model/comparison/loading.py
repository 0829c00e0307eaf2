"""Runs with their scores and histories, ready to be compared."""

import pathlib
from typing import NamedTuple

import pandas as pd

from v1model.rooms import ROOMS
from v1model.runs.index import Problem, RunSummary, find_runs, read_history
from v1model.runs.scores import read_scores
from v1model.runs.summary import METRICS

# Columns of metrics.csv, one of which is shown over epochs: the first that there is.
CURVES = ("val_bps", "val_accuracy", "val_r2", "val_mse", "val_loss", "total", "loss")


class ComparedRun(NamedTuple):
    """A run with what it is compared by.

    summary: RunSummary.
    name: A name that no other run has: of its folder, and of those above if needed.
    scores: scores.csv; None of a run without, as one that is still trained.
    history: metrics.csv, without rows before the first epoch is done.
    """

    summary: RunSummary
    name: str
    scores: pd.DataFrame | None
    history: pd.DataFrame


def load_runs(paths):
    """The runs in some folders.

    Args:
        paths: Run folders, or folders with runs at any depth.

    Returns:
        A list of ComparedRuns in the order of the paths, each run once, and a list of
        Problems: folders that are no runs, or damaged ones.
    """
    summaries, problems = {}, {}
    for path in paths:
        found = find_runs(path)
        for one in found.runs:
            summaries.setdefault(one.path.resolve(), one)
        for one in found.problems:
            problems.setdefault(one.path, one)
    runs, names = [], short_paths(list(summaries))
    for (path, summary), name in zip(summaries.items(), names, strict=True):
        try:
            runs.append(_loaded(summary, name))
        except (OSError, ValueError) as error:
            problems.setdefault(path, Problem(summary.path, str(error)))
    return runs, list(problems.values())


def short_paths(paths):
    """The shortest ends of paths that tell them apart, a list of texts."""
    parts = [pathlib.PurePath(path).parts for path in paths]
    lengths = [1] * len(paths)
    while True:
        ends = [own[-n:] for own, n in zip(parts, lengths, strict=True)]
        counts = pd.Series(ends, dtype=object).value_counts()
        is_short = [
            counts[end] > 1 and n < len(own)
            for end, own, n in zip(ends, parts, lengths, strict=True)
        ]
        if not any(is_short):
            return ["/".join(end) for end in ends]
        lengths = [n + more for n, more in zip(lengths, is_short, strict=True)]


def _loaded(summary, name):
    if summary.room not in ROOMS:
        raise ValueError(f"{summary.path} is of no training that is compared.")
    try:
        scores = read_scores(summary.path, summary.room)
    except FileNotFoundError:
        scores = None
    history = read_history(summary.path)
    for column in CURVES:
        if column in history and history[column].dtype.kind != "f":
            where = summary.path / METRICS
            raise ValueError(f"{where}: column '{column}' must be numbers.")
    return ComparedRun(summary, name, scores, history)
