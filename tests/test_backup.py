"""Backups: complete or not there, and true to the table of epochs."""

import keras
import numpy as np
import pytest

from v1model import backup
from v1model.backup import BEST, LATEST, Backup, EpochTable, restore_backup


def model():
    keras.utils.set_random_seed(0)
    dense = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    dense.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    return dense


def fit(dense, *callbacks, epochs=2, initial_epoch=0):
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


def test_a_backup_restores_weights_optimizer_and_steps(tmp_path):
    first = model()
    fit(first, Backup(tmp_path))
    second = model()
    second.optimizer.build(second.trainable_variables)
    assert restore_backup(second, tmp_path) == 4
    fit(first, epochs=3, initial_epoch=2)
    fit(second, epochs=3, initial_epoch=2)
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_a_backup_training_begins_at_step_0(tmp_path):
    assert restore_backup(model(), tmp_path) == 0


def test_a_kill_while_writing_leaves_the_last_backup(tmp_path, monkeypatch):
    dense = model()
    fit(dense, Backup(tmp_path), epochs=1)
    before = (tmp_path / LATEST).read_bytes()

    def killed(path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(dense, "save_weights", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(dense, Backup(tmp_path), epochs=2, initial_epoch=1)
    assert (tmp_path / LATEST).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {LATEST}


def test_best_is_kept_across_a_resume(tmp_path):
    callback = Backup(tmp_path, monitor="score", best=0.5)
    callback.set_model(model())
    callback.on_epoch_end(0, {"score": 0.4})
    assert not (tmp_path / BEST).exists()
    callback.on_epoch_end(1, {"score": 0.6})
    assert (tmp_path / BEST).exists()


def test_the_table_forgets_epochs_that_are_done_again(tmp_path):
    path = tmp_path / "metrics.csv"
    table = EpochTable(path)
    table.on_train_begin()
    for epoch, loss in enumerate((3.0, 2.0, 1.0)):
        table.on_epoch_end(epoch, {"loss": loss})
    resumed = EpochTable(path, n_epochs=2)
    assert resumed.best("loss") == 3.0
    resumed.on_train_begin()
    resumed.on_epoch_end(2, {"loss": 0.5})
    lines = path.read_text().splitlines()
    assert lines[0].startswith("epoch,seconds,loss")
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert lines[3].endswith("0.5")


def test_a_table_without_rows_has_no_best(tmp_path):
    assert EpochTable(tmp_path / "metrics.csv").best("loss") == float("-inf")


def test_names_of_the_files_are_weight_files():
    assert backup.LATEST.endswith(".weights.h5")
    assert backup.BEST.endswith(".weights.h5")
