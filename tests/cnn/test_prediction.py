import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.recorded import write
from v1model.cnn.config import DataParams
from v1model.cnn.data import load_recording
from v1model.cnn.model import ReadoutModel
from v1model.cnn.prediction import (
    iterate_features,
    iterate_rates,
    predict,
)

MEMORY = 4
NORMED = {"type": "plain", "channels": [4], "stem": None}


class LagModel(keras.Model):
    """Rates r[t, n] = sum over lags of k[lag, n] x[t - lag, pixel n], one per pixel."""

    memory_bins = MEMORY
    has_endless_memory = False

    def __init__(self, kernel):
        super().__init__()
        self.kernel = tf.constant(kernel, tf.float32)  # (MEMORY + 1, N), lag 0 first
        self.n_traces = 0

    def features(self, inputs, training=None):
        assert training is False
        self.n_traces += 1
        return {
            name: tf.identity(arrays["movie"][:, MEMORY:])
            for name, arrays in inputs.items()
        }

    def call(self, inputs, training=None):
        assert training is False
        self.n_traces += 1
        rates = {}
        for name, arrays in inputs.items():
            movie = arrays["movie"]
            pixels = tf.reshape(movie, (*tf.unstack(tf.shape(movie)[:2]), -1))
            pixels = pixels[..., : self.kernel.shape[1]]
            n = tf.shape(pixels)[1] - MEMORY
            rates[name] = tf.add_n(
                [
                    self.kernel[lag] * pixels[:, MEMORY - lag : MEMORY - lag + n]
                    for lag in range(MEMORY + 1)
                ]
            )
        return rates


@pytest.fixture
def model():
    return LagModel(np.random.default_rng(0).normal(size=(MEMORY + 1, 3)))


def load(path, **options):
    return load_recording(path, DataParams(**options))


def expected_rates(recording, kernel, parts=("train", "validation", "test")):
    """The same, bin by bin, in float64."""
    pixels = recording.movie(0, recording.n_bins).reshape(recording.n_bins, -1)
    rates = np.full((recording.n_bins, 3), np.nan)
    for row in recording.trials.itertuples():
        if row.part in parts:
            for t in range(row.start + MEMORY, row.stop):
                past = pixels[t - np.arange(MEMORY + 1), :3].astype(np.float64)
                rates[t] = (kernel.numpy() * past).sum(axis=0)
    return rates


@pytest.mark.parametrize("chunk_bins", [None, 1, 7, 36, 1000])
@pytest.mark.parametrize("is_framed", [False, True])
def test_rates_are_those_of_the_frames_of_the_trial(
    tmp_path, model, chunk_bins, is_framed
):
    write(tmp_path / "a.h5", gap_bins=3, is_framed=is_framed)
    recording = load(tmp_path / "a.h5")
    found = predict(model, recording, chunk_bins=chunk_bins)
    expected = expected_rates(recording, model.kernel)
    np.testing.assert_allclose(found.rates, expected, atol=1e-5)
    np.testing.assert_array_equal(found.mask, np.isfinite(expected))
    assert found.rates.dtype == np.float32


@pytest.mark.parametrize(
    "options",
    [
        {"recurrent": {"type": "convgru", "hidden": 4, "memory_bins": 2}},
        {"recurrent": {"type": "convlstm", "hidden": 4, "memory_bins": 2}},
        {"convnet": NORMED | {"blocks": [{"norm": {"type": "temporal_context"}}]}},
        {"convnet": NORMED | {"blocks": [{"norm": {"type": "conditioned"}}]}},
    ],
    ids=["convgru", "convlstm", "temporal_context", "conditioned"],
)
def test_pieces_of_a_trial_are_as_the_whole_whatever_a_model_remembers(
    tmp_path, options
):
    write(tmp_path / "a.h5", n_trials=1, trial_bins=700)
    recording = load(tmp_path / "a.h5")
    frontend = {"type": "learnable_temporal", "kernel_size": 3, "num_channels": 2}
    keras.utils.set_random_seed(3)
    model = ReadoutModel((recording.spec,), {"frontend": frontend} | options)
    assert model.has_endless_memory
    if model.statistics is not None:
        model.statistics.adapt([recording.movie(0, 700)[None]])
    for variable in model.trainable_variables:  # norms begin without what is learned
        noise = np.random.default_rng(0).normal(0, 0.1, variable.shape)
        variable.assign(variable + noise)
    whole = predict(model, recording).rates
    found = predict(model, recording, chunk_bins=100).rates
    np.testing.assert_array_equal(np.isnan(found), np.isnan(whole))
    spread = np.nanstd(whole, axis=0)
    assert np.nanmax(np.abs(found - whole) / spread) < 0.01


def test_a_flash_in_bin_t_is_in_the_rate_of_bin_t(tmp_path):
    movie = np.zeros((320, 6, 6), np.float32)
    movie[57] = 1
    write(tmp_path / "a.h5", stimulus={"movie": movie})
    kernel = np.zeros((MEMORY + 1, 3))
    kernel[0, 0] = kernel[2, 1] = kernel[MEMORY, 2] = 1
    rates = predict(LagModel(kernel), load(tmp_path / "a.h5")).rates
    peaks = [np.flatnonzero(rates[:, n] == 1).tolist() for n in range(3)]
    assert peaks == [[57], [59], [57 + MEMORY]]


def test_only_the_parts_and_types_that_are_asked_for_are_predicted(tmp_path, model):
    parts = ["train", "train", "test", "test"]
    write(tmp_path / "a.h5", parts=parts)
    recording = load(tmp_path / "a.h5")
    found = predict(model, recording, parts="test")
    expected = expected_rates(recording, model.kernel, ("test",))
    np.testing.assert_array_equal(np.isfinite(found.rates), np.isfinite(expected))
    of_type = predict(model, recording, "test", "gaborium")
    rows = recording.trials_of("test", "gaborium")
    assert of_type.mask.any(axis=1).sum() == len(rows) * (40 - MEMORY)
    with pytest.raises(ValueError, match="no trial is of part validation"):
        predict(model, recording, "validation")


def test_counts_that_are_not_valid_are_predicted_but_masked(tmp_path, model):
    valid = np.random.default_rng(0).random((320, 3)) < 0.8
    write(tmp_path / "a.h5", valid=valid)
    recording = load(tmp_path / "a.h5")
    found = predict(model, recording)
    np.testing.assert_array_equal(found.mask, recording.usable(MEMORY))
    is_late = np.arange(320) % 40 >= MEMORY
    np.testing.assert_array_equal(np.isfinite(found.rates).all(axis=1), is_late)


def test_a_model_that_fails_is_seen(tmp_path):
    write(tmp_path / "a.h5")
    found = predict(LagModel(np.full((MEMORY + 1, 3), np.nan)), load(tmp_path / "a.h5"))
    assert found.mask.any() and np.isnan(found.rates[found.mask]).all()


def test_trials_that_the_memory_fills_have_no_rates(tmp_path, model):
    write(tmp_path / "a.h5", trial_bins=MEMORY)
    found = predict(model, load(tmp_path / "a.h5"))
    assert np.isnan(found.rates).all() and not found.mask.any()


def test_trials_of_many_lengths_are_compiled_a_few_times(tmp_path, model):
    starts = np.cumsum([0, *range(10, 25)]) / 100
    trials = {"start_s": starts[:-1], "stop_s": starts[1:] - 0.004}
    write(tmp_path / "a.h5", trials=trials)
    recording = load(tmp_path / "a.h5")
    found = predict(model, recording).rates
    expected = expected_rates(recording, model.kernel)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    n = model.n_traces
    assert n <= 5
    predict(model, recording)
    assert model.n_traces == n


def test_features_come_as_whole_trials(tmp_path, model):
    write(tmp_path / "a.h5", gap_bins=2)
    recording = load(tmp_path / "a.h5")
    pieces = list(iterate_features(model, recording, "train"))
    trials = recording.trials_of("train")
    assert sorted(piece.trial for piece in pieces) == trials.index.tolist()
    for piece in pieces:
        row = recording.trials.loc[piece.trial]
        assert piece.first == row["start"] + MEMORY
        expected = recording.movie(piece.first, row["stop"])
        np.testing.assert_array_equal(piece.values, expected)


def test_rates_can_be_had_piece_by_piece(tmp_path, model):
    write(tmp_path / "a.h5")
    recording = load(tmp_path / "a.h5")
    whole = predict(model, recording).rates
    n = 0
    for piece in iterate_rates(model, recording, chunk_bins=10):
        rows = slice(piece.first, piece.first + len(piece.values))
        np.testing.assert_allclose(piece.values, whole[rows], atol=1e-6)
        n += len(piece.values)
    assert n == np.isfinite(whole).all(axis=1).sum()


def test_behavior_reaches_the_model_beside_its_frames(tmp_path):
    class Reader(keras.Model):
        memory_bins = MEMORY
        has_endless_memory = False

        def call(self, inputs, training=None):
            arrays = inputs["a"]
            assert arrays["behavior"].shape[:2] == arrays["movie"].shape[:2]
            return {"a": arrays["behavior"][:, MEMORY:, :1] * tf.ones(3)}

    written = write(tmp_path / "a.h5")
    found = predict(Reader(), load(tmp_path / "a.h5", behavior=("eye",))).rates
    is_late = np.arange(320) % 40 >= MEMORY
    expected = np.repeat(written["eye"][is_late, :1], 3, axis=1)
    np.testing.assert_allclose(found[is_late], expected, rtol=1e-6)


def test_a_model_that_nobody_has_any_more_is_not_kept(tmp_path):
    write(tmp_path / "a.h5")
    model = LagModel(np.ones((MEMORY + 1, 3)))
    predict(model, load(tmp_path / "a.h5"))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
