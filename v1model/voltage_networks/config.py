"""EyeConfig: which eye is simulated, and what it sees."""

import dataclasses

from v1model.options import option, require, require_positive
from v1model.voltage_networks.movies import KINDS, kinds_of


@dataclasses.dataclass(frozen=True)
class EyeConfig:
    """A small eye that is simulated."""

    out: str = option("eye.h5", "Recording to write.")
    connectome: str = option(
        "", "Eye to simulate (.npz of scripts/export_fly.py); empty draws one."
    )
    extent: int = option(
        2, "Drawn eye: columns from the middle to the border; 2 makes 475 neurons."
    )
    eye_seed: int = option(0, "Drawn eye: seed of its connections.")
    weight_scale: float = option(
        8.0,
        "Connectome: what its weights are multiplied by. Of the fly most cells stay "
        "silent at 1; it diverges above 10 at extent 2, 8 at 3 and 6 at 8.",
    )
    bias_shift: float = option(-0.4, "Connectome: what is added to resting potentials.")
    tau_seed: int = option(
        0,
        "Connectome: seed of the time constants, one per cell type (20 to 200 ms); "
        "negative keeps those of the file.",
    )
    stimulus: str = option(
        "bars+pictures",
        f"What it sees: {', '.join(KINDS)}, or several with a '+' between.",
    )
    steps: int = option(20_000, "Length of the recording, steps.")
    dt_ms: float = option(20.0, "Length of a step, ms.")
    noise: float = option(
        0.0, "Standard deviation of what is added to the voltages in each step."
    )
    seed: int = option(0, "Seed of what it sees, and of the noise.")

    def __post_init__(self):
        require(self.out.endswith(".h5"), "out", "must end with .h5", repr(self.out))
        for name in ("extent", "eye_seed", "noise", "seed"):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)
        for name in ("weight_scale", "steps", "dt_ms"):
            require_positive(self, name)
        kinds_of(self.stimulus)
