"""GridFile: which runs there are to be, as a YAML file says it."""

from typing import Any, Literal

from pydantic import Field, model_validator

from v1model.params import Natural, Params, Seed
from v1model.rooms import ROOMS
from v1model.yaml_settings import load_settings

ALL, ONE, UNITS = "all", "one", "units"
WITH_SETTINGS = ("latent", "cnn")  # rooms whose options stand in a YAML file

Options = dict[str, Any]  # values by dotted name


class Axes(Params):
    """What differs between runs; product, zip and one_at_a_time are multiplied."""

    product: dict[str, Any] = Field(
        {},
        description="Every value of an axis with every value of the others. An axis is "
        "an option with a list of values, or a name of one's own with options by the "
        "name of each level.",
    )
    zip: dict[str, Any] = Field(
        {}, description="Values side by side: the first of all, the second of all."
    )
    one_at_a_time: dict[str, Any] = Field(
        {},
        description="The base, and each change of it alone: options by a name of "
        "one's own, or values of an option.",
    )

    @model_validator(mode="after")
    def _fits_together(self):
        for name, values in self.product.items():
            is_named = isinstance(values, dict) and all(
                isinstance(options, dict) for options in values.values()
            )
            if not values or not (isinstance(values, list) or is_named):
                raise ValueError(
                    f"product.{name} must be a list of values, or options by the name "
                    f"of each level, got {values!r:.60}"
                )
        for name, values in self.zip.items():
            if not values or not isinstance(values, list):
                raise ValueError(
                    f"zip.{name} must be a list of values, got {values!r:.60}"
                )
        for name, change in self.one_at_a_time.items():
            if not change or not isinstance(change, (list, dict)):
                raise ValueError(
                    f"one_at_a_time.{name} must be options with their values, or a "
                    f"list of values, got {change!r:.60}"
                )
        lengths = {name: len(values) for name, values in self.zip.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"zip must have as many values of each, got {lengths}")
        return self


class Recordings(Params):
    """What the runs are trained on."""

    files: tuple[str, ...] = Field((), description="Recordings.")
    simulate: Natural = Field(
        0, description="cnn: recordings of known neurons to simulate, seeds from 1 on."
    )
    simulation: Options = Field(
        {}, description="Options of KnownV1Config for them, such as train_minutes."
    )
    subset: Literal[ALL, ONE, UNITS] = Field(
        ALL,
        description="all: a run has all recordings; one: a run for each; units: a run "
        "for each neuron of each.",
    )
    limit: Natural = Field(0, description="units: the first so many of each; 0 is all.")

    @model_validator(mode="after")
    def _fits_together(self):
        if self.files and self.simulate:
            raise ValueError(
                f"simulate must be 0 where files are given, got {self.simulate}"
            )
        if self.simulation and not self.simulate:
            raise ValueError("simulation needs simulate, the number of recordings")
        if self.limit and self.subset != UNITS:
            raise ValueError(f"limit needs subset {UNITS}, got {self.subset}")
        if self.subset != ALL and not (self.files or self.simulate):
            raise ValueError(f"subset {self.subset} needs files or simulate")
        twice = [name for name in self.files if self.files.count(name) > 1]
        if twice:
            raise ValueError(f"files must not name one twice, got {twice[0]}")
        return self


class Compare(Params):
    """The comparison that is written when all runs are finished."""

    against: dict[str, Any] = Field(
        {},
        description="Values by axis, which choose the variant that the others are "
        "compared with; none leaves the choice to v1-compare.",
    )


class GridFile(Params):
    """Runs of one room that differ from one another."""

    room: Literal[tuple(ROOMS)] = Field(description="Which training.")
    settings: str | None = Field(
        None, description="latent, cnn: settings, your own or shipped."
    )
    options: Options = Field({}, description="The same in all runs, by dotted name.")
    axes: Axes = Axes()
    seeds: tuple[Seed, ...] = Field((1,), min_length=1, description="Of each.")
    recordings: Recordings = Recordings()
    results_dir: str = Field(description="Folder of all runs of the grid.")
    compare: Compare | None = Field(
        None, description="Write the comparison at the end."
    )

    @model_validator(mode="after")
    def _fits_together(self):
        if self.settings is not None and self.room not in WITH_SETTINGS:
            raise ValueError(
                f"settings are of {' and '.join(WITH_SETTINGS)}; room {self.room} has "
                f"options alone, got {self.settings!r}"
            )
        twice = [seed for seed in self.seeds if self.seeds.count(seed) > 1]
        if twice:
            raise ValueError(f"seeds must not name one twice, got {twice[0]}")
        if self.recordings.simulate and self.room != "cnn":
            raise ValueError(
                f"recordings.simulate is of room cnn, got room {self.room}"
            )
        return self


def load_grid(path, folder=None):
    """The GridFile of a YAML file.

    Args:
        path: The file, looked up as given and then below `folder`.
        folder: Where shipped files are, or None.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A key is unknown or a value is wrong; says where, which and what.
    """
    return load_settings(GridFile, path, folder=folder)
