"""Questions: a readout with columns for several tasks is several readouts."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.columns import POOLS, batch_of, inputs_of, network_of, round_trip
from v1model.config import ColumnConfig
from v1model.losses import response_losses
from v1model.models import ColumnTrainer, Objective, Questions, column_model
from v1model.models.metrics import ResponseAccuracy

# A pool with a threshold, then two pools that rival each other.
QUESTIONS = Questions(("yes or no", "which"), (2, 2), (True, False))
THREE_POOLS = np.concatenate([POOLS, [[2, 3, 7]]])


def make_column(**options):
    return column_model(
        network_of(),
        ColumnConfig(**options),
        THREE_POOLS,
        chunk=5,
        has_threshold=[True, False, False],
        questions=QUESTIONS,
    )


def asked(inputs, question):
    return {**inputs, "task": np.array(question, np.int32)}


def test_columns_follow_each_other():
    questions = Questions(("a", "b", "c"), (2, 10, 3), (False, True, True))
    assert questions.n_columns == 15
    np.testing.assert_array_equal(questions.first, [0, 2, 12])
    np.testing.assert_array_equal(
        questions.columns_of(np.array([[1], [9], [0]]), np.array([0, 1, 2])),
        [[1], [11], [12]],
    )
    np.testing.assert_array_equal(questions.stream, [-1, 0, 1])


def test_the_readout_of_several_questions_is_that_of_each_alone():
    column = make_column()
    output = column(asked(inputs_of(2), [0, 1]))
    spikes = output.spikes.numpy()
    rates = spikes[:, :, THREE_POOLS].reshape(2, 4, 5, 3, 3).mean((2, 4))
    np.testing.assert_allclose(output.logits[0, :, 0], 1.0, rtol=1e-5)  # 0.01 * 100
    np.testing.assert_allclose(output.logits[0, :, 1], 100 * rates[0, :, 0], rtol=1e-5)
    np.testing.assert_allclose(
        output.logits[1, :, 2:], 100 * rates[1, :, 1:], rtol=1e-5
    )
    assert (output.prediction.numpy()[0, :, 2:] == 0).all()
    assert (output.prediction.numpy()[1, :, :2] == 0).all()


def test_the_loss_is_that_of_the_question_that_was_asked():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4, 3, 4)).astype(np.float32)
    labels = rng.integers(0, 2, (4, 3)).astype(np.int32)
    weights = np.ones((4, 3), np.float32)
    question = np.array([0, 1, 1, 0])
    columns = QUESTIONS.columns_of(labels, question)
    found = response_losses(columns, QUESTIONS.masked(logits, question), weights)
    for k, first in enumerate(2 * question):
        own = logits[k : k + 1, :, first : first + 2]
        expected = response_losses(labels[k : k + 1], own, weights[:1])
        np.testing.assert_allclose(found[k], expected[0], rtol=1e-6)


def test_answers_to_other_questions_get_no_gradient():
    logits = tf.Variable(
        np.random.default_rng(1).normal(size=(1, 2, 4)), dtype="float32"
    )
    with tf.GradientTape() as tape:
        masked = QUESTIONS.masked(logits, np.array([1]))
        loss = response_losses(np.array([[2, 3]]), masked, np.ones((1, 2), np.float32))
    slope = tape.gradient(loss, logits).numpy()
    assert (slope[..., :2] == 0).all()
    assert (slope[..., 2:] != 0).all()


def test_scores_come_by_question_and_as_their_mean():
    metric = ResponseAccuracy(QUESTIONS)
    question = np.array([0, 0, 0, 0, 1, 1])
    labels = np.array([[0], [0], [0], [1], [0], [1]])
    answers = np.array([0, 0, 1, 1, 2, 2])
    logits = np.eye(4, dtype=np.float32)[answers][:, None]
    metric.update_state(
        QUESTIONS.columns_of(labels, question), logits, np.ones((6, 1), np.float32)
    )
    found = {name: float(value) for name, value in metric.result().items()}
    assert found == pytest.approx(
        {
            "accuracy/yes or no": 3 / 4,
            "balanced_accuracy/yes or no": (2 / 3 + 1) / 2,
            "chance/yes or no": 3 / 4,
            "responses/yes or no": 4,
            "accuracy/which": 1 / 2,
            "balanced_accuracy/which": 1 / 2,
            "chance/which": 1 / 2,
            "responses/which": 2,
            "accuracy": (3 / 4 + 1 / 2) / 2,
            "balanced_accuracy": ((2 / 3 + 1) / 2 + 1 / 2) / 2,
            "chance": (3 / 4 + 1 / 2) / 2,
            "responses": 6,
        }
    )


def test_a_question_that_was_not_asked_does_not_lower_the_mean():
    metric = ResponseAccuracy(QUESTIONS)
    logits = np.eye(4, dtype=np.float32)[[[0]]]
    metric.update_state(np.array([[0]]), logits, np.ones((1, 1), np.float32))
    assert float(metric.result()["accuracy"]) == 1


def test_each_stream_of_a_lane_keeps_its_own_state():
    """A lane that turns to another question finds its first stream as it left it."""
    column = column_model(
        network_of(),
        ColumnConfig(),
        THREE_POOLS,
        chunk=5,
        has_threshold=True,
        questions=Questions(("a", "b", "c"), (2, 2, 2), (True, False, True)),
    )
    column.carry_state(1)
    start = asked(inputs_of(1, seed=0), [0])
    first = column(start).state
    column.keep_state(first, start)
    for question, seed in ((1, 1), (2, 2)):
        inputs = asked(inputs_of(1, seed=seed), [question])
        column.keep_state(column(inputs).state, inputs)
    later = asked(inputs_of(1, seed=3), [0])
    continued = column({**later, "continues": np.ones(1, np.float32)})
    expected = column({**later, "state": first})
    np.testing.assert_array_equal(continued.voltages, expected.voltages)
    other = column({**asked(later, [2]), "continues": np.ones(1, np.float32)})
    assert not np.array_equal(other.voltages, expected.voltages)


def test_a_trainer_reports_each_question():
    column = make_column()
    trainer = ColumnTrainer(column, network_of(), Objective(None, voltage_cost=0.0))
    trainer.compile(keras.optimizers.Adam(1e-3))
    inputs, labels, weights = batch_of(3)
    logs = trainer.train_on_batch(
        asked(inputs, [0, 1, 1]), labels, weights, return_dict=True
    )
    assert float(logs["responses/yes or no"]) == 1
    assert float(logs["responses/which"]) == 2
    mean = (logs["response_loss/yes or no"] + 2 * logs["response_loss/which"]) / 3
    assert float(logs["response_loss"]) == pytest.approx(float(mean), rel=1e-6)


def test_a_column_with_questions_is_loaded_as_it_was_saved(tmp_path):
    column = make_column()
    column.save(tmp_path / "column.keras")
    copy = keras.models.load_model(tmp_path / "column.keras")
    assert copy.questions == QUESTIONS
    inputs = asked(inputs_of(2), [1, 0])
    np.testing.assert_array_equal(copy(inputs).logits, column(inputs).logits)
    assert round_trip(QUESTIONS) == QUESTIONS


def test_questions_must_fit_the_readout():
    with pytest.raises(ValueError, match="3 answers for 4 columns"):
        column_model(
            network_of(),
            ColumnConfig(),
            THREE_POOLS,
            chunk=5,
            has_threshold=[True, False, False],
            questions=Questions(("a",), (3,), (False,)),
        )


@pytest.mark.parametrize(
    "fields", [((), (), ()), (("a",), (0,), (True,)), (("a",), (1,), ())]
)
def test_malformed_questions_are_refused(fields):
    with pytest.raises(ValueError, match="questions need a name"):
        Questions(*fields)
