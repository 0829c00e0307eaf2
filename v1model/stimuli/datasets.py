"""A task as a tf.data.Dataset for `model.fit`."""

import itertools

import numpy as np
import tensorflow as tf

from v1model.stimuli.trials import check_batch

_PREFETCHED = 2  # batches made while one is trained on


def task_dataset(
    task, split, batch_size, first_step, steps_per_epoch, n_inputs, blocks=None
):
    """Batches of a task, from any step on.

    Training batches go on for ever; validation is one pass of `steps_per_epoch`
    batches, the same each time. The dataset has no state of its own: batch k is
    `task.batch(split, k, ...)`.

    Args:
        task: Task or Mixture.
        split: "training" or "validation".
        batch_size: Trials of a step, over all replicas.
        first_step: Step of the first batch; a resumed run begins where it stopped.
        steps_per_epoch: Steps after which streams begin anew.
        n_inputs: I.
        blocks: Trials of a step that one element holds, each an (B,) int array: one
            per replica that is fed from here, in turn. None is all trials of the step.

    Returns:
        Dataset of ({lgn (B, T, I), noise_seed (B, 2), continues (B,), task (B,)},
        labels (B, C), weights (B, C)): what ColumnModel and ColumnTrainer take.
        `continues` is 1 where a trial follows the one before in its stream without a
        reset.

    Raises:
        ValueError: The split is unknown, a number is not positive, or the blocks have
            different sizes.
    """
    check_batch(split, first_step, batch_size, steps_per_epoch)
    blocks = [np.arange(batch_size)] if blocks is None else blocks
    block_sizes = {len(block) for block in blocks}
    if len(block_sizes) != 1:
        raise ValueError(f"all replicas need as many trials, got {block_sizes}.")
    (n_trials,) = block_sizes
    shape = {
        "lgn": tf.TensorSpec((n_trials, task.seq_len, n_inputs), tf.float32),
        "noise_seed": tf.TensorSpec((n_trials, 2), tf.int32),
        "continues": tf.TensorSpec((n_trials,), tf.float32),
        "task": tf.TensorSpec((n_trials,), tf.int32),
    }
    chunks = (n_trials, task.n_chunks)
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
            for block in blocks:
                batch = task.batch(split, step, batch_size, steps_per_epoch, block)
                yield batch.for_column, batch.labels, batch.weights

    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    n_batches = tf.data.INFINITE_CARDINALITY
    if split == "validation":
        n_batches = max(steps_per_epoch - first_step, 0) * len(blocks)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(n_batches))
    options = tf.data.Options()
    # Every worker reads the whole stream: batches are made, not read from files.
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return dataset.with_options(options).prefetch(_PREFETCHED)
