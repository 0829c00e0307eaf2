"""NetworkActivityLogger: what it logs, when, and that training does not feel it."""

import errno
import gc
import logging
import os
import pathlib
import subprocess
import sys
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.models.columns import N, batch_of, make_column, make_trainer
from tests.networks import small_network
from tests.workers import LIMIT_S
from v1model.activity_files import read_activity
from v1model.atomic import WriteError
from v1model.network import neurons_of
from visualization import NetworkActivityLogger
from visualization.logger import activity_logger, activity_writer
from visualization.trial.standard import STANDARD_FIGURES

N_TRIALS = 6


def drawn(trial, neurons):
    """Stands for a figure: says how many spikes there were."""
    figure = Figure(figsize=(1, 1))
    figure.text(0, 0, str(len(trial.spike_step)))
    return figure


QUICK = {"raster": drawn, "voltages": drawn}


def quick_logger(folder, every=2, **options):
    return NetworkActivityLogger(folder, every, figures=QUICK, **options)


def shuffled():
    """Two trials per batch, in another order in every epoch."""
    dataset = tf.data.Dataset.from_tensor_slices(batch_of(N_TRIALS))
    return dataset.shuffle(N_TRIALS, seed=3).batch(2)


def fit(*callbacks, data=None, trainer=None, **options):
    """Trains for two epochs of three steps; the trainer and its losses."""
    keras.utils.set_random_seed(1)
    trainer = make_trainer() if trainer is None else trainer
    options = {"epochs": 2, "shuffle": False, "verbose": 0, **options}
    data = shuffled() if data is None else data
    history = trainer.fit(data, callbacks=list(callbacks), **options)
    return trainer, history.history


def steps_in(folder, name="raster"):
    return [int(p.stem[-8:]) for p in sorted(folder.glob(f"{name}_step_*.png"))]


def warnings_of(caplog):
    """Those of this package; TensorFlow warns of the many recorders of one process."""
    return [
        record
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name != "tensorflow"
    ]


def same_training(first, second):
    (a, losses), (b, others) = first, second
    assert losses == others
    for x, y in zip(a.weights, b.weights, strict=True):
        np.testing.assert_array_equal(x, y, err_msg=x.path)
    for x, y in zip(a.optimizer.variables, b.optimizer.variables, strict=True):
        np.testing.assert_array_equal(x, y, err_msg=x.path)
    return True


def test_training_with_the_logger_is_training_without_it_to_the_last_bit(tmp_path):
    """Of shuffled data too: a second iterator would change their order."""
    assert same_training(fit(), fit(NetworkActivityLogger(tmp_path, 2)))
    assert steps_in(tmp_path) == [1, 2, 4, 6]


def test_a_generator_with_a_random_state_of_its_own_makes_the_same_batches(tmp_path):
    def data():
        rng = np.random.default_rng(0)

        def batches():
            while True:
                yield batch_of(2, seed=int(rng.integers(1000)))

        signature = tf.nest.map_structure(tf.type_spec_from_value, batch_of(2))
        return tf.data.Dataset.from_generator(batches, output_signature=signature)

    options = {"steps_per_epoch": 3}
    logged = fit(quick_logger(tmp_path, 1), data=data(), **options)
    assert same_training(fit(data=data(), **options), logged)


def test_trials_that_carry_their_state_on_feel_nothing(tmp_path):
    def trained(*callbacks):
        trainer = make_trainer()
        trainer.column.carry_state(2)
        inputs, labels, weights = batch_of(N_TRIALS)
        inputs["continues"] = np.ones(N_TRIALS, np.float32)
        data = tf.data.Dataset.from_tensor_slices((inputs, labels, weights)).batch(2)
        found = fit(*callbacks, data=data, trainer=trainer)
        return found, [variable.numpy() for variable in trainer.column._carried]

    (plain, states), (logged, others) = trained(), trained(quick_logger(tmp_path, 1))
    assert same_training(plain, logged)
    for a, b in zip(states, others, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("as_arrays", [False, True])
def test_the_trial_that_is_drawn_is_one_of_the_batch_just_trained_on(
    tmp_path, as_arrays
):
    inputs, labels, weights = batch_of(N_TRIALS)
    data, options = (inputs, labels, weights), {}
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(2)
    if as_arrays:
        options = {"y": labels, "sample_weight": weights, "batch_size": 2}
        dataset = inputs
    fit(quick_logger(tmp_path, 2, sample=1), data=dataset, **options)
    activity = read_activity(tmp_path / "activity_summary.npz")
    assert activity.steps.tolist() == [1, 2, 4, 6]
    for step, trial in activity.trials():
        k = (2 * (step - 1) + 1) % N_TRIALS
        np.testing.assert_array_equal(trial.inputs, inputs["lgn"][k])
        np.testing.assert_array_equal(trial.labels, labels[k])
    assert activity.neurons.pop_name.shape == (N,)


def test_every_file_of_a_logged_step_is_there(tmp_path):
    fit(NetworkActivityLogger(tmp_path, 4))
    names = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    expected = {"network_state.txt", "activity_summary.npz"}
    expected |= {"activity_steps/neurons.npz"}
    for step in ("00000001", "00000004"):
        expected |= {f"{name}_step_{step}.png" for name in STANDARD_FIGURES}
        expected |= {f"sample_{step}/batch_predictions.png"}
        expected |= {f"activity_steps/step_{step}.npz"}
    assert {name for name in names if "tensorboard/" not in name} == expected
    for path in tmp_path.rglob("*.png"):
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    text = (tmp_path / "network_state.txt").read_text()
    assert "spikes (1, 20, 60)" in text


@pytest.mark.parametrize(
    ("every", "per_call", "expected"),
    [(2, 1, [1, 2, 4, 6]), (100, 1, [1]), (3, 2, [2, 4, 6]), (4, 3, [3, 6])],
)
def test_the_first_and_each_nth_step_is_logged_when_its_call_ends(
    tmp_path, every, per_call, expected
):
    trainer = make_trainer()
    trainer.compile(keras.optimizers.Adam(1e-3), steps_per_execution=per_call)
    data = tf.data.Dataset.from_tensor_slices(batch_of(12)).batch(2)
    fit(quick_logger(tmp_path, every), trainer=trainer, data=data, epochs=1)
    assert steps_in(tmp_path) == expected


def test_steps_are_counted_over_a_resume_that_restores_after_the_logger_started(
    tmp_path,
):
    """BackupAndRestore loads its backup when training begins, behind the logger."""
    data = tf.data.Dataset.from_tensor_slices(batch_of(N_TRIALS)).batch(2)
    whole = fit(quick_logger(tmp_path / "whole"), data=data)

    def backup():
        return keras.callbacks.BackupAndRestore(
            tmp_path / "backup", delete_checkpoint=False
        )

    fit(quick_logger(tmp_path / "run"), backup(), data=data, epochs=1)
    resumed, _ = fit(quick_logger(tmp_path / "run"), backup(), data=data)
    assert int(resumed.optimizer.iterations) == 6
    for x, y in zip(whole[0].weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(x, y)
    for folder in ("whole", "run"):
        assert steps_in(tmp_path / folder) == [1, 2, 4, 6]
    first, second = (
        read_activity(tmp_path / name / "activity_summary.npz")
        for name in ("whole", "run")
    )
    assert first.steps.tolist() == second.steps.tolist() == [1, 2, 4, 6]
    for step, trial in first.trials():
        again = second.trial(step)
        np.testing.assert_array_equal(trial.spike_neuron, again.spike_neuron)


def test_trials_of_another_training_in_the_folder_are_forgotten(tmp_path):
    fit(quick_logger(tmp_path))
    fit(quick_logger(tmp_path, 5), epochs=1)
    activity = read_activity(tmp_path / "activity_summary.npz")
    assert activity.steps.tolist() == [1]


def test_data_of_the_loggers_own_are_shown_in_turn_and_again(tmp_path):
    shown = [batch_of(1, seed=k) for k in (7, 8)]
    fit(quick_logger(tmp_path, 1, data=shown))
    activity = read_activity(tmp_path / "activity_summary.npz")
    for k, (_, trial) in enumerate(activity.trials()):
        np.testing.assert_array_equal(trial.inputs, shown[k % 2][0]["lgn"][0])


def test_a_single_batch_is_shown_every_time(tmp_path):
    batch = batch_of(2, seed=7)
    fit(quick_logger(tmp_path, 3, data=batch, sample=1))
    activity = read_activity(tmp_path / "activity_summary.npz")
    for _, trial in activity.trials():
        np.testing.assert_array_equal(trial.inputs, batch[0]["lgn"][1])


def test_tensorboard_shows_the_same_pictures_and_the_numbers_of_the_trial(tmp_path):
    trainer, _ = fit(quick_logger(tmp_path, 3))
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    found = {tag: events.Tensors(tag) for tag in events.Tags()["tensors"]}
    trials = dict(read_activity(tmp_path / "activity_summary.npz").trials())
    for tag, picture in [
        ("raster", "raster_step_{:08d}.png"),
        ("batch_predictions", "sample_{:08d}/batch_predictions.png"),
    ]:
        tag = f"figures/{tag}"
        assert [event.step for event in found[tag]] == [*trials] == [1, 3, 6]
        plugin = events.SummaryMetadata(tag).plugin_data.plugin_name
        assert plugin == "images"
        for event in found[tag]:
            wide, high, png = event.tensor_proto.string_val
            assert png == (tmp_path / picture.format(event.step)).read_bytes()
            assert (int(wide), int(high)) == tf.io.decode_png(png).shape[1::-1]
    for event in found["spikes"]:
        assert tf.make_ndarray(event.tensor_proto) == len(trials[event.step].spike_step)
    for event in found["rates"]:
        counts = tf.make_ndarray(event.tensor_proto)[:, 2]
        assert counts.sum() == N
    last = found["weights/cell/sparse_recurrent_weights"][-1]
    weights = tf.make_ndarray(last.tensor_proto)
    values = trainer.column.rsnn.cell.recurrent_weights.numpy()
    assert weights[:, 2].sum() == values.size
    assert weights[0, 0] == values.min() and weights[-1, 1] == values.max()


def test_no_picture_in_tensorboard_hides_behind_a_number_of_the_same_name(tmp_path):
    """A tag has one kind; a histogram "voltages" would keep out the picture."""
    figures = {name: drawn for name in ("voltages", "rates", "spikes", "rate_hz")}
    fit(NetworkActivityLogger(tmp_path, 3, figures=figures))
    kinds = {}
    for path in (tmp_path / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                kind = value.metadata.plugin_data.plugin_name
                kinds.setdefault(value.tag, set()).add(kind)
    assert all(len(of_tag) == 1 for of_tag in kinds.values()), kinds
    assert sum(kind == {"images"} for kind in kinds.values()) == len(figures) + 1


def test_what_fails_is_reported_once_and_all_else_goes_on(tmp_path, caplog):
    def broken(trial, neurons):
        raise ZeroDivisionError("no such figure")

    figures = {"broken": broken, **QUICK}
    logger = NetworkActivityLogger(tmp_path, 1, figures=figures)
    assert same_training(fit(), fit(logger))
    (record,) = warnings_of(caplog)
    assert "broken" in record.message
    assert "ZeroDivisionError: no such figure" in record.message
    assert steps_in(tmp_path) == [1, 2, 3, 4, 5, 6]
    assert steps_in(tmp_path, "broken") == []


def test_a_full_disk_is_reported_once_per_file_and_training_ends_well(
    tmp_path, caplog, monkeypatch
):
    def full(path):
        raise WriteError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(activity_writer, "atomic_path", full)
    monkeypatch.setattr("v1model.activity_files.atomic_path", full)
    _, history = fit(quick_logger(tmp_path, 1))
    assert len(history["loss"]) == 2
    messages = [record.message for record in warnings_of(caplog)]
    for name in ("raster", "voltages", "batch_predictions", "summary"):
        assert sum(name in text for text in messages) == 1, name
    assert any("No space left on device" in text for text in messages)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_stops_the_program_while_it_draws_stops_it(tmp_path, error):
    def interrupted(trial, neurons):
        raise error

    logger = NetworkActivityLogger(tmp_path, 1, figures={"raster": interrupted})
    with pytest.raises(error):
        fit(logger)


@pytest.mark.parametrize("name", ["outputs", "voltages", "inputs"])
def test_activity_that_is_not_finite_is_drawn_or_reported(tmp_path, name, caplog):
    arrays = by_hand()
    arrays[name] = arrays[name] * np.float32(np.nan)
    logger = NetworkActivityLogger(tmp_path, network=network_of_trainer())
    logger.log_step(**arrays)
    assert len(list(tmp_path.glob("*_step_*.png"))) + len(warnings_of(caplog)) >= 5
    trial = read_activity(logger.save_summary()).trial(0)
    assert np.isnan(getattr(trial, name)).all()


def test_a_model_that_cannot_be_followed_is_refused_when_training_starts(tmp_path):
    x, y = np.zeros((4, 3), np.float32), np.zeros((4, 1), np.float32)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="follows a ColumnTrainer, got Sequential"):
        model.fit(x, y, verbose=0, callbacks=[quick_logger(tmp_path)])

    class Holder(keras.Model):
        def __init__(self):
            super().__init__()
            self.column = make_column()
            self.scale = self.add_weight(shape=(1,))

        def call(self, x):
            return x * self.scale

    holder = Holder()
    holder.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"Holder does not hand over .* data="):
        holder.fit(x, x, verbose=0, callbacks=[quick_logger(tmp_path)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "log_every_n_steps must be positive, got 0"),
        ({"sample": -1}, "sample must not be negative, got -1"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        quick_logger(tmp_path, **options)


def test_nothing_of_a_logged_step_stays_in_memory(tmp_path):
    seen = []

    def remembered(trial, neurons):
        seen.append(weakref.ref(trial))
        return drawn(trial, neurons)

    logger = NetworkActivityLogger(tmp_path, 1, figures={"raster": remembered})
    fit(logger)
    for _ in range(3):
        logger.log_step(**by_hand())
    gc.collect()
    assert len(seen) == 9
    assert [ref() for ref in seen] == [None] * 9


def test_replicas_train_alike_with_and_without_it(tmp_path):
    """In a process of its own, whose processor is two devices."""
    command = [sys.executable, "-m", "tests.visualization.logger.logged_replicas"]
    root = pathlib.Path(__file__).parents[3]
    done = subprocess.run(
        [*command, str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "cannot be logged" not in done.stderr
    assert steps_in(tmp_path / "logged") == [1, 2, 3, 4]
    trials = dict(read_activity(tmp_path / "logged/activity_summary.npz").trials())
    assert len(trials[4].spike_step) > 0
    with np.load(tmp_path / "weights.npz") as file:
        plain = [name for name in file if name.startswith("plain ")]
        assert len(plain) > 3
        for name in plain:
            other = file[name.replace("plain", "logged")]
            np.testing.assert_array_equal(file[name], other, err_msg=name)


def network_of_trainer():
    return make_trainer().neurons


def by_hand(n_trials=2, n_steps=20):
    """What a loop of the user's own has of a batch."""
    inputs, labels, _ = batch_of(n_trials, n_steps)
    output = make_column()(inputs)
    return {
        "inputs": inputs["lgn"],
        "spikes": output.spikes.numpy(),
        "voltages": output.voltages.numpy(),
        "outputs": output.logits.numpy(),
        "predictions": output.prediction.numpy()[:, -1],
        "labels": labels[:, -1],
    }


@pytest.mark.parametrize("as_tensors", [False, True])
def test_by_hand_a_sample_of_the_batch_is_kept_as_it_was(tmp_path, as_tensors):
    arrays = by_hand()
    given = {k: tf.constant(v) for k, v in arrays.items()} if as_tensors else arrays
    logger = NetworkActivityLogger(tmp_path, sample=1)
    logger.log_step(**given, dt_ms=0.5)
    assert len(list(tmp_path.glob("*_step_00000000.png"))) == len(STANDARD_FIGURES)
    trial = read_activity(logger.save_summary()).trial(0)
    spikes = np.zeros_like(arrays["spikes"][1])
    spikes[trial.spike_step, trial.spike_neuron] = 1
    np.testing.assert_array_equal(spikes, arrays["spikes"][1])
    traced = arrays["voltages"][1][:, trial.traced]
    np.testing.assert_array_equal(trial.voltages, traced)
    assert len(trial.traced) == 20
    np.testing.assert_array_equal(trial.outputs, arrays["outputs"][1])
    np.testing.assert_array_equal(trial.predictions, arrays["predictions"][1:])
    assert trial.label == arrays["labels"][1]
    assert trial.dt_ms == 0.5


def test_by_hand_numbers_of_any_precision_come_back(tmp_path):
    arrays = by_hand()
    for dtype in (tf.float16, tf.bfloat16):
        given = {name: tf.cast(array, dtype) for name, array in arrays.items()}
        given["labels"] = arrays["labels"]
        logger = quick_logger(tmp_path / dtype.name)
        logger.log_step(**given)
        trial = read_activity(logger.save_summary()).trial(0)
        expected = tf.cast(given["inputs"][0], tf.float32)
        np.testing.assert_array_equal(trial.inputs, expected)
        assert len(trial.spike_step) == arrays["spikes"][0].sum()


def test_by_hand_the_first_and_each_nth_call_is_logged(tmp_path):
    logger = quick_logger(tmp_path, 3)
    arrays = by_hand()
    for _ in range(8):
        logger.log_step(**arrays)
    assert steps_in(tmp_path) == [0, 3, 6]
    logger.log_step(**arrays)
    logger.log_step(**arrays, step=1234)
    assert steps_in(tmp_path) == [0, 3, 6, 1234]


def test_by_hand_answers_of_every_chunk_are_taken_as_they_are(tmp_path, network):
    inputs, labels, _ = batch_of(2)
    arrays = by_hand()
    arrays["labels"] = labels
    arrays["predictions"] = np.random.default_rng(0).dirichlet([1, 1], (2, 4))
    logger = quick_logger(tmp_path, network=network)
    logger.log_step(**arrays)
    activity = read_activity(logger.save_summary())
    np.testing.assert_array_equal(activity.trial(0).labels, labels[0])
    assert activity.trial(0).is_asked.all()
    table = neurons_of(network)
    np.testing.assert_array_equal(activity.neurons.pop_name, table.pop_name)
    np.testing.assert_array_equal(activity.trial(0).traced, table.examples(20))


def test_neurons_of_another_network_are_refused(tmp_path, network):
    other = neurons_of(small_network(n=70))
    with pytest.raises(ValueError, match="60 neurons are to be logged, .* has 70"):
        fit(quick_logger(tmp_path, network=other))
    arrays = by_hand()
    for name in ("spikes", "voltages"):
        arrays[name] = arrays[name][:, :, :50]
    with pytest.raises(
        ValueError, match="50 neurons are to be logged, the network has 60"
    ):
        quick_logger(tmp_path, network=network).log_step(**arrays)


def test_the_prints_of_the_published_code_are_an_option(tmp_path, capfd):
    """tf.print writes the first and the last three of many numbers."""
    fit(quick_logger(tmp_path / "quiet"))
    assert "neuron 0" not in capfd.readouterr().out
    fit(quick_logger(tmp_path / "loud", 6, debug_prints=True))
    printed = capfd.readouterr().out
    for name in ("INPUT", "INPUT CURRENT", "SPIKES", "VOLTAGE"):
        assert printed.count(f"===== {name} neuron 0 =====\n(20,") == 2, name
    trial = read_activity(tmp_path / "loud" / "activity_summary.npz").trial(6)
    (column,) = np.flatnonzero(trial.traced == 0)
    numbers = printed.split("VOLTAGE neuron 0 =====\n(20,)\n[")[-1].split(" ")
    assert float(numbers[0]) == pytest.approx(
        float(trial.voltages[0, column]), rel=1e-6
    )


def test_prints_of_a_network_without_inputs_are_what_there_is(tmp_path, capfd):
    arrays = by_hand()
    arrays["inputs"] = arrays["inputs"][:, :, :0]
    quick_logger(tmp_path, debug_prints=True).log_step(**arrays)
    printed = capfd.readouterr().out
    assert "SPIKES neuron 0" in printed and "INPUT" not in printed


def test_prints_that_fail_do_not_cost_the_trial(tmp_path, monkeypatch, caplog):
    def fails(*_):
        raise RuntimeError("no currents")

    monkeypatch.setattr(activity_logger, "receptor_currents", fails)
    fit(quick_logger(tmp_path, 6, debug_prints=True))
    assert steps_in(tmp_path) == [1, 6]
    assert caplog.text.count("the prints cannot be logged") == 1
