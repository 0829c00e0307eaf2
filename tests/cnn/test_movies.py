import numpy as np
import pytest

from v1model.cnn.movies import StoredMovie


def test_grey_is_0_and_levels_are_a_255th_apart():
    frames = np.arange(256, dtype=np.uint8).reshape(256, 1, 1)
    movie = StoredMovie(frames, None, "a").read(0, 256)
    assert movie.dtype == np.float32
    np.testing.assert_allclose(movie.ravel(), (np.arange(256) - 127.0) / 255, atol=1e-7)
    assert movie[127] == 0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floating_point_numbers_stay_as_they_are(dtype):
    frames = np.random.default_rng(0).normal(size=(5, 2, 3, 2)).astype(dtype)
    movie = StoredMovie(frames, None, "a").read(1, 4)
    assert movie.dtype == np.float32 and movie.shape == (3, 2, 3, 2)
    np.testing.assert_array_equal(movie, frames[1:4].astype(np.float32))


def test_a_bin_without_a_picture_is_grey_and_pictures_come_by_their_number():
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (4, 3, 2), np.uint8)
    index = np.array([2, -1, 0, 0, -1, 3])
    movie = StoredMovie(frames, index, "a")
    assert movie.n_bins == 6 and movie.frame_shape == (3, 2, 1)
    expected = np.zeros((6, 3, 2, 1))
    for bin_, frame in enumerate(index):
        if frame >= 0:
            expected[bin_, ..., 0] = (frames[frame].astype(float) - 127) / 255
    np.testing.assert_allclose(movie.read(0, 6), expected, atol=1e-7)
    np.testing.assert_allclose(movie.read(3, 5), expected[3:5], atol=1e-7)


def test_reading_leaves_the_stored_frames_as_they_were():
    frames = np.ones((2, 2, 2, 1), np.float32)
    StoredMovie(frames, np.array([-1, 0]), "a").read(0, 2)[:] = 7
    StoredMovie(frames, None, "a").read(0, 2)[:] = 7
    assert (frames == 1).all()


def test_bins_with_a_pixel_that_is_no_number_are_known():
    frames = np.ones((3, 2, 2), np.float32)
    frames[[1, 2], 0, 1] = np.nan, np.inf
    index = np.array([0, 1, -1, 0, 2])  # no picture is no unknown one
    assert StoredMovie(frames, None, "a").is_finite().tolist() == [True, False, False]
    found = StoredMovie(frames, index, "a")
    assert found.is_finite().tolist() == [True, False, True, True, False]
    assert np.isfinite(found.read(0, 5)).all()


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "int64", "bool"])
def test_types_whose_grey_nobody_knows_are_refused(dtype):
    with pytest.raises(ValueError, match=f"a.h5: movie must be uint8 .* got {dtype}"):
        StoredMovie(np.zeros((2, 3, 3), dtype), None, "a.h5: movie")


def test_frames_that_are_no_pictures_are_refused():
    with pytest.raises(ValueError, match=r"frames \(H, W\) .* got \(5,\)"):
        StoredMovie(np.zeros((2, 5), np.uint8), None, "a.h5: movie")


@pytest.mark.parametrize("wrong", [-2, 4])
def test_a_picture_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ValueError, match=f"-1 to 3, got .*{wrong}"):
        StoredMovie(np.zeros((4, 2, 2), np.uint8), np.array([0, wrong]), "a.h5: movie")
