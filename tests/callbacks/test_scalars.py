"""Numbers on their way into the logs and into TensorBoard."""

import keras
import pytest

from tests.callbacks.training import N_STEPS, scalars, train
from v1model.atomic import WriteError
from v1model.callbacks import RateLog, StepCount, StepTimer, TensorBoardScalars


def test_every_log_entry_reaches_tensorboard_by_training_step(tmp_path):
    steps = StepCount(N_STEPS)
    board = TensorBoardScalars(tmp_path, steps, every_n_steps=2)
    train(steps, StepTimer(), board, epochs=2, validation=True)
    written = scalars(tmp_path / "train")
    assert written["loss"] == [2, 4, 6, 8, 10, 12]
    assert written["accuracy"] == written["seconds_per_step"] == written["loss"]
    assert written["epoch_loss"] == written["epoch_seconds_per_step"] == [6, 12]
    held_out = scalars(tmp_path / "validation")
    assert held_out == {"epoch_loss": [6, 12], "epoch_accuracy": [6, 12]}


def test_tensorboard_steps_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="every_n_steps must be positive, got 0"):
        TensorBoardScalars(tmp_path, StepCount(1), every_n_steps=0)


def test_curves_go_on_where_the_run_before_ended(tmp_path):
    steps = StepCount(N_STEPS, done=2 * N_STEPS)
    train(steps, TensorBoardScalars(tmp_path, steps), initial_epoch=2, epochs=3)
    assert scalars(tmp_path / "train")["loss"] == list(range(13, 19))


def test_a_folder_that_cannot_be_written_is_named_in_one_line(tmp_path):
    (tmp_path / "logs").write_text("in the way")
    steps = StepCount(N_STEPS)
    with pytest.raises(WriteError, match="logs cannot be written: ") as caught:
        train(steps, TensorBoardScalars(tmp_path / "logs", steps))
    assert "\n" not in str(caught.value)


def halved(step):
    return 0.1 * 0.5 ** float(step)


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1 * keras.ops.power(0.5, keras.ops.cast(step, "float32"))


@pytest.mark.parametrize("has_loss_scale", [False, True])
def test_the_logged_rate_is_that_of_the_step(has_loss_scale):
    seen = []

    class Spy(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["learning_rate"])

    optimizer = keras.optimizers.Adam(Halving())
    if has_loss_scale:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    history = train(RateLog(), Spy(), optimizer=optimizer).history
    assert seen == pytest.approx([halved(step) for step in range(N_STEPS)])
    assert history["learning_rate"] == [seen[-1]]
