"""Settings: a YAML file and dotted overrides, checked into a pydantic model, and back.

An override names an option with dots, through lists, too: `blocks.0.norm.type` is of
the first block, `blocks.*.norm.type` of all. Where an option is one of several classes
that a key `type` tells apart, an override of `type` drops what belonged to the old one.
"""

import difflib
import types
import typing

import pydantic
import yaml

from v1model.yaml_files import find_file, read_yaml

TYPE = "type"  # the key that tells the classes of a union apart
ALL = "*"
_NONE = ("null", "none", "~")


def load_settings(params, path, overrides=None, folder=None):
    """The settings of a YAML file.

    Args:
        params: Class of the settings, a pydantic model.
        path: The file, looked up as given and then below `folder`; None for defaults.
        overrides: Texts of a command line by dotted name; they go over the file.
        folder: Where shipped files are, or None.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A key is unknown or a value is wrong; says where, which and what.
    """
    overrides = overrides or {}
    given = {}
    if path is not None:
        path = find_file(path, folder, params)
        given = read_yaml(path)
    # A type comes before what it has, whatever the order on the command line.
    order = sorted(overrides, key=lambda name: (not _is_type(name), name.count(".")))
    for name in order:
        given = _with(given, params, name.split("."), overrides[name], name)
    try:
        return params.model_validate(given)
    except pydantic.ValidationError as error:
        raise ValueError(reason_of(error, params, path, overrides)) from None


def to_yaml(params):
    """The YAML text of settings, which `load_settings` reads back."""
    return yaml.safe_dump(params.model_dump(mode="json"), sort_keys=False)


def kinds_of(annotation):
    """The types that a value may have: of `int | None`, int and NoneType."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return {k for a in typing.get_args(annotation) for k in kinds_of(a)}
    if origin is typing.Annotated:
        return kinds_of(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return {type(choice) for choice in typing.get_args(annotation)}
    return {origin or annotation}


def names_of(params, prefix=""):
    """Dotted names of all options: of every class that an option may be of."""
    for name, field in params.model_fields.items():
        yield prefix + name
        for kind in classes_of(field.annotation):
            yield from names_of(kind, f"{prefix}{name}.")
        item = item_of(field.annotation)
        for kind in classes_of(item) if item is not None else ():
            yield from names_of(kind, f"{prefix}{name}.{ALL}.")


def value_of(text, annotation):
    """What a text of a command line stands for."""
    if not isinstance(text, str):
        return text
    kinds = kinds_of(annotation)
    if text.strip().lower() in _NONE and types.NoneType in kinds:
        return None
    if any(kind in (str, int, float, bool) for kind in kinds):
        return text
    if tuple in kinds and not text.lstrip().startswith("["):
        text = f"[{text}]"
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def nearest(name, known, cutoff=0.75):
    """Words for the option of `known` that may have been meant; empty for none."""
    known = list(known)
    close = difflib.get_close_matches(name, known, 1, cutoff)
    if not close:  # a key in the wrong place
        ends = {one.rpartition(".")[2]: one for one in known}
        found = difflib.get_close_matches(name.rpartition(".")[2], ends, 1, 0.8)
        close = [ends[end] for end in found]
    return f"; the nearest is {close[0]}" if close else ""


def reason_of(error, params, path, overrides):
    """The first thing that pydantic complains about, in a line."""
    first = error.errors(include_url=False)[0]
    place = _place(params, first["loc"])
    name = ".".join(place.keys)
    is_override = any(_agree(name, one) for one in overrides)
    where = "--" if is_override else f"{path}: " if path else ""
    if first["type"] == "extra_forbidden":
        key, inside = place.keys[-1], ".".join(place.keys[:-1])
        hint = _other_type(key, place.owner, place.classes, inside)
        hint = hint or _nearest_key(key, place.owner.model_fields, inside, params)
        return f"{where}{name} is no option{hint}."
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        if message.startswith("must "):
            return f"{where}{name} {message}."
        # Of several fields: the message names them, below the class that checked them.
        prefix = f"{name}." if name else ""
        return f"{where.removeprefix('--')}{prefix}{message}."
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        choices = [tag for c in classes_of(place.annotation) for tag in types_of(c)]
        given = first["input"] if isinstance(first["input"], dict) else {}
        found = repr(given[TYPE]) if TYPE in given else "nothing"
        close = difflib.get_close_matches(str(given.get(TYPE, "")), choices, 1, 0.6)
        hint = f"; the nearest is {close[0]}" if close else ""
        meant = difflib.get_close_matches(TYPE, given, 1) if TYPE not in given else []
        hint += f"; {name}.{meant[0]} may be meant" if meant else ""
        return (
            f"{where}{name}.{TYPE} must be one of {', '.join(choices)}, got "
            f"{found}{hint}."
        )
    if first["type"] in ("model_type", "model_attributes_type"):
        return f"{where}{name} must hold keys and values, got {first['input']!r:.80}."
    message = message[:1].lower() + message[1:].replace("valid tuple", "list")
    return f"{where}{name}: {message}, got {first['input']!r:.80}."


def _nearest_key(key, known, prefix, params):
    close = difflib.get_close_matches(key, known, 1, 0.6)
    if not close:  # a word of an option, or its initials
        initials = {"".join(word[:1] for word in one.split("_")): one for one in known}
        words = {word: one for one in known for word in one.split("_")} | initials
        close = [words[w] for w in difflib.get_close_matches(key, words, 1, 0.75)]
    inside = f"{prefix}." if prefix else ""
    if close:
        return f"; the nearest is {inside}{close[0]}"
    # A key in the wrong place, or of another class that could stand here; not the
    # section itself, which is near to all that is in it.
    names = [
        name for name in names_of(params) if not f"{name}.".startswith(inside or "/")
    ]
    found = nearest(inside + key, names) if prefix else nearest(key, names)
    return found or f"; there are {', '.join(known)}"


def _other_type(key, owner, classes, prefix):
    """Words for the types that have an option, where the one that is chosen has not."""
    tags = [
        tag for kind in classes if key in kind.model_fields for tag in types_of(kind)
    ]
    if not tags:
        return ""
    own = ", ".join(types_of(owner))
    return f" of type {own}; {prefix}.{TYPE} must be {' or '.join(tags)}"


class _Place(typing.NamedTuple):
    """Where an option is: keys, class of the last one, what that might be, its type."""

    keys: list
    owner: type
    classes: list
    annotation: object


def _place(params, location):
    """The _Place that pydantic names, without the tags of unions."""
    keys, owner, annotation, options = [], params, None, []
    for key in location:
        classes = classes_of(annotation) if annotation is not None else [owner]
        if annotation is not None and isinstance(key, int):
            annotation = item_of(annotation)
            keys.append(str(key))
            continue
        chosen = [c for c in classes if key in types_of(c) or key == c.__name__]
        if annotation is not None and chosen:  # a member of a union
            owner, annotation, options = chosen[0], None, classes
            continue
        if annotation is not None:
            if not classes:  # a kind of a value, as "int"
                break
            owner = next((c for c in classes if key in c.model_fields), classes[0])
            options = classes
        keys.append(str(key))
        field = owner.model_fields.get(key)
        if field is None:
            break
        annotation = field.annotation
    return _Place(keys, owner, options, annotation)


def _with(given, params, keys, text, name):
    """A nested value with one option replaced.

    Raises:
        ValueError: There is no such option.
    """
    key, *rest = keys
    field = params.model_fields.get(key)
    if field is None:
        prefix = name[: len(name) - len(".".join(keys))].rstrip(".")
        hint = _nearest_key(key, params.model_fields, prefix, params)
        raise ValueError(f"--{name} is no option{hint}.")
    if not rest:
        value = value_of(text, field.annotation)
        if key == TYPE and given.get(TYPE, _default_of(params)) != value:
            given = {}  # what belonged to the old one
        return {**given, key: value}
    inner = given.get(key)
    if inner is None:
        inner = _dumped(field.get_default(call_default_factory=True))
    return {**given, key: _inside(inner, field.annotation, rest, text, name)}


def _inside(inner, annotation, keys, text, name):
    item = item_of(annotation)
    if item is not None:
        key, *rest = keys
        inner = list(inner or ())
        if key != ALL and not (key.isdigit() and int(key) < len(inner)):
            raise ValueError(
                f"--{name}: {key} must be {ALL} or a number below {len(inner)}, the "
                "length of the list."
            )
        if not rest:
            new = [value_of(text, item)] * len(inner)
        else:
            new = [_inside(one, item, rest, text, name) for one in inner]
        chosen = range(len(inner)) if key == ALL else [int(key)]
        return [new[k] if k in chosen else one for k, one in enumerate(inner)]
    classes = classes_of(annotation)
    if not classes:
        raise ValueError(f"--{name} is no option: nothing is inside of a value.")
    inner = inner if isinstance(inner, dict) else {}
    if keys == [TYPE]:
        value = str(text)
        is_same = inner.get(TYPE) == value
        old = _member(classes, inner.get(TYPE))
        new = _member(classes, value)
        keeps = is_same or (old is new and old is not None)
        return {**(inner if keeps else {}), TYPE: value}
    member = _member(classes, inner.get(TYPE))
    if member is None:
        member = next((c for c in classes if keys[0] in c.model_fields), classes[0])
    if keys[0] not in member.model_fields:
        prefix = name[: len(name) - len(".".join(keys)) - 1]
        hint = _other_type(keys[0], member, classes, prefix)
        if hint:
            raise ValueError(f"--{name} is no option{hint}.")
    return _with(inner, member, keys, text, name)


def _member(classes, tag):
    """The class of a union that a type is of; the only one, if there is one."""
    if len(classes) == 1:
        return classes[0]
    return next((kind for kind in classes if tag in types_of(kind)), None)


def types_of(kind):
    """The types that a class is of: what its key `type` may be."""
    field = kind.model_fields.get(TYPE)
    if field is None or typing.get_origin(field.annotation) is not typing.Literal:
        return ()
    return typing.get_args(field.annotation)


def _default_of(params):
    field = params.model_fields[TYPE]
    return None if field.is_required() else field.default


def _dumped(value):
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (tuple, list)):
        return [_dumped(one) for one in value]
    return value


def classes_of(annotation):
    """Pydantic classes that a value may be of."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return [c for a in typing.get_args(annotation) for c in classes_of(a)]
    if origin is typing.Annotated:
        return classes_of(typing.get_args(annotation)[0])
    is_class = isinstance(annotation, type) and issubclass(
        annotation, pydantic.BaseModel
    )
    return [annotation] if is_class else []


def item_of(annotation):
    """What a list has, or None for no list."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return item_of(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return next(filter(None, map(item_of, typing.get_args(annotation))), None)
    if origin in (tuple, list):
        return typing.get_args(annotation)[0]
    return None


def _agree(name, override):
    """Whether an override is of an option, or of what it is in."""
    pairs = zip(name.split("."), override.split("."), strict=False)
    return all(a == b or ALL in (a, b) for a, b in pairs)


def _is_type(name):
    return name.rpartition(".")[2] == TYPE
