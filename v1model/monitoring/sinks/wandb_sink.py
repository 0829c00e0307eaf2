"""Weights & Biases: curves, distributions and pictures of a run, offline by default.

Without WANDB_MODE everything stays in the run's folder logs/wandb, and `wandb sync`
sends it later; WANDB_MODE=online sends it at once. WANDB_PROJECT and WANDB_ENTITY count
as everywhere.
"""

import io
import os

import numpy as np
from PIL import Image

from v1model.monitoring.sinks import identity_of, options_of

PROJECT = "v1model"
_STEP = "updates"
_N_BUCKETS = 30


def opened(run):
    """The sink of a Run; a resumed run goes on where it was."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    import wandb  # reads the environment when it is imported

    return WandbSink(
        wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run.path.name,
            id=identity_of(run),
            resume="allow",
            dir=str(run.logs),
            mode=os.environ.get("WANDB_MODE", "offline"),
            config=options_of(run),
            settings=wandb.Settings(silent=True, console="off", x_disable_stats=True),
        )
    )


class WandbSink:
    """Sends numbers under TensorBoard's tags, over updates.

    Args:
        run: What wandb.init returns.
    """

    fatal = ()

    def __init__(self, run):
        self._run = run
        run.define_metric(_STEP)
        run.define_metric("*", step_metric=_STEP)

    def epoch(self, number, step, values):
        """Sends the numbers of an epoch."""
        self._run.log({_STEP: step, "epoch": number} | _floats("", values))

    def reading(self, step, monitor, reading):
        """Sends what a monitor has seen."""
        import wandb

        sent = _floats(f"{monitor}/", reading.scalars)
        for name, values in reading.histograms.items():
            values = np.ravel(values)
            counts = np.histogram(values[np.isfinite(values)], _N_BUCKETS)
            place = f"distributions/{monitor}/{name}"
            sent[place] = wandb.Histogram(np_histogram=counts)
        for name, png in reading.pictures.items():
            image = Image.open(io.BytesIO(png))
            sent[f"pictures/{monitor}/{name}"] = wandb.Image(image)
        if sent:
            self._run.log({_STEP: step} | sent)

    def close(self):
        """Ends what is sent."""
        self._run.finish()


def _floats(place, values):
    return {f"{place}{name}": float(value) for name, value in values.items()}
