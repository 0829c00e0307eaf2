#!/usr/bin/env python
"""Can the answers be read from the spikes at all? Linear decoding, before any training.

Runs --steps_per_epoch batches of training trials through the column, untrained or
--restore_from a run, and fits a linear classifier to the spike counts of all neurons in
each chunk of 50 ms up to the response window. All flags of the trainer apply.
"""

import logging
import sys

import numpy as np
import tensorflow as tf
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score

from v1model import flags
from v1model.assembly import load_weights, network_for, task_for, trainer_for
from v1model.config import CHUNK_MS, ColumnTrainConfig
from v1model.metrics import chance_level

CHUNKS = 4  # that are decoded: the response window and those before it
FOLDS = 5
PENALTIES = np.logspace(1, 5, 9)  # of the weights; chosen within the training folds


def main(config):
    """Prints a table: task by chunk before the end of the response window."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        column, task = made(config)
    except (ValueError, OSError) as error:
        sys.exit(f"decode_answers: {error}")
    print_table(decoded(recorded(column, task, config)))


def made(config):
    """The column and the task of a configuration.

    Raises:
        OSError, ValueError: The configuration or a file that it names is wrong.
    """
    network, inputs = network_for(config)
    task = task_for(network, inputs, config)
    for member in task.members:
        if min(member.timeline.windows) + 1 < CHUNKS:
            raise ValueError(
                f"{member.name}: the response window must have {CHUNKS - 1} chunks of "
                f"{CHUNK_MS} ms before it, got {min(member.timeline.windows)}."
            )
    trainer = trainer_for(network, task, config)
    if config.restore_from:
        load_weights(trainer, config.restore_from)
    return trainer.column, task


def recorded(column, task, config):
    """Spikes and right answers around each response window.

    Args:
        column: ColumnModel.
        task: Task or Mixture.
        config: ColumnTrainConfig.

    Returns:
        dict by task of counts (n, CHUNKS, N), answers (n,), and what was seen, (n,):
        answers to the same pictures, or in one trial, are alike.
    """
    found = {member.name: ([], [], []) for member in task.members}
    run = tf.function(column)
    n_steps = config.steps_per_epoch
    for step in range(n_steps):
        batch = task.batch("training", step, config.batch_size, n_steps)
        output = run(batch.for_column)
        if column.carries_state:
            column.keep_state(output.state, batch.for_column)
        spikes = output.spikes.numpy()
        n_trials, _, n_neurons = spikes.shape
        counts = spikes.reshape(n_trials, -1, CHUNK_MS, n_neurons).sum(axis=2)
        for trial, chunk in np.argwhere(batch.weights >= 1):
            member = task.members[batch.tasks[trial]]
            features, answers, seen = found[member.name]
            features.append(counts[trial, chunk + 1 - CHUNKS : chunk + 1])
            answers.append(batch.labels[trial, chunk])
            pictures = batch.image_labels[trial].tobytes()
            seen.append(hash((step, trial) if member.carries_state else pictures))
    return {name: tuple(map(np.array, parts)) for name, parts in found.items()}


def decoded(recordings):
    """Accuracy of a linear classifier on what it was not fitted to.

    Args:
        recordings: As `recorded` returns them.

    Returns:
        dict by task of accuracy (CHUNKS,), its standard error (CHUNKS,), the accuracy
        of the best constant answer, and the number of answers.
    """
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    found = {}
    for name, (counts, answers, seen) in recordings.items():
        scores = np.array(
            [
                cross_val_score(
                    RidgeClassifierCV(PENALTIES),
                    counts[:, k],
                    answers,
                    groups=seen,
                    cv=folds,
                )
                for k in range(CHUNKS)
            ]
        )
        accuracy = scores.mean(axis=1)
        error = scores.std(axis=1, ddof=1) / np.sqrt(FOLDS)
        found[name] = accuracy, error, chance_level(answers), len(answers)
    return found


def print_table(found):
    """One row per task."""
    ends = [f"{-CHUNK_MS * k} ms" for k in range(CHUNKS - 1, 0, -1)] + ["response"]
    print(f"{'task':<13}" + "".join(f"{end:>17}" for end in ends) + "  chance answers")
    for name, (accuracy, error, chance, n) in found.items():
        cells = "".join(
            f"{a:>9.3f} +- {e:.3f}" for a, e in zip(accuracy, error, strict=True)
        )
        print(f"{name:<13}{cells}{chance:>8.3f}{n:>8}")


if __name__ == "__main__":
    flags.run(main, ColumnTrainConfig)
