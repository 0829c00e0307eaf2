"""Folds: each presentation is tested once."""

import numpy as np
import pandas as pd
import pytest

from v1model.presentations.binned import BinnedSpikes
from v1model.presentations.folds import stratified_folds


def binned_of(labels):
    n = len(labels)
    return BinnedSpikes(
        counts=np.zeros((n, 1, 2), np.uint8),
        labels=np.asarray(labels),
        start_s=np.arange(n) / 4,
        stop_s=(np.arange(n) + 1) / 4,
        block=np.zeros(n, np.int64),
        valid=np.ones((n, 2), bool),
        units=pd.DataFrame({"id": [0, 1]}),
    )


def test_every_presentation_is_tested_once_and_no_decoder_has_seen_it():
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(3), 11))
    binned = binned_of(labels)
    splits = stratified_folds(binned, 0)
    tested = np.concatenate([split.test for split in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(33))
    for split in splits:
        parts = np.concatenate(split)
        np.testing.assert_array_equal(np.sort(parts), np.arange(33))
        for part in split:
            assert set(labels[part]) == {0, 1, 2}
    with pytest.raises(ValueError, match="shown 5 times or more, 0 was 4 times"):
        stratified_folds(binned_of(np.repeat(np.arange(3), 4)), 0)
