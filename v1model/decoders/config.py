"""DecoderConfig: which activity is decoded, by what, and how that is trained."""

import dataclasses

from v1model.monitoring_config import MONITORING_OPTIONS, MonitoringConfig
from v1model.options import option, require, require_positive
from v1model.presentations.binning import DEFAULT_BINS
from v1model.presentations.splits import K_SHOT_SEEDS

LINEAR = ("naive_bayes", "logistic", "pca_logistic", "svm")
NETWORKS = ("lstm", "transformer", "transformer_lstm", "gat")
DECODERS = (*LINEAR, *NETWORKS)
ALL_DECODERS = "all"
SPLITS = ("stratified", "block", "random")
SHUFFLES = ("no", "yes", "both")
GRAPHS = ("correlation", "learned")


@dataclasses.dataclass(frozen=True)
class SessionConfig:
    """Which activity is decoded."""

    recording: tuple[str, ...] = option(
        (),
        "Recordings or files of binned spikes; none draws a small synthetic session.",
    )
    stimulus: str = option(
        "natural_scenes",
        "Recordings: stimulus whose presentations are decoded; all takes every row of "
        "the trial table.",
    )
    label: str = option("frame", "Recordings: column of the trial table to decode.")
    n_bins: int = option(
        0,
        "Bins per presentation; 0 takes those of a file of binned spikes, and "
        f"{DEFAULT_BINS} of a recording.",
    )
    drop: tuple[int, ...] = option((), "Labels to leave out, such as -1, the blank.")
    units: tuple[int, ...] = option((), "Ids of the units to keep; none keeps all.")
    min_rate: float = option(
        0.0,
        "Leave out units that fire less in the training part, Hz; always silent ones.",
    )
    max_rate: float = option(
        0.0, "Leave out units that fire more in the training part, Hz; 0 leaves all in."
    )

    def __post_init__(self):
        for name in ("n_bins", "min_rate", "max_rate"):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)
        is_range = not self.max_rate or self.min_rate <= self.max_rate
        require(is_range, "min_rate", f"must not exceed {self.max_rate}", self.min_rate)


@dataclasses.dataclass(frozen=True)
class NetworkOptions:
    """The networks, and how they are trained."""

    width: tuple[int, ...] = option(
        (256,), "Width of the network; of several, validation chooses."
    )
    layers: int = option(1, "LSTMs, Transformer blocks or graph layers.")
    heads: int = option(4, "Heads of attention; must divide the width.")
    neighbours: int = option(8, "gat: units that a unit listens to.")
    unit_features: int = option(16, "gat: width of the graph layers.")
    graph: str = option(
        "correlation",
        "gat: strengths of the edges stay the correlations of the training part, or "
        "are trained from there.",
        choices=GRAPHS,
    )
    dropout: float = option(0.5, "Share of hidden activity that training leaves out.")
    input_dropout: float = option(0.2, "Share of inputs that training leaves out.")
    weight_decay: float = option(0.01, "Of AdamW.")
    label_smoothing: float = option(0.1, "Share of the target spread over all classes.")
    learning_rate: float = option(0.001, "Step size of AdamW, which falls to 0.")
    batch_size: int = option(64, "Presentations per step.")
    epochs: int = option(
        15,
        "Epochs, at most: passes through the training part, or 64 steps if those are "
        "more.",
    )
    patience: int = option(
        0, "Stop after so many epochs without a better validation accuracy; 0 never."
    )

    def __post_init__(self):
        for name in (
            "layers",
            "heads",
            "neighbours",
            "unit_features",
            "learning_rate",
            "batch_size",
            "epochs",
        ):
            require_positive(self, name)
        is_width = bool(self.width) and min(self.width) > 0
        require(is_width, "width", "must be positive numbers", self.width)
        for width in (*self.width, self.unit_features):
            rule = f"must divide the width {width}"
            require(width % self.heads == 0, "heads", rule, self.heads)
        for name in ("dropout", "input_dropout", "label_smoothing"):
            value = getattr(self, name)
            require(0 <= value < 1, name, "must lie in [0, 1)", value)
        for name in ("weight_decay", "patience"):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)


@dataclasses.dataclass(frozen=True)
class DecoderConfig:
    """Decoding of what was shown, session by session."""

    session: SessionConfig = SessionConfig()
    network: NetworkOptions = NetworkOptions()
    monitoring: MonitoringConfig = MonitoringConfig()
    decoder: tuple[str, ...] = option(
        ("logistic",), f"Decoders: {', '.join(DECODERS)}; all is every one."
    )
    split: str = option(
        "stratified", "How presentations are dealt to the parts.", choices=SPLITS
    )
    validation: float = option(0.1, "Share of the presentations for validation.")
    test: float = option(0.2, "Share of the presentations for the test.")
    gap: int = option(
        0, "block: presentations left out between two parts; needs --split=block."
    )
    split_seed: int = option(
        0, "Seed of the split, and so of the test part; the same for all repetitions."
    )
    k_shot: tuple[int, ...] = option(
        (0,),
        "Training presentations per class; 0 takes the whole training part. Several "
        "draw a curve.",
    )
    seeds: int = option(
        0,
        f"Repetitions, with seeds from --seed on; 0 is {len(K_SHOT_SEEDS)} of each "
        "K, and one of the whole training part.",
    )
    shuffle_labels: str = option(
        "no",
        "Control: labels are dealt out anew within each part; both runs it beside.",
        choices=SHUFFLES,
    )
    over_time: bool = option(
        False, "Also decode from the bins up to each, and from single bins."
    )
    search: int = option(
        0, "Networks: trials of a search for the options of the network; 0 none."
    )
    seed: int = option(0, "Seed of the K presentations, of shuffles and of networks.")
    results_dir: str = option("results/decoding", "Folder of run folders and results.")
    run_name: str = option(
        "", "Put before the names of the run folders; those of that name are resumed."
    )

    @property
    def free_options(self):
        """Names of the options that a resumed run may change: they compute nothing."""
        return {"results_dir", "run_name", "monitoring"} | MONITORING_OPTIONS

    @property
    def split_name(self):
        """The split, as results are keyed by it."""
        return self.split + (f"-{self.split_seed}" if self.split_seed else "")

    def seeds_of(self, k):
        """Seeds of the repetitions with K presentations; 0 is the whole part."""
        n = self.seeds or (len(K_SHOT_SEEDS) if k else 1)
        return range(self.seed, self.seed + n)

    @property
    def decoders(self):
        """Names of the decoders, all spelt out."""
        return DECODERS if ALL_DECODERS in self.decoder else self.decoder

    def __post_init__(self):
        names = (*DECODERS, ALL_DECODERS)
        is_known = bool(self.decoder) and set(self.decoder) <= set(names)
        rule = f"must be of {', '.join(names)}"
        require(is_known, "decoder", rule, ",".join(self.decoder))
        is_shots = bool(self.k_shot) and min(self.k_shot) >= 0
        require(is_shots, "k_shot", "must be numbers from 0 on", self.k_shot)
        for name in ("search", "seeds", "seed", "split_seed"):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)
        for name in ("validation", "test"):
            value = getattr(self, name)
            require(value > 0, name, "must be positive", value)
        total = self.validation + self.test
        require(total < 1, "test", "must leave presentations for training", self.test)
        is_used = self.gap >= 0 and (self.gap == 0 or self.split == "block")
        require(is_used, "gap", "needs --split=block and numbers from 0 on", self.gap)
        is_searched = not self.search or set(self.decoders) <= set(NETWORKS)
        is_alone = not self.search or not self.over_time
        require(is_alone, "over_time", "needs --search=0", self.over_time)
        rule = f"needs decoders of {', '.join(NETWORKS)}"
        require(is_searched, "search", rule, self.search)
