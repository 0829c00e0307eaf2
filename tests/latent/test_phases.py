"""What each phase of a training trains, and for how long."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tests.latent.trainings import params_of
from v1model.latent.batches import epoch_batches
from v1model.latent.chunk_plan import ChunkPlan
from v1model.latent.config import TrainingConfig
from v1model.latent.model import LatentModel
from v1model.latent.objective import Objective
from v1model.latent.phases import multiples_at, steps_per_epoch, training_phases
from v1model.latent.updates import Updates

N_ROWS = 60
PARTS = ("encoder", "decoder", "evolver", "stimulus_encoder")
ALL = {
    "pretrain_stimulus_ae": True,
    "stimulus_ae": {"epochs": 2, "batch_size": 8},
    "reconstruction_warmup_epochs": 3,
    "learning_rate": 0.05,
}


def phases_with(**training):
    params = params_of(**training)
    model = LatentModel(5, 3, params)
    objective = Objective(model, params, np.zeros(5, np.int32))
    return model, training_phases(model, objective, N_ROWS)


def changed_by(model, phase, n_updates=3):
    """Names of the parts of a model that some updates of a phase have changed."""
    rng = np.random.default_rng(0)
    chunk = {
        "activity": rng.standard_normal((N_ROWS, 5)).astype("f4"),
        "stimulus": rng.random((N_ROWS, 3)).astype("f4"),
        "origin": np.int32(0),
    }
    before = {part: getattr(model, part).get_weights() for part in PARTS}

    def losses(chunk, starts, seed):
        return phase.loss_of(chunk, starts, phase.multiples_at(0), seed)

    updates = Updates(losses, phase, tf.distribute.get_strategy())
    starts = 5 * rng.integers(0, 9, (n_updates, 1, 4), dtype=np.int32)
    updates(chunk, starts, np.zeros((n_updates, 2), np.int32))
    return {
        part
        for part, arrays in before.items()
        if any(
            not np.array_equal(array, now)
            for array, now in zip(
                arrays, getattr(model, part).get_weights(), strict=True
            )
        )
    }


def test_each_phase_trains_its_own_part_of_the_model():
    model, phases = phases_with(**ALL)
    expected = {
        "stimulus_ae": {"stimulus_encoder"},
        "recon_warmup": {"encoder", "decoder"},
        "joint": {"encoder", "decoder", "evolver"},
    }
    names = []
    for make in phases:
        phase = make()
        names.append(phase.name)
        assert changed_by(model, phase) == expected[phase.name]
    assert names == list(expected)


def test_without_pretraining_the_stimulus_encoder_is_trained_with_the_others():
    model, (make,) = phases_with()
    assert changed_by(model, make()) == set(PARTS)


def test_the_autoencoder_learns_the_frames():
    model, phases = phases_with(
        **ALL | {"stimulus_ae": {"epochs": 1, "batch_size": 8, "learning_rate": 0.01}}
    )
    phase = phases[0]()
    assert phase.losses == ("recon",)
    frames = np.random.default_rng(0).random((N_ROWS, 3)).astype("f4")
    rows = np.tile(np.arange(N_ROWS, dtype=np.int32), (100, 1, 1))

    def losses(chunk, starts, seed):
        return phase.loss_of(chunk, starts, 0, seed)

    updates = Updates(losses, phase, tf.distribute.get_strategy())
    errors = [
        updates({"stimulus": frames}, rows, np.zeros((100, 2), np.int32))[0] / 100
        for _ in range(5)
    ]
    assert errors[-1] < 0.5 * frames.var()
    assert errors[-1] < 0.5 * errors[0]


def test_phases_have_the_epochs_of_the_options():
    _, phases = phases_with(**ALL, epochs=7)
    found = [(phase.name, phase.epochs) for phase in (make() for make in phases)]
    assert found == [("stimulus_ae", 2), ("recon_warmup", 3), ("joint", 7)]
    _, phases = phases_with(epochs=0)
    assert phases == []


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9))
def test_rollouts_grow_to_their_length_and_stay(longest, grown, more):
    training = TrainingConfig(
        evolve_multiple_steps=longest,
        rollout_curriculum_epochs=grown,
        epochs=grown + more,
    )
    lengths = [multiples_at(training, epoch) for epoch in range(grown + more)]
    assert lengths == sorted(lengths)
    assert all(1 <= length <= longest for length in lengths)
    assert lengths[grown:] == [longest] * more
    if grown >= longest:
        assert set(lengths[:grown]) == set(range(1, longest + 1))


@pytest.mark.parametrize(
    ("options", "n"),
    [
        ({"steps_per_epoch": 7}, 7),
        ({"batch_size": 10}, 100),
        ({"batch_size": 10, "data_passes_per_epoch": 3}, 300),
        ({"batch_size": 4000}, 1),
    ],
)
def test_an_epoch_is_so_many_updates_or_passes_through_the_data(options, n):
    training = TrainingConfig(**options)
    assert steps_per_epoch(training, 1000, training.batch_size) == n


@pytest.mark.parametrize("n_replicas", [1, 2])
@pytest.mark.parametrize("rows", [None, 50])
def test_batches_follow_from_the_seed_and_the_number_of_the_epoch(rows, n_replicas):
    _, phases = phases_with(steps_per_epoch=30)
    phase = phases[0]()
    training = params_of(steps_per_epoch=30).training

    def drawn(number, epoch):
        plan = ChunkPlan(training, 3, 403, 32, rows)
        return epoch_batches(training, plan, number, phase, epoch, n_replicas)

    chunks, batches = drawn(0, 0)
    again = drawn(0, 0)
    np.testing.assert_array_equal(chunks, again[0])
    for one, other in zip(batches, again[1], strict=True):
        np.testing.assert_array_equal(one.starts, other.starts)
        np.testing.assert_array_equal(one.seeds, other.seeds)
    assert sum(len(one.starts) for one in batches) == 30
    seeds = np.concatenate([one.seeds for one in batches])
    assert len(np.unique(seeds[:, 1])) == 30
    for start, one in zip(chunks, batches, strict=True):
        assert one.starts.shape[1:] == (n_replicas, training.batch_size)
        assert ((start + one.starts) % training.time_units == 0).all()
    for number, epoch in ((0, 1), (1, 0)):
        other = drawn(number, epoch)[1][0]
        assert not np.array_equal(batches[0].starts, other.starts)
        assert batches[0].seeds[0, 0] != other.seeds[0, 0]
