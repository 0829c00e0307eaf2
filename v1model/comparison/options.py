"""Options that differ between runs, variants that they make, and their names."""

import collections
import json
import math

import pandas as pd

from v1model.monitoring_config import MONITORING_OPTIONS

# They say where results lie, how long at most, and what is shown; nothing of the model.
SILENT = MONITORING_OPTIONS | {
    "results_dir",
    "run_name",
    "comment",
    "dry_run",
    "max_minutes",
    "max_time",
    "worker_timeout",
    "log_activity_every",
    "debug_prints",
    "caching",
}
SEED = "seed"  # last part of the names of seeds; a split_seed is none
# Runs that differ in these may be parts of one variant, a recording or unit each.
PARTS = ("inputs.recordings", "data.units", "session.recording", "session.units")
EMPTY_WORDS = {"", "none", "auto", "all", "default"}
LONGEST_VALUE = 24  # letters
MAJORITY = 0.6  # of the variants: a value that names leave out


def options_of(summary):
    """Options and inputs of a RunSummary by dotted name, without SILENT ones."""
    inputs = {f"inputs.{name}": value for name, value in summary.inputs.items()}
    found = summary.config | inputs
    return {k: v for k, v in found.items() if k.split(".")[-1] not in SILENT}


def varied_options(summaries):
    """Options that differ between runs, seeds included.

    Args:
        summaries: RunSummaries.

    Returns:
        Data frame, a row per run by its path, a column per dotted name; what a run
        does not have is None.
    """
    rows = [options_of(one) for one in summaries]
    names = sorted({name for row in rows for name in row})
    varied = [name for name in names if len({_key(row.get(name)) for row in rows}) > 1]
    columns = {name: [row.get(name) for row in rows] for name in varied}
    index = [str(one.path) for one in summaries]
    return pd.DataFrame(columns, index=index, columns=varied, dtype=object)


def is_seed(name):
    """Whether a dotted name is that of a seed."""
    return name.split(".")[-1] == SEED


def short_labels(names):
    """The shortest ends of dotted names that tell them apart, by name."""
    found = {}
    for name in names:
        parts = name.split(".")
        for n in range(1, len(parts) + 1):
            end = ".".join(parts[-n:])
            if not any(_ends(other, end) for other in names if other != name):
                break
        found[name] = end
    return found


def short_value(value):
    """A value in few letters: numbers by %g, lists by their parts or their length."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}" if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        text = ",".join(short_value(one) for one in value)
        if len(text) <= LONGEST_VALUE:
            return text or "none"
        return f"{len(value)} values"
    if isinstance(value, dict):
        return short_value(json.dumps(value, sort_keys=True))
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"…{text[1 - LONGEST_VALUE :]}"


def variants_of(table):
    """Which variant each run is of: runs that agree in all but seeds and PARTS.

    Args:
        table: Data frame of `varied_options`.

    Returns:
        Names of the variants, a list with one for each row; and the dotted names of
        the options that make variants.
    """
    columns = {
        name: _numbers_of_parts(table[name]) if name in PARTS else list(table[name])
        for name in table
        if not is_seed(name)
    }
    columns = {k: v for k, v in columns.items() if len({_key(x) for x in v}) > 1}
    if not columns:
        return ["all"] * len(table), []
    return _names(columns), list(columns)


def variants_by(table, option):
    """Variants by one option alone, and what else tells their runs apart.

    Args:
        table: Data frame of `varied_options`.
        option: Dotted name of an option, or an end of it that no other has.

    Returns:
        Name of the variant of each run, a list; for each run the name of its other
        options, which repeat in all variants like seeds do; dotted names of the
        options that make the variants.

    Raises:
        ValueError: No option or several options that differ have that name.
    """
    _, options = variants_of(table)
    found = [name for name in options if _ends(name, option)]
    exact = [name for name in found if name == option]
    if len(exact or found) != 1:
        words = "no option that differs" if not found else "several options"
        raise ValueError(f"{words} named '{option}', choose from {found or options}.")
    name = (exact or found)[0]
    values = [_key(value) for value in table[name]]
    names, _ = variants_of(table[[name]])
    others = [
        other
        for other in options
        if len({(v, _key(x)) for v, x in zip(values, table[other], strict=True)})
        > len(set(values))
    ]
    with_it = [other for other in options if other not in others]
    if not others:
        return names, [""] * len(names), with_it
    return names, variants_of(table[others])[0], with_it


def seeds_of(summaries):
    """Seeds of each run as a text, such as "3", or "3 7" of several; a list.

    Of several seeds only those that differ count, or else the one of the shortest name.
    """
    rows = [{k: v for k, v in one.config.items() if is_seed(k)} for one in summaries]
    names = sorted({name for row in rows for name in row}, key=lambda n: (len(n), n))
    varied = [n for n in names if len({_key(row.get(n)) for row in rows}) > 1]
    chosen = varied or names[:1]
    return [" ".join(short_value(row.get(name)) for name in chosen) for row in rows]


def _numbers_of_parts(values):
    """How many recordings or units each run has: which, is not its variant's."""
    return [len(v) if isinstance(v, (list, tuple)) else v for v in values]


def _names(columns):
    """Name of each run's variant: values that are not most others', too."""
    labels = short_labels(list(columns))  # ends that no other option has, told or not
    columns = {name: columns[name] for name in telling_options(columns)}
    texts = [[_key(value) for value in column] for column in columns.values()]
    keys = [*zip(*texts, strict=True)]
    variants = dict.fromkeys(keys)
    rows = {key: keys.index(key) for key in variants}
    usual = {}
    for place in range(len(columns)):
        counts = collections.Counter(key[place] for key in variants)
        value, n = counts.most_common(1)[0]
        if len(variants) > 2 and n > MAJORITY * len(variants):
            usual[place] = value
    plain = _plain_words(columns)
    found = {}
    for key, row in rows.items():
        parts = []
        for place, (name, column) in enumerate(columns.items()):
            if usual.get(place) != key[place]:
                text = short_value(column[row])
                parts.append(text if name in plain else f"{labels[name]}={text}")
        found[key] = ", ".join(parts) or "base"
    names = _told_apart(found)
    return [names[key] for key in keys]


def telling_options(columns):
    """Options that tell variants apart, without those that follow from another one.

    A norm of another type brings options of its own, which are no news. Of two that
    follow from each other, words say more than numbers, words of their own more than
    `none`, and short names more than long ones.

    Args:
        columns: Values by dotted name, lists with one for each variant or run.

    Returns:
        Some of the names, in their order.
    """

    def rank(name):
        is_word = all(isinstance(value, str) for value in columns[name])
        is_empty = is_word and bool({*map(str.lower, columns[name])} & EMPTY_WORDS)
        return not is_word, is_empty, name.count("."), len(name), name

    values = {name: [_key(value) for value in own] for name, own in columns.items()}
    sizes = {name: len(set(own)) for name, own in values.items()}

    def follows(name, other):
        """Whether one value of `other` goes with one of `name` only."""
        pairs = set(zip(values[name], values[other], strict=True))
        return len(pairs) == sizes[other]

    return [
        name
        for name in columns
        if not any(
            follows(name, other)
            and (sizes[other] > sizes[name] or rank(other) < rank(name))
            for other in columns
            if other != name
        )
    ]


def _plain_words(columns):
    """Options whose values say by themselves what they are: words of no other one."""
    owners = collections.defaultdict(set)
    for name, column in columns.items():
        for value in column:
            owners[value if isinstance(value, str) else None].add(name)
    return {
        name
        for name, column in columns.items()
        if all(isinstance(value, str) and owners[value] == {name} for value in column)
        and not {value.lower() for value in column} & EMPTY_WORDS
    }


def _told_apart(found):
    """The names, numbered where shortened values made two alike."""
    counts = collections.Counter(found.values())
    seen = collections.Counter()
    for key, name in found.items():
        if counts[name] > 1:
            seen[name] += 1
            found[key] = f"{name} ({seen[name]})"
    return found


def _ends(name, end):
    return name == end or name.endswith(f".{end}")


def _key(value):
    """A text that equal values share, 1 and 1.0 as well."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)
