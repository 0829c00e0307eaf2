"""Settings: a YAML file and overrides, checked into ModelParams, and back."""

import difflib
import pathlib
import re
import types
import typing

import pydantic
import yaml

from v1model.latent.config import ModelParams

REASONS = {
    "learnable_diagonal": "it made no difference where it was tried",
    "use_mlp_with_matrix": "the evolver has one form",
    "evolver_params.time_units": "training.time_units is the interval",
    "intermediate_loss_steps": "EVOLVE compares observed steps only",
    "lp_norm": "use training.loss_function",
    "train_step": "training.acquisition_mode decides how a step is done",
    "use_tf32_matmul": "TensorFlow decides it, by "
    "tf.config.experimental.enable_tensor_float_32_execution",
    "profiling": "use TensorFlow's profiler",
    "test_start": "a held-out part is a recording of cross_validation_configs",
    "test_end": "a held-out part is a recording of cross_validation_configs",
    "ems_warmup_epochs": "use training.rollout_curriculum_epochs",
    "z0_consistency_loss": "the bank of z0 was given up",
    "encoder_consistency_loss": "the bank of z0 was given up",
}
_NONE = ("null", "none", "~")


class Leaf(typing.NamedTuple):
    """One option: its dotted name, its field, and the class that it belongs to."""

    name: str
    field: pydantic.fields.FieldInfo
    group: type


def leaves(params=ModelParams, prefix=""):
    """All options of a nested model, as Leaf, the inner ones first."""
    own = []
    for name, field in params.model_fields.items():
        kind = field.annotation
        for inner in (kind, *typing.get_args(kind)):
            is_params = isinstance(inner, type) and issubclass(inner, pydantic.BaseModel)
            if is_params:
                yield from leaves(inner, f"{prefix}{name}.")
                break
        else:
            own.append(Leaf(prefix + name, field, params))
    yield from own


def load_params(path, overrides=None, folder=None):
    """The ModelParams of a YAML file.

    Args:
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
        path = find_file(path, folder)
        given = _read(path)
    known = {leaf.name: leaf for leaf in leaves()}
    for name, text in overrides.items():
        if name not in known:
            raise ValueError(f"--{name} is no option{_nearest(name, known)}.")
        given = _with(given, name.split("."), _value(text, known[name]))
    try:
        return ModelParams.model_validate(given)
    except pydantic.ValidationError as error:
        raise ValueError(_reason(error, path, overrides)) from None


def find_file(path, folder=None):
    """The path of a YAML file, as it is given or below a folder.

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
        found = sorted(pathlib.Path(folder).glob("*/*.yaml"))
        names = (str(place.relative_to(folder)) for place in found)
        shipped = f"; shipped are {', '.join(names)}"
    raise FileNotFoundError(f"settings {path} do not exist{shipped}.")


def to_yaml(params):
    """The YAML text of ModelParams, which `load_params` reads back."""
    return yaml.safe_dump(params.model_dump(mode="json"), sort_keys=False)


def run_name(overrides):
    """What a run is called by the options that it was given: "tu20_lr0.0001".

    Args:
        overrides: Texts by dotted name, in the order of the command line.
    """
    return "_".join(_part(name, text) for name, text in overrides.items())


# As published, and in their way for what was not.
SHORT_NAMES = {
    "latent_dims": "ld",
    "training.time_units": "tu",
    "training.acquisition_mode.mode": "acq",
    "training.acquisition_mode.seed": "acq_seed",
    "training.acquisition_mode.interpolation": "interp",
    "training.stimulus_frequency": "stim_freq",
    "training.evolve_multiple_steps": "ems",
    "training.epochs": "ep",
    "training.batch_size": "bs",
    "training.learning_rate": "lr",
    "training.learning_rate_schedule": "lr_sched",
    "training.optimizer": "opt",
    "training.seed": "seed",
    "training.grad_clip_max_norm": "gc",
    "training.reconstruction_warmup_epochs": "recon_wu",
    "training.pretrain_stimulus_ae": "psa",
    "training.early_stop_intervening_mse": "es_int",
    "training.early_stop_patience_epochs": "es_patience",
    "training.early_stop_min_divergence": "es_min_div",
    "training.recon_loss_wt": "recon_w",
    "evolver_params.zero_init": "zero_init",
    "evolver_params.tv_reg_loss": "tv",
}
_LONGEST = 24  # characters of a value in the name of a run


def _part(name, text):
    short = SHORT_NAMES.get(name, name.replace(".", "_"))
    text = re.sub(r"[^\w.+-]+", "-", str(text).strip()).strip("-.")
    return short + text[:_LONGEST]


def _read(path):
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} is not valid YAML: {reason}.") from error
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ValueError(f"{path} must hold keys and values, got {given!r:.60}.")
    return given


def _with(given, names, value):
    """A nested dictionary with one value replaced."""
    name, *rest = names
    if not rest:
        return {**given, name: value}
    inner = given.get(name)
    if isinstance(inner, str) and name == "acquisition_mode":
        inner = {"mode": inner}
    inner = inner if isinstance(inner, dict) else {}
    return {**given, name: _with(inner, rest, value)}


def _value(text, leaf):
    """What a text of the command line stands for."""
    if not isinstance(text, str):
        return text
    kinds = kinds_of(leaf.field.annotation)
    if text.strip().lower() in _NONE and types.NoneType in kinds:
        return None
    if any(kind in (str, int, float, bool) for kind in kinds):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


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


def _reason(error, path, overrides):
    """The first thing that pydantic complains about, in a line."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    is_override = any(name == o or o.startswith(f"{name}.") for o in overrides)
    if first["type"] == "extra_forbidden":
        where = f"{path}: " if path else ""
        for key, why in REASONS.items():
            if key in name:
                return f"{where}{name} is no longer an option: {why}."
        return f"{where}{name} is no option{_nearest(name)}."
    where = "--" if name in overrides else f"{path}: " if path and not is_override else ""
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        # Of several fields: the message names them, below the class that checked them.
        prefix = f"{name}." if name else ""
        return f"{where.removeprefix('--')}{prefix}{message}."
    message = message[:1].lower() + message[1:]
    return f"{where}{name}: {message}, got {first['input']!r}."


def _nearest(name, known=None):
    """Words for the option that may have been meant."""
    known = list(known or (leaf.name for leaf in leaves()))
    parents = {".".join(n.split(".")[:k]) for n in known for k in range(1, n.count(".") + 1)}
    close = difflib.get_close_matches(name, [*known, *sorted(parents)], 1, 0.75)
    if not close:  # a key in the wrong place
        last = name.split(".")[-1]
        ends = {n.split(".")[-1]: n for n in known}
        close = [ends[k] for k in difflib.get_close_matches(last, ends, 1, 0.8)]
    return f"; did you mean {close[0]}?" if close else ""
