"""`scripts/decode_answers.py`: finds what is there, and nothing where nothing is."""

import numpy as np
import pytest

from tests.programs import load_script
from v1model.config import ColumnTrainConfig
from v1model.flags import config_from


@pytest.fixture(scope="module")
def script():
    return load_script("decode_answers")


def test_an_answer_in_the_spikes_is_found_in_its_chunk_and_in_no_other(script):
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 2, 400)
    counts = rng.poisson(1.0, (400, script.CHUNKS, 30)).astype(np.float32)
    counts[:, 2, 7] += 3 * answers
    accuracy, error, chance, n = script.decoded(
        {"a": (counts, answers, np.arange(400))}
    )["a"]
    assert n == 400
    assert chance == max(answers.mean(), 1 - answers.mean())
    assert accuracy[2] > 0.85
    assert (np.abs(accuracy[[0, 1, 3]] - 0.5) < 0.1).all()
    assert (error < 0.06).all()


def test_what_was_seen_is_never_in_two_folds(script):
    """Each picture has a spike pattern of its own, and an answer by chance."""
    rng = np.random.default_rng(1)
    pictures = np.repeat(np.arange(40), 10)
    answers = rng.permutation(np.arange(40) % 2)[pictures]
    counts = np.repeat(np.eye(40)[pictures][:, None], script.CHUNKS, axis=1)
    accuracy, *_ = script.decoded({"a": (counts, answers, pictures)})["a"]
    assert (accuracy < 0.7).all()


def test_every_scored_answer_is_recorded_with_the_spikes_before_it(script):
    options = ["--neurons=500", "--neurons_per_output=2", "--batch_size=5"]
    options += ["--steps_per_epoch=2"]
    config = config_from(["decode_answers", *options], ColumnTrainConfig)
    column, task = script.made(config)
    found = script.recorded(column, task, config)
    for k, member in enumerate(task.members):
        counts, answers, seen = found[member.name]
        batches = [task.batch("training", step, 5, 2) for step in range(2)]
        expected = [
            batch.labels[trial, chunk]
            for batch in batches
            for trial, chunk in np.argwhere(batch.weights >= 1)
            if batch.tasks[trial] == k
        ]
        np.testing.assert_array_equal(answers, expected)
        assert counts.shape == (len(answers), script.CHUNKS, 500)
        assert len(seen) == len(answers)
        assert counts.sum() > 0


def test_wrong_input_ends_with_one_line(script):
    config = ColumnTrainConfig(restore_from="no.keras")
    with pytest.raises(SystemExit, match="neurons_per_output|no.keras does not exist"):
        script.main(config)
