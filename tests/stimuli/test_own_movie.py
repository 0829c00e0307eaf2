"""A file of the user's own becomes what the column sees, or one line says why not."""

import importlib.util

import numpy as np
import pytest
from PIL import Image

from v1model.stimuli.images import View
from v1model.stimuli.own_movie import Footage, on_screen, read_footage

VIEW = View(x=120.0, y=60.0, width=30.0, height=20.0)
RAMP = np.linspace(0, 255, 12 * 16).reshape(12, 16).astype(np.uint8)


def written(path, frames, **options):
    first, *rest = (Image.fromarray(frame) for frame in frames)
    first.save(path, save_all=bool(rest), append_images=rest, **options)
    return path


def test_a_gif_keeps_its_frames_and_how_long_each_stays(tmp_path):
    frames = [RAMP, 255 - RAMP, RAMP.T[:12, :12].repeat(2, 1)[:, :16]]
    path = written(tmp_path / "a.gif", frames, duration=[40, 100, 20])
    footage = read_footage(path, 1000)
    np.testing.assert_allclose(footage.frames, np.stack(frames) / 255, atol=1e-6)
    assert footage.frame_ms.tolist() == [40, 100, 20]
    assert read_footage(path, 1000, fps=50).frame_ms.tolist() == [20, 20, 20]


def test_no_more_of_a_movie_is_read_than_is_shown(tmp_path):
    frames = [np.roll(RAMP, k) for k in range(10)]
    path = written(tmp_path / "a.gif", frames, duration=20)
    assert len(read_footage(path, 50).frames) == 3
    np.save(tmp_path / "a.npy", np.stack(frames))
    assert len(read_footage(tmp_path / "a.npy", 4).frames) == 4


def test_colours_have_the_luminance_of_rec_709_and_transparency_is_gray(tmp_path):
    colours = np.array([[[255, 0, 0, 255], [0, 255, 0, 255]]], np.uint8)
    colours = np.concatenate([colours, [[[0, 0, 255, 255], [9, 9, 9, 0]]]]).astype("u1")
    footage = read_footage(written(tmp_path / "a.png", [colours]), 100)
    expected = [[0.2125, 0.7154], [0.0721, 128 / 255]]
    np.testing.assert_allclose(footage.frames[0], expected, atol=1e-4)
    assert footage.is_picture


def test_sixteen_bits_are_not_clipped_to_eight(tmp_path):
    deep = np.array([[0, 20_000], [40_000, 65_535]], np.uint16)
    footage = read_footage(written(tmp_path / "a.png", [deep]), 100)
    np.testing.assert_allclose(footage.frames[0], deep / 65_535, rtol=1e-6)


def test_an_array_of_contrasts_comes_back_as_these_contrasts(tmp_path):
    contrast = np.random.default_rng(0).uniform(-1, 1, (5, 20, 30)).astype(np.float32)
    np.save(tmp_path / "a.npy", contrast)
    footage = read_footage(tmp_path / "a.npy", 5)
    movie = on_screen(footage, VIEW, 0, 5, 0)
    assert movie.durations_ms.tolist() == [1] * 5
    seen = movie.frames[:, 50:70, 105:135]  # the view: one pixel is one degree
    np.testing.assert_allclose(seen, contrast, atol=1e-5)
    outside = np.delete(movie.frames, np.s_[105:135], axis=2)
    assert not outside.any()


def test_the_gray_of_a_movie_is_its_mean_and_its_frames_have_one_scale():
    frames = np.stack([np.full((4, 6), 0.1), np.full((4, 6), 0.7)]).astype(np.float32)
    movie = on_screen(Footage(frames, np.array([10.0, 10.0])), VIEW, 5, 20, 5, 2.0)
    assert movie.durations_ms.tolist() == [5, 10, 10, 5]
    centre = movie.frames[:, 60, 120]  # mean 0.4, farther end 1: 2 / 0.6 per unit
    np.testing.assert_allclose(centre, [0, -1, 1, 0], atol=1e-5)


@pytest.mark.parametrize(("spread", "expected"), [(0.05, 0.2), (0.1, 0.2), (0.3, 0.3)])
def test_a_faint_picture_gets_the_contrast_of_those_of_the_tasks(spread, expected):
    checks = np.where(np.indices((20, 30)).sum(axis=0) // 5 % 2, 0.5, -0.5)
    footage = Footage(0.5 + 2 * spread * checks[None], np.array([np.inf]))
    seen = on_screen(footage, VIEW, 0, 9, 0).frames[0, 50:70, 105:135]
    assert seen.std() == pytest.approx(2 * expected, rel=0.05)  # 1 is half of [0, 1]
    assert abs(seen.mean()) < 0.02


@pytest.mark.parametrize(("fps", "shown"), [(30, 400), (60, 333), (7, 50), (1000, 20)])
def test_frames_never_drift_from_their_times_and_a_short_movie_begins_again(fps, shown):
    frames = np.random.default_rng(0).random((3, 4, 6), np.float32)
    movie = on_screen(Footage(frames, np.full(3, 1000 / fps)), VIEW, 0, shown, 0)
    starts = np.cumsum(movie.durations_ms) - movie.durations_ms
    assert movie.duration_ms == shown
    np.testing.assert_allclose(starts, np.arange(len(starts)) * 1000 / fps, atol=0.51)
    for k, frame in enumerate(movie.frames):
        np.testing.assert_array_equal(frame, movie.frames[k % 3])


@pytest.mark.parametrize("shape", [(10, 90), (90, 10), (7, 7)])
def test_all_of_a_picture_lies_within_what_the_column_sees(shape):
    picture = np.random.default_rng(0).uniform(0.8, 1, shape).astype(np.float32)
    footage = Footage(picture[None], np.array([np.inf]), gray=0.0)
    rows, columns = np.nonzero(on_screen(footage, VIEW, 0, 9, 0).frames[0])
    assert rows.min() >= 50 and rows.max() < 70
    assert columns.min() >= 105 and columns.max() < 135
    is_full = rows.max() - rows.min() == 19 or columns.max() - columns.min() == 29
    assert is_full


def test_a_picture_at_the_edge_of_the_field_is_cut():
    view = View(x=2.0, y=118.0, width=30.0, height=20.0)
    picture = np.linspace(0.5, 1, 600, dtype=np.float32).reshape(20, 30)
    footage = Footage(picture[None], np.array([np.inf]), gray=0.0)
    frame = on_screen(footage, view, 0, 9, 0).frames[0]
    np.testing.assert_allclose(frame[108:, :17], picture[:12, 13:], atol=1e-5)
    assert np.count_nonzero(frame) == 12 * 17


def bad_files(folder):
    np.save(folder / "words.npy", np.array([["a"]]))
    np.save(folder / "bright.npy", np.full((3, 4, 4), 2.0))
    np.save(folder / "nan.npy", np.full((3, 4, 4), np.nan))
    np.save(folder / "flat.npy", np.ones((4, 4)))
    np.save(folder / "none.npy", np.ones((0, 4, 4)))
    (folder / "empty.png").touch()
    written(folder / "flat.png", [np.full((30, 30, 3), 120, np.uint8)])
    (folder / "broken.npy").write_bytes(b"\x93NUMPY")
    noise = np.random.default_rng(0).integers(0, 255, (4, 64, 64), np.uint8)
    whole = written(folder / "whole.gif", noise, duration=50).read_bytes()
    (folder / "half.gif").write_bytes(whole[: len(whole) // 2])
    (folder / "movie.webm").touch()
    return {
        "missing.png": "does not exist",
        "movie.webm": "got '.webm'",
        "empty.png": "cannot be read",
        "broken.npy": "cannot be read",
        "half.gif": "cannot be read",
        "words.npy": "got <U1",
        "bright.npy": "got 2 to 2",
        "nan.npy": "got nan",
        "flat.npy": "nothing to see",
        "flat.png": "nothing to see",
        "none.npy": "is empty",
    }


def test_what_cannot_be_shown_is_refused_with_file_and_reason(tmp_path):
    for name, reason in bad_files(tmp_path).items():
        with pytest.raises((ValueError, FileNotFoundError)) as caught:
            read_footage(tmp_path / name, 1000)
        message = str(caught.value)
        assert name in message and reason in message and "\n" not in message


def test_a_frame_rate_beyond_one_per_ms_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((3, 4, 4)))
    with pytest.raises(ValueError, match=r"fps must lie in 0\.\.1000, got 2000"):
        read_footage(tmp_path / "a.npy", 100, fps=2000)


def test_without_a_decoder_a_video_is_answered_with_the_package_to_install(
    tmp_path, monkeypatch
):
    (tmp_path / "a.mp4").touch()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install imageio-ffmpeg"):
        read_footage(tmp_path / "a.mp4", 100)
