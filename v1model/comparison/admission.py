"""Which runs are compared, and whose scores count."""

import collections

import numpy as np

from v1model.rooms import ROOMS

# Options that say which data models are judged by: scores of others are no match.
JUDGED_BY = {
    "column": (),
    "latent": ("training.data_split.validation_start",)
    + ("training.data_split.validation_end",),
    "cnn": ("data.activity", "data.stimulus", "data.types", "data.split_by")
    + ("data.split_seed", "data.validation_share", "data.test_share"),
    "decoder": ("split", "split_seed", "validation", "test", "gap")
    + ("session.label", "session.drop"),
}


def of_one_room(runs, room, paths, problems):
    """The ComparedRuns of a room, None for the only one that there is; and the room.

    Raises:
        ValueError: There is no such run or room, or there are runs of several.
    """
    if room is not None and room not in ROOMS:
        raise ValueError(f"unknown room '{room}', choose from {list(ROOMS)}.")
    counts = collections.Counter(one.summary.room for one in runs)
    if room is None and len(counts) > 1:
        words = ", ".join(f"{n} of {name}" for name, n in counts.items())
        raise ValueError(f"runs must be of one room, got {words}: choose with --room.")
    kept = [one for one in runs if room in (None, one.summary.room)]
    if not kept:
        words = ", ".join(map(str, paths))
        reason = f" {problems[0].reason}" if problems else ""
        raise ValueError(f"no run{f' of {room}' if room else ''} in {words}.{reason}")
    return kept, kept[0].summary.room


def with_scores(runs, score):
    """The runs, without the scores of those that have a number for no unit; notes."""
    kept, notes = [], []
    for one in runs:
        known = one.scores is None or score not in one.scores
        known = known or np.isfinite(one.scores[score].to_numpy(np.float64)).any()
        if not known:
            notes.append(f"{one.name}: {score} is a number of no unit.")
        kept.append(one if known else one._replace(scores=None))
    return kept, notes


def require_same_data(runs, table, room):
    """Refuses scored runs that differ in JUDGED_BY; `table` is of `varied_options`.

    Raises:
        ValueError: Says in which option, and its values.
    """
    has_scores = [one.scores is not None for one in runs]
    for name in JUDGED_BY[room]:
        if name not in table:
            continue
        found = {}
        for one, value, is_scored in zip(runs, table[name], has_scores, strict=True):
            if is_scored:
                found.setdefault(repr(value), (one.name, value))
        if len(found) > 1:
            words = ", ".join(f"{value} in {run}" for run, value in found.values())
            raise ValueError(
                f"runs are judged by other data: {name} is {words}. Compare those that "
                "share it."
            )


def without_copies(variants, seeds, runs):
    """The runs, without the scores of those that repeat another to the digit; notes.

    A deterministic training done again says nothing of other seeds.
    """
    seen, kept, notes = {}, [], []
    for variant, seed, one in zip(variants, seeds, runs, strict=True):
        earlier = seen.setdefault((variant, seed), [])
        twin = next((two for two in earlier if two.scores.equals(one.scores)), None)
        if twin is not None:
            notes.append(
                f"{one.name} has the very scores of {twin.name}, of the same variant "
                "and seed, and is not counted."
            )
            one = one._replace(scores=None)
        elif one.scores is not None:
            earlier.append(one)
        kept.append(one)
    return kept, notes


def told_apart(variants, seeds, runs):
    """Seeds, with a number behind those of runs that are the same again; notes."""
    seen, found, repeated = {}, [], []
    for variant, seed, one in zip(variants, seeds, runs, strict=True):
        earlier = seen.setdefault((variant, seed), [])
        groups = _units_in(one)
        number = next(
            (k for k, own in enumerate(earlier) if not own & groups), len(earlier)
        )
        if number == len(earlier):
            earlier.append(set())
        earlier[number] |= groups or {("", one.name)}
        found.append(seed if not number else f"{seed} ({number + 1})".strip())
        if number and one.scores is not None:
            repeated.append(one.name)
    words = ", ".join(repeated)
    notes = [
        f"{words}: a seed that another run of the variant has, counted as one more."
    ]
    return found, notes if repeated else []


def _units_in(one):
    if one.scores is None:
        return set()
    return set(zip(one.scores["group"], one.scores["unit"], strict=True))
