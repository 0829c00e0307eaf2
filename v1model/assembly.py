"""From a configuration to the parts of a training: task, column, losses, optimizer."""

import dataclasses
import logging
import pathlib

import keras
import numpy as np

from v1model.config import CHUNK_MS
from v1model.lgn import LGN
from v1model.models import ColumnTrainer, Objective, Questions, column_model
from v1model.network import load_network, readout_pools
from v1model.network.decoded_noise import read_decoded_noise
from v1model.network.target_rates import (
    draw_target_rates,
    read_target_rates,
    resample_target_rates,
)
from v1model.schedules import LearningRate
from v1model.stimuli import make_task, view_of

TARGET_RATES_FILE = "garrett_firing_rates.pkl"
NOISE_FILE = "additive_noise.mat"
ADAM_EPSILON = 1e-11  # Chen et al. 2022
# In mixed precision gradients by spikes are float16, which has few bits below 6e-5. A
# spike of a large batch moves the rate loss by 1e-6; the response never by more than 1.
LOSS_SCALE = 1024.0

logger = logging.getLogger(__name__)


def network_for(config):
    """The network of a configuration, without the LGN units that nothing listens to.

    Most see no part of what a small column sees.

    Returns:
        Network, and the numbers of its LGN units among all units of the folder, (I,).
    """
    whole = load_network(config.network, keep_signs=config.column.use_dale_law)
    network = dataclasses.replace(whole, lgn=whole.lgn.connected())
    return network, np.unique(whole.lgn.synapses.pre)


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
        optimizer=keras.optimizers.Adam(
            learning_rate(config),
            epsilon=ADAM_EPSILON,
            loss_scale_factor=LOSS_SCALE if config.column.mixed_precision else None,
        ),
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


def learning_rate(config):
    """The learning rate of a configuration at each step, a LearningRate."""
    to_the_end = config.total_steps - config.warmup_steps
    return LearningRate(
        config.learning_rate,
        config.learning_rate_schedule,
        config.warmup_steps,
        config.decay_steps or max(to_the_end, 1),
        config.final_learning_rate,
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
        variables = trainer.optimizer.variables
        fresh = [variable.numpy() for variable in variables]
        trainer.load_weights(path)  # of the optimizer too
        for variable, value in zip(variables, fresh, strict=True):
            variable.assign(value)
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
