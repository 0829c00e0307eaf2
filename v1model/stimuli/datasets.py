"""A task as a tf.data.Dataset for `model.fit`."""

import itertools

import numpy as np
import tensorflow as tf

from v1model.stimuli.trials import check_batch

_PREFETCHED = 2  # batches made while one is trained on


def task_dataset(task, split, batch_size, first_step, steps_per_epoch, n_inputs):
    """Batches of a task, from any step on.

    Training batches go on for ever; validation is one pass of `steps_per_epoch`
    batches, the same each time. The dataset has no state of its own: batch k is
    `task.batch(split, k, ...)`.

    Args:
        task: Task.
        split: "training" or "validation".
        batch_size: B.
        first_step: Step of the first batch; a resumed run begins where it stopped.
        steps_per_epoch: Steps after which streams begin anew.
        n_inputs: I.

    Returns:
        Dataset of ({lgn (B, T, I), noise_seed (B, 2), continues (B,)}, labels (B, C),
        weights (B, C)): what ColumnModel and ColumnTrainer take. `continues` is 1
        where a trial follows the one before in its lane without a reset.

    Raises:
        ValueError: The split is unknown, or a number is not positive.
    """
    check_batch(split, first_step, batch_size, steps_per_epoch)
    shape = {
        "lgn": tf.TensorSpec((batch_size, task.seq_len, n_inputs), tf.float32),
        "noise_seed": tf.TensorSpec((batch_size, 2), tf.int32),
        "continues": tf.TensorSpec((batch_size,), tf.float32),
    }
    chunks = (batch_size, task.n_chunks)
    signature = (
        shape,
        tf.TensorSpec(chunks, tf.int32),
        tf.TensorSpec(chunks, tf.float32),
    )

    def batches():
        steps = itertools.count(first_step)
        if split == "validation":
            steps = range(first_step, steps_per_epoch)
        for step in steps:
            batch = task.batch(split, step, batch_size, steps_per_epoch)
            is_later = task.carries_state and step % steps_per_epoch > 0
            inputs = {
                "lgn": batch.inputs,
                "noise_seed": batch.noise_seeds,
                "continues": np.full(batch_size, is_later, np.float32),
            }
            yield inputs, batch.labels, batch.weights

    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    n_batches = tf.data.INFINITE_CARDINALITY
    if split == "validation":
        n_batches = max(steps_per_epoch - first_step, 0)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(n_batches))
    options = tf.data.Options()
    # Every worker reads the whole stream: batches are made, not read from files.
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return dataset.with_options(options).prefetch(_PREFETCHED)
