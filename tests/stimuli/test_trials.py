"""Timelines in ms, chunks and pictures; draws that depend only on their position."""

import numpy as np
import pytest

from v1model.stimuli.streams import generator, noise_seeds, spike_generator
from v1model.stimuli.trials import GRAY, Segment, Timeline, repeated

PRESENTATION = (Segment(GRAY, 50), Segment(0, 100), Segment(GRAY, 150))
PAIR = Timeline(repeated(PRESENTATION, 2), windows=(4, 10), weight_elsewhere=0.05)


def test_milliseconds_chunks_and_slots_of_a_timeline_agree():
    assert PAIR.duration_ms == 600
    assert PAIR.n_chunks == 12
    assert PAIR.n_slots == 2
    assert len(PAIR.slots) == 600
    np.testing.assert_array_equal(np.flatnonzero(PAIR.slots == 0), np.arange(50, 150))
    np.testing.assert_array_equal(np.flatnonzero(PAIR.slots == 1), np.arange(350, 450))
    assert (np.delete(PAIR.slots, np.r_[50:150, 350:450]) == GRAY).all()


def test_labels_and_weights_lie_in_the_windows():
    labels = PAIR.labels(np.array([[1, 0], [1, 1]]))
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels[:, [4, 10]], [[1, 0], [1, 1]])
    assert labels.sum() == 3
    weights = PAIR.weights(np.array([[True, False]]))
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights[0, [4, 10]], [1, 0])
    np.testing.assert_allclose(np.delete(weights[0], [4, 10]), 0.05)


def test_image_labels_name_the_picture_while_it_is_shown():
    shown = PAIR.image_labels(np.array([[7, 3], [GRAY, 9]]))
    expected = [GRAY] + [7] * 2 + [GRAY] * 4 + [3] * 2 + [GRAY] * 3
    np.testing.assert_array_equal(shown[0], expected)
    np.testing.assert_array_equal(shown[1, :7], GRAY)
    np.testing.assert_array_equal(shown[1, 7:9], 9)


def test_a_timeline_may_have_segments_that_are_no_whole_chunks():
    cues = repeated((Segment(0, 50), Segment(GRAY, 10)), 5)
    timeline = Timeline((*cues, Segment(GRAY, 250), Segment(5, 50)), windows=(11,))
    assert timeline.duration_ms == 600
    assert timeline.n_slots == 6
    assert timeline.image_labels(np.arange(10, 16)[None])[0, 0] == 10


@pytest.mark.parametrize(
    ("segments", "windows", "message"),
    [
        ((Segment(0, 75),), (0,), "multiple of 50 ms, got 75"),
        ((Segment(0, 0), Segment(GRAY, 50)), (0,), "longer than 0 ms"),
        ((Segment(0, 100),), (2,), r"chunk 2 is outside 0\.\.1"),
    ],
)
def test_an_impossible_timeline_is_refused(segments, windows, message):
    with pytest.raises(ValueError, match=message):
        Timeline(segments, windows)


def test_noise_seeds_are_unique_over_seeds_splits_steps_and_lanes():
    positions = [(step, lane) for step in range(20) for lane in range(20)]
    seeds = np.concatenate(
        [
            noise_seeds(seed, split, positions)
            for seed in (0, 1, 2**40)
            for split in ("training", "validation")
        ]
    )
    assert seeds.dtype == np.int32
    assert len(np.unique(seeds, axis=0)) == len(seeds) == 2400


def test_the_noise_seed_of_a_trial_depends_on_its_position_only():
    alone = noise_seeds(5, "training", [(7, 3)])
    among = noise_seeds(5, "training", [(7, lane) for lane in range(5)])
    np.testing.assert_array_equal(alone[0], among[3])


def test_draws_differ_between_purposes_and_positions():
    draws = {
        generator(3, split, purpose, *position).random()
        for split in ("training", "validation")
        for purpose in ("pictures", "changes", "order", "variants")
        for position in ((0, 0), (0, 1), (1, 0), (0,))
    }
    assert len(draws) == 32
    again = generator(3, "training", "changes", 0, 1).random()
    assert again in draws
    assert spike_generator(np.array([-1, 2], np.int32)).random() < 1
