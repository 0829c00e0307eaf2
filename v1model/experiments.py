"""Where everything meets: from a configuration to a trained column."""

import dataclasses
import gc
import logging
import pathlib
import resource
import sys

import keras
import numpy as np

from v1model.backup import Backup, EpochTable, restore_backup
from v1model.callbacks import (
    ProgressLine,
    StepTimer,
    TensorBoardScalars,
    TimeBudget,
)
from v1model.config import CHUNK_MS
from v1model.lgn import LGN
from v1model.metrics import wilson_interval
from v1model.models import ColumnTrainer, Objective, Questions, column_model
from v1model.network import load_network, readout_pools
from v1model.network.decoded_noise import read_decoded_noise
from v1model.network.target_rates import (
    draw_target_rates,
    read_target_rates,
    resample_target_rates,
)
from v1model.stimuli import make_task, task_dataset, view_of

TARGET_RATES_FILE = "garrett_firing_rates.pkl"
NOISE_FILE = "additive_noise.mat"
ADAM_EPSILON = 1e-11  # Chen et al. 2022

logger = logging.getLogger(__name__)


class ColumnExperiment:
    """A training of the column: made from a configuration, then run.

    Everything that bad input can break happens while it is made, before any long work.

    Args:
        config: ColumnTrainConfig.
        run: Run; receives checkpoints, logs and metrics. If it has a backup, training
            goes on from there.

    Raises:
        OSError, ValueError: The configuration or a file that it names is wrong.
    """

    def __init__(self, config, run):
        keras.utils.set_random_seed(config.network.seed)
        self.config = config
        self.run = run
        whole = load_network(config.network, keep_signs=config.column.use_dale_law)
        # Most LGN units see no part of what a small column sees: they are left out.
        inputs = np.unique(whole.lgn.synapses.pre)
        self.network = dataclasses.replace(whole, lgn=whole.lgn.connected())
        self.task = task_for(self.network, inputs, config)
        self.questions = questions_of(self.task)
        self.trainer = trainer_for(self.network, self.task, config)
        if config.restore_from:
            load_weights(self.trainer, config.restore_from)
        self.first_step = restore_backup(self.trainer, run.checkpoints)
        self.timer = StepTimer()
        self.budget = None
        if config.max_time > 0:
            self.budget = TimeBudget(config.max_time, run.path / "time_used.json")

    def train(self, callbacks=()):
        """Trains to the end, and saves the column as `column.keras`.

        Args:
            callbacks: More Keras callbacks.

        Returns:
            The metrics of result.json, a dict.
        """
        config = self.config
        steps = config.steps_per_epoch
        validation = None
        if config.val_steps:
            validation = self._dataset("validation", 0, config.val_steps)
        history = EpochTable(self.run.metrics_csv, self.first_step // steps)
        backup = Backup(self.run.checkpoints, best=history.best("val_accuracy"))
        self.trainer.fit(
            self._dataset("training", self.first_step, steps),
            epochs=config.n_epochs,
            initial_epoch=self.first_step // steps,
            steps_per_epoch=steps,
            validation_data=validation,
            shuffle=False,  # the stream is random already
            verbose=0,
            callbacks=[*self._callbacks(), *callbacks, history, backup],
        )
        self.trainer.column.save(self.run.checkpoints / "column.keras")
        result = self._result(validation)
        # The endless stream runs in a thread of its own; it must not outlive Python.
        gc.collect()
        return result

    def _dataset(self, split, first_step, n_steps):
        n_inputs = self.network.lgn.n_inputs
        batch_size = self.config.batch_size
        return task_dataset(self.task, split, batch_size, first_step, n_steps, n_inputs)

    def _callbacks(self):
        seconds_left = None if self.budget is None else self.budget.seconds_left
        progress = ProgressLine(seconds_left=seconds_left)
        scalars = TensorBoardScalars(self.run.logs)
        callbacks = [self.timer, keras.callbacks.TerminateOnNaN(raise_error=True)]
        callbacks += [progress, scalars]
        return callbacks if self.budget is None else [*callbacks, self.budget]

    def _result(self, validation):
        scores = {}
        if validation is not None:
            scores = self.trainer.evaluate(validation, verbose=0, return_dict=True)
        return {
            "tasks": {name: _scores_of(scores, name) for name in self.questions.names},
            "steps": int(self.trainer.optimizer.iterations),
            "seconds_per_step": self.timer.seconds_per_step,
            "peak_memory_gb": _peak_memory_gb(),
        }


def _scores_of(scores, name):
    """What a task scored, from the logs of `evaluate`; None without validation."""
    suffix = f"/{name}" if f"accuracy/{name}" in scores else ""
    if f"accuracy{suffix}" not in scores:
        return None
    keys = ("accuracy", "balanced_accuracy", "chance", "responses", "response_loss")
    found = {key: float(scores[key + suffix]) for key in keys}
    n = round(found["responses"])
    right = round(found["accuracy"] * n)
    found["accuracy_interval"] = wilson_interval(right, n) if n else None
    return found


def task_for(network, inputs, config):
    """The Task or Mixture of a configuration, for a network with these LGN units.

    Args:
        network: Network that keeps only some of its LGN units.
        inputs: Numbers of those among all units of the folder, (I,).
        config: ColumnTrainConfig.
    """
    if network.lgn.units is None:
        raise ValueError(
            f"{config.network.data_dir} has no lgn_full_col_cells_3.csv: without the "
            "table of the LGN units no movie can be shown to this network."
        )
    return make_task(
        config.trials,
        LGN(network.lgn.units),
        view_of(network.lgn),
        seed=config.network.seed,
        current_input=config.column.current_input,
        data_dir=config.network.data_dir,
        inputs=inputs,
    )


def trainer_for(network, task, config):
    """The compiled ColumnTrainer of a network for a task."""
    pools = readout_pools(
        network,
        config.network.neurons_per_output,
        localized=config.network.localized_readout,
        seed=config.network.seed,
    )
    members = task.members
    questions = questions_of(task)
    column = column_model(
        network,
        config.column,
        pools[[pool for member in members for pool in member.pools]],
        chunk=CHUNK_MS,
        has_threshold=[m.has_threshold for m in members for _ in m.pools],
        noise_pool=_noise_pool(config),
        questions=questions,
    )
    if any(questions.carries_state):
        column.carry_state(config.batch_size)
    objective = Objective(
        target_rates=target_rates(network, config),
        rate_cost=config.rate_cost,
        voltage_cost=config.voltage_cost,
        voltage_penalty=config.voltage_penalty,
    )
    trainer = ColumnTrainer(
        column,
        network,
        objective,
        accumulate=config.accumulate,
        clip_norm=config.clip_norm,
        segment=config.segment_ms,
        truncate=config.truncate,
    )
    trainer.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate, epsilon=ADAM_EPSILON),
        steps_per_execution=config.steps_per_execution,
    )
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def questions_of(task):
    """The Questions of the members of a Task or Mixture."""
    members = task.members
    return Questions(
        tuple(member.name for member in members),
        tuple(member.n_classes for member in members),
        tuple(member.carries_state for member in members),
    )


def target_rates(network, config):
    """Sorted target rates, (N,) float32, spikes/ms.

    From the network's folder if it has them, otherwise drawn from the published
    distributions.
    """
    seed = config.network.seed
    path = pathlib.Path(config.network.data_dir) / TARGET_RATES_FILE
    if config.network.data_dir and path.exists():
        rates = read_target_rates(path)
        rates = resample_target_rates(rates, network.n_neurons, seed)
    else:
        rates = draw_target_rates(network, seed)
    return np.sort(rates).astype(np.float32)


def load_weights(trainer, path):
    """Starts from the weights of another run, with a fresh optimizer.

    Args:
        trainer: ColumnTrainer.
        path: A `.keras` file of a column, or `.weights.h5` of a trainer.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The weights belong to another network, or the suffix is unknown.
    """
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"restore_from {path} does not exist.")
    if path.name.endswith(".weights.h5"):
        trainer.load_weights(path)
        for variable in trainer.optimizer.variables:
            if variable is not trainer.optimizer.learning_rate:
                variable.assign(0 * variable)
    elif path.suffix == ".keras":
        trainer.column.load_weights(path)
    else:
        raise ValueError(
            f"restore_from must be a .keras or .weights.h5 file, got {path}."
        )


def _noise_pool(config):
    """Values of the decoded noise, or None for the Poisson background."""
    folder = config.network.data_dir
    path = pathlib.Path(folder) / NOISE_FILE
    if not (config.column.use_decoded_noise and folder and path.exists()):
        logger.info("noise: the Poisson background of the column")
        return None
    logger.info("noise: %s", path)
    return read_decoded_noise(path)


def _peak_memory_gb():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)
