"""Rooms of a grid: from options by dotted name to a checked config and a command line.

Options are resolved in the way of each training's own command line, so that a run of a
grid is what the command in its folder makes.
"""

import dataclasses
import pathlib
import typing
from typing import NamedTuple

from absl import flags as absl_flags

from training.cnn_options import CnnOptions
from training.cnn_training import FOLDER
from training.latent_options import LatentOptions
from v1model import flags
from v1model.cnn.config import ReadoutConfig
from v1model.config import ColumnTrainConfig
from v1model.decoders.config import DecoderConfig
from v1model.distribution_config import DistributionConfig
from v1model.grids import run_names
from v1model.latent.config import ModelParams
from v1model.latent.settings import leaves, load_params
from v1model.monitoring_config import MONITORING_OPTIONS
from v1model.rooms import ROOMS
from v1model.yaml_settings import load_settings, names_of, nearest

# Options that decide where results go and what is shown, or that spread the same
# computation over machines: a run with others is the same run.
NOT_COMPUTING = (
    {"results_dir", "run_name", "comment", "caching", "log_activity_every"}
    | {"debug_prints", "dry_run"}
    | {field.name for field in dataclasses.fields(DistributionConfig)}
    | MONITORING_OPTIONS
)
_PLACES = {"results_dir", "run_name", "dry_run"}  # the grid gives them


class Resolved(NamedTuple):
    """A run, checked: what it is made of and how it is started.

    config: Nested dict of the options that compute.
    inputs: Dict of what is trained on; files by their content.
    words: Arguments of the program, but for those of the place.
    epochs: Rows that metrics.csv will have, about; 0 where there are none.
    """

    config: dict
    inputs: dict
    words: list
    epochs: int

    def text(self, room):
        """All that the run is made of as one text; see `run_names.canonical`."""
        return run_names.canonical(room, self.config, self.inputs)


class SettingsRoom:
    """A room whose options are those of a YAML file, and a few of the program.

    Args:
        params: Class of the settings.
        load: Function of path, texts by dotted name and folder that gives them.
        program: Config class of the program's own options.
        own: Those of its options that the grid file gives otherwise.
    """

    seed, recording, units = ROOMS["cnn"].seed, None, None  # latent: the same

    def __init__(self, params, load, program, own):
        self.params, self._load, self.program = params, load, program
        self._own = own

    def names(self):
        """Dotted names of all options."""
        own = (name for name in option_names(self.program) if self._is_free(name))
        return [*names_of(self.params), *own]

    def resolve(self, settings, options, subset, digests):
        """The Resolved of settings, values by dotted name, and a Subset.

        Args:
            digests: What decides the content of a recording, by its path.

        Raises:
            FileNotFoundError: The settings do not exist.
            ValueError: An option is wrong.
        """
        texts = {name: run_names.text_of(value) for name, value in options.items()}
        texts |= self._of_subset(subset)
        in_settings = {
            name: text
            for name, text in texts.items()
            if name.partition(".")[0] in self.params.model_fields
        }
        others = {name: texts[name] for name in texts if name not in in_settings}
        own = list(option_names(self.program))
        for name in others:
            if not self._is_free(name):
                raise ValueError(f"{name} is given by the grid itself.")
            if name not in own:
                raise ValueError(f"{name} is no option{nearest(name, self.names())}.")
        config = self._load(settings, in_settings, FOLDER)
        program, words = dataclass_from(self.program, others)
        words = [*words, *(f"--{name}={text}" for name, text in in_settings.items())]
        inputs = {"recordings": [digests[path] for path in subset.paths]}
        return self._resolved(config, program, subset, settings, words, inputs)

    def _is_free(self, name):
        return name not in _PLACES | self._own


class CnnRoom(SettingsRoom):
    """The read-out models."""

    units = "data.units"

    def __init__(self):
        own = {"model", "recordings", "simulated"}
        super().__init__(ReadoutConfig, self._loaded, CnnOptions, own)

    @staticmethod
    def _loaded(settings, texts, folder):
        return load_settings(ReadoutConfig, settings, texts, folder)

    def place(self, results_dir, name):
        """Arguments that say where the run goes."""
        return [f"--results_dir={results_dir}", f"--run_name={name}"]

    def _of_subset(self, subset):
        if not subset.paths:
            raise ValueError("room cnn needs recordings: files or simulate.")
        return {} if subset.unit is None else {self.units: f"[{subset.unit}]"}

    def _resolved(self, config, program, subset, settings, words, inputs):
        if program.source:
            raise ValueError("source must be left out: settings come from the grid.")
        words = [f"--recordings={','.join(subset.paths)}", *words]
        words = [f"--model={settings}"] * bool(settings) + words
        inputs = {**inputs, "stage": program.stage}
        return Resolved(
            config.model_dump(mode="json"), inputs, words, config.training.epochs
        )


class LatentRoom(SettingsRoom):
    """The latent evolver."""

    recording = "training.training_data_path"

    def __init__(self):
        super().__init__(ModelParams, load_params, LatentOptions, set())

    def names(self):
        """Dotted names of all options."""
        own = (name for name in option_names(self.program) if self._is_free(name))
        return [*(leaf.name for leaf in leaves()), *own]

    def place(self, results_dir, name):
        """Arguments that say where the run goes: its folder is the EXPERIMENT's."""
        folder = pathlib.PurePath(results_dir)
        return [f"--results_dir={folder.parent}", f"--run_name={name}", folder.name]

    def _of_subset(self, subset):
        if len(subset.paths) > 1:
            raise ValueError(
                "room latent trains on one recording: recordings.subset must be one, "
                f"got {len(subset.paths)} files."
            )
        if subset.unit is not None:
            raise ValueError(
                "room latent needs all neurons: recordings.subset must not be units."
            )
        return {self.recording: subset.paths[0]} if subset.paths else {}

    def _resolved(self, config, program, subset, settings, words, inputs):
        options = config.model_dump(mode="json")
        if subset.paths:
            options["training"]["training_data_path"] = ""  # known by its content
        training = config.training
        epochs = training.epochs + training.reconstruction_warmup_epochs
        return Resolved(options, inputs, [*words, *filter(None, [settings])], epochs)


class FlagsRoom:
    """A room whose options are a config dataclass, a flag each.

    Args:
        program: The config class.
        seed: Dotted name of the seed.
        epochs: Function of a config that gives the rows of its metrics.csv.
        recording: Dotted name of the option that names recordings, or None.
        units: Dotted name of the option that keeps some neurons, or None.
    """

    def __init__(self, program, seed, epochs, recording=None, units=None):
        self.program, self.seed, self._epochs = program, seed, epochs
        self.recording, self.units = recording, units

    def names(self):
        """Dotted names of all options."""
        return [
            name
            for name in option_names(self.program)
            if name not in _PLACES and name != self.recording
        ]

    def resolve(self, settings, options, subset, digests):
        """The Resolved of values by dotted name, and a Subset; no settings.

        Args:
            digests: What decides the content of a recording, by its path.

        Raises:
            ValueError: An option is wrong.
        """
        del settings
        texts = {name: run_names.text_of(value) for name, value in options.items()}
        if subset.paths and self.recording is None:
            raise ValueError("room column takes no recordings; leave them out.")
        if len(subset.paths) > 1:
            raise ValueError(
                "room decoder decodes one session at a time: recordings.subset must "
                f"be one, got {len(subset.paths)} files."
            )
        for name in _PLACES | {self.recording}:
            if name in texts:
                raise ValueError(f"{name} is given by the grid itself.")
        if subset.unit is not None:
            texts[self.units] = str(subset.unit)
        inputs = {}
        if subset.paths:
            texts[self.recording] = subset.paths[0]
            inputs["recordings"] = [digests[subset.paths[0]]]
        config, words = dataclass_from(self.program, texts)
        _require_one_job(config)
        computing = _computing(dataclasses.asdict(config))
        if subset.paths:
            del computing["session"]["recording"]
        return Resolved(computing, inputs, words, self._epochs(config))

    def place(self, results_dir, name):
        """Arguments that say where the run goes."""
        return [f"--results_dir={results_dir}", f"--run_name={name}"]


def option_names(config_class, prefix=""):
    """Dotted names of the options of a (nested) config class, as in config.json."""
    types = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        kind = types[field.name]
        if dataclasses.is_dataclass(kind):
            yield from option_names(kind, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def dataclass_from(config_class, texts):
    """A config of texts by dotted name, and the flags that make it.

    Raises:
        ValueError: A name is no option, or a value is wrong.
    """
    known = list(option_names(config_class))
    for name in texts:
        if name not in known:
            raise ValueError(f"{name} is no option{nearest(name, known)}.")
    words = [
        f"--{name.rpartition('.')[2]}={_flat_list(text)}"
        for name, text in texts.items()
    ]
    values = absl_flags.FlagValues()
    flags.define(config_class, values)
    try:
        values(["grid", *words])
        return flags.parse(config_class, values), words
    except absl_flags.Error as error:
        raise ValueError(" ".join(str(error).split())) from None


def _flat_list(text):
    """Lists of flags have no brackets."""
    return text[1:-1].replace(", ", ",") if text[:1] + text[-1:] == "[]" else text


def _computing(options):
    """The nested options that compute; groups of which none does are left out.

    A new group of such options must not make new runs of the old ones.
    """
    found = {
        name: _computing(value) if isinstance(value, dict) else value
        for name, value in options.items()
        if name not in NOT_COMPUTING
    }
    return {name: value for name, value in found.items() if value != {}}


def _require_one_job(config):
    """Refuses options of which decoder_training would make several runs."""
    if not isinstance(config, DecoderConfig):
        return
    several = {
        "decoder": len(config.decoders),
        "k_shot": len(config.k_shot),
        "seeds": max((len(config.seeds_of(k)) for k in config.k_shot), default=1),
        "shuffle_labels": 2 if config.shuffle_labels == "both" else 1,
    }
    for name, number in several.items():
        if number > 1:
            hint = "1" if name == "seeds" else "one"
            raise ValueError(
                f"{name} must be {hint} in a grid, whose axes and seeds make the "
                f"runs; got {number}."
            )


def _column_epochs(config):
    return config.total_steps // config.interval


def _decoder_epochs(config):
    return config.network.epochs


GRID_ROOMS = {
    "column": FlagsRoom(ColumnTrainConfig, ROOMS["column"].seed, _column_epochs),
    "latent": LatentRoom(),
    "cnn": CnnRoom(),
    "decoder": FlagsRoom(
        DecoderConfig,
        ROOMS["decoder"].seed,
        _decoder_epochs,
        "session.recording",
        "session.units",
    ),
}
