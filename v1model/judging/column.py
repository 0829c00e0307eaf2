"""Scores and costs of a trained column: every answer of the validation's trials."""

import numpy as np
import pandas as pd
import tensorflow as tf

from v1model.judging.costs import column_operations, costs_of
from v1model.models.column import question_of
from v1model.runs.scores import write_scores

ROOM = "column"


def judge_column(experiment, result):
    """Writes scores.csv of a trained column; `costs` for result.json.

    All processes of a training have to come here; the chief writes. Without validation
    there is no table.

    Args:
        experiment: ColumnExperiment that has trained.
        result: Of `experiment.train`.
    """
    trainer, config = experiment.trainer, experiment.config
    if config.val_steps:
        rows = answer_rows(experiment)
        if experiment.replicas.is_chief:
            write_scores(experiment.run, rows, ROOM)
    operations = column_operations(trainer.column)
    n_parameters = trainer.column.count_params()
    return {"costs": costs_of(n_parameters, operations, result["minutes"])}


def answer_rows(experiment):
    """Rows of scores.csv, one per answer that is counted: Data frame.

        unit       seedS_batchB_trialK_chunkC, which names the same trial of the same
                   stream in all runs with these options of the task
        correct    1 or 0
        answer, label        number that was given, and the right one
        log_probability      of the right one, natural logarithm

    Which answers are counted and what is right are those of `ResponseAccuracy`, so
    that the mean of `correct` of a task is its accuracy.

    Args:
        experiment: ColumnExperiment.
    """
    columns, weights, logits, question = validation_answers(experiment)
    questions = experiment.trainer.column.questions
    given = logits.argmax(axis=-1)
    trial, chunk = np.nonzero(weights >= 1)
    asked = question[trial]
    first = questions.first[asked]
    label, given = columns[trial, chunk], given[trial, chunk]
    scores = logits[trial, chunk].astype(np.float64)
    top = scores.max(axis=1)
    log_sum = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    seed, whole = experiment.config.network.seed, experiment.trials_of_step
    return pd.DataFrame(
        {
            "group": np.array(questions.names, object)[asked],
            "unit": [
                f"seed{seed}_batch{whole}_trial{one}_chunk{at}"
                for one, at in zip(trial.tolist(), chunk.tolist(), strict=True)
            ],
            "correct": (label == given).astype(np.float64),
            "answer": given - first,
            "label": label - first,
            "log_probability": scores[np.arange(len(scores)), label] - log_sum,
        }
    )


def validation_answers(experiment):
    """What the column answers in the trials of the validation, in their order.

    Args:
        experiment: ColumnExperiment.

    Returns:
        Columns of the right answers (K, C), weights (K, C), logits (K, C, L) and
        questions (K,): arrays over K trials.
    """
    trainer, strategy = experiment.trainer, experiment.replicas.strategy

    def answered(inputs, labels, weights):
        logits = trainer.answers((inputs, labels, weights))
        question = question_of(inputs)
        columns = trainer.column.questions.columns_of(labels, question)
        return columns, weights, logits, question

    @tf.function
    def of_all_replicas(batch):
        found = strategy.run(answered, batch)
        return tuple(strategy.gather(part, axis=0) for part in found)

    parts = [
        [part.numpy() for part in of_all_replicas(batch)]
        for batch in experiment.validation_batches()
    ]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))
