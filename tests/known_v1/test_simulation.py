"""Recordings of known neurons hold what was shown, and the truth of it."""

import shutil

import numpy as np
import pytest
import skimage.io

from tests.known_v1.small import FS, small_config
from v1model.known_v1 import movies, neurons, simulate
from v1model.recordings import open_recording


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return simulate(
        tmp_path_factory.mktemp("known") / "a.h5",
        small_config(behavior_gain=0.5, missing_share=0.2),
    )


@pytest.fixture
def recording(path):
    with open_recording(path) as found:
        yield found


def whole(series):
    return series.read(0, series.n_rows) if hasattr(series, "n_rows") else series


def movie_of(recording):
    return recording.stimulus["movie"].read(0, recording.n_steps)


def bins_of(recording, **wanted):
    trials = recording.trials
    for name, value in wanted.items():
        trials = trials[trials[name] == value]
    times = FS * trials[["start_s", "stop_s"]].to_numpy()
    return [slice(*pair) for pair in np.rint(times).astype(int).tolist()]


def test_the_true_rates_are_those_of_the_stored_frames(recording):
    """The equations, from the file alone."""
    table = recording.neurons
    drive = neurons.drives(movies.seen(movie_of(recording)), table, FS)
    velocity = recording.behavior["eye_velocity"].read(0, recording.n_steps)
    speed = np.clip(np.hypot(*velocity.T) / 100, 0, 1)
    expected = neurons.rates(drive, table) * np.exp(0.5 * speed)[:, None]
    found = recording.activity["rate"].read(0, recording.n_steps)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_spikes_are_poisson_around_the_rates(recording):
    n = recording.n_steps
    rates = recording.activity["rate"].read(0, n) / FS
    spikes = recording.activity["spikes"].read(0, n)
    z = (spikes - rates).sum(0) / np.sqrt(rates.sum(0))
    assert np.abs(z).max() < 4.5
    is_high = rates > 0.2  # where a Bernoulli draw would vary less
    spread = (spikes - rates)[is_high] ** 2 / rates[is_high]
    error = spread.std() / np.sqrt(len(spread))
    assert spread.mean() == pytest.approx(1, abs=min(4 * error, 0.2))
    assert (spikes > 1).any()


def test_no_picture_is_in_two_parts_and_all_parts_are_there(recording):
    trials = recording.trials[recording.trials["type"] == "backimage"]
    parts = trials.groupby("picture")["part"].nunique()
    assert (parts == 1).all()
    for kind in ("backimage", "gaborium"):
        own = recording.trials[recording.trials["type"] == kind]
        assert set(own["part"]) == {"train", "validation", "test"}


def test_other_neurons_see_the_same_pictures_in_the_same_parts(path, tmp_path):
    other = simulate(tmp_path / "b.h5", small_config(seed=7))
    part = {}
    for file in (path, other):
        with open_recording(file) as recording:
            for row in recording.trials.itertuples():
                if row.picture:
                    assert part.setdefault(row.picture, row.part) == row.part
            frequency = recording.neurons["orientation_deg"].to_numpy()
    with open_recording(path) as recording:
        assert not np.allclose(frequency, recording.neurons["orientation_deg"])


def test_the_same_seed_gives_the_same_recording(path, tmp_path):
    config = small_config(behavior_gain=0.5, missing_share=0.2)
    again = simulate(tmp_path / "again.h5", config)
    with open_recording(path) as one, open_recording(again) as other:
        assert np.array_equal(movie_of(one), movie_of(other))
        n = one.n_steps
        spikes = (file.activity["spikes"].read(0, n) for file in (one, other))
        assert np.array_equal(*spikes)
        assert one.neurons.equals(other.neurons)


def test_repeats_show_the_same_movie_with_other_spikes(recording):
    first, second = bins_of(recording, sequence=0)
    movie = movie_of(recording)
    assert np.array_equal(movie[first], movie[second])
    spikes = recording.activity["spikes"].read(0, recording.n_steps)
    assert not np.array_equal(spikes[first], spikes[second])


def test_repeats_with_another_gaze_show_another_movie(tmp_path):
    path = simulate(tmp_path / "a.h5", small_config(fixrsvp_jitter=2.0))
    with open_recording(path) as recording:
        first, second = bins_of(recording, sequence=0)
        movie = movie_of(recording)
        assert not np.array_equal(movie[first], movie[second])


def test_between_trials_the_screen_is_grey_and_frames_are_not(recording):
    movie = movie_of(recording)
    is_trial = np.zeros(len(movie), bool)
    for bins in bins_of(recording):
        is_trial[bins] = True
        assert movie[bins].std() > 10
    assert (movie[~is_trial] == movies.GREY).all()
    assert (~is_trial).sum() > 0


def test_the_eye_moves_fast_only_where_it_does_not_fixate(recording):
    velocity = recording.behavior["eye_velocity"].read(0, recording.n_steps)
    is_fixating = recording.behavior["is_fixating"].read(0, recording.n_steps)
    speed = np.hypot(*velocity.T)
    assert speed[is_fixating == 1].max() < 10 < speed[is_fixating == 0].max()
    assert 0.5 < is_fixating[bins_of(recording, type="backimage")[0]].mean() < 1


def test_gratings_are_told_bin_by_bin(recording):
    bins = bins_of(recording, type="gratings")[0]
    shown = recording.behavior["grating"].read(bins.start, bins.stop)
    expected = movies.stored(
        movies.GRATING_CONTRAST * movies.grating(*shown.T.astype(float), 24)
    )
    difference = movie_of(recording)[bins].astype(int) - expected
    assert np.abs(difference).max() <= 1


def test_what_a_neuron_misses_is_not_valid(recording):
    share = recording.valid(0, recording.n_steps)
    is_trial = np.concatenate([share[bins] for bins in bins_of(recording)])
    assert is_trial.mean() == pytest.approx(0.8, abs=0.12)


def test_no_two_pictures_have_one_name_and_no_copy_is_in_another_part(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a.png", "a.tif", "b.png", "c.png"):
        noise = rng.integers(0, 255, (40, 40), np.uint8)
        skimage.io.imsave(tmp_path / name, noise, check_contrast=False)
    for k in range(6):
        shutil.copy(tmp_path / "b.png", tmp_path / f"copy_{k}.png")
    config = small_config(pictures=str(tmp_path), fixrsvp_repeats=0, train_minutes=1)
    with open_recording(simulate(tmp_path / "a.h5", config)) as recording:
        trials = recording.trials[recording.trials["type"] == "backimage"]
    assert set(trials["picture"]) == {"a.png", "a.tif", "b.png", "c.png"}
    assert (trials.groupby("picture")["part"].nunique() == 1).all()


def test_pictures_come_from_a_folder_and_wrong_ones_are_named(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    folder.mkdir()
    config = small_config(pictures=str(folder), fixrsvp_repeats=0)
    with pytest.raises(ValueError, match="pictures: .* must be at least 3.* got 0"):
        simulate(tmp_path / "a.h5", config)
    for k, shape in enumerate([(40, 60, 3), (500, 450), (50, 50, 4)]):
        noise = rng.integers(0, 255, shape).astype(np.uint8)
        skimage.io.imsave(folder / f"{k}.png", noise, check_contrast=False)
    with open_recording(simulate(tmp_path / "a.h5", config)) as recording:
        assert set(recording.trials["picture"]) - {""} == {f"{k}.png" for k in range(3)}
    flat = np.full((50, 50), 9, np.uint8)
    skimage.io.imsave(folder / "1.png", flat, check_contrast=False)
    with pytest.raises(ValueError, match=r"1\.png: shows nothing"):
        simulate(tmp_path / "a.h5", config)
    (folder / "1.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"1\.png: is no picture"):
        simulate(tmp_path / "a.h5", config)
    with pytest.raises(ValueError, match="is no folder"):
        simulate(tmp_path / "a.h5", small_config(pictures=str(folder / "none")))
