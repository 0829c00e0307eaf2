"""What a training of a read-out model would do: sizes, work, and how long it takes."""

import logging
import pathlib
import sys
import tempfile

from v1model.cnn.trainer import CnnTrainer
from v1model.fitting.checkpoint_files import checkpoint_bytes
from v1model.fitting.memory import peak_memory_gb
from v1model.runs import Run

N_TIMED = 16  # updates after those that compile


def print_plan(config, recordings, replicas):
    """Says what a training would do; some updates are made, and forgotten.

    Raises:
        OSError, ValueError: An option or a recording is wrong.
    """
    logging.getLogger("v1model").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(pathlib.Path(folder), "plan", config, sys.argv)
        trainer = CnnTrainer(config, recordings, run, replicas)
        for line in lines_of(trainer):
            print(line)


def lines_of(trainer):
    """The plan of a CnnTrainer, line by line; takes some of its updates."""
    model, batches = trainer.model, trainer.batches
    for one in trainer.recordings:
        name, spec = one.spec.name, one.spec
        parts = one.trials["part"].value_counts().to_dict()
        found = ", ".join(f"{n} {part}" for part, n in sorted(parts.items()))
        yield (
            f"{name}: {spec.n_neurons} neurons, frames {spec.frame_shape}, "
            f"{spec.sampling_rate:g} Hz; trials: {found}; {batches.quotas[name]} "
            f"segments of a batch, weight {batches.recording_weights[name]:.3f}"
        )
    for cost in model.summary_table(trainer.config.data.segment_bins):
        shape = " x ".join(map(str, cost.output_shape))
        yield (
            f"  {cost.layer:12s} {shape:22s} {cost.parameters:10,} parameters "
            f"{cost.sequence / 1e6:9.3g} M multiply-adds per bin"
        )
    yield (
        f"memory {model.memory_bins} bins; parameters {model.count_params():,}; "
        f"checkpoint {3 * checkpoint_bytes(model.variables) / 1e6:.1f} MB"
    )
    seconds = trainer.seconds_per_update(N_TIMED)
    total = trainer.n_updates * seconds
    yield (
        f"{trainer.training.epochs} epochs of {trainer.steps_per_epoch} updates, "
        f"{1000 * seconds:.3g} ms an update: about {total / 60:.1f} minutes"
    )
    yield f"memory so far {peak_memory_gb():.2g} GB"
