"""Comparison: what pages, figures, tables and the terminal are drawn from."""

from typing import NamedTuple

import pandas as pd

COSTS = ("parameters", "operations_per_bin", "minutes", "peak_memory_gb")
COST_WORDS = {
    "parameters": "parameters",
    "operations_per_bin": "operations per bin",
    "minutes": "minutes of training",
    "peak_memory_gb": "peak memory (GB)",
}
GROUPS = {
    "column": "task",
    "latent": "recording",
    "cnn": "recording",
    "decoder": "session",
}
BETTER, WORSE, OPEN = "better", "worse", "not told apart"


class Comparison(NamedTuple):
    """Runs of one room, held side by side.

    A variant is all runs that agree in everything but their seeds. Rows of `runs` lie
    in the order of variants, and within one in that of seeds; `variants` and
    `differences` have the same rows, the baseline first, then by score, the best first.

    room: One of ROOMS.
    score: Column of scores.csv that is compared; larger is better.
    words: The same in words, for axes and headings.
    unit: What a unit is: neuron, trial or presentation.
    baseline: Name of the variant that the others are compared with.
    options: Dotted names of the options that differ; columns of `runs` and `variants`.
        Inputs are `inputs.NAME`.
    labels: The same as short readable names, by dotted name.
    runs: A row per run: run (a name that no other has), variant, seed (text), state,
        the options, score (mean over aligned units, NaN without any), n_units, epochs,
        COSTS, command, path.
    variants: A row per variant: variant, the options, score (mean), seed_sd (spread of
        the runs' scores), n_runs, n_seeds, COSTS (means), is_pareto (nobody is both
        cheaper and better, by operations, or else parameters).
    differences: A row per variant, the baseline's own all zeros: variant, difference
        (mean over units and seeds of score minus the baseline's), low, high (95 %
        interval: new seeds and units, these groups), low_new, high_new (new groups,
        too; NaN with one group), p_holm (Holm's, over all variants), verdict (BETTER,
        WORSE or OPEN, which it always is where no variant has two seeds), share_better
        and share_worse (of the units; the rest are equal), groups_better (their
        number), is_paired (same seeds), is_pooled (the spread of seeds is that of all
        variants), seed_degrees (of freedom, of that spread; 0 where no variant has two
        seeds), n_seeds, n_groups, n_units.
    aligned: Long, a row per variant, seed and unit that all have: variant, seed, group,
        unit, score, and rate_hz, reliability, kind and other columns where known.
    by_rate: Difference by bins of firing rate: variant, covariate (rate_hz or
        reliability), value (median of the bin), difference, low, high, n_units.
    histories: metrics.csv of each run by its name in `runs`.
    curve: Column of the histories that shows progress, for learning curves; "" where
        the histories share none.
    problems: Folders that were left out: records with path and reason.
    notes: Sentences for the reader: what was dropped, what intervals do not cover.
    """

    room: str
    score: str
    words: str
    unit: str
    baseline: str
    options: tuple[str, ...]
    labels: dict[str, str]
    runs: pd.DataFrame
    variants: pd.DataFrame
    differences: pd.DataFrame
    aligned: pd.DataFrame
    by_rate: pd.DataFrame
    histories: dict[str, pd.DataFrame]
    curve: str
    problems: tuple
    notes: tuple[str, ...]
