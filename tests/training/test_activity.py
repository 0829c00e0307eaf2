"""Held-out trials that are drawn: a resumed run shows those of an undisturbed one."""

import types

import numpy as np
import pytest

from training import activity
from training.activity import held_out_trials


class NumberedTask:
    """A task whose LGN activity is the number of the trial."""

    seq_len, n_chunks = 50, 1

    def batch(self, split, step, batch_size, steps_per_epoch, block):
        ones = np.ones((batch_size, 1))
        inputs = {
            "lgn": np.full((batch_size, self.seq_len, 2), step, np.float32),
            "noise_seed": np.zeros((batch_size, 2), np.int32),
            "continues": np.zeros(batch_size, np.float32),
            "task": np.zeros(batch_size, np.int32),
        }
        return types.SimpleNamespace(
            for_column=inputs,
            labels=ones.astype(np.int32),
            weights=ones.astype(np.float32),
        )


@pytest.mark.parametrize("n_shown", [0, 1, 3, 4, 11])
def test_a_resumed_run_goes_through_the_same_rounds(monkeypatch, n_shown):
    monkeypatch.setattr(activity, "N_TRIALS", 4)
    trials = held_out_trials(NumberedTask(), 2, n_shown).take(9)
    shown = [int(inputs["lgn"][0, 0, 0]) for inputs, _, _ in trials]
    assert shown == [number % 4 for number in range(n_shown, n_shown + 9)]
