"""What activity is normalized by."""

import numpy as np
import pytest

from tests.latent.recorded import write
from tests.latent.trainings import driven, params_of
from v1model.latent import moments as module
from v1model.latent.acquisition import observed, phases_of
from v1model.latent.moments import moments, normalization_of
from v1model.latent.source import open_source

START, STOP, TIME_UNITS = 7, 93, 5


@pytest.fixture(params=["all_time_points", "time_aligned", "staggered_random"])
def opened(request, tmp_path, monkeypatch):
    """A source that is read in several pieces, its array and its phases."""
    monkeypatch.setattr(module, "ROWS", 20)
    activity, _ = write(tmp_path / "a.h5", 100, 6)
    params = params_of(
        tmp_path / "a.h5", time_units=TIME_UNITS, acquisition_mode=request.param
    )
    phases = phases_of(params.training.acquisition_mode, TIME_UNITS, 6)
    with open_source(params.training) as source:
        yield source, activity.astype(float), phases


def test_moments_are_those_of_what_is_observed(opened):
    source, activity, phases = opened
    steps = np.arange(START, STOP)
    counts = np.broadcast_to(observed(phases, TIME_UNITS, steps), (len(steps), 6))
    seen = np.where(counts, activity[steps], np.nan)
    mean, variance = moments(source, START, STOP, phases, TIME_UNITS)
    np.testing.assert_allclose(mean, np.nanmean(seen, 0), rtol=1e-12)
    np.testing.assert_allclose(variance, np.nanvar(seen, 0), rtol=1e-12)


def test_a_large_offset_does_not_cancel(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 9)
    rng = np.random.default_rng(0)
    voltage = (-1e4 + rng.standard_normal((100, 4))).astype("f4")
    path = tmp_path / "a.h5"
    write(path, 100, 4, activity={"voltage": voltage})
    with open_source(params_of(path).training) as source:
        mean, variance = moments(source, 0, 100, None, 1)
    np.testing.assert_allclose(mean, voltage.mean(0, dtype=float), rtol=1e-12)
    np.testing.assert_allclose(variance, voltage.astype(float).var(0), rtol=1e-9)


def test_each_kind_of_normalization(tmp_path):
    path = driven(tmp_path / "a.h5")
    with open_source(params_of(path).training) as source:
        activity = source.read(0, 200).activity.astype(float)
        found = {
            kind: normalization_of(kind, source, 0, 200, None, 1)
            for kind in ("none", "global", "neuron")
        }
    mean, deviation = activity.mean(0), activity.std(0)
    overall = np.sqrt((deviation**2).mean())
    expected = {
        "none": (np.zeros(5), np.ones(5)),
        "global": (mean, np.full(5, overall)),
        "neuron": (mean, deviation),
    }
    for kind, arrays in expected.items():
        for one, other in zip(found[kind], arrays, strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_silent_neuron_has_the_scale_of_all(tmp_path):
    """It is not blown up, neither what it does nor what it may do later."""
    voltage = np.random.default_rng(0).standard_normal((60, 3)).astype("f4")
    voltage[:, 1] = 0.5 + 1e-5 * voltage[:, 1]
    path = tmp_path / "a.h5"
    write(path, 60, 3, activity={"voltage": voltage})
    with open_source(params_of(path).training) as source:
        _, scale = normalization_of("neuron", source, 0, 60, None, 1)
    assert scale[1] == pytest.approx(np.sqrt((voltage.var(0)).mean()), rel=1e-4)


def test_a_silent_recording_keeps_its_scale(tmp_path):
    path = tmp_path / "a.h5"
    write(path, 60, 3, activity={"voltage": np.zeros((60, 3), "f4")})
    with open_source(params_of(path).training) as source:
        for kind in ("global", "neuron"):
            _, scale = normalization_of(kind, source, 0, 60, None, 1)
            assert (scale > 0).all()
