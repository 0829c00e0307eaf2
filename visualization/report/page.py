"""The page of a report: HTML of each section, put into the frame of a page."""

import html
import pathlib

from visualization.pages import document_html, facts_html, template
from visualization.report.sections import (
    activity_html,
    curves_html,
    files_html,
    network_html,
    options_html,
    rates_html,
    scores_html,
    starts_html,
)

TEMPLATES = pathlib.Path(__file__).parent / "templates"
STATES = {
    "running": "It may also have been killed without warning: such a run stays marked "
    "as running.",
    "finished": "",
    "killed": "It can go on from its last backup.",
    "failed": "It can go on from its last backup, once the cause is mended.",
}
WITHOUT_BACKUP = {
    "killed": "It has no backup: it begins again.",
    "failed": "It has no backup: it begins again, once the cause is mended.",
}


def page_html(contents, album, made):
    """The whole page.

    Args:
        contents: RunContents.
        album: Album of its activity.
        made: When the page was made, as text.

    Returns:
        HTML, with everything that it needs inside.
    """
    sections = {
        "Answers": scores_html(contents),
        "Curves": curves_html(contents),
        "Rates": rates_html(contents),
        "Activity": activity_html(contents, album),
        "Options": options_html(contents),
        "Starts": starts_html(contents),
        "Network": network_html(contents),
        "Files": files_html(contents),
    }
    return document_html(
        title=f"{contents.name}: report of a training run",
        header=_header(contents),
        sections=sections,
        footer=f"Made {made} from {contents.path}.",
        styles=[template(TEMPLATES / "report.css")],
        scripts=[template(TEMPLATES / "report.js")],
    )


def _header(contents):
    state = html.escape(contents.state)
    parts = [
        '<p class="kicker">Report of a training run</p>',
        f"<h1>{html.escape(contents.name)}</h1>",
        f'<p><span class="state {state if contents.state in STATES else ""}">{state}'
        f"</span> {html.escape(_since(contents))}</p>",
    ]
    if contents.error:
        parts.append(f'<p class="error">{html.escape(contents.error)}</p>')
    if comment := contents.option("comment"):
        parts.append(f"<p>{html.escape(comment)}</p>")
    parts += [f'<p class="error">{html.escape(note)}</p>' for note in contents.notes]
    return "\n".join([*parts, facts_html(_facts(contents))])


def _since(contents):
    since = contents.since.replace("T", " ")
    words = [f"since {since}." if since else ""]
    if contents.state == "running" and contents.files:
        newest = max(file.changed for file in contents.files)
        words.append(f"Last written {newest.isoformat(' ', 'seconds')}.")
    states = STATES if contents.has_backup else {**STATES, **WITHOUT_BACKUP}
    return " ".join(filter(None, [*words, states.get(contents.state, "")]))


def _facts(contents):
    """The few numbers at the top, by name."""
    result, epochs = contents.result or {}, contents.epochs
    steps = result.get("steps", epochs["step"][-1] if epochs else 0)
    minutes = result.get("minutes", epochs["seconds"][-1] / 60 if epochs else None)
    facts = {"Task": contents.option("task"), "Steps": f"{steps:,.0f}"}
    if contents.scores:
        mean = sum(score.after for score in contents.scores) / len(contents.scores)
        facts["Accuracy" if len(contents.scores) == 1 else "Mean accuracy"] = (
            f"{mean:.3f}"
        )
    facts["Minutes"] = "" if minutes is None else f"{minutes:.3g}"
    facts["Ended by"] = str(result.get("stopped") or "")
    facts["Seconds per step"] = _short(result.get("seconds_per_step"))
    facts["Peak memory"] = _short(result.get("peak_memory_gb"), " GB")
    return {name: text for name, text in facts.items() if text}


def _short(value, unit=""):
    return "" if value is None else f"{value:.3g}{unit}"
