"""BatchWatch: Python gets the batch of a training step when it asks, and only then."""

import numpy as np
import tensorflow as tf

from tests.models.columns import batch_of, make_trainer


def test_the_batch_of_the_next_step_is_handed_over_once():
    trainer = make_trainer()
    watch = trainer.watch()
    batches = [batch_of(2, seed=seed) for seed in range(3)]
    trainer.train_on_batch(*batches[0])
    assert watch.take() is None
    watch.ask()
    trainer.train_on_batch(*batches[1])
    taken = watch.take()
    expected = tf.nest.flatten(batches[1])
    for found, array in zip(tf.nest.flatten(taken), expected, strict=True):
        np.testing.assert_array_equal(found, array)
    assert taken[0].keys() == batches[1][0].keys()
    assert watch.take() is None
    trainer.train_on_batch(*batches[2])
    assert watch.take() is None


def test_a_trainer_that_has_trained_before_can_be_watched():
    trainer = make_trainer()
    trainer.train_on_batch(*batch_of(2))
    watch = trainer.watch()
    watch.ask()
    trainer.train_on_batch(*batch_of(2))
    assert watch.take() is not None
    assert trainer.watch() is watch
