"""The sections of the page of a comparison, each as HTML; every text is escaped."""

import html
import math

from v1model.comparison.contents import COST_WORDS, GROUPS
from v1model.comparison.options import telling_options
from visualization.comparison.colours import look_of
from visualization.comparison.page_intervals import (
    axis_svg,
    bar_svg,
    interval_words,
    scale_of,
    signed,
)
from visualization.comparison.page_options import (
    option_cell,
    option_columns,
    option_text,
)
from visualization.pages import Cell, search_html, table_html


def differences_html(comparison):
    """All variants against the baseline, each with its interval."""
    scale, rows = scale_of(comparison.differences), []
    for index, row in enumerate(comparison.differences.itertuples()):
        is_baseline = row.variant == comparison.baseline
        words = f"{interval_words(row)}, {row.verdict}"
        if is_baseline or not row.verdict:
            words = "baseline" if is_baseline else "no scores yet"
        rows.append(
            f"<li><span>{_name(row.variant, index)}</span>"
            f"{bar_svg(row, scale, look_of(index)[0])}"
            f"<span>{html.escape(words)}</span></li>"
        )
    group = GROUPS[comparison.room]
    is_thin = comparison.differences["low_new"].notna().any()
    thin = f"; thin: for new {group}s, too" if is_thin else ""
    return (
        f'<p class="note">Difference to {html.escape(comparison.baseline)} in '
        f"{html.escape(comparison.words)}, paired by {comparison.unit}. Thick: 95 % "
        f"interval for new seeds and {comparison.unit}s of these {group}s{thin}.</p>"
        f'<ul class="forest">{"".join(rows)}'
        f'<li class="scale"><span></span>{axis_svg(scale)}<span></span></li></ul>'
    )


def variants_html(comparison):
    """A sortable table of the variants: options, scores, differences, costs."""
    scale = scale_of(comparison.differences)
    costs = _known(comparison.variants, COST_WORDS)
    options = telling_options(option_columns(comparison))
    words = ["Variant", *map(comparison.labels.get, options)]
    n_texts = len(words)
    words += [
        "Seeds",
        in_capitals(comparison.words),
        "Difference",
        "95 % interval",
        "Verdict",
    ]
    words += ["Better", "p (Holm)", *(in_capitals(COST_WORDS[name]) for name in costs)]
    rows = []
    both = zip(
        comparison.variants.to_dict("records"),
        comparison.differences.itertuples(),
        strict=True,
    )
    for index, (variant, row) in enumerate(both):
        is_baseline = row.variant == comparison.baseline
        cells = [Cell(_name(row.variant, index) + _star(variant))]
        cells += [option_cell(variant[name]) for name in options]
        cells += [
            number_cell(variant["n_seeds"]),
            number_cell(variant["score"], variant["seed_sd"]),
            Cell(signed(row.difference), row.difference),
            Cell(bar_svg(row, scale, look_of(index)[0]), row.difference),
            "baseline" if is_baseline else row.verdict,
            Cell("") if is_baseline else _percent_cell(row.share_better),
            Cell("") if is_baseline else number_cell(row.p_holm),
        ]
        rows.append(cells + [number_cell(variant[name]) for name in costs])
    numbers = [n_texts, n_texts + 1, n_texts + 2]
    numbers += range(n_texts + 5, len(words))
    classes = [""] * len(words)
    classes[0], classes[n_texts + 3] = "variant", "bar"
    table = table_html(words, rows, numbers, classes, name="sortable narrow")
    return (
        '<p class="note">A click on a heading sorts. ± is the spread of the runs; '
        f'“better” is the share of {comparison.unit}s. <b class="star">★</b>: no '
        "variant is both cheaper and better.</p>"
        f"<div>{search_html('variants')}{table}</div>"
    )


def units_html(comparison):
    """Pictures of the single units, drawn by a script."""
    if comparison.aligned.empty:
        return f"<p>No {comparison.unit} has a score in all runs.</p>"
    choices = "".join(
        f'<label>{label} <select name="{name}"></select></label>'
        for name, label in {
            "across": "Across",
            "up": "Up",
            "metric": "Metric",
            "colour": "Colour",
        }.items()
    )
    rate = words = ""
    if _known(comparison.aligned, ["rate_hz"]):
        words = (
            " On the right, the line is the mean of each eighth of them by rate, ± 2 "
            "standard errors."
        )
        rate = _canvas(
            "by-rate", f"Difference against the rate of each {comparison.unit}"
        )
    return (
        f'<p class="note">A point is a {comparison.unit}, its score the mean over '
        f"seeds.{words} Where there are only few values, the points are spread "
        "a little.</p>"
        '<noscript><p class="error">These pictures need JavaScript.</p></noscript>'
        f'<div id="points" class="panel"><div class="controls">{choices}'
        '<button type="button" class="swap">Swap</button>'
        f'<label>Find <input type="search" placeholder="{comparison.unit}" '
        f'aria-label="Find a {comparison.unit}"></label></div>'
        '<ul class="legend"></ul><p class="readout" aria-live="polite"></p>'
        f'<div class="plots">{_canvas("scatter", "Scores of two variants")}{rate}</div>'
        "</div>"
    )


def _canvas(name, words):
    return (
        f'<div id="{name}" class="plot"><canvas tabindex="0" role="img" '
        f'aria-label="{html.escape(words)}; arrow keys go through the points.">'
        '</canvas><span class="ring" hidden></span></div>'
    )


def curves_html(comparison):
    """Learning curves, drawn by a script."""
    if not any(len(table) for table in comparison.histories.values()):
        return "<p>No run has finished an epoch yet.</p>"
    return (
        '<p class="note">Means over the seeds of a variant, as far as all of its runs '
        "have come; thin lines are the single runs. A click on a name hides it.</p>"
        '<noscript><p class="error">The curves need JavaScript.</p></noscript>'
        '<div class="panel"><div class="controls" id="curves-controls">'
        '<label>Metric <select name="metric"></select></label>'
        '<label>Over <select name="along"></select></label>'
        '<label><input type="checkbox" checked> single runs</label></div>'
        '<div class="controls" id="curves-toggles"></div>'
        '<p class="readout" id="curves-readout" aria-live="polite"></p>'
        '<div id="curves-drawing"></div></div>'
    )


def runs_html(comparison):
    """A sortable table of the runs."""
    order = [*comparison.differences["variant"]]
    costs = _known(comparison.runs, COST_WORDS)
    options = telling_options(option_columns(comparison))
    header = ["Run", "Variant", "Seed", *map(comparison.labels.get, options)]
    n_texts = len(header)
    header += ["State", in_capitals(comparison.words), "Epochs"]
    header += [in_capitals(COST_WORDS[name]) for name in costs]
    rows = []
    for row in comparison.runs.to_dict("records"):
        variant = row["variant"]
        name = _name(variant, order.index(variant)) if variant in order else variant
        state = html.escape(str(row["state"]))
        cells = [str(row["run"]), Cell(name), option_cell(row["seed"])]
        cells += [option_cell(row[option]) for option in options]
        cells += [
            Cell(f'<span class="state {state}">{state}</span>'),
            number_cell(row["score"]),
            number_cell(row["epochs"]),
        ]
        rows.append(cells + [number_cell(row[cost]) for cost in costs])
    table = table_html(
        header, rows, range(n_texts + 1, len(header)), name="sortable narrow"
    )
    return f"<div>{search_html('runs')}{table}</div>"


def options_html(comparison, shared):
    """Full names of the options that differ, and all that the runs agree in.

    Args:
        comparison: Comparison.
        shared: Values by dotted name.
    """
    rows = []
    for name in comparison.options:
        values = dict.fromkeys(option_text(v) or "–" for v in comparison.variants[name])
        rows.append((comparison.labels[name], name, ", ".join(values)))
    parts = ["<p>The variants differ in no option.</p>"]
    if rows:
        parts = [
            '<p class="note">Options and inputs in which the variants differ. The '
            "tables leave out what follows from another one.</p>",
            table_html(["Name", "Option", "Values"], rows),
        ]
    if shared:
        table = table_html(
            ["Option", "Value"],
            [(name, option_text(value)) for name, value in sorted(shared.items())],
            name="sortable",
        )
        parts.append(
            f"<details><summary>Options that are the same in all runs: {len(shared)}"
            f"</summary><div>{search_html('options')}{table}</div></details>"
        )
    return "".join(parts)


def commands_html(comparison):
    """How each run was made."""
    order = [*comparison.differences["variant"]]
    parts = []
    for variant in order:
        own = comparison.runs[comparison.runs["variant"] == variant]
        lines = "\n".join(str(command) for command in own["command"] if command)
        folders = "\n".join(f"# {path}" for path in own["path"])
        text = html.escape(f"{lines}\n{folders}" if lines else folders)
        parts.append(
            f"<details><summary>{html.escape(variant)}</summary>"
            f'<pre class="command" tabindex="0">{text}</pre></details>'
        )
    return (
        '<p class="note">The commands that the runs were started with, and their '
        "folders.</p>" + "".join(parts)
    )


def left_out_html(comparison):
    """Folders that could not be compared."""
    if not comparison.problems:
        return "<p>Every folder that was given is in the comparison.</p>"
    rows = [
        (str(problem.path), str(problem.reason).removeprefix(f"{problem.path} "))
        for problem in comparison.problems
    ]
    return table_html(["Folder", "Why it was left out"], rows)


def in_capitals(words):
    """Words with a capital at their beginning, unless they begin with a name.

    The other letters stay, as those of "GB" do.
    """
    is_plain = words.partition(" ")[0].isalpha()
    return words[:1].upper() + words[1:] if is_plain else words


def number_cell(value, spread=None):
    """A number with four digits, sorted as what it is."""
    if value is None or not math.isfinite(value):
        return Cell("", None)
    words = f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
    if abs(value) >= 1e7:
        words = f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    if spread is not None and math.isfinite(spread):
        words += f" ± {spread:.2g}"
    return Cell(words.replace("-", "−"), float(value))


def _name(variant, index):
    """A variant with its mark."""
    colour, _ = look_of(index)
    return (
        f'<svg class="swatch" viewBox="0 0 8 8" aria-hidden="true"><circle cx="4" '
        f'cy="4" r="4" fill="{colour}"/></svg>{html.escape(str(variant))}'
    )


def _star(row):
    return ' <b class="star">★</b>' if row.get("is_pareto") else ""


def _percent_cell(share):
    return Cell(f"{share:.0%}" if math.isfinite(share) else "", share)


def _known(table, names):
    """Those columns that hold a number anywhere."""
    return [name for name in names if name in table and table[name].notna().any()]
