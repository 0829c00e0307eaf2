"""A column that is recorded for a twin: trials on their own, and the file of them."""

import dataclasses

import numpy as np
import pytest

from v1model.cnn.config import DataParams
from v1model.cnn.data import load_recording
from v1model.column_recording import twin_recording
from v1model.column_recording.twin_recording import (
    GREY_MS,
    SETTLING_MS,
    TwinConfig,
    TwinRecorder,
    trial_table,
)
from v1model.column_recording.twin_stimuli import PIXELS, contrast_of, movie_table
from v1model.lgn import LGN, Movie, spikes_from_rates
from v1model.recordings import open_recording
from v1model.simulation import lgn_generator, simulate, trial_seeds, untrained_column

MOVIE_MS = 240
SMALL = TwinConfig(neurons=500, minutes=0.012, test_movies=1, repeats=3)

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(autouse=True)
def short_movies(monkeypatch):
    monkeypatch.setattr(twin_recording, "MOVIE_MS", MOVIE_MS)
    monkeypatch.setattr(twin_recording, "SIDE_BY_SIDE", 6)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(twin_recording, "MOVIE_MS", MOVIE_MS)
        patch.setattr(twin_recording, "SIDE_BY_SIDE", 6)
        folder = tmp_path_factory.mktemp("twin")
        patch.setenv("V1MODEL_CACHE", str(folder / "cache"))
        recorder = TwinRecorder(SMALL, folder / "column.h5")
        recorder.record()
        assert [path.name for path in folder.glob("*.h5*")] == ["column.h5"]
        return recorder


def test_every_movie_is_shown_as_often_as_the_table_says():
    movies = movie_table(1.0, 2, 5, 0.3, 4800, 0)
    trials = trial_table(movies, 0)
    shown = trials.groupby("movie").size()
    np.testing.assert_array_equal(shown, movies["repeats"])
    for movie, own in trials.groupby("movie"):
        assert sorted(own["repeat"]) == list(range(movies["repeats"][movie]))
        assert (own["part"] == movies["part"][movie]).all()
    assert (np.diff(trials["movie"]) < 0).any()  # in random order


def test_the_lgn_sees_the_movie_that_is_recorded(recorded):
    lgn = LGN(recorded.network.lgn.units)
    frames = recorded.patch.on_screen(contrast_of(recorded.levels(0)))
    grey = np.zeros_like(frames[:1])
    durations = [SETTLING_MS + GREY_MS] + [twin_recording.FRAME_MS] * len(frames)
    expected = lgn.rates(Movie(np.concatenate([grey, frames]), durations))
    np.testing.assert_allclose(recorded.lgn_rates(0), expected, atol=1e-2)


def test_a_trial_has_the_spikes_that_it_has_alone(recorded):
    number = 4
    seed = trial_seeds(SMALL.seed, len(recorded.trials))[number]
    rates = recorded.lgn_rates(recorded.trials["movie"][number])
    sent = spikes_from_rates(rates, lgn_generator(seed))[None]
    layers = untrained_column(recorded.network)
    (activity,) = simulate(layers, [sent], [seed])
    spikes = activity.spikes[0].numpy() > 0
    bins = (GREY_MS + MOVIE_MS) // SMALL.bin_ms
    with open_recording(recorded.out) as file:
        found = file.activity["spikes"].read(number * bins, (number + 1) * bins)
        ids = file.neurons["id"].to_numpy()
    rows = np.searchsorted(recorded.network.node_id, ids)
    # What the simulation returns for step t happens at t + 1.
    shifted = spikes[SETTLING_MS - 1 : -1, rows]
    expected = shifted.reshape(bins, SMALL.bin_ms, -1).sum(axis=1)
    assert expected.sum() > 0
    np.testing.assert_array_equal(found, expected)


def test_repeats_show_the_same_movie_after_grey(recorded):
    recording = load_recording(recorded.out, DataParams())
    grey = GREY_MS // SMALL.bin_ms
    for movie, own in recording.trials.groupby("movie"):
        levels = recorded.levels(movie)
        expected = (levels.astype(np.float64) - 127) / 255
        for start, stop in zip(own["start"], own["stop"], strict=True):
            shown = recording.movie(start, stop)[..., 0]
            assert not shown[:grey].any()
            np.testing.assert_allclose(shown[grey:], expected, atol=1e-6)
    assert set(recording.trials["part"]) == {"train", "validation", "test"}
    assert recording.spec.frame_shape == (PIXELS, PIXELS, 1)
    assert recording.spec.sampling_rate == 1000 / SMALL.bin_ms


def test_only_neurons_that_fire_are_kept_and_the_others_are_counted(recorded):
    recording = load_recording(recorded.out, DataParams())
    silent = recording.metadata["silent"]
    assert recording.spec.n_neurons + sum(silent.values()) == 500
    trials = recording.trials_of("train")
    pairs = zip(trials["start"], trials["stop"], strict=True)
    spikes = sum(recording.counts[start:stop].sum(axis=0) for start, stop in pairs)
    seconds = len(trials) * (GREY_MS + MOVIE_MS) / 1000
    assert (spikes >= twin_recording.LEAST_RATE * seconds).all()
    neurons = recording.neurons
    has_any = neurons["lgn_synapses"] > 0
    np.testing.assert_array_equal(has_any, np.isfinite(neurons["center_y"]))
    assert has_any.any()
    assert neurons.loc[has_any, ["center_y", "center_x"]].stack().between(0, 23).all()


def test_a_recording_that_was_killed_goes_on_and_is_the_same(
    recorded, tmp_path, monkeypatch
):
    recorder = TwinRecorder(SMALL, tmp_path / "column.h5")

    def kill(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recorder.record(kill)
    parts = tmp_path / "column.h5.parts"
    assert len(list(parts.glob("trials_*.npz"))) == 1
    again = TwinRecorder(SMALL, tmp_path / "column.h5")
    calls = []
    again.record(lambda done, total: calls.append(done))
    assert min(calls) > 6  # the first batch was there
    assert not parts.exists()
    with open_recording(recorded.out) as one, open_recording(again.out) as other:
        np.testing.assert_array_equal(
            one.activity["spikes"].read(), other.activity["spikes"].read()
        )
    done = TwinRecorder(SMALL, tmp_path / "column.h5")
    monkeypatch.setattr(done, "_simulate", None)
    assert done.is_complete and done.record() == again.out


def test_other_options_are_refused(recorded):
    other = dataclasses.replace(SMALL, seed=4)
    with pytest.raises(ValueError, match="seed: 3000 there, 4 now"):
        TwinRecorder(other, recorded.out)
    for name, value in (("bin_ms", 7), ("repeats", 1), ("checks_share", 1.2)):
        with pytest.raises(ValueError, match=f"{name} .*got {value}"):
            dataclasses.replace(SMALL, **{name: value})
