"""Parts of a recording for training and validation."""

import pytest

from v1model.latent.config import DataSplit, TrainingConfig
from v1model.latent.splits import split_of


def given(train, validation, **options):
    split = DataSplit(
        train_start=train[0],
        train_end=train[1],
        validation_start=validation[0],
        validation_end=validation[1],
    )
    return TrainingConfig(data_split=split, **options)


def test_the_last_fifth_is_for_validation_unless_said_otherwise():
    split = split_of(TrainingConfig(), 1003, "a.h5")
    assert (split.train_start, split.train_end) == (0, 802)
    assert (split.validation_start, split.validation_end) == (802, 1003)


@pytest.mark.parametrize("order", [((0, 50), (50, 90)), ((41, 90), (3, 41))])
def test_parts_that_touch_are_taken_as_they_are(order):
    training = given(*order)
    assert split_of(training, 90, "a.h5") is training.data_split


@pytest.mark.parametrize(
    "parts, message",
    [
        (((30, 101), (20, 30)), "train_end must not be more than the 100 .* got 101"),
        (((0, 50), (60, 120)), "validation_end must not be more .* got 120"),
    ],
)
def test_an_impossible_split_is_refused_with_key_and_value(parts, message):
    with pytest.raises(ValueError, match=f"a.h5: training.data_split.{message}"):
        split_of(given(*parts), 100, "a.h5")


def test_a_part_that_is_shorter_than_a_rollout_is_refused():
    long = {"time_units": 20, "evolve_multiple_steps": 2}
    split_of(given((0, 60), (60, 120), **long), 120, "a.h5")
    split_of(given((1, 80), (80, 140), **long), 140, "a.h5")
    with pytest.raises(ValueError, match="train_end .* 79, .* 1 to 79"):
        split_of(given((1, 79), (80, 140), **long), 140, "a.h5")
    with pytest.raises(ValueError, match="train_end .* 60, .*evolve_.* 0 to 59"):
        split_of(given((0, 59), (60, 120), **long), 120, "a.h5")


@pytest.mark.parametrize("interpolation, shortest", [("linear", 60), ("causal", 80)])
def test_where_observations_are_held_a_cycle_is_left_out(interpolation, shortest):
    mode = {"mode": "staggered_random", "interpolation": interpolation}
    options = {"time_units": 20, "evolve_multiple_steps": 2, "acquisition_mode": mode}
    split_of(given((0, shortest), (100, 180), **options), 200, "a.h5")
    with pytest.raises(ValueError, match=f"train_end .* {shortest}, .* 0 to"):
        split_of(given((0, shortest - 1), (100, 180), **options), 200, "a.h5")
