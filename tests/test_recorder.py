"""TrialRecorder: it keeps what the column does, and leaves the column as it is."""

import numpy as np
import pytest
import tensorflow as tf

from tests.models.columns import CHUNK, POOLS, N, batch_of, make_column, network_of
from v1model import recorder
from v1model.config import ColumnConfig
from v1model.models import Questions, column_model
from v1model.models.noise import BLOCK
from v1model.recorder import TrialRecorder

TRACED = np.array([3, 0, 41])


@pytest.fixture(scope="module")
def column():
    return make_column()


def dense(trial):
    spikes = np.zeros((trial.n_steps, trial.n_neurons), np.float32)
    spikes[trial.spike_step, trial.spike_neuron] = 1
    return spikes


@pytest.mark.parametrize("sample", [0, 2])
@pytest.mark.parametrize("piece", [BLOCK, 200])
def test_a_trial_in_pieces_is_the_trial_of_the_whole_batch(
    column, monkeypatch, sample, piece
):
    """Its noise too, whatever the length of the pieces."""
    monkeypatch.setattr(recorder, "PIECE", piece)
    inputs, labels, weights = batch_of(3, n_steps=220)
    output = column(inputs)
    trial = TrialRecorder(column, TRACED).record((inputs, labels, weights), sample)
    assert output.spikes.numpy()[sample].sum() > 10
    np.testing.assert_array_equal(dense(trial), output.spikes[sample])
    v = output.voltages.numpy()[sample][:, TRACED]
    np.testing.assert_allclose(trial.voltages, v, rtol=1e-6)
    np.testing.assert_allclose(trial.outputs, output.logits[sample], rtol=1e-5)
    np.testing.assert_allclose(trial.predictions, output.prediction[sample], rtol=1e-5)
    np.testing.assert_array_equal(trial.inputs, inputs["lgn"][sample])
    np.testing.assert_array_equal(trial.labels, labels[sample])
    np.testing.assert_array_equal(trial.is_asked, weights[sample] >= 1)
    assert (trial.n_neurons, trial.question, trial.dt_ms) == (N, "", 1.0)


@pytest.mark.parametrize("chunk", [30, 150, 210])
def test_a_piece_holds_whole_chunks_of_any_length(chunk):
    column = column_model(
        network_of(), ColumnConfig(), POOLS, chunk=chunk, has_threshold=False
    )
    inputs, _, _ = batch_of(1, n_steps=2100)
    answers = np.zeros((1, 2100 // chunk))
    batch = inputs, answers.astype(np.int32), answers.astype(np.float32)
    trial = TrialRecorder(column, TRACED).record(batch)
    output = column(inputs)
    np.testing.assert_array_equal(dense(trial), output.spikes[0])
    np.testing.assert_allclose(trial.outputs, output.logits[0], rtol=1e-5)


def test_a_trial_of_one_question_shows_the_classes_of_that_question():
    questions = Questions(("a", "b"), (1, 2), (False, False))
    column = column_model(
        network_of(),
        ColumnConfig(),
        np.array([[0, 5, 9], [1, 6, 30], [2, 7, 31]]),
        chunk=CHUNK,
        has_threshold=False,
        questions=questions,
    )
    inputs, labels, weights = batch_of(2)
    inputs["task"] = np.array([1, 0], np.int32)
    logits = column(inputs).logits
    for sample, (name, columns) in enumerate([("b", [1, 2]), ("a", [0])]):
        trial = TrialRecorder(column, TRACED).record((inputs, labels, weights), sample)
        assert trial.question == name
        expected = logits.numpy()[sample][:, columns]
        np.testing.assert_allclose(trial.outputs, expected, rtol=1e-5)
        np.testing.assert_allclose(trial.predictions.sum(axis=1), 1, rtol=1e-6)


def test_trials_that_continue_follow_the_recorders_own_last_trial():
    column = column_model(
        network_of(), ColumnConfig(), POOLS, chunk=CHUNK, has_threshold=False
    )
    column.noise = None
    inputs, labels, weights = batch_of(1, n_steps=40)
    whole = column({"lgn": inputs["lgn"]})
    column.carry_state(1)
    kept = [variable.numpy().copy() for variable in column._carried]
    of_recorder = TrialRecorder(column, TRACED)
    halves = []
    for k in range(2):
        steps = slice(20 * k, 20 * (k + 1))
        part = {"lgn": inputs["lgn"][:, steps], "continues": np.ones(1, np.float32)}
        batch = part, labels[:, 4 * k : 4 * k + 4], weights[:, 4 * k : 4 * k + 4]
        halves.append(dense(of_recorder.record(batch)))
    np.testing.assert_array_equal(np.concatenate(halves), whole.spikes[0])
    for variable, value in zip(column._carried, kept, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_lanes_of_a_batch_go_on_apart():
    column = column_model(
        network_of(), ColumnConfig(), POOLS, chunk=CHUNK, has_threshold=False
    )
    inputs, labels, weights = batch_of(2, n_steps=40)
    of_all = TrialRecorder(column, TRACED)
    of_each = [TrialRecorder(column, TRACED) for _ in range(2)]
    batch = {**inputs, "continues": np.ones(2, np.float32)}, labels, weights
    for _ in range(2):
        for lane, alone in enumerate(of_each):
            together, expected = of_all.record(batch, lane), alone.record(batch, lane)
            np.testing.assert_array_equal(together.voltages, expected.voltages)


def test_a_recording_changes_no_weight_and_no_input(column):
    batch = batch_of(2)
    inputs = {name: array.copy() for name, array in batch[0].items()}
    before = [variable.numpy().copy() for variable in column.weights]
    TrialRecorder(column, TRACED).record(batch)
    for variable, value in zip(column.weights, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    assert batch[0].keys() == inputs.keys()
    for name, array in inputs.items():
        np.testing.assert_array_equal(batch[0][name], array)


def test_tensors_are_taken_as_arrays_are(column):
    batch = batch_of(2)
    tensors = tf.nest.map_structure(tf.constant, batch)
    of_recorder = TrialRecorder(column, TRACED)
    first, second = of_recorder.record(batch, 1), of_recorder.record(tensors, 1)
    np.testing.assert_array_equal(dense(first), dense(second))


def test_a_sample_that_is_not_there_is_refused(column):
    with pytest.raises(ValueError, match=r"sample must lie in 0\.\.1, got 2"):
        TrialRecorder(column, TRACED).record(batch_of(2), 2)
