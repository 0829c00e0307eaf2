"""Conditions that choose runs: seed=3, model.convnet.type~dense, score>=0.2."""

import difflib
import json
import operator
import re
from typing import NamedTuple

from v1model.rooms import ROOMS
from v1model.runs.options_text import is_number

# Longer signs first: ">=" is no ">" of "=0.2".
SIGNS = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    "~": None,
}
FIELDS = ("name", "room", "state", "error", "epochs", "score", "minutes", "host")
SEED = "seed"  # alone, it is that of the run
_INPUTS = "inputs."


class Condition(NamedTuple):
    """What a run must fulfil.

    name: One of FIELDS, or an option by its dotted name or the end of it.
    sign: One of SIGNS; ~ is "contains the text", whatever its letters' case.
    text: What the value is compared with.
    """

    name: str
    sign: str
    text: str

    def holds(self, value):
        """Whether a value fulfils it; one that is missing does not, except for !=."""
        if self.sign == "~":
            return self.text.lower() in as_text(value).lower()
        expected = _parsed(self.text)
        if self.sign in ("=", "!="):
            is_equal = value == expected or as_text(value) == self.text
            return is_equal == (self.sign == "=")
        if not (is_number(value) and is_number(expected)):
            return False
        return SIGNS[self.sign](value, expected)


def parse_condition(text):
    """The Condition that a text is.

    Raises:
        ValueError: It is none.
    """
    signs = "|".join(map(re.escape, SIGNS))
    found = re.fullmatch(rf"([\w.*-]+?)\s*({signs})\s*(.*)", text.strip())
    if not found:
        raise ValueError(
            f"--where must be an option, one of {' '.join(SIGNS)} and a value, such as "
            f"training.seed=3, got {text!r}."
        )
    return Condition(*found.groups())


def select(runs, conditions=(), states=(), rooms=()):
    """Those of the RunSummaries that fulfil everything.

    Args:
        runs: RunSummaries.
        conditions: Conditions.
        states, rooms: The ones to keep; none keeps all.

    Raises:
        ValueError: No run has an option of that name.
    """
    names = [known_name(runs, condition.name) for condition in conditions]
    found = []
    for run in runs:
        is_chosen = (not states or run.state in states) and (
            not rooms or run.room in rooms
        )
        if is_chosen and all(
            condition.holds(value_of(run, name))
            for condition, name in zip(conditions, names, strict=True)
        ):
            found.append(run)
    return found


def known_name(runs, name):
    """The whole name of a field, an option or an input of some run.

    An end that is of different options in different rooms, such as seed, stays as it
    is: `value_of` finds each run's own.

    Raises:
        ValueError: None is called so or ends so, or several of one run; says which are
            near.
    """
    if name in FIELDS or not runs:
        return name
    found = {_whole(run, name) for run in runs} - {None}
    if len(found) == 1:
        return found.pop()
    if found:
        return name
    known = {option for run in runs for option in run.config}
    near = difflib.get_close_matches(name, [*known, *FIELDS], n=3, cutoff=0.5)
    words = f"; near are {', '.join(near)}" if near else ""
    raise ValueError(f"no run has an option {name}{words}.")


def value_of(run, name):
    """A field, an option or an input of a RunSummary; None if it has none.

    Raises:
        ValueError: Several options of the run end so.
    """
    if name == "epochs":
        return run.n_epochs
    if name in FIELDS:
        return getattr(run, name)
    if name in run.config:
        return run.config[name]
    whole = _whole(run, name)
    if whole is not None and whole.startswith(_INPUTS):
        return run.inputs[whole.removeprefix(_INPUTS)]
    return run.config.get(whole)


def _whole(run, name):
    """The option or input of a run that is called so, or alone ends so; or None."""
    known = [*run.config, *(_INPUTS + option for option in run.inputs)]
    if name in known:
        return name
    if name == SEED and run.room in ROOMS:  # there may be seeds of splits and others
        return ROOMS[run.room].seed
    ends = sorted(option for option in known if option.endswith(f".{name}"))
    if len(ends) > 1:
        raise ValueError(f"{name} may be {', '.join(ends)}: give more of the name.")
    return ends[0] if ends else None


def as_text(value):
    """A value as one would type it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    return json.dumps(value) if isinstance(value, dict) else f"{value}"


def _parsed(text):
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except ValueError:
        return text
