"""EvolverData: what a model that predicts a column is trained on, and judged by."""

import dataclasses
import json
import pathlib
from typing import NamedTuple

import numpy as np

from v1model.atomic import atomic_path, write_text
from v1model.column_recording.branches import Branches, branches
from v1model.column_recording.config import RecordConfig, ShownConfig
from v1model.column_recording.lgn_components import LGNComponents, find_components
from v1model.column_recording.recorder import ColumnRecorder
from v1model.column_recording.screenings import screening_for
from v1model.config import NetworkConfig
from v1model.lgn import LGN
from v1model.network.populations import rough_population
from v1model.options import option, require, require_positive
from v1model.recordings import open_recording
from v1model.recordings.rebinning import rebin
from v1model.simulation import untrained_column
from v1model.stimuli.picture_movie import SCENE_MS
from v1model.stimuli.screening import ScreenRates

TRAINING_SCENES, HELD_OUT_SCENES = 40, 8  # one for each of the natural pictures
GRAY_MS = 500  # before a movie and after it, before each grating
GRATING_MS = 2000
SETTLING_MS = 1000  # from rest on, before columns part for the first time
STRETCH_MS = 1000  # until they come together again
COLUMN, TRAINING, COMPONENTS, OPTIONS = (
    "column.h5",
    "training.h5",
    "components.npz",
    "options.json",
)
STIMULUS = "lgn"
SHOWN = PICTURES, GRATINGS = "pictures", "gratings"  # to columns that part


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """The column, and what is made of it."""

    neurons: int = option(500, "Neurons of the column.")
    seed: int = option(3000, "Seed of what it sees, and of its noise.")
    repeats: int = option(
        3,
        f"How often the {TRAINING_SCENES * SCENE_MS // 1000} s for training are seen.",
    )
    step_ms: int = option(5, "Step of the model, ms; divides 20.")
    components: int = option(64, "Components of the LGN's rates that are its stimulus.")
    columns: int = option(6, "Columns with other noise, which give the ceiling.")

    def __post_init__(self):
        for name in ("neurons", "repeats", "components"):
            require_positive(self, name)
        require(self.seed >= 0, "seed", "must not be negative", self.seed)
        divides = self.step_ms > 0 and 20 % self.step_ms == 0
        require(divides, "step_ms", "must be 1, 2, 4, 5, 10 or 20", self.step_ms)
        require(self.columns > 1, "columns", "must be at least 2", self.columns)


class Shown(NamedTuple):
    """Columns that parted again and again while they saw something.

    branches: Branches.  stimulus: Components of each step, (G, K, S).
    """

    branches: Branches
    stimulus: np.ndarray


class EvolverData:
    """Files in a folder, each of which is made once.

        column.h5        the column, ms by ms, while it sees a movie that drifts over
                         natural pictures, some times
        training.h5      the same in steps of the model: mean voltages, counts of
                         spikes, and as stimulus components of the LGN's rates
        pictures.npz     Shown, while it sees pictures that are not in that movie
        gratings.npz     Shown, while it sees drifting gratings
        components.npz   LGNComponents, found in what it was trained on

    Args:
        config: DataConfig.
        folder: Where.

    Raises:
        ValueError: The folder is of other options.
    """

    def __init__(self, config, folder):
        self.config, self.folder = config, pathlib.Path(folder).expanduser()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._require_same_options()
        self._recorder = ColumnRecorder(
            RecordConfig(
                network=NetworkConfig(neurons=config.neurons, seed=config.seed),
                shown=_movie(TRAINING_SCENES, config.repeats),
                out=str(self.folder / COLUMN),
                keep_lgn=False,
            )
        )
        self._network = network = self._recorder.network
        self._lgn = LGN(network.lgn.units)
        self.populations = rough_population(network.types.pop_name)[network.type_index]
        self._layers = None

    @property
    def training(self):
        """Path of the recording that models are trained on."""
        return self.folder / TRAINING

    def make(self, progress):
        """Makes what is not there yet.

        Args:
            progress: Function from what is being done, and its unit and scale, to a
                function that is called as report(done, total).
        """
        if not self._recorder.is_complete:
            self._recorder.record(progress("recorded", "s", 0.001), self._column())
        if not self.training.exists():
            components = self.components()
            screen = self._screen(_movie(TRAINING_SCENES, self.config.repeats))
            with open_recording(self._recorder.out) as recording:
                rebin(
                    recording,
                    self.training,
                    self.config.step_ms,
                    averaged=("voltages",),
                    stimulus={STIMULUS: lambda *ms: components.between(screen, *ms)},
                    report=progress("in steps of the model"),
                )
        for name in SHOWN:
            if not self._path(name).exists():
                self._part(name, progress)

    def components(self):
        """The LGNComponents; found when they are first asked for."""
        path = self.folder / COMPONENTS
        if not path.exists():
            screen = self._screen(_movie(TRAINING_SCENES, 1))
            stop_ms = GRAY_MS + TRAINING_SCENES * SCENE_MS
            found = find_components(screen, 0, stop_ms, self.config.components)
            _save(path, found._asdict())
        with np.load(path) as file:
            scale, share = float(file["scale"]), float(file["share"])
            return LGNComponents(file["mean"], file["axes"], scale, share)

    def shown(self, name):
        """The Shown of one of SHOWN."""
        with np.load(self._path(name)) as file:
            parts = {key: file[key] for key in file.files}
        return Shown(stimulus=parts.pop("stimulus"), branches=Branches(**parts))

    def _part(self, name, progress):
        shown, start_ms = _shown(name)
        screening = self._screening(shown)
        screen = ScreenRates(self._lgn, screening)
        n_stretches = (screening.duration_ms - start_ms) // STRETCH_MS
        found = branches(
            self._column(),
            screen,
            self.config.seed + 1,  # other noise than in training
            n_columns=self.config.columns,
            start_ms=start_ms,
            n_stretches=n_stretches,
            stretch_ms=STRETCH_MS,
            settling_ms=SETTLING_MS,
            step_ms=self.config.step_ms,
            report=progress(f"columns that see {name}", "s", 0.001),
        )
        stop_ms = start_ms + n_stretches * STRETCH_MS
        rows = self.components().between(screen, start_ms, stop_ms)
        shape = (n_stretches, -1, self.config.step_ms, rows.shape[1])
        stimulus = rows.reshape(shape).mean(axis=2)
        _save(self._path(name), {**found._asdict(), "stimulus": stimulus})

    def _screening(self, shown):
        return screening_for(shown, self._network, self._lgn, self.config.seed)

    def _screen(self, shown):
        return ScreenRates(self._lgn, self._screening(shown))

    def _column(self):
        self._layers = self._layers or untrained_column(self._network)
        return self._layers

    def _path(self, name):
        return self.folder / f"{name}.npz"

    def _require_same_options(self):
        path, options = self.folder / OPTIONS, dataclasses.asdict(self.config)
        if not path.exists():
            write_text(path, json.dumps(options, indent=1))
            return
        old = json.loads(path.read_text(encoding="utf-8"))
        for name, value in options.items():
            if old.get(name) != value:
                raise ValueError(
                    f"{path}: {name} is {old.get(name)} there, and {value} now. Give "
                    "its options, or another folder."
                )


def _movie(scenes, repeats):
    return ShownConfig(
        stimulus="movie",
        movie_seconds=scenes * SCENE_MS / 1000,
        repeats=repeats,
        gray_ms=GRAY_MS,
    )


def _shown(name):
    """What is shown to columns that part, and when they do so for the first time, ms.

    The longer movie begins with the one for training, and goes on with other pictures.
    """
    if name == PICTURES:
        movie = _movie(TRAINING_SCENES + HELD_OUT_SCENES, 1)
        return movie, GRAY_MS + TRAINING_SCENES * SCENE_MS
    gratings = ShownConfig(
        stimulus="gratings",
        repeats=1,
        grating_ms=GRATING_MS,
        grating_gray_ms=GRAY_MS,
        gray_ms=GRAY_MS,
    )
    return gratings, SETTLING_MS


def _save(path, arrays):
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)
