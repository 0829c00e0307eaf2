import threading

import numpy as np
import pytest

from tests.cnn.recorded import write
from v1model.cnn.batches import Batches
from v1model.cnn.config import DataParams, TrainingParams
from v1model.cnn.data import load_recordings
from v1model.cnn.recording_weights import quotas, recording_weights

MEMORY = 5


def recordings_of(tmp_path, data, valid_share=1.0, **others):
    """Two recordings of different sizes, of whose counts a share is valid."""
    rng = np.random.default_rng(5)
    sizes = {"n_trials": 9, "trial_bins": 31, "n_neurons": 4, "side": 5}
    write(tmp_path / "a.h5", valid=rng.random((320, 3)) < valid_share, **others)
    valid = rng.random((9 * 31, 4)) < valid_share
    write(tmp_path / "b.h5", valid=valid, seed=1, is_framed=True, **sizes, **others)
    return load_recordings([tmp_path / "a.h5", tmp_path / "b.h5"], data)


def batches_of(recordings, data, neurons=None, **training):
    options = TrainingParams(**{"batch_size": 6, **training})
    return Batches(recordings, MEMORY, data, options, neurons)


@pytest.fixture
def data():
    return DataParams(behavior=("eye",), segment_bins=8)


@pytest.fixture
def two(tmp_path, data):
    return recordings_of(tmp_path, data, valid_share=0.9)


def test_rows_of_a_batch_are_pieces_of_the_recording(two, data):
    """Each movie is found in the recording, and counts and mask belong to it."""
    batches = batches_of(two, data)
    for recording in two:
        rows = batches.batch(0, 0)[recording.spec.name]
        usable = recording.usable(MEMORY)
        whole = recording.movie(0, recording.n_bins)
        for movie, counts, mask, behavior in zip(*rows.values(), strict=True):
            assert movie.dtype == counts.dtype == mask.dtype == np.float32
            starts = [
                t
                for t in range(recording.n_bins - len(movie) + 1)
                if (whole[t : t + len(movie)] == movie).all()
            ]
            assert len(starts) == 1
            frames = slice(starts[0], starts[0] + len(movie))
            bins = slice(starts[0] + MEMORY, starts[0] + len(movie))
            np.testing.assert_array_equal(behavior, recording.behavior[frames])
            np.testing.assert_array_equal(counts, recording.counts[bins] * mask)
            assert (mask <= usable[bins]).all() and mask.any()
            counted = mask.any(axis=1)
            np.testing.assert_array_equal(mask[counted], usable[bins][counted])
            part = recording.trials.set_index("start")["part"]
            assert part[part.index <= frames.start].iloc[-1] == "train"


def test_a_trial_shorter_than_a_segment_is_filled_up_with_grey(tmp_path, data):
    (recording,) = recordings_of(tmp_path, data, parts=["train"])[:1]
    long = data.model_copy(update={"segment_bins": 64})
    rows = batches_of([recording], long).batch(0, 0)["a"]
    assert rows["movie"].shape == (6, 69, 6, 6, 1)
    for movie, mask in zip(rows["movie"], rows["mask"], strict=True):
        assert (movie[40:] == 0).all() and movie[39].any()
        assert (mask[35:] == 0).all() and (mask[:35] == 1).all()


def test_each_bin_for_training_is_used_once_in_each_pass(two, data):
    """Every bin has numbers of its own, so that each can be found again."""
    for recording in two:
        bins = np.arange(recording.n_bins, dtype=np.float32)
        recording.counts[:] = 1 + bins[:, None]
    batches = batches_of(two, data, batch_size=7, steps_per_epoch=500)
    for recording in two:
        name = recording.spec.name
        usable = recording.usable(MEMORY)
        trials = recording.trials_of("train")
        n_bins = trials["stop"] - trials["start"] - MEMORY
        n_per_pass = int(np.ceil(n_bins / data.segment_bins).sum())
        n_passes = batches.quotas[name]  # then it ends with a batch
        used = np.zeros(usable.shape, int)
        for step in range(n_per_pass):
            rows = batches.batch(0, step)[name]
            batch, bin_, neuron = np.nonzero(rows["mask"])
            at = rows["counts"][batch, bin_, neuron].astype(int) - 1
            np.add.at(used, (at, neuron), 1)
        expected = np.zeros_like(used)
        for row in trials.itertuples():
            expected[row.start : row.stop] = n_passes * usable[row.start : row.stop]
        np.testing.assert_array_equal(used, expected)


def test_shapes_never_change(two, data):
    batches = batches_of(two, data)
    expected = {"movie": 13, "counts": 8, "mask": 8, "behavior": 13}
    n = 0
    for batch in batches.epoch(0):
        for name, arrays in batch.items():
            for key, array in arrays.items():
                assert array.shape[:2] == (batches.quotas[name], expected[key])
        n += 1
    assert n == batches.steps_per_epoch
    n_segments = 0
    for recording in two:
        trials = recording.trials_of("train")
        n_bins = trials["stop"] - trials["start"] - MEMORY
        n_segments += int(np.ceil(n_bins / 8).sum())
    assert n == -(-n_segments // 6)


def test_a_batch_depends_on_seed_epoch_and_step_alone(two, data):
    batches = batches_of(two, data)
    epochs = [list(batches.epoch(number)) for number in (0, 1)]
    again = batches_of(two, data)
    resumed = list(again.epoch(1, first_step=3))
    assert len(resumed) == batches.steps_per_epoch - 3
    for one, other in zip(resumed, epochs[1][3:], strict=True):
        assert_same(one, other)
    assert_same(again.batch(0, 2), epochs[0][2])
    assert (epochs[0][0]["a"]["movie"] != epochs[1][0]["a"]["movie"]).any()
    other = batches_of(two, data, seed=9).batch(0, 0)
    assert (other["a"]["movie"] != epochs[0][0]["a"]["movie"]).any()


def test_a_recording_has_the_same_segments_beside_any_others(two, data):
    alone = batches_of(two[:1], data, batch_size=3)
    both = batches_of(two, data, batch_size=6)
    assert both.quotas == {"a": 3, "b": 3}
    for step in range(4):
        one, other = alone.batch(0, step)["a"], both.batch(0, step)["a"]
        assert_same({"a": one}, {"a": other})


def test_held_out_neurons_are_masked_and_may_be_chosen(tmp_path):
    data = DataParams(segment_bins=8, held_out_neurons=0.5)
    two = recordings_of(tmp_path, data)
    for batch in batches_of(two, data).epoch(0):
        for one in two:
            mask = batch[one.spec.name]["mask"]
            assert not mask[..., one.held_out].any() and mask[..., ~one.held_out].any()
            assert not batch[one.spec.name]["counts"][mask == 0].any()
    chosen = {one.spec.name: one.held_out for one in two}
    mask = batches_of(two, data, neurons=chosen).batch(0, 0)["b"]["mask"]
    assert mask[..., two[1].held_out].any() and not mask[..., ~two[1].held_out].any()


def loss_of(counts):
    """A number for each count, as a loss would be."""
    return np.sin(3.0 * counts) + counts


@pytest.mark.parametrize("batch_size", [5, 6, 11, 24])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
def test_the_expected_objective_is_nearly_the_same_for_any_quota(
    tmp_path, batch_size, gamma
):
    data = DataParams(segment_bins=8, recording_gamma=gamma)
    two = recordings_of(tmp_path, data, valid_share=0.6)
    batches = batches_of(two, data, batch_size=batch_size, steps_per_epoch=10_000)
    expected, found, n_bins = {}, {}, {}
    for recording in two:
        name = recording.spec.name
        in_train = np.zeros(recording.n_bins, bool)
        for row in recording.trials_of("train").itertuples():
            in_train[row.start : row.stop] = True
        mask = recording.usable(MEMORY) & in_train[:, None]
        n_bins[name] = mask.any(axis=1).sum()
        expected[name] = loss_of(recording.counts)[mask].mean()
        trials = recording.trials_of("train")
        steps = int(np.ceil((trials["stop"] - trials["start"] - MEMORY) / 8).sum())
        terms = []
        for step in range(steps):
            rows = batches.batch(0, step)[name]
            total = (rows["mask"] * loss_of(rows["counts"])).sum()
            terms.append(total / rows["mask"].sum())
        found[name] = np.mean(terms)
    weights = batches.recording_weights
    for name in expected:
        # But for segments at the ends of trials, which have fewer bins of their own.
        assert found[name] == pytest.approx(expected[name], rel=0.02)
        total = sum(n**gamma for n in n_bins.values())
        assert weights[name] == pytest.approx(n_bins[name] ** gamma / total)


class Recorded:
    """What weights are made of."""

    def __init__(self, name, subject):
        self.path, self.metadata = name, {"subject": subject}
        self.spec = type("Spec", (), {"name": name})


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
def test_groups_are_weighted_and_then_recordings_within_one(gamma):
    some = [Recorded("a", "x"), Recorded("b", "y"), Recorded("c", "x")]
    n = {"a": 100, "b": 400, "c": 300}
    data = DataParams(recording_gamma=gamma, recording_group="subject")
    found = recording_weights(some, n, data)
    assert sum(found.values()) == pytest.approx(1)
    assert found["a"] + found["c"] == pytest.approx(found["b"])  # 400 bins each
    assert found["c"] / found["a"] == pytest.approx(3**gamma)


def test_a_group_that_metadata_lack_is_refused():
    data = DataParams(recording_group="lab")
    with pytest.raises(ValueError, match=r"recording_group .*\['subject'\], got 'lab'"):
        recording_weights([Recorded("a", "x")], {"a": 1}, data)


def test_quotas_are_in_proportion_and_leave_nobody_out():
    assert quotas([100, 300], 8).tolist() == [2, 6]
    assert quotas([1, 1000, 1], 5).tolist() == [1, 3, 1]
    rng = np.random.default_rng(0)
    for _ in range(50):
        sizes = rng.integers(1, 1000, 7)
        found = quotas(sizes, 40)
        assert found.sum() == 40 and found.min() >= 1
        assert (np.abs(found - 40 * sizes / sizes.sum()) <= 2).all()
    with pytest.raises(ValueError, match="batch_size must be at least the 3 .* got 2"):
        quotas([1, 1, 1], 2)


def test_recordings_of_which_nothing_is_valid_are_refused(tmp_path, data):
    two = recordings_of(tmp_path, data)
    two[0].valid[::4] = False
    with pytest.raises(ValueError, match="a.h5: no bin .* memory of 5 .*invalid_lags"):
        batches_of(two, data)


def test_an_error_in_the_thread_reaches_the_training(two, data):
    batches = batches_of(two, data)
    two[0].movie = None
    with pytest.raises(TypeError):
        list(batches.epoch(0))


def test_no_thread_is_left_when_an_epoch_is_given_up(two, data):
    epoch = batches_of(two, data).epoch(0)
    next(epoch)
    epoch.close()
    names = [thread.name for thread in threading.enumerate()]
    assert not any(name.startswith("batches") for name in names)


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].keys() == other[name].keys()
        for key, array in one[name].items():
            np.testing.assert_array_equal(array, other[name][key])
