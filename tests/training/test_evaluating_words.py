"""What v1-evaluate says of the trials that it scores."""

import pandas as pd
import pytest

from training.evaluating.cnn import _by_type, _trials_in_words


@pytest.mark.parametrize(
    ("types", "trained", "words"),
    [
        (None, (), ""),
        (None, ("film",), ", all types of trials (trained on film)"),
        (("film",), ("film",), ", trials of film"),
        (("film", "spots"), ("film",), ", trials of film, spots (trained on film)"),
    ],
)
def test_trials_that_training_did_not_see_are_said(types, trained, words):
    assert _trials_in_words(types, trained) == words


def test_each_type_of_trials_has_its_own_figure_where_there_are_several():
    rows = pd.DataFrame({"test": ["film", "spots"], "bps_mean": [0.7, 0.1]})
    assert _by_type(rows) == {"bps_mean: film": 0.7, "bps_mean: spots": 0.1}
    assert _by_type(rows[:1]) == {}
