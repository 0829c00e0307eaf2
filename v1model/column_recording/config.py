"""RecordConfig: which column is shown what, and what is kept of it."""

import dataclasses

from v1model.config import ENGINES, NetworkConfig, TaskConfig
from v1model.options import option, require, require_positive

SIGNALS = ("spikes", "voltages", "rates")
STIMULI = ("pictures", "gratings", "movie", "tasks", "gray")
GRID_MS = 2048  # parts are multiples of it: the LGN and the files work in such pieces
# Options that decide where and how fast, not what is recorded.
FREE_OPTIONS = ("out", "caching", "comment")


@dataclasses.dataclass(frozen=True)
class ShownConfig:
    """What the column is shown."""

    trials: TaskConfig = TaskConfig()
    stimulus: str = option(
        "pictures",
        "pictures: natural pictures that are flashed; gratings: drifting ones; movie: "
        "one that drifts over natural pictures, or --movie; tasks: trials of --task; "
        "gray: nothing.",
        choices=STIMULI,
    )
    repeats: int = option(
        20, "How often each picture, grating or movie is shown; tasks: trials."
    )
    seconds: float = option(
        0.0, "Length of the recording; 0 shows everything. gray: needed."
    )
    gray_ms: int = option(500, "Gray before the stimulus and after it.")
    n_pictures: int = option(40, "pictures: how many, 1 to 48.")
    picture_ms: int = option(250, "pictures: how long each is shown.")
    blank: bool = option(True, "pictures: a gray screen is one of them, number -1.")
    directions: int = option(8, "gratings: directions, evenly spaced from 0 on.")
    contrasts: tuple[float, ...] = option((0.8,), "gratings: amplitudes around gray.")
    grating_ms: int = option(2000, "gratings: how long each is shown.")
    grating_gray_ms: int = option(1000, "gratings: gray before each.")
    cycles_per_degree: float = option(0.04, "gratings: spatial frequency.")
    drift_hz: float = option(2.0, "gratings: temporal frequency.")
    movie: str = option("", "movie: a file of your own (gif, mp4, avi, npy, png, jpg).")
    movie_seconds: float = option(10.0, "movie: its length.")
    fps: float = option(0.0, "Frames per second of --movie; 0 as the file says.")
    split: str = option(
        "training",
        "tasks: whose trials are shown.",
        choices=("training", "validation"),
    )

    def __post_init__(self):
        for name in ("repeats", "n_pictures", "picture_ms", "directions", "drift_hz"):
            require_positive(self, name)
        for name in ("seconds", "gray_ms", "grating_gray_ms", "fps"):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)
        for name in ("grating_ms", "movie_seconds"):
            require_positive(self, name)
        for name in ("seconds", "movie_seconds"):
            ms = 1000 * getattr(self, name)
            is_whole = abs(ms - round(ms)) < 1e-6
            require(is_whole, name, "must be whole milliseconds", getattr(self, name))
        is_contrast = bool(self.contrasts) and min(self.contrasts) >= 0
        require(is_contrast, "contrasts", "must not be negative", self.contrasts)
        is_timed = self.stimulus != "gray" or self.seconds > 0
        require(is_timed, "seconds", "must be positive for gray", self.seconds)
        is_used = not self.movie or self.stimulus == "movie"
        require(is_used, "movie", "needs --stimulus=movie", self.movie)


@dataclasses.dataclass(frozen=True)
class RecordConfig:
    """How the column is run, and what is kept."""

    network: NetworkConfig = NetworkConfig()
    shown: ShownConfig = ShownConfig()
    out: str = option("recording.h5", "File to write; parts of it lie beside it.")
    weights: str = option(
        "",
        "Trained weights: the folder of a run, which also says which network it is, "
        "or a .keras or .weights.h5 file.",
    )
    signals: tuple[str, ...] = option(
        ("spikes", "voltages"), f"What is kept: {', '.join(SIGNALS)}."
    )
    voltage_dtype: str = option(
        "float16", "Precision of voltages.", choices=("float16", "float32")
    )
    rate_tau_ms: float = option(
        50.0, "rates: spikes, smoothed by an exponential of this time into the past."
    )
    lgn: str = option(
        "spikes",
        "How the LGN's rates enter: spikes, drawn anew each time, or the deterministic "
        "current of the trainer.",
        choices=("spikes", "current"),
    )
    keep_lgn: bool = option(True, "Keep what the LGN sent, as the stimulus lgn.")
    background: str = option(
        "shared",
        "Poisson background: one source for all neurons, as published, or one each.",
        choices=("shared", "independent"),
    )
    engine: str = option("auto", "How the time loop is run.", choices=ENGINES)
    part_ms: int = option(
        4 * GRID_MS,
        f"A killed recording loses at most so much; a multiple of {GRID_MS}.",
    )
    comment: str = option("", "A note, kept in the recording's metadata.")

    def __post_init__(self):
        require(bool(self.out), "out", "needs a file", repr(self.out))
        is_h5 = self.out.endswith(".h5")
        require(is_h5, "out", "must end with .h5", self.out)
        known = bool(self.signals) and set(self.signals) <= set(SIGNALS)
        known &= len(set(self.signals)) == len(self.signals)
        require(known, "signals", f"must be some of {SIGNALS}", self.signals)
        require_positive(self, "rate_tau_ms")
        is_multiple = self.part_ms > 0 and self.part_ms % GRID_MS == 0
        rule = f"must be a positive multiple of {GRID_MS}"
        require(is_multiple, "part_ms", rule, self.part_ms)
