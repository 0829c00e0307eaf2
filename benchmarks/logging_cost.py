"""What NetworkActivityLogger costs a training: its seconds over those of the steps.

    python benchmarks/logging_cost.py [--neurons 5000] [--batch_size 2] [--every 100]

The job is that of training/multi_training.py with its defaults: all five tasks, two
trials of 600 ms per step. Steps and logged trials take turns in one process; medians
count, and the ratio of the two, since both slow down on a busy machine. The parts are
the trial's run through the network, each picture with its PNG, and all files.
"""

import argparse
import statistics
import tempfile
import time

import numpy as np
from running_column import seconds

from v1model.activity_files import ActivityFiles
from v1model.assembly import network_for, task_for, trainer_for
from v1model.config import ColumnTrainConfig, NetworkConfig
from v1model.recorder import TrialRecorder
from v1model.stimuli import task_dataset
from visualization import NetworkActivityLogger
from visualization.files import png_of
from visualization.trial.predictions import batch_predictions
from visualization.trial.standard import STANDARD_FIGURES

LIMIT = 0.05  # of the training time


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=5000, help="Size of the column.")
    parser.add_argument("--batch_size", type=int, default=2, help="Trials per step.")
    parser.add_argument("--every", type=int, default=100, help="Steps per logged one.")
    parser.add_argument("--repeats", type=int, default=5, help="Runs; median counts.")
    options = parser.parse_args()
    try:
        trainer, batches = job(options.neurons, options.batch_size)
    except ValueError as error:
        parser.error(str(error))
    trial, parts = parts_of(trainer, next(batches), options.repeats)
    step, logged = in_turns(trainer, batches, options.repeats)
    print(
        f"{options.neurons:,} neurons, {trial.n_steps} ms, {len(trial.spike_step):,} "
        f"spikes; a training step takes {step:.3f} s, a logged trial {logged:.2f} s"
    )
    for name, taken in parts.items():
        print(f"  {name:24} {taken:6.3f} s")
    share = logged / (options.every * step)
    verdict = "below" if share < LIMIT else "NOT BELOW"
    print(
        f"one trial in {options.every} steps costs {100 * share:.2f} % of the training "
        f"time, {verdict} {100 * LIMIT:g} %"
    )


def job(neurons, batch_size):
    """The default training: a ColumnTrainer, and its batches as an iterator."""
    config = ColumnTrainConfig(
        network=NetworkConfig(neurons=neurons), batch_size=batch_size
    )
    network, inputs = network_for(config)
    task = task_for(network, inputs, config)
    dataset = task_dataset(
        task, "training", config.batch_size, 0, 781, network.lgn.n_inputs
    )
    return trainer_for(network, task, config), iter(dataset)


def in_turns(trainer, batches, repeats):
    """Median seconds of a training step, and of one trial that a logger logs."""
    steps, logged = [], []
    with tempfile.TemporaryDirectory() as folder:
        logger = NetworkActivityLogger(folder, 1)
        logger.set_model(trainer)
        logger.on_train_begin()
        for k in range(repeats + 1):
            batch = next(batches)
            logger.on_train_batch_begin(k)
            steps.append(seconds(lambda: train(trainer, batch)))  # noqa: B023
            logged.append(seconds(lambda: logger.on_train_batch_end(k)))  # noqa: B023
        logger.on_train_end()
    return statistics.median(steps[1:]), statistics.median(logged[1:])


def train(trainer, batch):
    """One training step, and the wait for its end."""
    logs = trainer.train_on_batch(*batch, return_dict=True)
    return {name: np.asarray(value) for name, value in logs.items()}


def parts_of(trainer, batch, repeats):
    """A trial, and the median seconds of each part of logging it."""
    neurons = trainer.neurons
    recorder = TrialRecorder(trainer.column, neurons.examples(20))
    trial = recorder.record(batch)  # traced, and all tables made
    calls = {"forward": lambda: recorder.record(batch)}
    for name, figure in STANDARD_FIGURES.items():
        calls[f"figure {name}"] = lambda f=figure: png_of(f(trial, neurons))
    calls["figure batch_predictions"] = lambda: png_of(batch_predictions([trial]))
    with tempfile.TemporaryDirectory() as folder:
        files = ActivityFiles(folder)
        calls["file of the trial"] = lambda: files.add(1, trial)
        found = {name: [seconds(call)] for name, call in calls.items()}
        for _ in range(repeats):
            for name, call in calls.items():
                found[name].append(seconds(call))
        calls["summary, per trial"] = files.save_summary
        found["summary, per trial"] = [0.0, seconds(files.save_summary)]
        size = files.summary.stat().st_size
    print(f"a trial takes {size / 1e6:.2f} MB in the summary")
    return trial, {name: statistics.median(rest) for name, (_, *rest) in found.items()}


if __name__ == "__main__":
    began = time.perf_counter()
    main()
    print(f"measured in {time.perf_counter() - began:.0f} s")
