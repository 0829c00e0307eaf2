"""What options are made of: fields that document and check themselves."""

import dataclasses
import typing


def option(default, help, choices=None):
    """A config field that documents itself on the command line."""
    return dataclasses.field(
        default=default, metadata={"help": help, "choices": choices}
    )


def require(is_ok, name, rule, value):
    """Raises ValueError naming the option, the rule and the value."""
    if not is_ok:
        raise ValueError(f"{name} {rule}, got {value}.")


def require_positive(config, name):
    """Raises ValueError unless the option is above zero."""
    value = getattr(config, name)
    require(value > 0, name, "must be positive", value)


def from_dict(cls, values):
    """Rebuilds a config from `dataclasses.asdict` output, such as config.json.

    Raises:
        ValueError: A key is no option of `cls`.
    """
    types = typing.get_type_hints(cls)
    unknown = set(values) - set(types)
    if unknown:
        raise ValueError(f"unknown options in the config: {sorted(unknown)}.")
    kwargs = {}
    for name, value in values.items():
        kind = types[name]
        if dataclasses.is_dataclass(kind):
            value = from_dict(kind, value)
        elif typing.get_origin(kind) is tuple:
            value = tuple(value)
        kwargs[name] = value
    return cls(**kwargs)
