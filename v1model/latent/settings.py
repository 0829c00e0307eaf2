"""Settings: a YAML file and overrides, checked into ModelParams, and back."""

import hashlib
import pathlib
import re
import types
import typing

import pydantic

from v1model import flags
from v1model.latent.config import ModelParams
from v1model.yaml_files import find_file, read_yaml
from v1model.yaml_settings import kinds_of, nearest, value_of

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
}
# The short form that YAML files may use, too.
ALIASES = {"training.acquisition_mode": "training.acquisition_mode.mode"}


class Leaf(typing.NamedTuple):
    """One option: its dotted name, its field, and the class that it belongs to."""

    name: str
    field: pydantic.fields.FieldInfo
    group: type


def leaves(params=ModelParams, prefix=""):
    """All options of a nested model, as Leaf, the inner ones first."""
    own = []
    for name, field in params.model_fields.items():
        nested = [kind for kind in kinds_of(field.annotation) if _has_fields(kind)]
        if nested:
            yield from leaves(nested[0], f"{prefix}{name}.")
        else:
            own.append(Leaf(prefix + name, field, params))
    yield from own


def _has_fields(kind):
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


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
        path = find_file(path, folder, ModelParams)
        given = read_yaml(path)
    known = {leaf.name: leaf for leaf in leaves()}
    overrides = {ALIASES.get(name, name): text for name, text in overrides.items()}
    for name, text in overrides.items():
        if name not in known:
            raise ValueError(f"--{name} is no option{_nearest(name)}.")
        given = _with(
            given, name.split("."), value_of(text, known[name].field.annotation)
        )
    try:
        return ModelParams.model_validate(given)
    except pydantic.ValidationError as error:
        raise ValueError(_reason(error, path, overrides)) from None


def flag_groups():
    """The options as Group of `v1model.flags`, one for each part of ModelParams."""
    groups = {}
    for leaf in leaves():
        group = groups.setdefault(leaf.group, flags.Group(_title(leaf.group), []))
        group.flags.append(_flag(leaf))
        for short, name in ALIASES.items():
            if name == leaf.name:
                text = f"The same as {name}."
                group.flags.append(group.flags[-1]._replace(name=short, help=text))
    return list(groups.values())


def run_name(overrides):
    """What a run is called by the options that it was given: "tu20_lr0.0001".

    Args:
        overrides: Texts by dotted name, in the order of the command line.
    """
    name = "_".join(_part(name, text) for name, text in overrides.items())
    if len(name) <= _LONGEST_NAME:
        return name
    # Names that are cut at the same place would be the same.
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[:_LONGEST_NAME]}_{digest}"


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
    "evolver_params.kind": "evolver",
    "evolver_params.max_lipschitz": "lip",
    "encoder_params.num_hidden_units": "enc_h",
    "decoder_params.num_hidden_units": "dec_h",
    "evolver_params.num_hidden_units": "evo_h",
    "training.training_data_path": "data",
    "training.normalization": "norm",
    "training.steps_per_epoch": "steps",
    "training.rollout_curriculum_epochs": "curr",
    "training.latent_noise": "noise",
    "training.neuron_dropout": "drop",
    "training.warmup_steps": "lr_wu",
    "training.max_minutes": "min",
    "training.unconnected_to_zero.num_neurons": "aug",
}
_LONGEST = 24  # characters of a value in the name of a run
_LONGEST_NAME = 120  # characters of the name; file systems take 255


def _part(name, text):
    name = ALIASES.get(name, name)
    short = SHORT_NAMES.get(name, name.replace(".", "_"))
    if name.endswith("path"):
        text = pathlib.PurePath(text).stem
    text = re.sub(r"[^\w.+-]+", "-", str(text).strip()).strip("-.")
    return short + text[:_LONGEST]


def _title(group):
    return group.__doc__.splitlines()[0].rstrip(".")


def _flag(leaf):
    field = leaf.field
    kinds = kinds_of(field.annotation) - {types.NoneType}
    kind = next(kind for kind in (bool, tuple, str, float, int) if kind in kinds)
    choices = None
    if typing.get_origin(field.annotation) is typing.Literal:
        choices = typing.get_args(field.annotation)
    default = None if field.is_required() else field.default
    return flags.Flag(leaf.name, kind, default, field.description, choices)


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


def _reason(error, path, overrides):
    """The first thing that pydantic complains about, in a line."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    is_override = any(
        name == o or o.startswith(f"{name}.") or name.startswith(f"{o}.")
        for o in overrides
    )
    if first["type"] == "extra_forbidden":
        where = f"{path}: " if path and not is_override else ""
        for key, why in REASONS.items():
            if key in name:
                return f"{where}{name} is no longer an option: {why}."
        return f"{where}{name} is no option{_nearest(name)}."
    where = (
        "--" if name in overrides else f"{path}: " if path and not is_override else ""
    )
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        # Of several fields: the message names them, below the class that checked them.
        prefix = f"{name}." if name else ""
        return f"{where.removeprefix('--')}{prefix}{message}."
    message = message[:1].lower() + message[1:]
    return f"{where}{name}: {message}, got {first['input']!r}."


def _nearest(name):
    """Words for the option that may have been meant."""
    known = [leaf.name for leaf in leaves()]
    parents = {name.rpartition(".")[0] for name in known} - {""}
    return nearest(name, [*known, *sorted(parents)])
