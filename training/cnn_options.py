"""CnnOptions: the options of a training of read-out models that are not the model's."""

import dataclasses
import typing

import absl.flags

from v1model import flags, yaml_settings
from v1model.distribution_config import DistributionConfig
from v1model.monitoring_config import MonitoringConfig
from v1model.options import option, require

FIT, REFIT, TRANSFER = "fit", "refit", "transfer"
STAGES = (FIT, REFIT, TRANSFER)


@dataclasses.dataclass(frozen=True)
class CnnOptions:
    """Data, stage and results."""

    distribution: DistributionConfig = DistributionConfig()
    monitoring: MonitoringConfig = MonitoringConfig()
    model: str = option(
        "", "YAML file of settings, your own or shipped; none takes the defaults."
    )
    recordings: tuple[str, ...] = option(
        (),
        "Recordings, separated by commas; none simulates neurons that are known.",
    )
    stage: str = option(
        FIT,
        "fit: core and read-outs; refit: read-outs of a core that is frozen; transfer: "
        "how well its core serves other recordings, by the share of their trials.",
        choices=STAGES,
    )
    source: str = option(
        "", "refit, transfer: run or checkpoint that the core is from; also --from."
    )
    shares: tuple[float, ...] = option(
        (0.01, 0.03, 0.1, 0.3, 1.0), "transfer: shares of the trials for training."
    )
    results_dir: str = option("results/cnn", "Folder of all runs.")
    run_name: str = option(
        "",
        "Name of the run folder; none makes one from the options and the time. An "
        "unfinished run of that name is resumed.",
    )
    simulated: int = option(3, "Recordings to simulate where none are given.")
    dry_run: bool = option(False, "Only say what would be done, and how long it takes.")

    def __post_init__(self):
        is_ok = self.distribution.strategy != "multi_worker"
        require(is_ok, "strategy", "must be auto, none or mirrored", "multi_worker")
        require(self.simulated >= 1, "simulated", "must be at least 1", self.simulated)
        is_share = all(0 < share <= 1 for share in self.shares) and self.shares
        require(is_share, "shares", "must be above 0 and at most 1", self.shares)
        is_later = self.stage != FIT
        require(
            bool(self.source) == is_later,
            "from",
            f"must {'name a run' if is_later else 'be left out'} with stage "
            f"{self.stage}",
            self.source,
        )


def overrides_of(argv, params):
    """A command line in two: overrides of settings, and everything else.

    Args:
        argv: The program's name and words, such as --training.epochs=3 or
            --training.epochs 3; --noname and --name are of switches.
        params: Class of the settings, whose fields begin the dotted names.

    Returns:
        Texts by dotted name, in the order of the command line; and the other words.

    Raises:
        ValueError: An override has no value.
    """
    texts, others = {}, argv[:1]
    # Of files of flags, too.
    words = iter(absl.flags.FlagValues().read_flags_from_files(argv[1:]))
    for word in words:
        name, equals, text = word.removeprefix("--").partition("=")
        is_no = (
            name.startswith("no") and name[2:].partition(".")[0] in params.model_fields
        )
        head = name[2:] if is_no else name
        first, dot, _ = head.partition(".")
        if not (word.startswith("--") and dot and first in params.model_fields):
            others.append(word)
        elif is_no:
            texts[head] = "false"
        else:
            text = text if equals else next(words, None)
            if text is None or (not equals and text.startswith("--")):
                raise ValueError(f"--{name} needs a value: --{name}=value.")
            texts[name] = text
    return texts, ["--source" + w[6:] if _is_from(w) else w for w in others]


def _is_from(word):
    return word.partition("=")[0] == "--from"


def setting_groups(params):
    """All settings as Group of `v1model.flags`, one for each class of them.

    A class that stands in several places is listed at the first one; at the others only
    what has another default.

    Args:
        params: Class of the settings.
    """
    return _groups_of(params, "", params, params.__doc__, {})


def _groups_of(kind, prefix, default, about, listed):
    """Groups of a class and of those in it.

    Args:
        kind: Class of settings.
        prefix: Dotted name that they are in, with a dot at its end; or nothing.
        default: The settings that hold unless others are given; or `kind`.
        about: What they are.
        listed: Classes that groups are there of: their first names and defaults.
    """
    name, title = prefix.rstrip("."), about.splitlines()[0].rstrip(".")
    first, known = listed.setdefault(kind, (name, {}))
    inner, own = [], []
    for key, field in kind.model_fields.items():
        value = _default_of(default, key, field)
        place = f"{prefix}{key}"
        nested = yaml_settings.classes_of(field.annotation)
        item = yaml_settings.item_of(field.annotation)
        if item is not None and yaml_settings.classes_of(item):
            nested = yaml_settings.classes_of(item)
            place, value = f"{place}.*", value[0] if value else None
        choices = tuple(tag for c in nested for tag in yaml_settings.types_of(c))
        if nested and len(choices) > 1:
            text = "What is there."
            flag = flags.Flag(f"{place}.type", str, _type_of(value), text, choices)
            own.append((f"{key}.type", flag))
        elif not nested and key != yaml_settings.TYPE:
            own.append((key, _flag(place, field, value)))
        for one in nested if first == name else ():
            standard = value if isinstance(value, one) else one
            words = field.description or one.__doc__
            inner += _groups_of(one, f"{place}.", standard, words, listed)
    shown = [
        flag for key, flag in own if known.get(key) != flag.default or first == name
    ]
    known |= {key: flag.default for key, flag in own if first == name}
    if first != name and own:
        title += f"; as {first}{', but' if shown else ''}"
    types = ", ".join(yaml_settings.types_of(kind))
    heading = f"{name}, type {types}" if types else name
    group = flags.Group(f"{heading}: {title}" if heading else title, shown)
    return [group, *inner] if own else inner


def _default_of(settings, key, field):
    if not isinstance(settings, type):
        return getattr(settings, key)
    return None if field.is_required() else field.default


def _type_of(settings):
    return getattr(settings, yaml_settings.TYPE, None)


def _flag(name, field, default):
    kinds = yaml_settings.kinds_of(field.annotation) - {type(None)}
    kind = next(kind for kind in (bool, tuple, str, float, int) if kind in kinds)
    choices = None
    if typing.get_origin(field.annotation) is typing.Literal:
        choices = typing.get_args(field.annotation)
    if kind is tuple and default is None:
        default = ()
    return flags.Flag(name, kind, default, field.description or "", choices)
