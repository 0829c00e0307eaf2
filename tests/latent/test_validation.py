"""The error on held-out observations."""

import numpy as np
import pytest

from tests.latent.trainings import driven, params_of
from v1model.latent import validation as module
from v1model.latent.acquisition import phases_of
from v1model.latent.interpolation import interpolate_linear
from v1model.latent.model import LatentModel
from v1model.latent.source import open_source
from v1model.latent.validation import Validation
from v1model.recordings import open_recording

FIRST, LAST, TIME_UNITS, MULTIPLES = 201, 290, 5, 3


def validation_of(path, mode, part=(FIRST, LAST), **others):
    params = params_of(
        path,
        time_units=TIME_UNITS,
        evolve_multiple_steps=MULTIPLES,
        acquisition_mode=mode,
        normalization="neuron",
    )
    phases = phases_of(params.training.acquisition_mode, TIME_UNITS, 5)
    with open_source(params.training) as source:
        activity, stimulus, _ = source.read(0, source.n_steps)
        model = LatentModel(5, 3, params)
        model.set_normalization(np.full(5, 0.3), np.full(5, 2.0))
        for weight in model.evolver.trainable_weights:  # no longer the identity
            weight.assign(weight + 0.05)
        found = Validation(model, source, *part, phases, **others)
    return found, model, activity, stimulus, phases


def test_aligned_errors_are_those_of_rollouts_at_observations(tmp_path):
    path = driven(tmp_path / "a.h5")
    found, model, activity, stimulus, _ = validation_of(
        path, "time_aligned", n_starts=4
    )
    starts = [205, 225, 245, 270]
    errors, constants = [], []
    for s in starts:
        frames = stimulus[s : s + TIME_UNITS * MULTIPLES, None]
        predicted = model.rollout(activity[None, s], frames).numpy()[:, 0]
        for m in range(1, MULTIPLES + 1):
            truth = activity[s + m * TIME_UNITS]
            errors.append(np.mean((predicted[m * TIME_UNITS - 1] - truth) ** 2))
            constants.append(np.mean((activity[s] - truth) ** 2))
    assert found.error() == pytest.approx(np.mean(errors), rel=1e-5)
    assert found.constant == pytest.approx(np.mean(constants), rel=1e-5)


def test_staggered_errors_are_those_of_who_is_observed(tmp_path):
    path = driven(tmp_path / "a.h5")
    found, model, activity, stimulus, phases = validation_of(
        path, "staggered_random", n_starts=3
    )
    n_steps, starts = TIME_UNITS * MULTIPLES, [205, 235, 270]
    filled = interpolate_linear(activity, phases, TIME_UNITS)
    errors, constants = [], []
    for s in starts:
        x = filled[s]
        frames = stimulus[s : s + n_steps, None]
        predicted = model.rollout(x[None], frames).numpy()[:, 0]
        for k in range(n_steps):
            seen = (s + 1 + k - phases) % TIME_UNITS == 0
            truth = activity[s + 1 + k]
            errors.extend((predicted[k] - truth)[seen] ** 2)
            constants.extend((x - truth)[seen] ** 2)
    assert len(errors) == 3 * MULTIPLES * 5
    assert found.starts.tolist() == starts
    assert found.error() == pytest.approx(np.mean(errors), rel=1e-4)
    assert found.constant == pytest.approx(np.mean(constants), rel=1e-4)


def test_where_neurons_are_many_starts_are_fewer(tmp_path, monkeypatch):
    path = driven(tmp_path / "a.h5")
    found, *_ = validation_of(path, "time_aligned")
    assert len(found.starts) == 14
    monkeypatch.setattr(module, "LARGEST", 4 * MULTIPLES * 5 * 6)
    found, *_ = validation_of(path, "time_aligned")
    assert len(found.starts) == 6
    assert np.isfinite(found.error())


@pytest.mark.parametrize("mode", ["time_aligned", "staggered_random"])
def test_values_that_are_missing_do_not_count(tmp_path, mode):
    valid = np.ones((300, 5), bool)
    valid[240:, 2] = valid[::3, 1] = False
    errors = []
    for k, wrong in enumerate((0.0, 1e6)):
        path = driven(tmp_path / f"{k}.h5")
        with open_recording(path) as recording:
            activity = recording.activity["voltage"].read(0, 300)
        activity = np.where(valid, activity, np.float32(wrong))
        driven(path, activity={"voltage": activity}, valid=valid)
        found, *_ = validation_of(path, mode)
        errors.append((found.error(), found.constant))
    assert errors[0] == errors[1]
    whole, *_ = validation_of(driven(tmp_path / "whole.h5"), mode)
    assert whole.constant != errors[0][1]


def test_held_observations_are_compared_after_each_neuron_was_seen(tmp_path):
    """Before, what stands for it is the model's mean, and is not used."""
    mode = {"mode": "staggered_random", "interpolation": "causal"}
    found, *_ = validation_of(driven(tmp_path / "a.h5"), mode, (0, 90))
    assert found.starts[0] == TIME_UNITS


def test_a_neuron_that_is_never_seen_is_at_its_mean(tmp_path):
    valid = np.ones((300, 5), bool)
    valid[:, 2] = False
    path = driven(tmp_path / "a.h5", valid=valid)
    for mode in ("time_aligned", "staggered_random"):
        found, model, *_ = validation_of(path, mode)
        x = found._tensors[0].numpy()
        np.testing.assert_array_equal(x[:, 2], np.full(len(x), model.mean[2]))


def test_a_part_in_which_nothing_is_valid_is_refused(tmp_path):
    valid = np.ones((300, 5), bool)
    valid[FIRST:LAST] = False
    path = driven(tmp_path / "a.h5", valid=valid)
    with pytest.raises(ValueError, match=f"a.h5: no neuron .* {FIRST} to {LAST}"):
        validation_of(path, "time_aligned")
