"""What the scripts of the page draw, as JSON: units and curves, four digits a number.

variants   name, colour and dash, in the order of the tables
units      name, group, rate, ... of each unit; each metric as (V, U) lists
curves     metrics.csv of each run: x by axis and y by metric, None where unknown
"""

import json

import numpy as np
import pandas as pd

from visualization.comparison.colours import PALETTE, look_of

MOST_UNITS = 5000  # points of a picture; more cannot be told apart
MOST_SCORES = 300_000  # numbers of all units together, about 2 MB
MOST_METRICS = 24
MOST_NUMBERS = 250_000  # of all curves together, about 1.5 MB
AXES = {"epoch": "epoch", "minutes": "minutes", "updates": "updates", "step": "steps"}
NO_METRIC = {*AXES, "seconds", "phase"}
_ABOUT = {"variant", "seed", "group", "unit", "rate_hz", "reliability", "kind"}


def page_data(comparison, group_word):
    """Everything that the scripts need, as text that may stand in a script element.

    Args:
        comparison: Comparison.
        group_word: What a group is: recording, session or task.
    """
    variants = [*comparison.differences["variant"]]
    looks = [look_of(index) for index in range(len(variants))]
    found = {
        "unit": comparison.unit,
        "group": group_word,
        "palette": PALETTE[1:] + PALETTE[:1],
        "faint": PALETTE[0],
        "baseline": variants.index(comparison.baseline),
        "variants": [
            {"name": name, "colour": colour, "dash": dash}
            for name, (colour, dash) in zip(variants, looks, strict=True)
        ],
        "units": _units(comparison, variants),
        "curves": _curves(comparison, variants),
    }
    # The end of a script element may not stand inside it, nor may a comment begin.
    text = json.dumps(found, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def units_of(aligned):
    """Scores of the units, means over seeds.

    Args:
        aligned: Of a Comparison.

    Returns:
        Table of what is known of each unit (a row per unit: group, unit, and rate_hz,
        reliability and kind where known), and a table (unit, variant) by metric, the
        score first.
    """
    keys = ["group", "unit"]
    numbers = aligned.drop(columns=[*_ABOUT & {*aligned}]).select_dtypes("number")
    metrics = sorted(numbers.columns, key=lambda name: name != "score")
    means = aligned.groupby([*keys, "variant"], sort=False)[metrics].mean()
    tables = {name: means[name].unstack("variant") for name in metrics}
    known = [name for name in ("rate_hz", "reliability", "kind") if name in aligned]
    about = aligned.groupby(keys, sort=False)[known].first() if known else None
    index = tables["score"].index
    about = pd.DataFrame(index=index) if about is None else about.reindex(index)
    return about.reset_index(), tables


def _units(comparison, variants):
    if comparison.aligned.empty:
        return None
    about, tables = units_of(comparison.aligned)
    most = min(MOST_UNITS, MOST_SCORES // (len(variants) * len(tables)))
    rows = spread_out(len(about), max(most, 1))
    about = about.iloc[rows]
    groups = [*dict.fromkeys(about["group"])]
    words = {"score": comparison.words}
    kinds = _kinds(about)
    return {
        "total": len(tables["score"]),
        "names": [str(name) for name in about["unit"]],
        "groups": [str(name) for name in groups],
        "group": [groups.index(name) for name in about["group"]],
        "kinds": kinds,
        "kind": [kinds.index(str(name)) for name in about["kind"]] if kinds else None,
        "rate": _numbers(about["rate_hz"]) if "rate_hz" in about else None,
        "reliability": (
            _numbers(about["reliability"]) if "reliability" in about else None
        ),
        "metrics": [
            {
                "words": words.get(name, name),
                "values": [
                    _numbers(table[variant].to_numpy()[rows])
                    if variant in table
                    else [None] * len(rows)
                    for variant in variants
                ],
            }
            for name, table in tables.items()
        ],
    }


def _kinds(about):
    """Names of the kinds of units, or None where they are not known or all the same."""
    if "kind" not in about:
        return None
    kinds = sorted({str(name) for name in about["kind"]})
    return kinds if len(kinds) > 1 else None


def _curves(comparison, variants):
    histories = {
        row.run: (
            variants.index(row.variant),
            _with_axes(comparison.histories[row.run]),
        )
        for row in comparison.runs.itertuples()
        if row.variant in variants and len(comparison.histories.get(row.run, ()))
    }
    tables = [table for _, table in histories.values()]
    axes = [name for name in AXES if any(name in table for table in tables)]
    metrics = _metrics(tables, comparison.curve)
    if not metrics:
        return None
    numbers = (len(axes) + len(metrics)) * sum(map(len, tables))
    stride = -(-numbers // MOST_NUMBERS)
    runs = []
    for name, (variant, table) in histories.items():
        rows = np.unique([*range(0, len(table), stride), len(table) - 1])
        thin = table.iloc[rows]
        runs.append(
            {
                "name": name,
                "variant": variant,
                "row": rows.tolist(),
                "x": [_numbers(thin[a]) if a in thin else None for a in axes],
                "y": [_numbers(thin[m]) if m in thin else None for m in metrics],
            }
        )
    return {
        "axes": [{"words": AXES[name]} for name in axes],
        "metrics": [{"words": name} for name in metrics],
        "first": metrics.index(comparison.curve) if comparison.curve in metrics else 0,
        "runs": runs,
    }


def _with_axes(history):
    """A history with epochs that only rise, and with minutes.

    Trainings of several phases count the epochs of each phase from one; a row is an
    epoch, so its number takes their place.
    """
    epochs = history["epoch"] if "epoch" in history else pd.Series(dtype=float)
    rises = len(epochs) > 0 and bool((np.diff(epochs.to_numpy(float)) > 0).all())
    found = history.assign(epoch=epochs if rises else np.arange(1, len(history) + 1))
    if "seconds" in history:
        found = found.assign(minutes=history["seconds"] / 60)
    return found


def _metrics(tables, curve):
    """Columns with numbers, validation before training, the curve first."""
    found = {}
    for table in tables:
        for name in table.select_dtypes("number"):
            if name not in NO_METRIC and table[name].notna().any():
                found[name] = None
    order = sorted(found, key=lambda name: (name != curve, "val" not in name.lower()))
    return order[:MOST_METRICS]


def spread_out(n, most):
    """At most so many of n positions, evenly over them; (k,) int."""
    if n <= most:
        return np.arange(n)
    return np.linspace(0, n - 1, most).round().astype(int)


def _numbers(values):
    """A list of numbers with four digits (six where they count), None for unknown."""
    values = np.asarray(values, float)
    digits = 6 if np.nanmax(np.abs(values), initial=0) >= 1000 else 4
    return [
        float(f"{value:.{digits}g}") if known else None
        for value, known in zip(values, np.isfinite(values), strict=True)
    ]
