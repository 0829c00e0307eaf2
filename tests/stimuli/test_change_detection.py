"""garrett with other options than the default ones."""

import numpy as np
import pytest

from v1model.lgn import current_from_rates
from v1model.lgn.movie import Movie
from v1model.stimuli.change_detection import ChangeStreams

GRAY_FRAME = np.zeros((120, 240), np.float32)


@pytest.mark.parametrize(
    ("options", "n_before", "windows"),
    [
        ({"seq_len": 300}, 2, (4,)),
        ({"seq_len": 900}, 1, (4, 10, 16)),
        ({"seq_len": 1000, "delays": (900,)}, 0, (4,)),
        ({"seq_len": 200, "im_slice": 50, "delays": (150,)}, 3, (3,)),
    ],
)
def test_any_trial_length_shows_one_continuous_movie(
    make, lgn, options, n_before, windows
):
    task = make("garrett", **options)
    assert (task.n_before, task.timeline.windows) == (n_before, windows)
    im_slice, delay = options.get("im_slice", 100), options.get("delays", (200,))[0]
    n_trials = 6
    frames, durations, streamed = [], [], []
    for step in range(n_trials):
        plan = task.plan("training", step, 1, n_trials)
        streamed.append(task.batch("training", step, 1, n_trials).inputs[0])
        for picture in plan.pictures[0, -task.timeline.n_slots :]:
            frames += [GRAY_FRAME, task.rates.frame(picture), GRAY_FRAME]
            durations += [50, im_slice, delay - 50]
    rates = lgn.rates(Movie(np.stack(frames), durations))
    np.testing.assert_allclose(
        np.concatenate(streamed), current_from_rates(rates), atol=5e-6
    )


@pytest.mark.parametrize("n_steps", [3, 4, 9, 156])
def test_no_constant_answer_beats_chance_on_any_validation_set(garrett, n_steps):
    plans = [garrett.plan("validation", k, 2, n_steps) for k in range(n_steps)]
    answers, is_asked = (
        np.concatenate([getattr(plan, name) for plan in plans], axis=1)
        for name in ("answers", "is_asked")
    )
    n_changes = (answers * is_asked).sum(axis=1)
    # The last block of eight may be cut short, by at most half of it.
    assert np.abs(n_changes - is_asked.sum(axis=1) / 2).max() <= 2


def test_a_change_leads_to_every_other_picture_alike():
    streams = ChangeStreams(0, 0.0, 2, 1, n_training=4, n_validation=2)
    shown, _ = streams.stream("training", 0, 0, 12001)
    moves = np.diff(shown) % 4
    np.testing.assert_allclose(np.bincount(moves), [0, 4000, 4000, 4000], atol=200)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delays": (200, 300)}, r"delays must be equal, got \(200, 300\)"),
        ({"delays": (220,)}, "delays must be a multiple of 50 ms, got 220"),
        ({"seq_len": 100}, "multiple of im_slice .* = 300 ms, got 100"),
        ({"response_weight_elsewhere": 1.0}, r"in \[0, 1\), got 1.0"),
    ],
)
def test_options_that_contradict_each_other_are_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        make("garrett", **options)
