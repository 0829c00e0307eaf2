"""Verdicts about neurons of an evolver."""

import numpy as np
import pandas as pd
import pytest

from v1model.judging.latent_verdicts import evolver_verdicts
from v1model.judging.verdicts import FINE, LOW_RATE, OVERFITTED, UNDERFITTED


def verdict(**columns):
    given = {"r2": 0.8, "mse": 0.2, "constant_mse": 0.5, "train_r2": 0.85}
    return evolver_verdicts(pd.DataFrame([given | columns])).loc[0]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, FINE),
        ({"r2": np.nan}, LOW_RATE),
        # An error that never changes is none of r2, but activity that stays has less.
        ({"mse": 0.6}, UNDERFITTED),
        ({"r2": 0.3}, OVERFITTED),
        ({"r2": 0.3, "train_r2": 0.4}, UNDERFITTED),
        ({"r2": 0.3, "train_r2": np.nan}, UNDERFITTED),
        ({"r2": -2.0, "train_r2": -1.0}, UNDERFITTED),
    ],
)
def test_the_first_reason_that_holds_is_the_verdict(columns, expected):
    found = verdict(**columns)
    assert found["verdict"] == expected
    assert found["reason"]


def test_another_recording_has_no_score_in_training():
    table = pd.DataFrame({"r2": [0.9], "mse": [0.1], "constant_mse": [0.4]})
    assert evolver_verdicts(table)["verdict"].tolist() == [FINE]
