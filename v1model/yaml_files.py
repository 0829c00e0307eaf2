"""YAML files: found by name, and read with errors that say where.

A name is looked up as it is given and then among the files that the package ships.
"""

import difflib
import pathlib

import yaml


def find_file(path, folder=None, params=None):
    """The path of a YAML file, as it is given or below a folder.

    Args:
        path: As it is given.
        folder: Where shipped files are, or None.
        params: Class of the settings, for an error that names those of this class only.

    Raises:
        FileNotFoundError: It is in neither place.
    """
    path = pathlib.Path(path).expanduser()
    places = [path] if folder is None else [path, pathlib.Path(folder) / path]
    for place in places:
        if place.is_file():
            return place
    shipped = ""
    if folder is not None:
        names = _shipped(pathlib.Path(folder), params)
        bare = {pathlib.PurePath(name).name: name for name in reversed(names)}
        close = difflib.get_close_matches(path.name, bare, n=1, cutoff=0.75)
        hint = f"; the nearest is {bare[close[0]]}" if close else ""
        shipped = f"{hint}; shipped are {', '.join(names)}"
    raise FileNotFoundError(f"settings {path} do not exist{shipped}.")


def _shipped(folder, params):
    """Names of the shipped files, as they are given: those that suit a class."""
    found = sorted(folder.glob("*/*.yaml"))
    if params is not None:
        known = set(params.model_fields)
        found = [place for place in found if known.issuperset(read_yaml(place))]
    return [str(place.relative_to(folder)) for place in found]


def read_yaml(path):
    """What a YAML file holds, a dictionary.

    Raises:
        ValueError: It is no YAML, gives a key twice, or holds something else.
    """
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} is not valid YAML: {reason}.") from error
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ValueError(f"{path} must hold keys and values, got {given!r:.60}.")
    return given


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would keep the last."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            mark = node.start_mark
            raise yaml.constructor.ConstructorError(
                None, None, f"key {twice[0]!r} is given twice", mark
            )
        return super().construct_mapping(node, deep)
