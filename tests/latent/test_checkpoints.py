"""Checkpoints of the latent evolver."""

import h5py
import numpy as np
import pytest

from tests.latent.trainings import params_of
from v1model.finite import NotFiniteError
from v1model.fitting.checkpoint_files import checkpoint_bytes, checkpoint_of
from v1model.latent.checkpoints import (
    Position,
    load_latent_model,
    restore_checkpoint,
    save_checkpoint,
)
from v1model.latent.model import LatentModel
from v1model.latent.updates import optimizer_for

POSITION = Position(1, 2, 3, (0.1, 1 / 3), 17, 1.5)


def model_of(seed=0, n_neurons=5):
    return LatentModel(n_neurons, 3, params_of(), seed=seed)


def optimizer_of(model):
    optimizer = optimizer_for("Adam", 1e-3)
    optimizer.build(model.trainable_weights)
    gradients = [w.value * 0 + 0.5 for w in model.trainable_weights]
    optimizer.apply(gradients, model.trainable_weights)
    return optimizer


@pytest.fixture
def saved(tmp_path):
    """Path of a checkpoint, its model and its optimizer."""
    model = model_of()
    model.set_normalization(np.arange(5.0), np.arange(1.0, 6.0))
    optimizer = optimizer_of(model)
    path = tmp_path / "run" / "checkpoints" / "latest.h5"
    save_checkpoint(path, model, optimizer.variables, POSITION)
    return path, model, optimizer


def assert_equal(ones, others):
    assert len(ones) == len(others)
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_checkpoint_brings_everything_back(saved):
    path, model, optimizer = saved
    other = model_of(seed=1)
    fresh = optimizer_of(other)
    position = restore_checkpoint(path, other, lambda position: fresh.variables)
    assert position == POSITION
    assert_equal(other.weights, model.weights)
    assert_equal(fresh.variables, optimizer.variables)


def test_a_model_comes_from_its_file_or_its_run(saved):
    path, model, _ = saved
    rng = np.random.default_rng(0)
    x, s = (rng.random(shape).astype("f4") for shape in ((2, 5), (4, 2, 3)))
    expected = model.rollout(x, s).numpy()
    for place in (path, path.parent, path.parents[1], str(path)):
        found = load_latent_model(place)
        assert found.params == model.params
        np.testing.assert_array_equal(found.rollout(x, s).numpy(), expected)


def test_of_a_run_the_best_checkpoint_is_taken(saved):
    path, model, optimizer = saved
    for name in ("final.h5", "best.h5"):
        other = path.with_name(name)
        save_checkpoint(other, model, optimizer.variables, POSITION)
        assert checkpoint_of(path.parents[1]) == other


def test_the_size_of_a_checkpoint_is_known_before(saved):
    path, model, optimizer = saved
    size = checkpoint_bytes([*model.weights, *optimizer.variables])
    assert path.stat().st_size < size < path.stat().st_size + 2**20


def test_what_is_not_finite_is_not_written(saved):
    path, model, optimizer = saved
    before = path.read_bytes()
    model.evolver.weights[0].assign(model.evolver.weights[0] * np.nan)
    with pytest.raises(NotFiniteError, match="not finite after update 17"):
        save_checkpoint(path, model, optimizer.variables, POSITION)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["latest.h5"]


def test_other_files_are_refused_by_name(saved, tmp_path):
    path, model, _ = saved
    with pytest.raises(FileNotFoundError, match="none.h5 does not exist"):
        load_latent_model(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError, match="has none of best.h5"):
        load_latent_model(tmp_path)
    text = tmp_path / "text.h5"
    text.write_text("nothing")
    with pytest.raises(ValueError, match="text.h5 is damaged or no HDF5 file"):
        load_latent_model(text)
    with h5py.File(tmp_path / "other.h5", "w"):
        pass
    with pytest.raises(ValueError, match="other.h5 is no checkpoint"):
        load_latent_model(tmp_path / "other.h5")
    with pytest.raises(ValueError, match="of another model"):
        restore_checkpoint(path, model_of(n_neurons=6))
    with pytest.raises(ValueError, match="must have 0 arrays"):
        restore_checkpoint(path, model, lambda position: [])
