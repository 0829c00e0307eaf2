"""Layouts of run folders: the documents of a run, by version, brought to the newest.

Layout 1 had no run.json: nothing said which training a run is of, and what it was given
beside its options stood in the command line alone. A new layout needs a function here,
from the documents of the last one to its own, and a row in MIGRATIONS.
"""

import itertools
import json
import pathlib
import re
import shlex
from typing import NamedTuple

from v1model import atomic

LAYOUT = 2  # version of what lies in a run folder
STATES = ("running", "finished", "killed", "failed")
# Tables in it that grow or are written by others than Run.
METRICS, RECORDS, SCORES = "metrics.csv", "metrics.jsonl", "scores.csv"


class Documents(NamedTuple):
    """What describes a run.

    run: layout, room and inputs, a dict.  config: Options, nested dicts.
    starts: A dict for each start.
    """

    run: dict
    config: dict
    starts: list


def read_json(path, kind=dict):
    """What a JSON file of a run holds.

    Raises:
        FileNotFoundError: It does not exist.
        OSError: It cannot be read.
        ValueError: It is no JSON, or no `kind`.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # the latter of deep nesting
        raise ValueError(f"{path} is not valid JSON: {error}.") from error
    if not isinstance(found, kind):
        raise ValueError(f"{path} must hold a {kind.__name__}, not {found!r:.40}.")
    return found


def read_documents(path):
    """The Documents of a run folder, as they lie there.

    Raises:
        FileNotFoundError: There is no config.json.
        OSError, ValueError: A file cannot be read, or is damaged; says which.
    """
    path = pathlib.Path(path)
    config = read_json(path / "config.json")
    try:
        about = read_json(path / "run.json")
    except FileNotFoundError:
        about = {"layout": 1}
    try:
        starts = read_json(path / "starts.json", list)
    except FileNotFoundError:
        starts = []
    if not all(isinstance(start, dict) for start in starts):
        raise ValueError(f"{path / 'starts.json'} must hold a dict for each start.")
    return Documents(about, config, starts)


def newest(documents, path):
    """The same Documents in the newest layout.

    Raises:
        ValueError: Theirs is newer still, or no layout.
    """
    while (version := layout_of(documents, path)) < LAYOUT:
        documents = MIGRATIONS[version](documents)
    _require_about(documents.run, path)
    return documents


def layout_of(documents, path):
    """The layout of Documents, a number from 1 to LAYOUT.

    Raises:
        ValueError: It is newer, or no number.
    """
    layout = documents.run.get("layout")
    if not isinstance(layout, int) or isinstance(layout, bool) or layout < 1:
        where = pathlib.Path(path) / "run.json"
        raise ValueError(f"{where}: layout must be a number from 1, not {layout!r}.")
    if layout > LAYOUT:
        raise ValueError(
            f"{path} was made by a newer v1model: its layout is {layout}, this one "
            f"knows {LAYOUT}."
        )
    return layout


def migrate(path):
    """Brings a run folder to the newest layout; what is there already stays.

    run.json, which says the layout, is written last: a migration that was killed is
    done again.

    Returns:
        What was done, in words; empty if there was nothing to do.

    Raises:
        FileNotFoundError: The folder is no run.
        OSError, ValueError: A file is damaged or cannot be written, or the layout is
            newer.
    """
    path = pathlib.Path(path)
    before = read_documents(path)
    version = layout_of(before, path)
    if version == LAYOUT:
        return ""
    after = newest(before, path)
    for name in ("starts", "config", "run"):
        content = getattr(after, name)
        if content != getattr(before, name):
            text = json.dumps(content, indent=2, allow_nan=False)
            atomic.write_text(path / f"{name}.json", text + "\n")
    room = after.run["room"] or "none of the known ones"
    return f"layout {version} to {LAYOUT}, room {room}"


def _require_about(about, path):
    for name, kind in (("room", str), ("inputs", dict)):
        if not isinstance(about.get(name), kind):
            raise ValueError(
                f"{pathlib.Path(path) / 'run.json'}: {name} must be a "
                f"{kind.__name__}, not {about.get(name)!r}."
            )


def _to_2(documents):
    room = guess_room(documents.config)
    inputs = _cnn_inputs(documents.starts) if room == "cnn" else {}
    return documents._replace(run={"layout": 2, "room": room, "inputs": inputs})


def guess_room(config):
    """The room that has such options, "" if none has."""

    def has(*names):
        inner = config
        for name in names:
            if not isinstance(inner, dict) or name not in inner:
                return False
            inner = inner[name]
        return True

    if has("network", "data_dir"):
        return "column"
    if has("model", "frontend"):
        return "cnn"
    if has("encoder_params"):
        return "latent"
    return "decoder" if has("session") and has("decoder") else ""


def _cnn_inputs(starts):
    """Recordings, stage and source, from the command line of the first start."""
    command = str(starts[0].get("command", "")) if starts else ""
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    given = {}
    for word, after in itertools.zip_longest(words, words[1:], fillvalue=""):
        found = re.fullmatch(r"--?(recordings|stage|from)(?:=(.*))?", word)
        if found:
            given[found[1]] = after if found[2] is None else found[2]
    recordings = [one for one in given.get("recordings", "").split(",") if one]
    return {
        "recordings": recordings,
        "stage": given.get("stage", "fit"),
        "source": given.get("from", ""),
    }


MIGRATIONS = {1: _to_2}  # from the documents of a layout to those of the next
