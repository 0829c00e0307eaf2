"""Backups: complete or not there, and true to the table of epochs."""

import resource

import keras
import numpy as np
import pytest

from v1model import backup
from v1model.atomic import WriteError
from v1model.backup import BEST, LATEST, Backup, EpochTable, restore_backup
from v1model.callbacks import StepCount
from v1model.finite import NotFiniteError

STEPS = 2  # per epoch


def model():
    keras.utils.set_random_seed(0)
    dense = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    dense.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    return dense


def fit(dense, *callbacks, epochs=2, initial_epoch=0):
    """Two steps per epoch."""
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(4, 2)
    dense.fit(
        x,
        x[:, :1],
        batch_size=2,
        shuffle=False,
        epochs=epochs,
        initial_epoch=initial_epoch,
        verbose=0,
        callbacks=list(callbacks),
    )


def backed_up(folder, dense, epochs=1, initial_epoch=0):
    """Trains with a backup after each epoch; returns the callback."""
    steps = StepCount(STEPS, initial_epoch * STEPS)
    keep = Backup(folder, steps)
    fit(dense, steps, keep, epochs=epochs, initial_epoch=initial_epoch)
    return keep


def test_a_backup_restores_weights_optimizer_and_steps(tmp_path):
    first = model()
    backed_up(tmp_path, first, epochs=2)
    second = model()
    second.optimizer.build(second.trainable_variables)
    assert restore_backup(second, tmp_path) == 4
    fit(first, epochs=3, initial_epoch=2)
    fit(second, epochs=3, initial_epoch=2)
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_steps_of_a_backup_are_not_those_of_the_optimizer(tmp_path):
    """In half precision the optimizer leaves out steps, and the data go on."""
    dense = model()
    steps = StepCount(STEPS)
    steps.step = 3
    dense.optimizer.build(dense.trainable_variables)
    keep = Backup(tmp_path, steps)
    keep.set_model(dense)
    keep.on_epoch_end(0, {})
    assert restore_backup(dense, tmp_path) == 3
    assert int(dense.optimizer.iterations) == 0


def test_without_a_backup_training_begins_at_step_0(tmp_path):
    assert restore_backup(model(), tmp_path) == 0
    words = Backup(tmp_path, StepCount(STEPS)).last_good()
    assert words == "there is no backup yet"


def test_a_kill_while_writing_leaves_the_last_backup(tmp_path, monkeypatch):
    dense = model()
    backed_up(tmp_path, dense)
    before = (tmp_path / LATEST).read_bytes()

    def killed(path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(dense, "save_weights", killed)
    with pytest.raises(KeyboardInterrupt):
        backed_up(tmp_path, dense, epochs=2, initial_epoch=1)
    assert (tmp_path / LATEST).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {LATEST}


def test_a_resume_removes_what_a_killed_writer_left(tmp_path):
    backed_up(tmp_path, model())
    (tmp_path / f".{LATEST}.abc.weights.h5").write_bytes(b"half")
    (tmp_path / "column.keras").write_bytes(b"mine")
    second = model()
    second.optimizer.build(second.trainable_variables)
    restore_backup(second, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {LATEST, "column.keras"}


@pytest.mark.parametrize("n_bytes", [0, 1000])
def test_a_damaged_backup_is_named(tmp_path, n_bytes):
    backed_up(tmp_path, model())
    content = (tmp_path / LATEST).read_bytes()
    (tmp_path / LATEST).write_bytes(content[:n_bytes])
    with pytest.raises(ValueError, match="latest.weights.h5 is damaged: "):
        restore_backup(model(), tmp_path)


def test_a_weight_file_without_a_step_is_no_backup(tmp_path):
    model().save_weights(tmp_path / LATEST)
    with pytest.raises(ValueError, match="is damaged: .*v1model_step"):
        restore_backup(model(), tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("part", ["weights", "optimizer"])
def test_numbers_that_are_not_finite_replace_no_backup(tmp_path, part, value):
    dense = model()
    keep = backed_up(tmp_path, dense)
    before = (tmp_path / LATEST).read_bytes()
    variables = dense.weights if part == "weights" else dense.optimizer.variables
    broken = variables[-1]
    broken.assign(broken * 0 + value)
    keep.steps.step = 4
    text = f"{broken.path} is not finite after step 4 .*{LATEST}, of step 2"
    with pytest.raises(NotFiniteError, match=text):
        keep.on_epoch_end(1, {"val_accuracy": 1.0})
    assert (tmp_path / LATEST).read_bytes() == before
    assert not (tmp_path / BEST).exists()


def test_a_limit_on_the_size_of_files_leaves_the_last_backup(tmp_path):
    """As a full disk does, but within this process."""
    dense = model()
    backed_up(tmp_path, dense)
    before = (tmp_path / LATEST).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(WriteError) as caught:
            backed_up(tmp_path, dense, epochs=2, initial_epoch=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    text = f"{tmp_path / LATEST} cannot be written: File too large."
    assert str(caught.value) == text
    assert (tmp_path / LATEST).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {LATEST}


def test_the_size_of_a_backup_is_known_before(tmp_path):
    wide = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(1000)])
    wide.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    wide.optimizer.build(wide.trainable_variables)
    keep = Backup(tmp_path, StepCount(STEPS))
    keep.set_model(wide)
    keep.on_epoch_end(0, {})
    size = (tmp_path / LATEST).stat().st_size
    assert size <= backup.backup_bytes(wide) <= 1.1 * size


def test_a_run_needs_room_for_its_files_and_one_more(tmp_path):
    sizes = {"a": 1 << 30, "b": 3 << 30}
    fresh = backup.bytes_to_write(tmp_path, sizes)
    assert 7 << 30 <= fresh < 7.1 * (1 << 30)
    (tmp_path / "b").write_bytes(bytes(5000))  # will be replaced, and its room be free
    assert backup.bytes_to_write(tmp_path, sizes) == fresh - 5000


def test_best_is_kept_across_a_resume(tmp_path):
    dense = model()
    dense.optimizer.build(dense.trainable_variables)
    callback = Backup(tmp_path, StepCount(STEPS), monitor="score", best=0.5)
    callback.set_model(dense)
    callback.on_epoch_end(0, {"score": 0.4})
    assert not (tmp_path / BEST).exists()
    callback.on_epoch_end(1, {"score": 0.6})
    assert (tmp_path / BEST).exists()


def test_the_table_forgets_rows_that_are_done_again(tmp_path):
    path = tmp_path / "metrics.csv"
    steps = StepCount(STEPS)
    table = EpochTable(path, steps, steps_per_epoch=2 * STEPS)
    table.on_train_begin()
    for epoch, loss in enumerate((3.0, 2.0, 1.0)):
        steps.step += STEPS
        table.on_epoch_end(epoch, {"loss": loss})
    steps = StepCount(STEPS, done=2 * STEPS)
    resumed = EpochTable(path, steps, steps_per_epoch=2 * STEPS)
    assert resumed.best("loss") == 3.0
    resumed.on_train_begin()
    steps.step += STEPS
    resumed.on_epoch_end(2, {"loss": 0.5})
    lines = [line.split(",") for line in path.read_text().splitlines()]
    assert lines[0] == ["epoch", "step", "seconds", "loss"]
    assert [line[:2] for line in lines[1:]] == [["1", "2"], ["1", "4"], ["2", "6"]]
    assert lines[3][3] == "0.5"


def test_a_table_without_rows_has_no_best(tmp_path):
    assert EpochTable(tmp_path / "metrics.csv", StepCount(STEPS)).best("loss") == float(
        "-inf"
    )


def test_the_score_before_training_is_not_the_one_to_beat(tmp_path):
    """Otherwise a resumed run would keep other best weights than one that ran on."""
    steps = StepCount(STEPS)
    table = EpochTable(tmp_path / "metrics.csv", steps)
    table.add_start({"accuracy": 0.9})
    table.on_train_begin()
    steps.step += STEPS
    table.on_epoch_end(0, {"val_accuracy": 0.4})
    resumed = EpochTable(tmp_path / "metrics.csv", StepCount(STEPS, done=STEPS))
    assert resumed.best("val_accuracy") == 0.4


def test_names_of_the_files_are_weight_files():
    assert backup.LATEST.endswith(".weights.h5")
    assert backup.BEST.endswith(".weights.h5")
