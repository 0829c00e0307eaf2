"""What a reader of a comparison must know: sentences."""

import numpy as np

from v1model.comparison.contents import COST_WORDS, GROUPS, OPEN
from v1model.comparison.costs import price_of
from v1model.comparison.differences import LEVEL

FEW_GROUPS = 5  # fewer say little about new ones
FEW_DEGREES = 3
LISTED = 5  # names in a note


def notes_on(comparison, against=None):
    """Notes on a Comparison, a list of sentences.

    Args:
        comparison: Comparison; its own notes are not looked at.
        against: The baseline as the user named it, or None.
    """
    found = [_on_baseline(comparison, against)]
    found += _on_runs(comparison)
    if (comparison.differences["n_units"] > 0).sum() > 1:
        found += _on_intervals(comparison)
    found += _on_costs(comparison)
    return found


def _on_baseline(comparison, against):
    if len(comparison.variants) == 1:
        return "all runs are one variant: they differ in nothing but their seeds."
    known = comparison.runs.loc[comparison.runs["score"].notna(), "variant"]
    if len(known) and comparison.baseline not in set(known):
        return f"the baseline, {comparison.baseline}, has no scores to compare with."
    how = "" if against else ", the first whose options are most usual"
    return f"differences are from the baseline, {comparison.baseline}{how}."


def _on_runs(comparison):
    found, runs = [], comparison.runs
    bare = runs[runs["score"].isna()]
    if len(bare):
        words = [f"{r.run} ({r.state})" for r in bare.itertuples()]
        found.append(
            f"{_listed(words)}: no scores that count, so only options, curves and "
            "costs are compared."
        )
    early = runs[runs["score"].notna() & (runs["state"] != "finished")]
    if len(early):
        words = [f"{r.run} ({r.state})" for r in early.itertuples()]
        found.append(f"{_listed(words)} has scores, but is not finished.")
    return found


def _on_intervals(comparison):
    table = comparison.differences
    table = table[table["n_units"] > 0]
    rest = table[table["variant"] != comparison.baseline]
    first = rest.iloc[0]
    unit, group = comparison.unit, GROUPS[comparison.room]
    seeds = "new seeds and " if rest["seed_degrees"].any() else ""
    found = [
        f"intervals ({LEVEL:.0%}) are for {seeds}new {unit}s like these "
        f"{first['n_units']}, in the same "
        f"{_groups(first['n_groups'], group)}."
    ]
    equal = rest.loc[
        (rest["share_better"] == 0) & (rest["share_worse"] == 0), "variant"
    ]
    if len(equal):
        found.append(f"{_listed(list(equal))}: the baseline's scores in every {unit}.")
    found += _on_seeds(table, rest)
    unpaired = rest.loc[~rest["is_paired"].astype(bool), "variant"]
    if len(unpaired):
        found.append(
            f"{_listed(list(unpaired))}: other seeds than the baseline's, so runs are "
            f"not paired, only {unit}s."
        )
    n = first["n_groups"]
    if n == 1:
        found.append(f"one {group}: nothing is known about others.")
    elif n < FEW_GROUPS:
        found.append(
            f"intervals for new {group}s rest on {n}, and are wide for that reason."
        )
    if len(rest) > 1:
        found.append(
            f"verdicts hold for all {len(rest)} comparisons together (Holm); the "
            "intervals hold one by one."
        )
        is_near = (rest["verdict"] == OPEN) & (rest["seed_degrees"] > 0)
        is_near &= (rest["low"] > 0) | (rest["high"] < 0)
        if is_near.any():
            names = _listed(list(rest.loc[is_near, "variant"]))
            found.append(
                f"{names}: the interval leaves zero out, but not with all comparisons "
                "counted."
            )
    return found


def _on_seeds(table, rest):
    if not rest["seed_degrees"].any():
        return [
            "no variant has two seeds, so intervals say nothing about other seeds, and "
            "no variant is called better: train a second seed of one at least."
        ]
    found = []
    pooled = rest[rest["is_pooled"].astype(bool)]
    if len(pooled):
        found.append(
            "the spread over seeds is taken to be alike in all variants "
            f"({pooled.iloc[0]['seed_degrees']} degrees of freedom)."
        )
    alone = rest[~rest["is_pooled"].astype(bool)]
    if len(pooled) and len(alone):
        found.append(
            f"{_listed(list(alone['variant']))}: runs are much further apart than the "
            "others', or much closer to the baseline's, so their own spread counts."
        )
    elif len(rest) > 1 and not len(pooled):
        found.append("each comparison counts the spread of its own two variants.")
    single = table.loc[table["n_seeds"] == 1, "variant"]
    if len(single):
        found.append(
            f"{_listed(list(single))}: one seed, whose spread is taken from others."
        )
    few = rest.loc[rest["seed_degrees"].between(1, FEW_DEGREES), "variant"]
    if len(few):
        found.append(
            f"{_listed(list(few))}: intervals are wide because few seeds tell how far "
            "seeds are apart; another seed for each variant narrows them most."
        )
    return found


def _on_costs(comparison):
    variants = comparison.variants
    price = price_of(variants)
    if price is None or len(variants) < 2 or variants["score"].isna().all():
        return []
    front = variants[variants["is_pareto"].astype(bool)].sort_values(price)
    names = _listed(list(front["variant"]))
    spread = variants[price].max() / max(variants[price].min(), 1e-12)
    if np.isclose(spread, 1):
        return [f"all variants have the same {COST_WORDS[price]}."]
    return [
        f"no variant has both fewer {COST_WORDS[price]} and a better score than: "
        f"{names}."
    ]


def _groups(n, group):
    return group if n == 1 else f"{n} {group}s"


def _listed(names):
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return "; ".join(names[:LISTED]) + more
