"""Names of runs: words for what differs, and a hash of everything that computes.

The hash alone decides whether a run is there: words may change with the grid.
"""

import hashlib
import json
import pathlib
import re

import yaml

from v1model.grids.expansion import BASE
from v1model.runs.options_text import plain

ID_LENGTH = 8  # hex digits
_LONGEST_WORDS = 80  # characters; file systems take 255
_LONGEST_VALUE = 24
_VAGUE = {"type", "weight", "*"}  # last words of options that alone say little
_BLOCKS = 64  # of a large file, evenly spaced
_BLOCK_BYTES = 1 << 16


def canonical(room, config, inputs):
    """What a run is made of as one text, whatever the order of keys.

    Args:
        room: One of ROOMS.
        config: Nested dictionary of all options that compute.
        inputs: The same of what the training takes beside them.
    """
    made_of = {"room": room, "config": plain(config), "inputs": plain(inputs)}
    return json.dumps(made_of, sort_keys=True, separators=(",", ":"))


def run_id(text):
    """The hash of a canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]


def file_digest(path):
    """A hash of a file's content, wherever it lies: size and evenly spaced blocks.

    Files of up to 4 MB are read as a whole. Of larger ones a change that leaves the
    size and all these blocks alone is not noticed.
    """
    path = pathlib.Path(path)
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    step = max((size - _BLOCK_BYTES) / (_BLOCKS - 1), _BLOCK_BYTES)
    with path.open("rb") as file:
        for number in range(_BLOCKS):
            file.seek(round(number * step))
            digest.update(file.read(_BLOCK_BYTES))
    return digest.hexdigest()


def label_of(point, n_seeds=2):
    """Words for a point, in the name of its run.

    Args:
        point: Point.
        n_seeds: How many seeds the grid has; one is not told.
    """
    words = [_words(level) for level in point.levels]
    words += [point.subset.label] * bool(point.subset.label)
    words += [f"seed{point.seed}"] * (n_seeds > 1)
    return "_".join(filter(None, words))[:_LONGEST_WORDS].rstrip("_.-") or BASE


def run_name(label, identity):
    """The name of a run's folder."""
    return f"{label}_{identity}"


def text_of(value):
    """A value as the word of a command line that stands for it."""
    if isinstance(value, str):
        return value
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...")


def _words(level):
    """A level in a folder's name: "resnet", "gauss_std0.28", "mask-of-2-bins"."""
    value = text_of(level.value)
    slug = re.sub(r"[^\w.+-]+", "-", value).strip("-.")[:_LONGEST_VALUE]
    is_named = level.options != {level.axis: level.value}
    if is_named or (isinstance(level.value, str) and slug):
        return slug
    *before, last = level.axis.split(".")
    shown = f"{before[-1]}.{last}" if last in _VAGUE and before else last
    return re.sub(r"[^\w.+-]+", "-", shown).strip("-.") + slug
