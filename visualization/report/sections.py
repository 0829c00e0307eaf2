"""The sections of a report, each as HTML; every text is escaped."""

import html

import numpy as np

from v1model.network.physiology import rate_bands
from v1model.network.populations import ROUGH_POPULATIONS, layer_of
from visualization import style
from visualization.pages import search_html, table_html
from visualization.report.charts import (
    accuracy_charts,
    loss_charts,
    pace_charts,
    rate_charts,
    rate_prefix,
)
from visualization.report.command import next_command
from visualization.report.curves import chart_html, thinned

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


def scores_html(contents):
    """What the tasks scored on held-out trials."""
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


def curves_html(contents):
    """Accuracy, losses and pace over the steps."""
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
        f"interval of the accuracy. Gray: training trials.{fewer}</p>"
        f'<div class="charts">{"".join(map(chart_html, charts))}</div>'
        "<details><summary>The numbers</summary>"
        + table_html(header, table, numbers=range(len(names)))
        + "</details>"
    )


def _number(value):
    return f"{value:.6g}" if np.isfinite(value) else ""


def rates_html(contents):
    """Rates of the populations over the steps."""
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


def activity_html(contents, album):
    """Pictures of the logged steps, which a script shows one by one."""
    if not album.steps:
        return "<p>No activity was drawn in this run.</p>"
    steps = [*album.steps]
    n_shown = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
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
        f'<p class="note">Trials at {n_shown}.{left_out}</p>'
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


def options_html(contents):
    """All options; those that differ from the default are marked."""
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
        f'<div class="options">{search_html("options", "changed only")}'
        + table_html(header, rows, classes=classes, marked=changed, name="sortable")
        + "</div>"
    )


def starts_html(contents):
    """When, where and with what the run was started, and how it goes on."""
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
    words, command = next_command(contents)
    return (
        f'<p>{words}</p><pre class="command" tabindex="0">{html.escape(command)}</pre>'
        + text
    )


def network_html(contents):
    """The text of network_state.txt."""
    if not contents.network_state:
        return "<p>The run has no network_state.txt.</p>"
    text = html.escape(contents.network_state)
    return (
        "<details><summary>Layers, shapes, parameters and cell types</summary>"
        f'<pre tabindex="0">{text}</pre></details>'
    )


def files_html(contents):
    """Every file of the run."""
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
