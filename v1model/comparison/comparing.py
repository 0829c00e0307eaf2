"""compare: from run folders to a Comparison."""

import collections
import difflib

import numpy as np
import pandas as pd

from v1model.comparison.admission import (
    of_one_room,
    require_same_data,
    told_apart,
    with_scores,
    without_copies,
)
from v1model.comparison.alignment import align
from v1model.comparison.contents import COSTS, Comparison
from v1model.comparison.costs import costs, is_pareto, price_of
from v1model.comparison.differences import (
    BINNED_COLUMNS,
    DIFFERENCE_COLUMNS,
    binned_differences,
    paired_differences,
)
from v1model.comparison.loading import CURVES, load_runs
from v1model.comparison.notes import notes_on
from v1model.comparison.options import (
    is_seed,
    seeds_of,
    short_labels,
    variants_by,
    variants_of,
    varied_options,
)
from v1model.rooms import ROOMS

COVARIATES = ("rate_hz", "reliability")


def compare(paths, against=None, score=None, room=None, by=None, seed=0):
    """Compares the runs in some folders.

    Args:
        paths: Run folders, or folders with runs at any depth.
        against: The baseline: name of a variant or of one of its runs; None takes the
            variant with the most usual options, the first of several.
        score: Column of scores.csv; None takes that of the room.
        room: One of ROOMS, where folders have runs of several; None of one.
        by: An option that alone makes the variants: runs that differ in others, too,
            repeat each other like seeds do. None takes all options.
        seed: Of the intervals' draws.

    Returns:
        Comparison. Of runs without scores, as they train, only options, curves and
        costs are compared.

    Raises:
        ValueError: There are no runs, runs of several rooms or of other data, or names
            are wrong.
    """
    runs, problems = load_runs(paths)
    runs, room = of_one_room(runs, room, paths, problems)
    score = score or ROOMS[room].score
    runs, empty = with_scores(runs, score)
    table = varied_options([one.summary for one in runs])
    require_same_data(runs, table, room)
    seeds = seeds_of([one.summary for one in runs])
    if by is None:
        names, options = variants_of(table)
    else:
        names, others, options = variants_by(table, by)
        seeds = [", ".join(filter(None, p)) for p in zip(others, seeds, strict=True)]
    runs, copies = without_copies(names, seeds, runs)
    seeds, again = told_apart(names, seeds, runs)
    baseline = _baseline(against, runs, names, table, options)
    words = ROOMS[room].words if score == ROOMS[room].score else score
    aligned, notes = _aligned(runs, names, seeds, score)
    notes = [*empty, *copies, *again, *notes]
    table = _run_table(runs, names, seeds, table, aligned)
    differences = _differences(aligned, baseline, seed)
    variants = _variant_table(table, options)
    order = _order(variants, baseline)
    variants = variants.set_index("variant").loc[order].reset_index()
    places = {name: k for k, name in enumerate(order)}
    table = table.sort_values(
        ["variant", "seed", "run"],
        key=lambda c: c.map(places) if c.name == "variant" else c,
        kind="stable",
        ignore_index=True,
    )
    differences = _all_rows(differences, order)
    found = Comparison(
        room=room,
        score=score,
        words=words,
        unit=ROOMS[room].unit,
        baseline=baseline,
        options=tuple(options),
        labels=short_labels(options),
        runs=table,
        variants=variants,
        differences=differences,
        aligned=aligned,
        by_rate=_by_rate(aligned, baseline, seed),
        histories={one.name: one.history for one in runs},
        curve=_curve(runs),
        problems=tuple(problems),
        notes=(),
    )
    if by is not None:
        words = f"variants differ in {by}: whatever else differs counts like a seed."
        notes = [words, *notes]
    return found._replace(notes=(*notes_on(found, against), *notes))


def _baseline(against, runs, names, table, options):
    if against is None:
        is_scored = [one.scores is not None for one in runs]
        return _most_usual(names, table, options, is_scored)
    by_run = {one.name: name for one, name in zip(runs, names, strict=True)}
    by_run |= {str(one.summary.path): by_run[one.name] for one in runs}
    if against in names:
        return against
    if against in by_run:
        return by_run[against]
    choices = list(dict.fromkeys(names))
    near = difflib.get_close_matches(against, [*choices, *by_run], 1)
    hint = f" did you mean '{near[0]}'?" if near else ""
    raise ValueError(f"no variant or run '{against}', choose from {choices}.{hint}")


def _most_usual(names, table, options, is_scored):
    """The variant whose options most runs share, the first of several; with scores."""
    points = np.zeros(len(names))
    for option in options:
        values = [repr(value) for value in table[option]]
        counts = collections.Counter(values)
        points += [counts[value] for value in values]
    if any(is_scored):
        points[~np.array(is_scored)] = -1
    return names[int(np.argmax(points))]


def _aligned(runs, names, seeds, score):
    cells = {}
    for one, name, seed in zip(runs, names, seeds, strict=True):
        if one.scores is not None:
            cells.setdefault((name, seed), []).append((one.name, one.scores))
    if not cells:
        columns = ["variant", "seed", "group", "unit", "score"]
        return pd.DataFrame(columns=columns), []
    return align(cells, score)


def _run_table(runs, names, seeds, table, aligned):
    means = aligned.groupby(["variant", "seed"])["score"].agg(["mean", "size"])
    price = costs(runs)
    rows = []
    for k, one in enumerate(runs):
        cell = (names[k], seeds[k])
        has_scores = one.scores is not None and cell in means.index
        start = one.summary.starts[-1] if one.summary.starts else {}
        rows.append(
            {"run": one.name, "variant": names[k], "seed": seeds[k]}
            | {"state": one.summary.state}
            | {n: table[n].iloc[k] for n in table if not is_seed(n)}
            | {
                "score": means.loc[cell, "mean"] if has_scores else np.nan,
                "n_units": int(means.loc[cell, "size"]) if has_scores else 0,
                "epochs": one.summary.n_epochs,
            }
            | {name: price.loc[one.name, name] for name in COSTS}
            | {"command": start.get("command", ""), "path": str(one.summary.path)}
        )
    return pd.DataFrame(rows)


def _variant_table(table, options):
    rows = []
    for name, own in table.groupby("variant", sort=False):
        by_seed = own.groupby("seed")["score"].first()
        known = by_seed.dropna()
        first = own.iloc[0]
        rows.append(
            {"variant": name}
            | {option: first[option] for option in options}
            | {
                "score": known.mean() if len(known) else np.nan,
                "seed_sd": known.std(ddof=1) if len(known) > 1 else np.nan,
                "n_runs": len(own),
                "n_seeds": len(known),
            }
            | {cost: own[cost].mean() for cost in COSTS}
        )
    found = pd.DataFrame(rows)
    price = price_of(found)
    front = np.zeros(len(found), bool)
    if price is not None:
        front = is_pareto(found[price], found["score"])
    return found.assign(is_pareto=front)


def _order(variants, baseline):
    """Names of the variants: the baseline, then the best first, unknown ones last."""
    best = variants.sort_values("score", ascending=False, kind="stable")["variant"]
    return [baseline, *(name for name in best if name != baseline)]


def _differences(aligned, baseline, seed):
    if baseline not in set(aligned["variant"]):
        return pd.DataFrame(columns=list(DIFFERENCE_COLUMNS), dtype=float)
    return paired_differences(aligned, baseline, seed)


def _all_rows(differences, order):
    """A row for each variant; numbers of those without scores are NaN or 0."""
    found = differences.set_index("variant").reindex(order).reset_index()
    for name in ("groups_better", "seed_degrees", "n_seeds", "n_groups", "n_units"):
        found[name] = [0 if pd.isna(value) else int(value) for value in found[name]]
    for name in ("is_paired", "is_pooled"):
        found[name] = [not pd.isna(value) and bool(value) for value in found[name]]
    found["verdict"] = ["" if pd.isna(value) else value for value in found["verdict"]]
    return found


def _by_rate(aligned, baseline, seed):
    parts = []
    if baseline in set(aligned["variant"]):
        parts = [binned_differences(aligned, baseline, c, seed) for c in COVARIATES]
    parts = [one for one in parts if len(one)]
    if not parts:
        return pd.DataFrame(columns=list(BINNED_COLUMNS))
    return pd.concat(parts, ignore_index=True)


def _curve(runs):
    """The first of CURVES of which a run has a finite number, or ""."""
    histories = [one.history for one in runs if len(one.history)]
    for name in CURVES:
        if any(name in h and np.isfinite(h[name]).any() for h in histories):
            return name
    return ""
