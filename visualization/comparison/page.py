"""The page of a comparison: one HTML file that needs nothing else.

Tables work without scripts; curves and the pictures of single units are drawn by the
scripts in templates/ from the numbers in the page.
"""

import contextlib
import datetime
import html
import pathlib

from v1model.atomic import write_text
from v1model.comparison.contents import GROUPS
from v1model.comparison.options import telling_options
from v1model.runs import read_summary
from visualization.comparison.page_data import page_data
from visualization.comparison.page_intervals import interval_words
from visualization.comparison.page_options import option_columns
from visualization.comparison.page_sections import (
    commands_html,
    curves_html,
    differences_html,
    in_capitals,
    left_out_html,
    options_html,
    runs_html,
    units_html,
    variants_html,
)
from visualization.pages import document_html, facts_html, template

TEMPLATES = pathlib.Path(__file__).parent / "templates"
SCRIPTS = ("drawing.js", "scatter.js", "curves.js", "ready.js")


def write_page(comparison, path):
    """Writes the page of a comparison atomically.

    Args:
        comparison: Comparison.
        path: The file, such as comparison.html.

    Returns:
        Path of the file.

    Raises:
        IsADirectoryError: The path is a folder.
        WriteError: The file cannot be written.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file.")
    made = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
    shared = shared_options(comparison.runs["path"])
    write_text(path, page_html(comparison, shared, made))
    return path


def shared_options(paths):
    """Options that have the same value in all runs, by dotted name.

    Args:
        paths: Run folders; those that were removed or damaged since count no more.
    """
    found = []
    for path in paths:
        with contextlib.suppress(ValueError):
            found.append(read_summary(path).config)
    first = found[0] if found else {}
    return {
        name: value
        for name, value in first.items()
        if all(name in one and one[name] == value for one in found)
    }


def page_html(comparison, shared, made):
    """The page as the text of an HTML file.

    Args:
        comparison: Comparison.
        shared: Options that are the same in all runs, by dotted name.
        made: When the page was made, as text.
    """
    sections = {
        "Differences": differences_html(comparison),
        "Variants": variants_html(comparison),
        f"{in_capitals(comparison.unit)}s": units_html(comparison),
        "Curves": curves_html(comparison),
        "Runs": runs_html(comparison),
        "Options": options_html(comparison, shared),
        "Commands": commands_html(comparison),
        "Left out": left_out_html(comparison),
    }
    return document_html(
        title=f"{_title(comparison)}: comparison of training runs",
        header=_header(comparison),
        sections=sections,
        footer=f"Made {made} by v1-compare.",
        styles=[template(TEMPLATES / "comparison.css")],
        scripts=[template(TEMPLATES / name) for name in SCRIPTS],
        data=page_data(comparison, GROUPS[comparison.room]),
    )


def _title(comparison):
    options = telling_options(option_columns(comparison))
    words = [comparison.labels[name] for name in options]
    if not words:
        return f"Runs of the {comparison.room}"
    if len(words) > 3:
        words = [*words[:3], "more"]
    if len(words) == 1:
        return f"What {words[0]} changes"
    return f"What {', '.join(words[:-1])} and {words[-1]} change"


def _header(comparison):
    parts = [
        f'<p class="kicker">Comparison of training runs: {comparison.room}</p>',
        f"<h1>{html.escape(_title(comparison))}</h1>",
        f'<p class="lead">{html.escape(answer_of(comparison))}</p>',
        facts_html(_facts(comparison)),
    ]
    if comparison.notes:
        notes = "".join(
            f"<li>{html.escape(in_capitals(note))}</li>" for note in comparison.notes
        )
        parts.append(f'<ul class="notes">{notes}</ul>')
    return "\n".join(parts)


def answer_of(comparison):
    """What came out, in one sentence."""
    rows = comparison.differences
    others = rows[(rows["variant"] != comparison.baseline) & rows["difference"].notna()]
    if others.empty:
        return "There is no other variant with scores to compare the baseline with."
    best = next(others.nlargest(1, "difference").itertuples())
    share = ""
    if best.share_better == best.share_better:  # not NaN
        share = f" It is better for {best.share_better:.0%} of the {comparison.unit}s"
        if best.share_better + best.share_worse < 1:
            share += f" and worse for {best.share_worse:.0%}"
        share += "."
    words = f"by {interval_words(best, comparison.words)}"
    if best.verdict == "better":
        return f"{best.variant} is better than {comparison.baseline} {words}.{share}"
    if best.verdict == "worse":
        return (
            f"Nothing is better than {comparison.baseline}; {best.variant} comes next, "
            f"{words}.{share}"
        )
    return (
        f"{best.variant} differs from {comparison.baseline} {words}, which these runs "
        f"do not tell from chance.{share}"
    )


def _facts(comparison):
    """The few numbers at the top, by name."""
    runs, rows = comparison.runs, comparison.differences
    group = in_capitals(GROUPS[comparison.room])
    return {
        "Variants": f"{len(rows):,}",
        "Runs": f"{len(runs):,}",
        "Seeds": f"{runs['seed'].nunique():,}",
        f"{group}s": f"{rows['n_groups'].max():,.0f}",
        f"{in_capitals(comparison.unit)}s in all runs": f"{rows['n_units'].max():,.0f}",
    }
