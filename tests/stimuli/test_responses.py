"""LGN rates to sequences of pictures, computed or read from published files."""

import pickle

import numpy as np
import pytest

from v1model.lgn.movie import Movie
from v1model.stimuli import responses
from v1model.stimuli.gratings import GratingSet
from v1model.stimuli.responses import (
    GratingRates,
    PictureRates,
    PublishedRates,
    published_columns,
    published_ms,
    published_paths,
    read_published_rates,
)
from v1model.stimuli.trials import GRAY

SHAPE = (1000, 6)


@pytest.fixture
def six_units(monkeypatch):
    """As if there were 6 published units instead of 17,400."""
    monkeypatch.setattr(responses, "PUBLISHED_SHAPE", SHAPE)


def written(path, stored):
    path.write_bytes(pickle.dumps(stored))
    return path


def rates_of(n, shape=SHAPE):
    return np.random.default_rng(0).uniform(1, 50, (n, *shape))


def test_computed_rates_are_those_of_the_movie(lgn):
    frames = np.random.default_rng(0).uniform(-2, 2, (2, 120, 240))
    shown = [(GRAY, 40), (1, 110), (0, 30), (GRAY, 120)]
    gray = np.zeros((120, 240))
    movie = Movie(np.stack([gray, frames[1], frames[0], gray]), [40, 110, 30, 120])
    found = PictureRates(lgn, lambda k: frames[k])(shown, 200)
    np.testing.assert_allclose(found, lgn.rates(movie)[-200:], rtol=1e-5, atol=1e-4)


def test_a_picture_is_filtered_once_however_often_it_is_shown(lgn):
    drawn = []

    def frame(number):
        drawn.append(number)
        return np.full((120, 240), number / 10, np.float32)

    rates = PictureRates(lgn, frame)
    first = rates([(3, 50), (GRAY, 50), (3, 50)], 150)
    rates([(np.int64(3), 50), (5, 50)], 100)
    np.testing.assert_array_equal(rates([(3, 50), (GRAY, 50), (3, 50)], 150), first)
    assert drawn == [3, 5]


def test_a_picture_is_seen_in_the_rates_for_no_longer_than_the_memory(lgn):
    rates = PictureRates(lgn, lambda k: np.full((120, 240), 2.0, np.float32))
    gray_ms = rates.memory_ms - 1
    found = rates([(0, 100), (GRAY, gray_ms), (GRAY, 50)], 50)
    np.testing.assert_allclose(found, [lgn.spontaneous_rates] * 50, rtol=1e-4)


def test_a_screen_between_pictures_may_be_something_else_than_gray(lgn):
    frames = np.random.default_rng(1).uniform(-2, 2, (2, 120, 240)).astype(np.float32)
    shown = [(0, 50), (GRAY, 30), (0, 20), (GRAY, 60)]
    rates = PictureRates(lgn, lambda k: frames[k], frames[1])
    movie = Movie(frames[[0, 1, 0, 1]], [50, 30, 20, 60])
    np.testing.assert_allclose(rates(shown, 160), lgn.rates(movie), rtol=1e-4)


@pytest.mark.parametrize("temporal_frequency", [0.0, 2.0, 15.0])
def test_rates_to_gratings_are_those_of_the_movie(lgn, temporal_frequency):
    gratings = GratingSet(
        orientations=np.array([45.0, 130.0]),
        phases=np.array([0.0, 77.0, 250.0]),
        centre=(100.0, 50.0),
        spatial_frequency=0.05,
        temporal_frequency=temporal_frequency,
        contrast=2.0,
    )
    shown = [(GRAY, 50), (1, 100), (GRAY, 60), (5, 100), (4, 40), (GRAY, 50)]
    movie = np.concatenate(
        [
            np.zeros((ms, 120, 240)) if k == GRAY else gratings[k].movie(ms)
            for k, ms in shown
        ]
    )
    found = GratingRates(lgn, gratings)(shown, 300)
    np.testing.assert_allclose(found, lgn.rates(movie)[-300:], rtol=1e-4, atol=1e-3)


def test_all_phases_of_an_orientation_are_filtered_once():
    filtered = []

    class CountingLGN:
        def spatial_responses(self, frames):
            filtered.append(len(frames))
            return np.zeros((1, len(frames)), np.float32)

        def rates_from_spatial(self, responses, durations):
            return np.zeros((sum(durations), 1))

    gratings = GratingSet([0.0, 9.0], np.arange(360), (0, 0), 0.05, 0.0, 1.0)
    rates = GratingRates(CountingLGN(), gratings)
    rates([(k, 50) for k in (3, 200, 359)], 150)
    assert filtered == [1, 2]  # gray, then sine and cosine
    rates([(360, 50), (1, 50)], 100)
    assert filtered == [1, 2, 2]


def test_published_rates_follow_a_picture_until_the_pause():
    stored = [np.full((300, 2), 100.0 * k) + np.arange(300)[:, None] for k in (1, 2)]
    pause = np.full((50, 2), 7.0)
    rates = PublishedRates(stored, pause)
    shown = [(GRAY, 50), (1, 100), (GRAY, 150), (GRAY, 50), (0, 100), (GRAY, 150)]
    expected = [pause, stored[1][50:300], pause, stored[0][50:300]]
    np.testing.assert_array_equal(rates(shown, 600), np.concatenate(expected))
    np.testing.assert_array_equal(rates(shown, 10), stored[0][290:300])


@pytest.mark.parametrize("is_dict", [True, False])
def test_a_published_file_is_a_dictionary_of_names_or_an_array(
    six_units, tmp_path, is_dict
):
    stored = rates_of(3)
    held = {f"im{k}": rates for k, rates in enumerate(stored)} if is_dict else stored
    path = written(tmp_path / "many.pkl", held)
    columns = np.array([4, 0])
    kept, pause = read_published_rates(path, 300, columns)
    np.testing.assert_allclose(kept, stored[:, :300, columns], rtol=1e-6)
    np.testing.assert_allclose(pause, stored[0, -50:, columns].T, rtol=1e-6)
    assert kept[0].dtype == pause.dtype == np.float32


def with_nan():
    stored = rates_of(2)
    stored[1, 100, 2] = np.nan
    return stored


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (
            {"a": rates_of(1)[0], "b": np.ones((9, 6))},
            r"'b' must have shape .*\(9, 6\)",
        ),
        (rates_of(2, (1000, 5)), r"response 0 must have shape .*got \(1000, 5\)"),
        (rates_of(1), "needs at least 2 pictures, the file has 1"),
        ({}, "needs at least 2 pictures, the file has 0"),
        (-rates_of(2), "response 0 must not be negative or NaN, got -49"),
        (with_nan(), "response 1 must not be negative or NaN, got nan"),
    ],
)
def test_a_published_file_that_cannot_be_used_is_named_with_its_fault(
    six_units, tmp_path, stored, message
):
    path = written(tmp_path / "many.pkl", stored)
    with pytest.raises(ValueError, match=f"many.pkl: .*{message}"):
        read_published_rates(path, 300, np.arange(6))


def test_published_files_lie_beside_the_folder_and_come_in_pairs(tmp_path):
    folder = tmp_path / "GLIF_network"
    folder.mkdir()
    assert published_paths("") is None
    assert published_paths(folder) is None
    (tmp_path / "many_small_stimuli.pkl").touch()
    with pytest.raises(FileNotFoundError, match="alternate_small_stimuli.pkl is miss"):
        published_paths(folder)
    (tmp_path / "alternate_small_stimuli.pkl").touch()
    training, validation = published_paths(f"{folder}/")
    assert training == tmp_path / "many_small_stimuli.pkl"
    assert validation == tmp_path / "alternate_small_stimuli.pkl"


def test_published_files_beside_the_working_directory_are_found(tmp_path, monkeypatch):
    for name in responses.PUBLISHED_FILES:
        (tmp_path / name).touch()
    (tmp_path / "GLIF_network").mkdir()
    monkeypatch.chdir(tmp_path / "GLIF_network")
    assert published_paths(".")[0].parent == tmp_path


@pytest.mark.parametrize(
    ("n_inputs", "inputs", "message"),
    [
        (20, None, "this network has 20 .numbers given: 6, up to 5"),
        (2, [3, 6], "this network has 2 .numbers given: 2, up to 6"),
        (3, [0, 1], "this network has 3 .numbers given: 2"),
    ],
)
def test_units_that_are_not_the_published_ones_are_refused(
    six_units, n_inputs, inputs, message
):
    with pytest.raises(ValueError, match=message):
        published_columns("many.pkl", n_inputs, inputs)


def test_times_that_no_published_response_has_are_refused(six_units):
    assert published_ms("many.pkl", 100, 850) == 1000
    with pytest.raises(ValueError, match="many.pkl: .*im_slice cannot be 200"):
        published_ms("many.pkl", 200, 150)
    with pytest.raises(ValueError, match="last 1000 ms, but these delays need 1050"):
        published_ms("many.pkl", 100, 900)
