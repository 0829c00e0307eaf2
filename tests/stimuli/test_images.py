"""Pictures: which there are, that none is in both splits, how they are shown."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks import small_network
from v1model.lgn import draw_units
from v1model.network.data import InputPopulation, Synapses
from v1model.stimuli.images import (
    View,
    digit_pictures,
    gray_level,
    natural_pictures,
    place,
    view_of,
)


def correlations(first, second):
    def normalized(pictures):
        flat = pictures.reshape(len(pictures), -1)
        flat = flat - flat.mean(axis=1, keepdims=True)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    return normalized(first) @ normalized(second).T


def test_there_are_40_training_and_8_validation_photographs_of_equal_contrast():
    for split, n in (("training", 40), ("validation", 8)):
        pictures = natural_pictures(split)
        assert pictures.shape == (n, 90, 120)
        assert pictures.dtype == np.float32
        assert pictures.min() >= 0
        assert pictures.max() <= 1
        np.testing.assert_allclose(pictures.mean(axis=(1, 2)), 0.5, atol=0.02)
        np.testing.assert_allclose(pictures.std(axis=(1, 2)), 0.2, atol=0.005)


def test_no_photograph_is_shown_twice_or_in_both_splits():
    training, validation = natural_pictures("training"), natural_pictures("validation")
    everything = np.concatenate([training, validation])
    likeness = correlations(everything, everything)
    np.fill_diagonal(likeness, 0)
    assert likeness.max() < 0.95


def test_the_bundled_digits_are_divided_once_and_the_validation_set_is_balanced():
    training, training_labels = digit_pictures("digits", "training")
    validation, labels = digit_pictures("digits", "validation")
    assert training.shape == (1437, 8, 8)
    assert len(training_labels) == 1437
    np.testing.assert_array_equal(np.bincount(labels), np.full(10, 36))
    assert 0 == training.min() < training.max() == 1
    whole = np.concatenate([training, validation]).reshape(1797, -1)
    assert len(np.unique(whole, axis=0)) == 1797  # so no picture is in both
    again, _ = digit_pictures("digits", "validation")
    np.testing.assert_array_equal(validation, again)


def test_colour_pictures_of_a_keras_set_become_gray(monkeypatch):
    red = np.zeros((2, 32, 32, 3), np.uint8)
    red[..., 0] = 255
    sets = ((red, np.array([[3], [4]])), (red[:1], np.array([[5]])))
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: sets)
    pictures, labels = digit_pictures("cifar10", "training")
    assert pictures.shape == (2, 32, 32)
    np.testing.assert_allclose(pictures, 0.2125, atol=1e-3)  # luminance of pure red
    np.testing.assert_array_equal(labels, [3, 4])
    assert len(digit_pictures("cifar10", "validation")[0]) == 1


def test_a_set_that_cannot_be_had_is_named_with_its_place_in_the_cache(
    monkeypatch, tmp_path
):
    def refuse():
        raise Exception("URL fetch failure")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", refuse)
    with pytest.raises(FileNotFoundError, match=r"'mnist'.*datasets/mnist\.npz"):
        digit_pictures("mnist", "training")


def test_an_unknown_set_or_split_is_refused_with_the_choices():
    with pytest.raises(ValueError, match=r"'letters'.*digits, mnist"):
        digit_pictures("letters", "training")
    with pytest.raises(ValueError, match=r"'test'"):
        natural_pictures("test")


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(1, 150),
    st.tuples(st.floats(-20, 260), st.floats(-20, 140)),
    st.sampled_from([None, 0.0]),
)
def test_a_frame_is_gray_outside_the_picture_and_bounded_inside(
    seed, degrees, centre, gray
):
    picture = np.random.default_rng(seed).random((9, 12))
    frame = place(picture, degrees, centre, 2.0, gray)
    assert frame.shape == (120, 240)
    assert frame.dtype == np.float32
    assert np.abs(frame).max() <= 2 + 1e-5
    row, column = np.mgrid[:120, :240] + 0.5
    width = degrees * 12 / 9
    is_outside = np.abs(row - centre[1]) > degrees / 2 + 1.5
    is_outside |= np.abs(column - centre[0]) > width / 2 + 1.5
    assert (frame[is_outside] == 0).all()


def test_a_photograph_is_on_average_gray_with_the_contrast_of_all_others():
    for picture in natural_pictures("validation"):
        frame = place(picture, 90, (120, 60), 2.0)
        shown = frame[15:105, 60:180]
        assert shown.mean() == pytest.approx(0, abs=1e-5)
        # [0, 1] becomes [-2, 2], so 0.2 becomes 0.8.
        assert shown.std() == pytest.approx(0.8, abs=0.05)
        assert np.abs(frame).max() <= 2.1


def test_a_digit_is_bright_strokes_without_a_border():
    pictures, _ = digit_pictures("digits", "validation")
    for picture in pictures[:20]:
        frame = place(picture, 24, (120, 60), 2.0, gray_level("digits"))
        assert frame.min() == 0
        assert frame.max() == pytest.approx(2)
        # Its background is the gray of the screen (8 x 8 pixels of 3 degrees).
        inside = frame[48:72, 108:132].reshape(8, 3, 8, 3)[:, 1, :, 1]
        assert np.abs(inside[picture == 0]).mean() < 0.15


def test_a_picture_keeps_its_size_and_its_centre():
    picture = np.ones((10, 20))
    frame = place(picture, 30, (100, 50), 1.0, gray=0.0)
    rows, columns = np.nonzero(frame > 0.5)
    assert (rows.min(), rows.max() + 1) == (35, 65)
    assert (columns.min(), columns.max() + 1) == (70, 130)


def test_shrinking_a_picture_does_not_alias():
    stripes = np.tile([0.0, 1.0], (120, 60))
    frame = place(stripes, 16, (120, 60), 1.0, gray=0.5)
    shrunk = frame[54:66, 114:126] / max(np.abs(frame).max(), 1e-6)
    original = place(np.full((120, 120), 0.5), 16, (120, 60), 1.0, gray=0.5)
    assert (original == 0).all()
    assert np.abs(np.diff(shrunk, axis=0)).max() < 0.1


def test_the_view_is_where_the_synapses_look():
    units = draw_units(0)
    n = len(units)
    near = np.flatnonzero(np.hypot(units.x - 150, units.y - 40) < 10)
    synapses = Synapses(
        post=np.zeros(len(near)),
        pre=near,
        receptor=np.zeros(len(near)),
        weight=np.ones(len(near)),
        delay=np.ones(len(near)),
    )
    view = view_of(InputPopulation(n, synapses, units))
    assert view.x == pytest.approx(150, abs=2)
    assert view.y == pytest.approx(40, abs=2)
    assert 12 < view.width < 20
    assert 12 < view.height < 20


def test_a_network_without_a_table_of_lgn_units_has_no_view():
    synapses = small_network().lgn.synapses
    with pytest.raises(ValueError, match="LGN units"):
        view_of(InputPopulation(20, synapses))


def test_a_contained_picture_fits_the_view_and_a_covering_one_fills_it():
    view = View(120, 60, width=40, height=30)
    for aspect in (0.5, 4 / 3, 3):
        inside = view.height_to_contain(aspect)
        assert inside <= 30
        assert aspect * inside <= 40 + 1e-9
        around = view.height_to_cover(aspect)
        assert around >= 30
        assert aspect * around >= 40 - 1e-9
