"""The page of a report: HTML of each section, put into the template.

Everything from outside goes through `html.escape`, and the page forbids itself to load
anything or to run any script but its own.
"""

import base64
import hashlib
import html
import pathlib
import shlex
import string

import numpy as np

from v1model.network.physiology import rate_bands
from v1model.network.populations import ROUGH_POPULATIONS, layer_of
from visualization import style
from visualization.report_charts import (
    accuracy_charts,
    loss_charts,
    pace_charts,
    rate_charts,
    rate_prefix,
)
from visualization.report_curves import chart_html, thinned
from visualization.report_tables import facts_html, table_html

TEMPLATES = pathlib.Path(__file__).parent / "templates"
TABLE_COLUMNS = {
    "step": "Step",
    "seconds": "Seconds",
    "loss": "Loss",
    "val_loss": "Loss, held out",
    "accuracy": "Accuracy",
    "val_accuracy": "Accuracy, held out",
    "rate_hz": "Rate (Hz)",
    "val_rate_hz": "Rate, held out (Hz)",
}
STATES = {
    "running": "It may also have been killed without warning: such a run stays marked "
    "as running.",
    "finished": "",
    "killed": "It can go on from its last backup.",
    "failed": "It can go on from its last backup, once the cause is mended.",
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
        "Answers": _scores(contents),
        "Curves": _curves(contents),
        "Rates": _rates(contents),
        "Activity": _activity(contents, album),
        "Options": _options(contents),
        "Starts": _starts(contents),
        "Network": _network(contents),
        "Files": _files(contents),
    }
    style_text, script = _template("report.css"), _template("report.js")
    return string.Template(_template("report.html")).substitute(
        policy=_policy(style_text, script),
        title=html.escape(f"{contents.name}: report of a training run"),
        style=style_text,
        script=script,
        header=_header(contents),
        contents="".join(
            f'<li><a href="#{name.lower()}">{name}</a></li>' for name in sections
        ),
        main="\n".join(
            f'<section id="{name.lower()}"><h2>{name}</h2>\n{text}</section>'
            for name, text in sections.items()
        ),
        footer=html.escape(f"Made {made} from {contents.path}."),
    )


def _policy(style_text, script):
    """A content security policy: nothing is loaded, only our own script runs."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style_text)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text):
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _template(name):
    return (TEMPLATES / name).read_text(encoding="utf-8")


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
    return " ".join(filter(None, [*words, STATES.get(contents.state, "")]))


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


def _scores(contents):
    if not contents.scores:
        return "<p>No validation was finished, so nothing is known of its answers.</p>"
    header = ["Task", "Before", "After", "95 % interval", "Chance", "Answers"]
    rows = [
        (
            score.task,
            "" if score.before is None else f"{score.before:.3f}",
            f"{score.after:.3f}",
            "" if score.low is None else f"{score.low:.3f} to {score.high:.3f}",
            f"{score.chance:.3f}",
            f"{score.answers:,}",
        )
        for score in contents.scores
    ]
    when = "at the end" if contents.result else "in the last validation so far"
    return (
        f"<p>Share of right answers on held-out trials {when}. Chance is the best "
        "constant answer to the same trials.</p>"
        + table_html(header, rows, numbers=range(1, 6), name="narrow")
    )


def _curves(contents):
    epochs = contents.epochs
    if not epochs:
        return "<p>No epoch was finished, so there is no curve yet.</p>"
    charts = accuracy_charts(epochs, contents.option("task"))
    charts += loss_charts(epochs) + pace_charts(epochs)
    n, rows = len(epochs["step"]), thinned(len(epochs["step"]))
    fewer = f" {len(rows)} of the {n} points are drawn." if len(rows) < n else ""
    names = [name for name in TABLE_COLUMNS if name in epochs]
    table = [[_number(epochs[name][row]) for name in names] for row in rows]
    header = [TABLE_COLUMNS[name] for name in names]
    return (
        '<p class="note">Over training steps. Blue: held-out trials, with the 95 % '
        f"interval of the accuracy. Grey: training trials.{fewer}</p>"
        f'<div class="charts">{"".join(map(chart_html, charts))}</div>'
        "<details><summary>The numbers</summary>"
        + table_html(header, table, numbers=range(len(names)))
        + "</details>"
    )


def _number(value):
    return f"{value:.6g}" if np.isfinite(value) else ""


def _rates(contents):
    epochs = contents.epochs
    charts = rate_charts(epochs) if epochs else []
    if not charts:
        return "<p>No rate was measured yet.</p>"
    prefix = rate_prefix(epochs)
    rows = []
    for name in ROUGH_POPULATIONS:
        rates = epochs.get(f"{prefix}rate_hz/{name}", np.array([]))
        if len(known := rates[np.isfinite(rates)]):
            band = rate_bands()[name]
            layer, kind = f"L{layer_of([name])[0]}", style.class_of(name)
            ends = f"{known[0]:.2f}", f"{known[-1]:.2f}"
            rows.append((layer, kind, *ends, f"{band.low:.2f} to {band.high:.2f}"))
    header = ["Layer", "Class", "First (Hz)", "Last (Hz)", "Untrained, grating (Hz)"]
    trials = "held-out" if prefix else "training"
    return (
        f'<p class="note">Mean rate of each population in {trials} trials.</p>'
        f'<div class="charts">{"".join(map(chart_html, charts))}</div>'
        "<details><summary>First and last rates, beside the band that an untrained "
        "column keeps to under a drifting grating</summary>"
        + table_html(header, rows, numbers=range(2, 5))
        + "</details>"
    )


def _activity(contents, album):
    if not album.steps:
        return "<p>No activity was drawn in this run.</p>"
    steps = [*album.steps]
    left_out = (
        f" {album.n_left_out} other steps are left out to keep this file small; all "
        "pictures lie in the run folder."
        if album.n_left_out
        else ""
    )
    pages = "".join(
        f'<section class="step" data-step="{step}"><h3>Step {step}</h3>'
        f'<div class="pictures">{"".join(map(_picture, pictures))}</div></section>'
        for step, pictures in album.steps.items()
    )
    controls = (
        '<div class="controls steps"><button type="button">Earlier</button>'
        f'<input type="range" min="0" max="{len(steps) - 1}" step="1" '
        'aria-label="Logged step"><button type="button">Later</button>'
        "<output></output></div>"
    )
    return (
        f'<p class="note">Trials at {len(steps)} steps.{left_out}</p>'
        f'<div class="album">{controls if len(steps) > 1 else ""}{pages}</div>'
    )


def _picture(picture):
    title = html.escape(picture.title)
    if not picture.uri:
        return (
            f"<figure><figcaption>{title}</figcaption>"
            '<p class="missing">This picture cannot be read.</p></figure>'
        )
    return (
        f"<figure><figcaption>{title}</figcaption>"
        f'<img src="{picture.uri}" width="{picture.width}" height="{picture.height}" '
        f'alt="{html.escape(picture.alt)}"></figure>'
    )


def _options(contents):
    header = ["Section", "Option", "Value", "Default", "Meaning"]
    classes = ("section", "name", "value", "value", "help")
    rows = [
        (
            option.section or "training",
            option.name,
            option.value,
            "not an option now" if option.default is None else option.default,
            option.help,
        )
        for option in contents.options
    ]
    changed = [k for k, option in enumerate(contents.options) if option.is_changed]
    return (
        f"<p>{len(changed)} of {len(rows)} options differ from the default of this "
        "version; they are marked.</p>"
        '<div class="options"><div class="controls search"><label>Search '
        '<input type="search"></label><label><input type="checkbox"> changed only'
        "</label><output></output></div>"
        + table_html(header, rows, classes=classes, marked=changed, name="sortable")
        + "</div>"
    )


def _starts(contents):
    if not contents.starts:
        return "<p>No start was recorded.</p>"
    versions = [start.get("versions") or {} for start in contents.starts]
    names = [*dict.fromkeys(name for version in versions for name in version)]
    rows = [
        (start.get("time", "").replace("T", " "), start.get("host", ""))
        + tuple("" if v.get(name) is None else str(v[name]) for name in names)
        for start, v in zip(contents.starts, versions, strict=True)
    ]
    text = table_html(["Time", "Host", *names], rows, name="narrow")
    words, command = _next_command(contents)
    return (
        f'<p>{words}</p><pre class="command" tabindex="0">{html.escape(command)}</pre>'
        + text
    )


def _next_command(contents):
    """What can be done with the run, and the command that does it."""
    start = contents.starts[-1]
    replaced = {"run_name": contents.name}
    words = "The command that takes the run up at its last backup:"
    if contents.state == "finished":
        weights = contents.path / "checkpoints" / "best.weights.h5"
        replaced = {"run_name": f"{contents.name}_2", "restore_from": str(weights)}
        words = "The command of a new run that begins with its best weights:"
    lines = command_lines(start.get("command", ""), replaced)
    if "folder" in start:
        lines[0] = f"cd {shlex.quote(start['folder'])} && {lines[0]}"
    return words, " \\\n    ".join(lines)


def command_lines(command, replaced):
    """A command as one line per option, some of the options replaced.

    Args:
        command: As `shlex.join` writes it.
        replaced: Values by name of the option.
    """
    lines = []
    for word in shlex.split(command):
        if word.startswith("-") or not lines:
            lines.append([word])
        else:
            lines[-1].append(word)
    if lines and lines[0][0].endswith(".py"):
        lines[0].insert(0, "python")
    names = [line[0].lstrip("-").partition("=")[0] for line in lines]
    kept = [
        line for line, name in zip(lines, names, strict=True) if name not in replaced
    ]
    added = [[f"--{name}", value] for name, value in replaced.items()]
    return [shlex.join(line) for line in kept + added]


def _network(contents):
    if not contents.network_state:
        return "<p>The run has no network_state.txt.</p>"
    text = html.escape(contents.network_state)
    return (
        "<details><summary>Layers, shapes, parameters and cell types</summary>"
        f'<pre tabindex="0">{text}</pre></details>'
    )


def _files(contents):
    rows = [
        (file.name, f"{file.n_bytes:,}", file.changed.isoformat(" ", "seconds"))
        for file in contents.files
    ]
    total = sum(file.n_bytes for file in contents.files)
    return (
        f"<details><summary>{len(rows)} files, {total / 1e6:,.1f} MB</summary>"
        + table_html(["File", "Bytes", "Changed"], rows, numbers=[1], name="narrow")
        + "</details>"
    )
