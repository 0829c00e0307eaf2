"""Scores of all runs in the units that all of them have."""

import numpy as np
import pandas as pd

KEYS = ["group", "unit"]
PART = "part"  # column of the part of the data that a score is of
LISTED = 3  # names in a message


def align(cells, score):
    """Scores in the units that every variant has for every seed.

    Runs of one variant and seed are joined: each may have units of its own. Units of
    trials that are other ones for each seed are numbered within their seed, so that
    variants are paired in the same trials.

    Args:
        cells: By (variant, seed), a list of pairs: name of a run, its scores.
        score: Column that is compared.

    Returns:
        Long data frame with variant, seed, group, unit, score and the further columns
        of the scores, sorted by group and unit within each seed of a variant; and a
        list of notes: what was dropped, and why.

    Raises:
        ValueError: A run lacks the column, two runs of a cell share a unit, parts of
            the data differ, or no unit is left.
    """
    _require_one_part(cells)
    joined = {cell: _joined(runs, score) for cell, runs in cells.items()}
    joined, notes = _within_seeds(joined)
    keys = {
        cell: pd.MultiIndex.from_frame(frame[KEYS]) for cell, frame in joined.items()
    }
    every = pd.MultiIndex.from_tuples([], names=KEYS)
    common = None
    for own in keys.values():
        every = every.union(own, sort=False)
        common = own if common is None else common[common.isin(own)]
    if not len(common):
        raise ValueError(_why_none(cells))
    notes += _dropped(cells, keys, every, common)
    frames = []
    for (variant, seed), frame in joined.items():
        frame = frame[keys[variant, seed].isin(common)].sort_values(KEYS)
        frame = frame.rename(columns={score: "score"})
        first = {"variant": variant, "seed": seed}
        rest = [c for c in frame if c not in (*KEYS, "score")]
        frame = frame[[*KEYS, "score", *rest]].reset_index(drop=True)
        frames.append(frame.assign(**first)[[*first, *frame.columns]])
    frames, n_left = _known_scores(frames)
    if n_left:
        notes.append(f"{n_left} units without a score in some run were dropped.")
    return pd.concat(frames, ignore_index=True), notes


def units_of(aligned):
    """Units of an aligned frame, a row each in its order, with their covariates.

    Numbers are means over variants and seeds, texts those of the first.
    """
    rest = [name for name in aligned if name not in ("variant", "seed", "score")]
    own = aligned[rest]
    rules = {
        name: "mean" if own[name].dtype.kind in "fiu" else "first"
        for name in rest
        if name not in KEYS
    }
    grouped = own.groupby(KEYS, sort=True, as_index=False)
    return grouped.agg(rules) if rules else grouped.size()[KEYS]


def matrices_of(aligned):
    """Scores of each variant, (S, U) by name, with seeds, a pair; units as `units_of`.

    Raises:
        ValueError: A seed of a variant lacks a unit, which `align` leaves to none.
    """
    n_units = len(aligned.drop_duplicates(KEYS))
    found = {}
    for variant, frame in aligned.groupby("variant", sort=False):
        frame = frame.sort_values(["seed", *KEYS], kind="stable")
        seeds = tuple(dict.fromkeys(frame["seed"]))
        values = frame["score"].to_numpy(np.float64)
        if len(values) != len(seeds) * n_units:
            raise ValueError(f"variant {variant} lacks units that others have.")
        found[variant] = seeds, values.reshape(len(seeds), n_units)
    return found


def _joined(runs, score):
    for name, scores in runs:
        if score not in scores:
            columns = [c for c in scores if c not in KEYS]
            raise ValueError(
                f"{name}: scores.csv has no column '{score}', choose from {columns}."
            )
    frame = pd.concat([scores for _, scores in runs], ignore_index=True)
    twice = frame.duplicated(KEYS)
    if twice.any():
        group, unit = frame.loc[twice, KEYS].iloc[0]
        names = ", ".join(name for name, _ in runs)
        raise ValueError(
            f"{names} are the same variant and seed, and have both scored unit {unit} "
            f"of {group}: leave one out."
        )
    return frame


def _require_one_part(cells):
    found = {}
    for runs in cells.values():
        for name, scores in runs:
            for part in scores[PART].unique() if PART in scores else ():
                found.setdefault(part, name)
    if len(found) > 1:
        words = ", ".join(f"{part} in {name}" for part, name in found.items())
        raise ValueError(f"scores are of different parts of the data: {words}.")


def _within_seeds(joined):
    """Frames whose units are numbered within seeds, if seeds share no unit."""
    by_seed = {}
    for (_, seed), frame in joined.items():
        own = set(zip(frame["group"], frame["unit"], strict=True))
        by_seed.setdefault(seed, []).append(own)
    shared = {seed: set.intersection(*sets) for seed, sets in by_seed.items()}
    is_apart = len(shared) > 1 and not set.intersection(*shared.values())
    if not is_apart or not all(shared.values()):
        return joined, []
    found = {}
    for (variant, seed), frame in joined.items():
        own = pd.MultiIndex.from_frame(frame[KEYS]).isin(shared[seed])
        frame = frame[own].sort_values(KEYS).reset_index(drop=True)
        number = frame.groupby("group", sort=False).cumcount()
        found[variant, seed] = frame.assign(unit=number.map("{:05d}".format))
    return found, ["each seed has trials of its own, numbered from 0 within it."]


def _dropped(cells, keys, every, common):
    """A note on the units that were dropped, and the runs that lack most of them."""
    n_lost = len(every) - len(common)
    if not n_lost:
        return []
    lacking = {cell: len(every) - len(own) for cell, own in keys.items()}
    worst = sorted((cell for cell in lacking if lacking[cell]), key=lacking.get)[::-1]
    words = [
        f"{' and '.join(name for name, _ in cells[cell])} lacks {lacking[cell]}"
        for cell in worst[:LISTED]
    ]
    more = f" and {len(worst) - LISTED} more" if len(worst) > LISTED else ""
    return [
        f"{n_lost} of {len(every)} units are not in all runs and were dropped: "
        f"{'; '.join(words)}{more}."
    ]


def _why_none(cells):
    words = []
    for runs in cells.values():
        for name, scores in runs:
            groups = list(dict.fromkeys(scores["group"]))
            n_more = len(groups) - LISTED
            more = f" and {n_more} more" if n_more > 0 else ""
            words.append(f"{name} is of {', '.join(groups[:LISTED])}{more}")
    first = words[0].split(" is of ")[1]
    other = next((w for w in words if w.split(" is of ")[1] != first), None)
    if other is None:
        return f"no unit is in all {len(words)} runs, though all are of {first}."
    return f"no unit is in all runs: {words[0]}, but {other}."


def _known_scores(frames):
    """Frames without the units that have no score in one of them, and their number."""
    is_known = np.ones(len(frames[0]), bool)
    for frame in frames:
        is_known &= np.isfinite(frame["score"].to_numpy(float))
    if not is_known.any():
        raise ValueError("no unit has a score in all runs.")
    return [frame[is_known] for frame in frames], int((~is_known).sum())
