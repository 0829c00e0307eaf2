"""Batches come in turn and begin again."""

import numpy as np
import pytest
import tensorflow as tf

from visualization.logger.repeated import Repeated


def test_batches_come_in_turn_and_again_from_the_first():
    dataset = tf.data.Dataset.range(3)
    for data in ([0, 1, 2], range(3), dataset):
        repeated = Repeated(data)
        assert [int(repeated.next()) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_after_rewinding_the_first_comes_next():
    repeated = Repeated([5, 6, 7])
    repeated.next()
    repeated.rewind()
    assert repeated.next() == 5


def test_a_single_batch_is_no_list_of_batches():
    batch = ({"lgn": np.zeros(2)}, np.zeros(1), np.zeros(1))
    repeated = Repeated(batch)
    assert repeated.next() is batch and repeated.next() is batch


@pytest.mark.parametrize("data", [[], iter(())])
def test_what_has_no_batch_is_refused(data):
    with pytest.raises(ValueError, match="has no batch"):
        Repeated(data).next()
