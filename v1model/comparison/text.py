"""A Comparison in lines of text, fitted to a width."""

import textwrap

import numpy as np

LONGEST_PROBLEMS = 10  # folders that are listed
_COSTS = "parameters", "op/bin", "minutes", "GB"
_COUNTS = "better", "worse", "seeds"
_NAME = 32  # letters of a variant's name that stay, where names are long
_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def lines_of(comparison, width):
    """All that the terminal shows: a heading, variants, notes, what was left out.

    Args:
        comparison: Comparison.
        width: Letters of a line; names are shortened to it, notes wrapped.

    Returns:
        A list of lines.
    """
    n_seeds = comparison.runs["seed"].nunique()
    heading = (
        f"{_counted(len(comparison.runs), 'run')} of the {comparison.room} room, "
        f"{_counted(len(comparison.variants), 'variant')}, "
        f"{_counted(n_seeds, 'seed')}; {comparison.words}, larger is better"
    )
    lines = [*_wrapped(heading, width), "", *_table(comparison, width), ""]
    for note in comparison.notes:
        lines += _wrapped(f"* {note}", width)
    problems = comparison.problems
    if problems:
        lines += ["", f"left out, {len(problems)}:"]
        for one in problems[:LONGEST_PROBLEMS]:
            lines += _wrapped(f"! {one.reason}", width)
        if len(problems) > LONGEST_PROBLEMS:
            lines.append(f"! and {len(problems) - LONGEST_PROBLEMS} more")
    return lines


def short_number(value, digits=3):
    """A number in few letters: 1.25M; "" of NaN."""
    if value is None or not np.isfinite(value):
        return ""
    for size, suffix in _SUFFIXES:
        if abs(value) >= size:
            return f"{value / size:.{digits}g}{suffix}"
    return f"{value:.{digits}g}"


def _counted(number, word):
    return f"{number} {word}{'' if number == 1 else 's'}"


def _table(comparison, width):
    """Rows of variants, the columns that fit; a column more for each option if one."""
    joined = comparison.variants.merge(
        comparison.differences, on="variant", suffixes=("", "_of_difference")
    )
    digits = _digits(joined)
    columns = {
        "variant": [*joined["variant"]],
        "score": [_fixed(v, digits) for v in joined["score"]],
        "difference": [
            ""
            if row.variant == comparison.baseline
            else _signed(row.difference, digits)
            for row in joined.itertuples()
        ],
        "95 % interval": [
            _range(row.low, row.high, digits) for row in joined.itertuples()
        ],
        "verdict": [_words(row, comparison.baseline) for row in joined.itertuples()],
        "better": [_percent(v) for v in joined["share_better"]],
        "worse": _worse(joined),
        "seeds": [str(n) for n in joined["n_seeds"]],
        "parameters": [short_number(v) for v in joined["parameters"]],
        "op/bin": [short_number(v) for v in joined["operations_per_bin"]],
        "minutes": [short_number(v) for v in joined["minutes"]],
        "GB": [short_number(v) for v in joined["peak_memory_gb"]],
    }
    columns = {k: v for k, v in columns.items() if k == "variant" or any(v)}
    widths = {k: max(len(k), *map(len, v)) for k, v in columns.items()}
    first = _fitted(widths, width)
    rest = {k: v for k, v in widths.items() if k not in first}
    lines = _lines(columns, first, width)
    if rest:  # below, instead of lines that wrap
        second = {"variant": widths["variant"], **rest}
        free = width - sum(rest.values()) - 2 * len(rest)
        second["variant"] = max(8, min(widths["variant"], free))
        lines += ["", *_lines(columns, second, width)]
    return lines


def _lines(columns, widths, width):
    """Those columns of a table that have a width."""
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    lines = []
    for row in rows:
        cells = zip(columns, row, strict=True)
        texts = [_cell(text, k, widths[k]) for k, text in cells if k in widths]
        lines.append("  ".join(texts).rstrip())
    lines.insert(1, "-" * min(width, max(map(len, lines))))
    return lines


def _fitted(widths, width):
    """Widths of the columns that fit beside a name that can be read."""
    for left_out in ((), _COSTS, (*_COSTS, *_COUNTS)):
        kept = {k: v for k, v in widths.items() if k not in left_out}
        free = width - sum(kept.values()) + kept["variant"] - 2 * (len(kept) - 1)
        if free >= min(kept["variant"], _NAME):
            break
    return kept | {"variant": max(8, min(kept["variant"], free))}


def _cell(text, column, width):
    if len(text) > width:
        end = (width - 1) // 2
        text = f"{text[: width - 1 - end]}…{text[len(text) - end :]}"
    return text.ljust(width) if column in ("variant", "verdict") else text.rjust(width)


def _digits(table):
    """Decimals that show a hundredth of what differs, or of the scores' size."""
    sizes = np.abs(np.r_[table["low"].to_numpy(float), table["high"].to_numpy(float)])
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not len(sizes):
        return 4
    return int(np.clip(1 - np.floor(np.log10(np.median(sizes))), 2, 6))


def _worse(table):
    """Shares of units that are worse, where some are neither better nor worse."""
    has_equal = (table["share_better"] + table["share_worse"] < 1).any()
    return [_percent(v) if has_equal else "" for v in table["share_worse"]]


def _words(row, baseline):
    return "baseline" if row.variant == baseline else row.verdict


def _fixed(value, digits):
    return f"{value:.{digits}f}" if np.isfinite(value) else ""


def _signed(value, digits):
    return f"{value:+.{digits}f}" if np.isfinite(value) else ""


def _range(low, high, digits):
    if not np.isfinite(low) or low == high == 0:
        return ""
    return f"{low:+.{digits}f} to {high:+.{digits}f}"


def _percent(value):
    return f"{100 * value:.0f} %" if np.isfinite(value) else ""


def _wrapped(text, width):
    """Lines of at most so many letters, those after the first set in."""
    return textwrap.wrap(text, max(width, 20), subsequent_indent="  ")
