"""All tasks: what is shown, what is right, and that batches are pure."""

import dataclasses
import pickle

import numpy as np
import pytest

from tests.networks import small_network
from v1model import config as options
from v1model.config import TaskConfig
from v1model.lgn import LGN, current_from_rates
from v1model.lgn.movie import Movie
from v1model.models import Questions
from v1model.models.metrics import ResponseAccuracy
from v1model.stimuli.images import View
from v1model.stimuli.tasks import TASKS, make_task
from v1model.stimuli.trials import GRAY

VIEW = View(120.0, 60.0, 40.0, 30.0)
STEPS = 6  # per epoch
WINDOWS = [4, 10]


@pytest.fixture(scope="module")
def lgn():
    return LGN(small_network().lgn.units)


@pytest.fixture(scope="module")
def made(lgn):
    """Every task by its name."""
    return {name: make_task(TaskConfig(task=name), lgn, VIEW, seed=1) for name in TASKS}


@pytest.fixture(scope="module")
def garrett(made):
    return made["garrett"]


@pytest.fixture(scope="module")
def ten_class(made):
    return made["10class"]


@pytest.fixture(params=list(TASKS))
def task(request, made):
    return made[request.param]


@pytest.fixture(params=["garrett", "vcd_grating"])
def change_task(request, made):
    return made[request.param]


@pytest.fixture(params=["ori_diff", "evidence", "10class"])
def single_task(request, made):
    return made[request.param]


def assert_same(first, second):
    for name, a, b in zip(first._fields, first, second, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def pictures_of(batch):
    """The two pictures of each garrett trial, (B, 2)."""
    return batch.image_labels[:, [1, 7]]


def test_a_batch_has_the_shapes_of_the_contract(task, lgn):
    batch = task.batch("training", 2, 3, STEPS)
    assert task.seq_len == 600
    assert task.n_chunks == 12
    assert batch.inputs.shape == (3, 600, len(lgn.units))
    assert batch.noise_seeds.shape == (3, 2)
    for name in ("labels", "weights", "image_labels"):
        assert getattr(batch, name).shape == (3, 12)
    floats = {"inputs", "weights", "continues"}
    for name, array in batch._asdict().items():
        assert array.dtype == (np.float32 if name in floats else np.int32), name
    assert (batch.inputs >= 0).all()
    assert batch.inputs.max() < 0.3


@pytest.mark.parametrize("split", ["training", "validation"])
def test_a_batch_depends_on_its_arguments_and_not_on_history(task, lgn, split):
    there = task.batch(split, 5, 2, STEPS)
    task.batch("training", 0, 3, STEPS)
    assert_same(there, task.batch(split, 5, 2, STEPS))
    config = TaskConfig(task=task.name)
    fresh = make_task(config, lgn, VIEW, seed=1)
    assert_same(there, fresh.batch(split, 5, 2, STEPS))
    other = make_task(config, lgn, VIEW, seed=2)
    assert (other.batch("training", 5, 2, STEPS).noise_seeds != there.noise_seeds).all()


def test_noise_seeds_are_never_used_twice(task):
    plans = [
        task.plan(split, step, 4, STEPS).noise_seeds
        for split, n in (("training", 3 * STEPS), ("validation", STEPS))
        for step in range(n)
    ]
    seeds = np.concatenate(plans)
    assert len(np.unique(seeds, axis=0)) == len(seeds)


def test_validation_is_the_same_in_every_epoch(task):
    for step in range(STEPS):
        first = task.plan("validation", step, 2, STEPS)
        second = task.plan("validation", step + 3 * STEPS, 2, STEPS)
        for a, b in zip(first, second, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["garrett", "vcd_grating", "ori_diff", "10class"])
def test_no_picture_is_in_training_and_validation(made, name):
    task, shown = made[name], {}
    for split in ("training", "validation"):
        plans = [task.plan(split, step, 8, 60) for step in range(60)]
        shown[split] = set(np.concatenate([plan.pictures for plan in plans]).flat)
        shown[split] -= {GRAY}
        assert len(shown[split]) > 5
    assert not shown["training"] & shown["validation"]
    frames = {
        split: [task.rates.frame(k).tobytes() for k in sorted(numbers)[:40]]
        for split, numbers in shown.items()
    }
    assert not set(frames["training"]) & set(frames["validation"])


def test_before_the_first_picture_the_lgn_is_spontaneous(task, lgn):
    inputs = task.batch("training", 0, 1, STEPS).inputs[0]
    gray = current_from_rates(lgn.spontaneous_rates)
    onset = np.flatnonzero(task.timeline.slots != GRAY)[0]
    np.testing.assert_allclose(inputs[:onset], np.tile(gray, (onset, 1)), rtol=1e-5)
    assert np.abs(inputs[onset + 10 : onset + 150] - gray).max() > 0.005


def test_spikes_have_the_rate_of_the_currents_and_belong_to_the_trial(lgn):
    config = TaskConfig(task="10class")
    currents = make_task(config, lgn, VIEW, seed=1)
    spiking = make_task(config, lgn, VIEW, seed=1, current_input=False)
    spikes = spiking.batch("training", 0, 20, STEPS).inputs
    assert set(np.unique(spikes)) == {0, 1}
    expected = currents.batch("training", 0, 20, STEPS).inputs.mean() / 1.3
    assert spikes.mean() == pytest.approx(expected, rel=0.05)
    again = spiking.batch("training", 0, 20, STEPS).inputs
    np.testing.assert_array_equal(spikes, again)
    assert (spikes[0] != spikes[1]).any()


def test_lanes_of_a_change_task_do_not_depend_on_how_many_there_are(change_task):
    whole = change_task.batch("training", 3, 4, STEPS)
    half = change_task.batch("training", 3, 2, STEPS)
    for name, a, b in zip(whole._fields, whole, half, strict=True):
        np.testing.assert_array_equal(a[:2], b, err_msg=name)
    assert (pictures_of(whole)[0] != pictures_of(whole)[2]).any()


def test_garrett_asks_whether_the_picture_differs_from_the_one_before(garrett):
    n_steps, n_lanes = 40, 5
    for split in ("training", "validation"):
        before = np.full(n_lanes, GRAY)
        for step in range(n_steps):
            plan = garrett.plan(split, step, n_lanes, n_steps)
            now = plan.pictures[:, -2:]
            for k in range(2):
                is_first = step == k == 0
                assert (plan.is_asked[:, k] == (not is_first)).all()
                if not is_first:
                    np.testing.assert_array_equal(
                        plan.answers[:, k], now[:, k] != before
                    )
                before = now[:, k]
    first = garrett.batch("training", 0, 2, STEPS)
    np.testing.assert_array_equal(first.weights[:, 4], 0)
    np.testing.assert_array_equal(first.weights[:, 10], 1)
    np.testing.assert_array_equal(first.labels[:, 4], 0)


def test_garrett_labels_and_image_labels_tell_the_same_story(garrett):
    first = pictures_of(garrett.batch("training", 1, 3, STEPS))
    batch = garrett.batch("training", 2, 3, STEPS)
    pictures = np.concatenate([first[:, 1:], pictures_of(batch)], axis=1)
    np.testing.assert_array_equal(
        batch.labels[:, WINDOWS], pictures[:, 1:] != pictures[:, :-1]
    )
    np.testing.assert_array_equal(batch.weights[:, WINDOWS], 1)
    others = np.delete(batch.weights, WINDOWS, axis=1)
    np.testing.assert_allclose(others, 0.05)


def test_garrett_streams_begin_anew_with_each_epoch(garrett):
    begin = garrett.plan("training", STEPS, 2, STEPS)
    np.testing.assert_array_equal(begin.pictures[:, :-2], GRAY)
    assert not begin.is_asked[:, 0].any()
    assert (begin.pictures != garrett.plan("training", 0, 2, STEPS).pictures).any()


def test_garrett_shows_one_continuous_movie_across_trials(garrett, lgn):
    """The lane's whole epoch through the LGN at once gives the same currents."""
    batches = [garrett.batch("training", step, 2, STEPS) for step in range(4)]
    gray = np.zeros((120, 240), np.float32)
    frames, durations = [], []
    for batch in batches:
        for picture in pictures_of(batch)[1]:
            frames += [gray, garrett.rates.frame(picture), gray]
            durations += [50, 100, 150]
    rates = lgn.rates(Movie(np.stack(frames), durations))
    streamed = np.concatenate([batch.inputs[1] for batch in batches])
    np.testing.assert_allclose(streamed, current_from_rates(rates), atol=2e-6)
    # A cut between trials would be seen: the tail of a picture reaches into the next.
    alone = lgn.rates(Movie(np.stack(frames[6:12]), durations[6:12]))
    assert np.abs(streamed[600:1200] - current_from_rates(alone)).max() > 1e-3


def test_always_giving_the_same_answer_shows_as_chance(task):
    for split, tolerance in (("validation", 0.02), ("training", 0.06)):
        plans = [task.plan(split, step, 8, 50) for step in range(50)]
        labels = np.concatenate([task.timeline.labels(p.answers) for p in plans])
        weights = np.concatenate([task.timeline.weights(p.is_asked) for p in plans])
        for answer in range(task.n_classes):
            questions = Questions((task.name,), (task.n_classes,), (False,))
            metric = ResponseAccuracy(questions)
            logits = np.zeros((*labels.shape, task.n_classes), np.float32)
            logits[..., answer] = 1
            metric.update_state(labels, logits, weights)
            found = {name: float(value) for name, value in metric.result().items()}
            chance = 1 / task.n_classes
            assert found["balanced_accuracy"] == pytest.approx(chance, abs=1e-6)
            assert found["accuracy"] == pytest.approx(chance, abs=tolerance)
            assert found["chance"] == pytest.approx(chance, abs=tolerance)


@pytest.mark.parametrize(("p_reappear", "changes"), [(0.0, 1), (1.0, 0), (0.9, 0.1)])
def test_pictures_reappear_as_often_as_asked(lgn, p_reappear, changes):
    config = TaskConfig(task="garrett", p_reappear=p_reappear)
    plan = make_task(config, lgn, VIEW, seed=1).plan
    answers = np.concatenate(
        [plan("training", step, 8, 100).answers for step in range(1, 100)]
    )
    assert answers.mean() == pytest.approx(changes, abs=0.03)


def test_every_task_has_the_published_readout(made):
    found = {
        name: (task.pools, task.n_classes, task.has_threshold, task.carries_state)
        for name, task in made.items()
    }
    assert found == {
        "garrett": ((0,), 2, True, True),
        "vcd_grating": ((1,), 2, True, True),
        "ori_diff": ((2,), 2, True, False),
        "evidence": ((3, 4), 2, False, False),
        "10class": (tuple(range(5, 15)), 10, False, False),
    }
    pools = [pool for task in made.values() for pool in task.pools]
    assert pools == list(range(15))


def test_every_task_has_the_published_timeline(made):
    presentation = [(GRAY, 50), (0, 100), (GRAY, 150)]
    second = [(GRAY, 50), (1, 100), (GRAY, 150)]
    once = [(GRAY, 50), (0, 100), (GRAY, 450)]
    cues = [(slot, ms) for k in range(5) for slot, ms in ((k, 50), (GRAY, 10))]
    expected = {
        "garrett": (presentation + second, (4, 10), 0.05),
        "vcd_grating": (presentation + second, (4, 10), 0.0),
        "ori_diff": (once, (3,), 0.0),
        "evidence": ([*cues, (GRAY, 250), (5, 50)], (11,), 0.0),
        "10class": (once, (3,), 0.0),
    }
    for name, (segments, windows, weight_elsewhere) in expected.items():
        timeline = made[name].timeline
        assert [tuple(segment) for segment in timeline.segments] == segments, name
        assert timeline.windows == windows, name
        weights = timeline.weights(np.ones((1, len(windows)), bool))[0]
        np.testing.assert_array_equal(weights[list(windows)], 1)
        others = np.delete(weights, windows)
        np.testing.assert_allclose(others, weight_elsewhere, err_msg=name)


def test_10class_asks_in_one_chunk_for_the_label_of_the_picture(ten_class):
    batch = ten_class.batch("validation", 1, 10, STEPS)
    np.testing.assert_array_equal(np.flatnonzero(batch.weights[0]), [3])
    np.testing.assert_array_equal(batch.weights[:, 3], 1)
    np.testing.assert_array_equal(np.delete(batch.labels, 3, axis=1), 0)
    shown = batch.image_labels[:, [1, 2]]
    np.testing.assert_array_equal(shown[:, 0], shown[:, 1])
    labels = ten_class.plans.validation[shown[:, 0] - len(ten_class.plans.training)]
    np.testing.assert_array_equal(batch.labels[:, 3], labels)
    assert (np.delete(batch.image_labels, [1, 2], axis=1) == GRAY).all()


def test_single_trials_do_not_depend_on_how_they_are_batched(single_task):
    whole = single_task.batch("training", 1, 4, STEPS)
    halves = [single_task.batch("training", step, 2, STEPS) for step in (2, 3)]
    for name, a, *b in zip(whole._fields, whole, *halves, strict=True):
        np.testing.assert_array_equal(a, np.concatenate(b), err_msg=name)


def test_10class_validation_classes_alternate_and_training_shows_each_picture_once(
    ten_class,
):
    answers = ten_class.plan("validation", 0, 50, STEPS).answers[:, 0]
    np.testing.assert_array_equal(np.bincount(answers), np.full(10, 5))
    n = len(ten_class.plans.training)
    for turn in (0, 1):
        shown = ten_class.plan("training", turn, n, STEPS).pictures[:, 0]
        np.testing.assert_array_equal(np.sort(shown), np.arange(n))
    whole = ten_class.plan("validation", 0, 360, STEPS).pictures
    assert len(np.unique(whole)) == 360


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seq_len": 700}, r"seq_len must be a multiple .* 300 ms, got 700"),
        ({"delays": (100,)}, r"delays must begin with at least 150 ms.*got 100"),
        ({"im_slice": 120}, r"im_slice must be a multiple of 50 ms, got 120"),
        ({"task": "10class", "seq_len": 500}, r"50 \+ 100 \+ 450 = 600 ms, got 500"),
        ({"task": "ori_diff", "seq_len": 500}, r"ori_diff: .* = 600 ms, got 500"),
        ({"task": "vcd_grating", "seq_len": 700}, r"vcd_grating: .* 300 ms, got 700"),
        ({"task": "vcd_grating", "delays": (1, 2)}, r"vcd_grating: .* got \(1, 2\)"),
        ({"task": "evidence", "pause": 200}, r"5 \(50 \+ 10\) \+ 200 \+ 50 .*got 600"),
        ({"task": "evidence", "seq_len": 350}, r"positive pause .* got 350"),
        ({"task": "10class", "post_chunks": 5}, r"= 9 chunks of 50 ms .* got 600"),
    ],
)
def test_durations_that_contradict_each_other_are_refused(lgn, changes, message):
    with pytest.raises(ValueError, match=message):
        make_task(TaskConfig(**changes), lgn, VIEW, seed=0)


def test_the_command_line_offers_every_task():
    assert list(TASKS) == list(options.TASKS)


def test_an_unknown_task_is_refused_with_the_choices(lgn):
    config = dataclasses.replace(TaskConfig(), task="memory")
    with pytest.raises(ValueError, match=r"'memory', choose from garrett, .*, 10class"):
        make_task(config, lgn, VIEW, seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("test", 0, 1, 1), "split must be one of"),
        (("training", 0, 0, 1), "batch_size must be positive, got 0"),
        (("training", 0, 1, 0), "steps_per_epoch must be positive, got 0"),
        (("training", -1, 1, 1), "step must not be negative, got -1"),
    ],
)
def test_an_impossible_batch_is_refused(garrett, arguments, message):
    with pytest.raises(ValueError, match=message):
        garrett.batch(*arguments)


def published(folder, n, seed, shape=(1000, 17400)):
    """A file of published responses, with rates that are a simple function."""
    rng = np.random.default_rng(seed)
    offset = rng.random((n, 1, 1), np.float32)
    time = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    unit = np.linspace(0, 1, shape[1], dtype=np.float32)
    rates = [offset[k] + time + unit for k in range(n)]
    with folder.open("wb") as file:
        pickle.dump({f"{k}.JPEG": rate for k, rate in enumerate(rates)}, file)
    return rates


def test_published_responses_are_used_as_in_the_published_code(lgn, tmp_path):
    training = published(tmp_path / "many_small_stimuli.pkl", 3, seed=0)
    validation = published(tmp_path / "alternate_small_stimuli.pkl", 2, seed=1)
    inputs = np.arange(len(lgn.units)) * 700
    task = make_task(
        TaskConfig(task="garrett"),
        lgn,
        VIEW,
        seed=1,
        data_dir=str(tmp_path / "GLIF_network"),
        inputs=inputs,
    )
    everything = training + validation
    pause = training[0][-50:, inputs]
    for split, step in (("training", 2), ("validation", 0)):
        batch = task.batch(split, step, 2, STEPS)
        for row, pictures in zip(batch.inputs, pictures_of(batch), strict=True):
            pieces = [(pause, everything[k][50:300, inputs]) for k in pictures]
            rates = np.concatenate([part for pair in pieces for part in pair])
            np.testing.assert_allclose(row, current_from_rates(rates), rtol=1e-5)


def test_published_responses_of_a_wrong_shape_are_named(lgn, tmp_path):
    for name in ("many_small_stimuli.pkl", "alternate_small_stimuli.pkl"):
        published(tmp_path / name, 2, seed=0, shape=(900, 100))
    config, inputs = TaskConfig(task="garrett"), np.arange(len(lgn.units))
    folder = str(tmp_path / "GLIF_network")
    with pytest.raises(ValueError, match=r"many_small_stimuli.pkl.*\(900, 100\)"):
        make_task(config, lgn, VIEW, seed=1, data_dir=folder, inputs=inputs)
    with pytest.raises(ValueError, match=r"this network has 20 \(numbers given: 17400"):
        make_task(config, lgn, VIEW, seed=1, data_dir=folder)
    config = dataclasses.replace(config, im_slice=150, seq_len=700)
    with pytest.raises(ValueError, match=r"im_slice cannot be 150"):
        make_task(config, lgn, VIEW, seed=1, data_dir=folder, inputs=inputs)


def test_one_published_file_without_the_other_is_an_error(lgn, tmp_path):
    published(tmp_path / "many_small_stimuli.pkl", 2, seed=0)
    with pytest.raises(FileNotFoundError, match="alternate_small_stimuli.pkl"):
        make_task(
            TaskConfig(task="garrett"),
            lgn,
            VIEW,
            seed=1,
            data_dir=str(tmp_path / "GLIF_network"),
            inputs=np.arange(len(lgn.units)),
        )
