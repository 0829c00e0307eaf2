"""10class with other options than the default ones."""

import numpy as np
import pytest

from v1model.stimuli.trials import GRAY


def test_the_gray_before_the_picture_may_be_left_out(make):
    task = make("10class", pre_delay=0, post_delay=200, seq_len=300, post_chunks=2)
    assert [tuple(segment) for segment in task.timeline.segments] == [
        (0, 100),
        (GRAY, 200),
    ]
    batch = task.batch("training", 0, 2, 5)
    np.testing.assert_array_equal(batch.image_labels[:, 2:], GRAY)
    assert (batch.image_labels[:, :2] >= 0).all()
    np.testing.assert_array_equal(batch.weights[0], [0, 0, 0, 1, 0, 0])


def test_a_digit_is_drawn_inside_the_view_and_on_gray(make, view):
    task = make("10class", sti_intensity=1.5)
    for number in (0, len(task.plans.training)):  # one picture of each split
        frame = task.rates.frame(number)
        row, column = np.nonzero(frame)
        assert view.x - view.width / 2 - 1 <= column.min()
        assert column.max() <= view.x + view.width / 2 + 1
        assert view.y - view.height / 2 - 1 <= row.min()
        assert row.max() <= view.y + view.height / 2 + 1
        assert frame.min() == 0 and frame.max() == pytest.approx(1.5)


def test_the_height_of_a_picture_can_be_set(make):
    frame = make("10class", picture_degrees=40.0).rates.frame(0)
    row, _ = np.nonzero(frame)
    assert 30 < np.ptp(row) <= 40


def test_training_goes_through_the_pictures_in_another_order_each_time(make):
    task = make("10class")
    plan, n = task.plan, len(task.plans.training)
    passes = [plan("training", turn, n, 10).pictures[:, 0] for turn in range(2)]
    assert (passes[0] != passes[1]).mean() > 0.9
    other = make("10class", seed=1).plan("training", 0, n, 10).pictures[:, 0]
    assert (passes[0] != other).mean() > 0.9


def test_a_batch_may_reach_into_the_next_pass(make):
    task = make("10class")
    plan, n = task.plan, len(task.plans.training)
    shown = plan("training", 0, n + 7, 10)
    np.testing.assert_array_equal(
        shown.pictures[n:], plan("training", 1, n, 10).pictures[:7]
    )
    np.testing.assert_array_equal(
        shown.answers[:, 0], task.plans.training[shown.pictures[:, 0]]
    )


def test_an_unknown_picture_set_is_refused_with_the_choices(make):
    with pytest.raises(ValueError, match="'svhn', choose from digits, mnist"):
        make("10class", pictures="svhn")
