"""ColumnTrainer: what `fit` minimises, reports and carries along."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.columns import N, batch_of, inputs_of, make_trainer
from v1model.losses import rate_distribution_loss, voltage_cost
from v1model.models import Objective
from v1model.models.rnn import ColumnRNN

PLAIN = Objective(None, voltage_cost=0.0)  # the response only


def test_the_reported_loss_is_the_sum_of_its_reported_parts():
    trainer = make_trainer(recurrent_weight_regularization=0.01)
    cell = trainer.column.rsnn.cell
    cell.recurrent_weights.assign(cell.recurrent_weights.value * 1.1)
    inputs, labels, weights = batch_of(3)
    output = trainer.column(inputs)
    logs = trainer.test_on_batch(inputs, labels, weights, return_dict=True)
    objective = trainer.objective
    rates = np.mean(output.spikes, (0, 1))
    v = cell.to_scaled(output.voltages)
    moved = cell.recurrent_weights.numpy() - cell.arrays["initial_weights"]
    chunk_costs = tf.keras.losses.sparse_categorical_crossentropy(
        labels, output.logits, from_logits=True
    )
    trial_costs = np.sum(chunk_costs * weights, 1) / np.sum(weights, 1)
    expected = {
        "response_loss": np.mean(trial_costs),
        "rate_loss": 0.1 * float(rate_distribution_loss(rates, objective.target_rates)),
        "voltage_loss": 1e-5 * np.mean(voltage_cost(v)),
        "weight_loss": 0.01 * np.sum(np.square(moved)),
    }
    for name, value in expected.items():
        assert float(logs[name]) == pytest.approx(float(value), rel=1e-4), name
        assert value > 0
    assert float(logs["loss"]) == pytest.approx(sum(map(float, expected.values())))
    assert float(logs["rate_hz"]) == pytest.approx(1000 * rates.mean(), rel=1e-5)


def test_training_reduces_the_loss_of_a_batch_that_is_seen_again():
    trainer = make_trainer(PLAIN, keras.optimizers.Adam(3e-2))
    batch = batch_of(4)
    losses = []
    for _ in range(25):
        trainer.reset_metrics()
        losses.append(trainer.train_on_batch(*batch, return_dict=True)["loss"])
    assert losses[-1] < 0.6 * losses[0]
    answers = np.argmax(trainer.column(batch[0]).logits, -1)
    assert (answers[:, -1] == batch[1][:, -1]).mean() >= 0.75


def test_training_keeps_dales_law():
    trainer = make_trainer(PLAIN, keras.optimizers.SGD(10.0))
    cell = trainer.column.rsnn.cell
    before = cell.recurrent_weights.numpy().copy()
    for _ in range(3):
        trainer.train_on_batch(*batch_of(2))
    after = cell.recurrent_weights.numpy()
    is_excitatory = cell.arrays["is_excitatory"][cell.arrays["pre"]]
    assert not np.array_equal(before, after)
    assert (after[is_excitatory] >= 0).all()
    assert (after[~is_excitatory] <= 0).all()
    assert (trainer.column.input_layer.input_weights.numpy() >= 0).all()


def test_fit_takes_a_dataset_and_reports_every_number():
    trainer = make_trainer()
    inputs, labels, weights = batch_of(4)
    dataset = tf.data.Dataset.from_tensor_slices((inputs, labels, weights)).batch(2)
    history = trainer.fit(
        dataset, validation_data=dataset, epochs=2, verbose=0, shuffle=False
    ).history
    names = {"loss", "accuracy", "chance", "rate_hz", "rate_hz/e4", "response_loss"}
    assert names <= set(history)
    assert {f"val_{name}" for name in names} <= set(history)
    assert all(len(values) == 2 for values in history.values())
    assert all(np.isfinite(values).all() for values in history.values())
    assert int(trainer.optimizer.iterations) == 4


def test_the_loss_does_not_depend_on_the_batch_size():
    """A batch seen twice costs the same."""
    trainer = make_trainer()
    inputs, labels, weights = batch_of(2)
    twice = {name: np.concatenate((value, value)) for name, value in inputs.items()}
    batches = [
        (inputs, labels, weights),
        (twice, np.concatenate((labels, labels)), np.concatenate((weights, weights))),
    ]
    losses = []
    for batch in batches:
        trainer.reset_metrics()
        losses.append(float(trainer.test_on_batch(*batch, return_dict=True)["loss"]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)


def test_trials_in_batches_that_continue_equal_one_long_run():
    trainer = make_trainer(PLAIN, keras.optimizers.SGD(0.0))
    trainer.column.noise = None
    trainer.column.carry_state(2)
    long = inputs_of(2, n_steps=30)["lgn"]
    expected = trainer.column({"lgn": long})
    for k, part in enumerate(np.split(long, 3, axis=1)):
        inputs = {"lgn": part, "continues": np.full(2, k > 0, np.float32)}
        labels = np.zeros((2, 2), np.int32)
        trainer.train_on_batch(inputs, labels, np.ones((2, 2), np.float32))
    kept = trainer.column._carried
    np.testing.assert_array_equal(kept.v[:, 0], expected.state.v)
    np.testing.assert_array_equal(kept.z_buffer[:, 0], expected.state.z_buffer)


@pytest.mark.parametrize("name", ["sparse_recurrent_weights", "sparse_input_weights"])
@pytest.mark.parametrize("mixed_precision", [False, True])
def test_the_voltage_loss_reaches_the_weights(mixed_precision, name):
    """Its gradient by a single voltage is far below what float16 can hold."""
    objective = Objective(None, voltage_cost=1e-5)
    trainer = make_trainer(objective, mixed_precision=mixed_precision)
    single = make_trainer(objective)
    slopes = []
    for model in (trainer, single):
        column = model.column
        variables = {v.name: v.value for v in column.trainable_variables}
        with tf.GradientTape() as tape:
            output = column(inputs_of(2))
            v = column.rsnn.cell.to_scaled(output.voltages)
            loss = 1e-7 * tf.reduce_mean(voltage_cost(v))
        slopes.append(tape.gradient(loss, variables[name]).numpy())
    size = np.linalg.norm(slopes[1])
    assert size > 0
    assert np.linalg.norm(slopes[0] - slopes[1]) < 1e-3 * size


def test_a_training_step_in_mixed_precision_is_finite_and_close():
    logs = []
    for mixed_precision in (False, True):
        trainer = make_trainer(mixed_precision=mixed_precision)
        for _ in range(3):
            log = trainer.train_on_batch(*batch_of(2), return_dict=True)
        logs.append({name: float(value) for name, value in log.items()})
        for variable in trainer.trainable_variables:
            assert variable.dtype == "float32"
            assert np.isfinite(variable.numpy()).all()
    assert logs[1]["loss"] == pytest.approx(logs[0]["loss"], rel=0.05)


def test_target_rates_of_another_network_are_refused():
    targets = np.zeros(N - 1, np.float32)
    with pytest.raises(ValueError, match=f"{N - 1} target rates.*{N} neurons"):
        make_trainer(Objective(targets))


def moves_of(trainer, batch):
    """How far each weight moved in one step, by name."""
    before = {v.path: v.numpy().copy() for v in trainer.trainable_variables}
    trainer.train_on_batch(*batch)
    return {v.path: v.numpy() - before[v.path] for v in trainer.trainable_variables}


def test_a_batch_in_parts_has_the_gradient_and_the_numbers_of_the_whole():
    moves, logs = [], []
    for accumulate in (1, 2, 4):
        trainer = make_trainer(
            Objective(None),
            keras.optimizers.SGD(1.0),
            training={"accumulate": accumulate},
        )
        trainer.column.carry_state(4)
        moves.append(moves_of(trainer, batch_of(4)))
        logs.append(trainer.get_metrics_result())
        kept = trainer.column._carried.v.numpy()
        if accumulate == 1:
            whole = kept
        np.testing.assert_array_equal(kept, whole)
    for parts, log in zip(moves[1:], logs[1:], strict=True):
        for name, expected in moves[0].items():
            size = np.linalg.norm(expected)
            assert size > 0
            assert np.linalg.norm(parts[name] - expected) < 1e-5 * size, name
        for name, value in logs[0].items():
            assert float(log[name]) == pytest.approx(float(value), rel=1e-5), name


@pytest.mark.parametrize(
    "step, of_a_part",
    [("train_on_batch", ["in", "back"]), ("test_on_batch", ["in", "out"])],
)
def test_parts_of_a_batch_are_simulated_one_after_the_other(
    monkeypatch, step, of_a_part
):
    """The currents of the next part wait, or those of all would be held at once."""
    events, original = [], ColumnRNN.call

    def noted(event, x):
        def note(x):
            events.append(event)
            return x

        y = tf.numpy_function(note, [x], x.dtype, stateful=False)
        return tf.ensure_shape(y, x.shape)

    @tf.custom_gradient
    def entered(x):
        return noted("in", x), lambda upstream: noted("back", upstream)

    def call(self, inputs, initial_state=None):
        activity = original(self, entered(inputs), initial_state)
        state = activity.state
        return activity._replace(state=state._replace(v=noted("out", state.v)))

    monkeypatch.setattr(ColumnRNN, "call", call)
    trainer = make_trainer(PLAIN, training={"accumulate": 3})
    trainer.column.carry_state(3)
    getattr(trainer, step)(*batch_of(3))
    assert [event for event in events if event in of_a_part] == 3 * of_a_part


def test_segments_train_as_the_whole_trial_does_and_truncated_ones_do_not():
    batch = batch_of(2, n_steps=120)  # the last segment is shorter

    def step(**training):
        optimizer = keras.optimizers.SGD(1.0)
        trainer = make_trainer(optimizer=optimizer, training=training)
        return moves_of(trainer, batch), trainer.get_metrics_result()

    whole, logs = step()
    for options in ({}, {"accumulate": 2}):
        found, found_logs = step(segment=50, **options)
        if not options:  # otherwise the rate loss is that of each trial
            for name, expected in whole.items():
                size = np.linalg.norm(expected)
                assert np.linalg.norm(found[name] - expected) < 1e-4 * size, name
            for name, value in logs.items():
                assert float(found_logs[name]) == pytest.approx(float(value), rel=1e-5)
        assert float(found_logs["accuracy"]) == float(logs["accuracy"])
    truncated, truncated_logs = step(segment=50, truncate=True)
    assert float(truncated_logs["loss"]) == pytest.approx(float(logs["loss"]), rel=1e-5)
    name = next(name for name in whole if name.endswith("sparse_recurrent_weights"))
    change = np.linalg.norm(truncated[name] - whole[name])
    assert change > 1e-3 * np.linalg.norm(whole[name])


def test_a_clipped_gradient_keeps_its_direction_and_has_the_length_asked_for():
    def step(clip_norm, mixed_precision=False):
        trainer = make_trainer(
            optimizer=keras.optimizers.SGD(1.0),
            training={"clip_norm": clip_norm},
            use_dale_law=False,
            mixed_precision=mixed_precision,
        )
        moves = moves_of(trainer, batch_of(2))
        vector = np.concatenate([np.ravel(move) for move in moves.values()])
        return vector, trainer.get_metrics_result()

    free, logs = step(0.0)
    assert "gradient_norm" not in logs
    size = np.linalg.norm(free)
    for mixed_precision in (False, True):
        clipped, logs = step(size / 10, mixed_precision)
        assert np.linalg.norm(clipped) == pytest.approx(size / 10, rel=1e-3)
        assert clipped @ free > 0.99 * np.linalg.norm(clipped) * size
        assert float(logs["gradient_norm"]) == pytest.approx(size, rel=0.02)
    loose, _ = step(10 * size)
    np.testing.assert_allclose(loose, free, rtol=1e-5, atol=1e-9)


def test_several_steps_per_execution_end_at_the_same_weights():
    ends = []
    for steps in (1, 3):
        trainer = make_trainer(PLAIN)
        trainer.compile(keras.optimizers.Adam(1e-2), steps_per_execution=steps)
        inputs, labels, weights = batch_of(12)
        data = tf.data.Dataset.from_tensor_slices((inputs, labels, weights)).batch(2)
        trainer.fit(data, epochs=1, verbose=0, shuffle=False)
        assert int(trainer.optimizer.iterations) == 6
        ends.append([v.numpy() for v in trainer.trainable_variables])
    for one, three in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, three)
