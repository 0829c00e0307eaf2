"""Options as text: how two configurations differ, and what JSON can hold of them."""

import dataclasses
import hashlib
import json
import math
import pathlib

import numpy as np

import v1model


def fingerprint(name, config):
    """What processes that train one run together must agree on, as a short text.

    Args:
        name: Of the run.
        config: ColumnTrainConfig.
    """
    options = flat(plain(dataclasses.asdict(config)))
    free = config.free_options
    bound = {k: v for k, v in options.items() if k.split(".")[-1] not in free}
    text = json.dumps([name, v1model.__version__, bound], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def options_of(config):
    """All options of a config as a nested dictionary."""
    if dataclasses.is_dataclass(config):
        return dataclasses.asdict(config)
    return config.model_dump(mode="json")


def differences(old, new, free):
    """Options that differ, as "name: 600 in the run, 700 now"."""
    old, new = flat(old), flat(new)
    missing = "not an option"
    return [
        f"{name}: {old.get(name, missing)} in the run, {new.get(name, missing)} now"
        for name in sorted(set(old) | set(new))
        if name.split(".")[-1] not in free
        and old.get(name, missing) != new.get(name, missing)
    ]


def flat(options, prefix=""):
    """Nested options by dotted name."""
    found = {}
    for name, value in options.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def dotted(options):
    """Options by dotted name, in lists of sections, too: blocks.0.norm.type."""

    def opened(value):
        is_sections = isinstance(value, list) and any(
            isinstance(item, dict) for item in value
        )
        if is_sections:
            value = {str(place): item for place, item in enumerate(value)}
        if isinstance(value, dict):
            return {name: opened(item) for name, item in value.items()}
        return value

    return flat(opened(options))


def seeds_of(options):
    """The options that are seeds, by dotted name: `seed`, or `split_seed`."""
    return {
        name: value
        for name, value in dotted(options).items()
        if name.split(".")[-1] == "seed" or name.endswith("_seed")
    }


def is_number(value):
    """Whether an option is a number: True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def plain(value):
    """Turns NumPy values, tuples and non-finite numbers into what JSON has."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, pathlib.Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
