"""All that is known of a run, in lines for the terminal."""

import collections
import csv
import shlex

from training.clean_runs import size_of
from training.runs_table import cell_of, counted, duration
from v1model.rooms import ROOMS
from v1model.runs.cleaning import age_s, bytes_in
from v1model.runs.hold import holder_of
from v1model.runs.layout import METRICS, RECORDS, SCORES
from v1model.runs.options_text import dotted
from v1model.runs.selection import as_text
from v1model.runs.summary import read_summary

_LONGEST = 100  # letters of a value


def lines_of(path):
    """Lines about the run in a folder.

    Raises:
        ValueError: It is no run, or damaged; says which file, and why.
    """
    run = read_summary(path)
    yield f"{run.path}"
    yield f"  room       {run.room or '-'}, layout {run.layout}"
    yield f"  state      {_state(run)}"
    yield f"  epochs     {run.n_epochs}, score {cell_of(run, 'score')}"
    yield f"  size       {size_of(bytes_in(run.path))}"
    yield from _section("inputs", run.inputs)
    yield from _starts(run.starts)
    last = _or_reason(lambda: last_row(run.path / METRICS))
    yield from _section("last row of metrics.csv", last)
    yield from _section("result", dotted(run.result or {}))
    yield from _section("scores", _or_reason(lambda: _scores(run)))
    yield from _section("watched", _or_reason(lambda: _watched(run.path)))
    yield from _section("options", run.config)
    yield from _how_to_resume(run)


def last_row(path):
    """Cells of the last row of a table by column; empty without any."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            (last,) = collections.deque(csv.DictReader(file), 1) or ({},)
    except FileNotFoundError:
        return {}
    return {name: _rounded(cell) for name, cell in last.items() if cell and name}


def _or_reason(read):
    """What `read` returns, or why it cannot; the rest is shown all the same."""
    try:
        return read()
    except (OSError, ValueError, csv.Error) as error:
        return {"damaged": str(error)}


def _state(run):
    text = f"{run.state} since {run.since}, last news {duration(age_s(run))} ago"
    if run.state == "running":
        holder = holder_of(run.path)
        if holder:
            text += f"; process {holder.get('pid')} on {holder.get('host')}"
    return f"{text}: {run.error}" if run.error else text


def _starts(starts):
    yield f"starts ({len(starts)})"
    for start in starts:
        versions = start.get("versions") or {}
        packages = " ".join(f"{name} {v}" for name, v in versions.items() if v)
        place = [str(start.get("host", ""))]
        if start.get("cpus"):
            place.append(f"{start['cpus']} processors")
        place += start.get("devices") or []
        yield f"  {start.get('time')} on {', '.join(place)}: {start.get('command')}"
        yield f"    in {start.get('folder')}; {packages}"


def _section(title, values):
    if not values:
        return
    yield title
    wide = max(map(len, values))
    for name, value in values.items():
        text = as_text(value) or "-"
        cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        yield f"  {name:<{wide}}  {cut}"


def _scores(run):
    """The room's score in each group of scores.csv, in words."""
    path, room = run.path / SCORES, ROOMS.get(run.room)
    if room is None or not path.exists():
        return {}
    from v1model.runs.scores import read_scores  # pandas takes a while

    found = {}
    for group, own in read_scores(path, run.room).groupby("group"):
        values = own[room.score].dropna()
        text = f"{room.words}: mean {values.mean():.4g}"
        if values.nunique() > 2:  # else right and wrong, which have no middle
            text += f", median {values.median():.4g}"
        found[str(group)] = f"{text}, {counted(len(values), room.unit)}"
    return found


def _watched(path):
    """When each monitor was last heard, and how often."""
    if not (path / RECORDS).exists():
        return {}
    from v1model.monitoring.records import read_watched

    records = [one for one in read_watched(path) if one.get("monitor")]
    found = collections.defaultdict(list)
    for one in records:
        found[f"{one['monitor']}, {one['kind']}"].append(one)
    return {name: _heard(own) for name, own in sorted(found.items())}


def _heard(records):
    """How often a monitor was heard, when last, and what was wrong then."""
    last = records[-1]
    text = f"{counted(len(records), 'time')}, last in epoch {last['epoch']}"
    why = last.get("error") or last.get("reason")
    return f"{text}: {why}" if why else text


def _how_to_resume(run):
    if run.state == "finished":
        return
    if run.state == "running":
        yield "it is running"
        return
    if run.room not in ROOMS or not run.starts:
        return
    last = run.starts[-1]
    try:
        words = shlex.split(last.get("command", ""))
    except ValueError:
        return
    if words and words[0].endswith(".py"):
        words.insert(0, "python")
    # A decoder's name is made from its options, and the command repeats those.
    names = any(word.lstrip("-").startswith("run_name") for word in words)
    if not names and run.room != "decoder":
        words.append(f"--run_name={run.name}")
    yield "resume with"
    yield f"  cd {shlex.quote(str(last.get('folder', '.')))} && {shlex.join(words)}"


def _rounded(cell):
    try:
        return f"{float(cell):.6g}"
    except ValueError:
        return cell
