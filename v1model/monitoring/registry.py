"""The monitors by name, and how a user names them.

Modules with monitors import nothing large at their top: options are checked before
TensorFlow is there.
"""

import difflib
import importlib
import importlib.util
import inspect
import pathlib
from collections.abc import Callable
from typing import NamedTuple

from v1model.monitoring_config import ALL, NONE
from v1model.rooms import ROOMS

PACES = ("fast", "slow")
MONITORS = {}


class Monitor(NamedTuple):
    """A function of a Subject that returns a Reading, and when it is called.

    name: In options, records and tags.
    pace: One of PACES.
    rooms: Those whose subjects it can look at.
    function: The function.
    """

    name: str
    pace: str
    rooms: tuple
    function: Callable

    @property
    def description(self):
        """What it shows: the first paragraph of the function's docstring, one line."""
        first = (inspect.getdoc(self.function) or "").partition("\n\n")[0]
        return " ".join(first.split())


def monitor(name, pace, rooms=tuple(ROOMS)):
    """Registers the function below it as a monitor, and leaves it as it is.

    Raises:
        ValueError: The name is taken by another function, or a pace or room is
            unknown.
    """
    if pace not in PACES:
        raise ValueError(f"monitor {name}: unknown pace {pace!r}, choose from {PACES}.")
    unknown = [room for room in rooms if room not in ROOMS]
    if unknown:
        raise ValueError(
            f"monitor {name}: unknown room {unknown[0]!r}, choose from {tuple(ROOMS)}."
        )

    def register(function):
        own = Monitor(name, pace, tuple(rooms), function)
        other = MONITORS.setdefault(name, own)
        if _origin(other) != _origin(own):
            raise ValueError(f"monitor {name} exists: {_origin(other)}.")
        MONITORS[name] = own  # the module may have been imported anew
        return function

    return register


def monitors_for(room, pace):
    """All monitors of a room and pace, in the order in which they were registered."""
    return [m for m in MONITORS.values() if m.pace == pace and room in m.rooms]


def chosen(names, room, pace):
    """The monitors that an option names.

    Args:
        names: Names of monitors, "all", "none", or functions of the user's own:
            package.module:function or folder/file.py:function. In records and tags
            they have the name of the function.
        room: One of ROOMS.
        pace: One of PACES; own functions have it.

    Returns:
        Monitors, none of them twice.

    Raises:
        ValueError: A name is unknown, of another room or pace, or cannot be imported.
    """
    option = f"{pace}_monitors"
    found = {}
    for name in names:
        if name == NONE:
            if len(names) > 1:
                raise ValueError(f"{option}: none stands alone, got {','.join(names)}.")
        elif name == ALL:
            found |= {m.name: m for m in monitors_for(room, pace)}
        elif ":" in name:
            own = Monitor(_last_part(name), pace, (room,), _imported(option, name))
            other = found.get(own.name, MONITORS.get(own.name, own))
            if other.function is not own.function:
                raise ValueError(
                    f"{option}: {name} has the name of {_origin(other)}; rename it."
                )
            found[own.name] = own
        else:
            found[name] = _named(option, name, room, pace)
    return list(found.values())


def _named(option, name, room, pace):
    choices = [m.name for m in monitors_for(room, pace)]
    if name in choices:
        return MONITORS[name]
    if name in MONITORS and room not in MONITORS[name].rooms:
        of = ", ".join(MONITORS[name].rooms)
        raise ValueError(f"{option}: {name} is a monitor of {of}, not of {room}.")
    if name in MONITORS:
        other = MONITORS[name].pace
        raise ValueError(f"{option}: {name} is {other}; name it in {other}_monitors.")
    near = difflib.get_close_matches(name, [*choices, ALL, NONE], 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    listed = ", ".join([*choices, ALL, NONE])
    raise ValueError(
        f"{option}: unknown monitor {name!r}.{guess} Choose from {listed}, or "
        "package.module:function of your own."
    )


def _imported(option, name):
    """The function that is named as module:function or file.py:function."""
    place, _, attribute = name.rpartition(":")
    try:
        module = _from_file(place) if place.endswith(".py") else _from_module(place)
    except Exception as error:  # whatever the user's own file raises
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{option}: {name} cannot be imported. {reason}") from error
    function = getattr(module, attribute, None)
    if callable(function):
        return function
    own = [key for key, value in vars(module).items() if inspect.isfunction(value)]
    near = difflib.get_close_matches(attribute, own, 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"{option}: {place} has no function {attribute!r}.{guess}")


def _from_module(name):
    return importlib.import_module(name)


def _from_file(name):
    path = pathlib.Path(name).expanduser()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _last_part(name):
    return name.rpartition(":")[2]


def _origin(own):
    return f"{own.function.__module__}:{own.function.__qualname__}"
