"""evidence: the answer is the side on which most cues were on the screen."""

import h5py
import numpy as np
import pytest

from v1model.config import TaskConfig
from v1model.lgn import current_from_rates
from v1model.lgn.movie import Movie
from v1model.stimuli import make_task
from v1model.stimuli.evidence import (
    LEFT,
    RECALL,
    RIGHT,
    cue_frames,
    cue_sequences,
    majority,
    read_published_frames,
)
from v1model.stimuli.trials import GRAY

NAMES = ("left_cue", "right_cue", "recall", "gap")


def written(path, frames):
    with h5py.File(path, "w") as file:
        for name, frame in frames.items():
            file[name] = frame
    return path


def random_frames(seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(-2, 2, (120, 240)) for name in NAMES}


@pytest.mark.parametrize("n_cues", [5, 7])
def test_the_answer_is_the_side_that_was_lit_more_often(make, view, n_cues):
    task = make("evidence", n_cues=n_cues)
    middle = round(view.x)
    for split in ("training", "validation"):
        plan = task.plan(split, 1, 8, 4)
        for pictures, (answer,) in zip(plan.pictures, plan.answers, strict=True):
            screen = sum(task.rates.frame(k) for k in pictures[:n_cues])
            on_left, on_right = screen[:, :middle].sum(), screen[:, middle:].sum()
            assert answer == (on_right > on_left)
            assert pictures[-1] == RECALL


def test_the_cues_are_mirror_images_of_the_same_luminance():
    frames = cue_frames(20, (100.4, 60.2), intensity=1.5)
    left, right, recall = frames
    assert left.sum() == right.sum() == 1.5 * 10 * 20
    around = slice(100 - 15, 100 + 15)
    np.testing.assert_array_equal(left[:, around], right[:, around][:, ::-1])
    np.testing.assert_array_equal(recall, left + right)
    assert not (left * right).any()
    assert np.unique(frames).tolist() == [0, 1.5]
    np.testing.assert_array_equal(np.flatnonzero(recall.any(axis=1)), range(50, 70))


def test_cues_that_reach_beyond_the_field_are_cut():
    left, right, _ = cue_frames(60, (10, 5), intensity=1.0)
    assert (left.any(axis=0).sum(), right.any(axis=0).sum()) == (10, 30)
    assert left.any(axis=1).sum() == 35


@pytest.mark.parametrize("n_cues", [5, 7])
def test_cue_sequences_are_divided_without_favour(n_cues):
    training, validation = cue_sequences(n_cues)
    everything = np.concatenate([training, validation])
    assert len(np.unique(everything, axis=0)) == len(everything) == 2**n_cues
    assert len(validation) == 2**n_cues // 4
    for part in (training, validation):
        assert majority(part).mean() == 0.5
        is_like_the_answer = part == majority(part)[:, None]
        assert is_like_the_answer.mean(axis=0).max() <= 0.75
        difficulty = np.abs((part - 0.5).sum(axis=1)).mean()
        expected = np.abs((everything - 0.5).sum(axis=1)).mean()
        assert difficulty == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("n_cues", [5, 7])
def test_no_cue_sequence_is_in_training_and_validation(make, n_cues):
    task = make("evidence", n_cues=n_cues)
    shown = {}
    for split in ("training", "validation"):
        plans = [task.plan(split, k, 8, 40) for k in range(40)]
        pictures = np.concatenate([plan.pictures for plan in plans])
        shown[split] = set(map(tuple, pictures[:, :-1]))
    assert len(shown["training"]) == 2**n_cues * 3 // 4
    assert len(shown["validation"]) == 2**n_cues // 4
    assert not shown["training"] & shown["validation"]


def test_every_training_sequence_is_shown_before_one_returns(make):
    plan = make("evidence").plan
    for turn in (0, 1):
        pictures = plan("training", turn, 24, 10).pictures
        assert len(np.unique(pictures, axis=0)) == 24
    other = make("evidence", seed=1).plan("training", 1, 24, 10).pictures
    assert (other != pictures).any()


@pytest.mark.parametrize(
    ("options", "pause", "window"),
    [
        ({}, 250, 11),
        ({"n_cues": 7}, 130, 11),
        ({"pause": 250}, 250, 11),
        ({"n_cues": 7, "seq_len": 700, "cue_len": 30, "recall_len": 80}, 340, 13),
    ],
)
def test_the_pause_fills_the_trial_and_the_last_chunk_is_asked(
    make, options, pause, window
):
    timeline = make("evidence", **options).timeline
    *_, before_recall, recall = timeline.segments
    assert (before_recall, recall.slot) == ((GRAY, pause), timeline.n_slots - 1)
    assert timeline.windows == (window,)
    assert timeline.duration_ms == options.get("seq_len", 600)


def test_gaps_may_be_left_out(make):
    timeline = make("evidence", interval_len=0).timeline
    assert [segment.ms for segment in timeline.segments] == [50] * 5 + [300, 50]


def test_published_frames_are_shown_where_they_exist(lgn, view, tmp_path):
    frames = random_frames()
    written(tmp_path / "EA_LGN.h5", frames)
    folder = str(tmp_path / "GLIF_network")
    config = TaskConfig(task="evidence")
    task = make_task(config, lgn, view, seed=1, data_dir=folder)
    batch = task.batch("validation", 1, 2, 4)
    plan = task.plan("validation", 1, 2, 4)
    for inputs, pictures in zip(batch.inputs, plan.pictures, strict=True):
        names = ["right_cue" if k == RIGHT else "left_cue" for k in pictures[:5]]
        parts = [frames[name] for cue in names for name in (cue, "gap")]
        movie = Movie(
            np.stack([*parts, frames["gap"], frames["recall"]]),
            [*[50, 10] * 5, 250, 50],
        )
        expected = current_from_rates(lgn.rates(movie))
        np.testing.assert_allclose(inputs, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recall": np.zeros((240, 120))}, r"recall must .*\(120, 240\), got \(240"),
        ({"gap": np.full((120, 240), np.nan)}, "gap has pixels that are not finite"),
        ({"left_cue": None}, "/left_cue is missing"),
    ],
)
def test_published_frames_that_cannot_be_used_are_named(tmp_path, changes, message):
    frames = {
        name: frame
        for name, frame in (random_frames() | changes).items()
        if frame is not None
    }
    path = written(tmp_path / "EA_LGN.h5", frames)
    with pytest.raises(ValueError, match=f"EA_LGN.h5: .*{message}"):
        read_published_frames(path)


def test_left_and_right_are_the_classes_in_the_order_of_the_pools():
    assert (LEFT, RIGHT) == (0, 1)
    np.testing.assert_array_equal(majority(np.array([[0, 0, 1], [1, 1, 0]])), [0, 1])
