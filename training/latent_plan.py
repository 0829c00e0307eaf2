"""What a latent training would do: sizes, updates, and how long they take."""

import contextlib
import logging
import pathlib
import sys
import tempfile

from v1model.fitting.checkpoint_files import checkpoint_bytes
from v1model.fitting.memory import peak_memory_gb
from v1model.latent.data_summary import memory_of
from v1model.latent.phases import JOINT
from v1model.latent.source import open_source
from v1model.latent.trainer import LatentTrainer
from v1model.runs import Run

N_TIMED = 3  # updates after one that compiles


def print_plan(params, replicas):
    """Says what a training would do; some updates are made, and forgotten.

    Raises:
        OSError, ValueError: An option or the recording is wrong.
    """
    logging.getLogger("v1model").setLevel(logging.WARNING)
    inputs = params.stimulus_encoder_params.num_input_dims
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        run = Run.create(pathlib.Path(folder), "plan", params, sys.argv)
        source = stack.enter_context(open_source(params.training, n_inputs=inputs))
        trainer = LatentTrainer(params, source, run, replicas)
        for line in lines_of(trainer, source):
            print(line)


def lines_of(trainer, source):
    """The plan of a LatentTrainer, line by line; takes some of its updates."""
    model, training = trainer.model, trainer.training
    yield (
        f"recording {source.path}: {source.n_steps} steps of {source.dt_ms:g} ms, "
        f"{source.n_neurons} neurons, {source.n_inputs} inputs"
    )
    split = trainer.split
    yield (
        f"training on steps {split.train_start} to {split.train_end}, validation on "
        f"{split.validation_start} to {split.validation_end}; chunks of "
        f"{trainer.loader.plan.rows} steps"
    )
    memory = memory_of(source, model.params)
    how = "kept in memory" if memory.is_kept else "read again in every epoch"
    yield (
        f"data for training {memory.train_bytes / 1e6:.0f} MB, {how}; at most about "
        f"{memory.host_bytes / 1e6:.0f} MB at a time"
    )
    yield f"parameters {model.count_params():,}: {', '.join(_parts(model))}"
    yield f"checkpoint {checkpoint_bytes(model.weights) * 3 / 1e6:.0f} MB"
    total = 0.0
    for number in range(len(trainer.phases)):
        phase = trainer.phase(number)
        n_updates = phase.epochs * phase.steps_per_epoch
        seconds = trainer.seconds_per_update(number, N_TIMED)
        total += n_updates * seconds
        rollout = training.time_units * phase.multiples_at(phase.epochs - 1)
        yield (
            f"{phase.name}: {phase.epochs} epochs of {phase.steps_per_epoch} updates, "
            f"{phase.batch_size * trainer.replicas.n} starts each"
            + (f", rollouts of {rollout} steps" if phase.name == JOINT else "")
            + f"; {1000 * seconds:.3g} ms an update, {_duration(n_updates * seconds)}"
        )
    yield f"about {_duration(total)} in all; memory so far {peak_memory_gb():.2g} GB"


def _parts(model):
    names = ("encoder", "decoder", "evolver", "stimulus_encoder")
    parts = ((name, getattr(model, name)) for name in names)
    return (f"{name} {part.count_params():,}" for name, part in parts if part)


def _duration(seconds):
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} minutes"
