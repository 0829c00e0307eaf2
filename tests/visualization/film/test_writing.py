"""Films come back as the frames that were written."""

import itertools
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageSequence

from visualization.film.writing import best_suffix, check_film, write_film

COLOURS = np.array([[255, 255, 255], [213, 94, 0], [0, 114, 178], [0, 0, 0]], np.uint8)
FRAMES = [COLOURS[np.random.default_rng(k).integers(0, 4, (21, 30))] for k in range(5)]


def test_a_gif_has_every_frame_and_pure_white(tmp_path):
    write_film(iter(FRAMES), tmp_path / "a.gif", fps=20)
    with Image.open(tmp_path / "a.gif") as film:
        durations, found = zip(
            *(
                (page.info["duration"], np.asarray(page.convert("RGB"), int))
                for page in ImageSequence.Iterator(film)
            ),
            strict=True,
        )
    assert durations == (50, 50, 50, 50, 1500)
    for frame, expected in zip(found, FRAMES, strict=True):
        assert np.abs(frame - expected).max() <= 4
        is_white = (expected == 255).all(axis=2)
        assert (frame[is_white] == 255).all()


def test_what_cannot_be_written_is_refused_before_a_frame_is_drawn(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert best_suffix() == ".gif"
    for name, reason in {"a.mp4": "needs ffmpeg", "a.avi": "suffix"}.items():
        with pytest.raises(ValueError, match=f"{name}.*{reason}"):
            check_film(tmp_path / name)
    with pytest.raises(ValueError, match="at least one frame is needed, got 0"):
        write_film([], tmp_path / "a.gif", fps=20)
    assert [*tmp_path.iterdir()] == []


def test_an_mp4_is_made_of_raw_frames_of_even_size(tmp_path, monkeypatch):
    """A stand-in for ffmpeg, which keeps what it is given."""
    tool = tmp_path / "ffmpeg"
    tool.write_text('#!/bin/sh\nfor last; do :; done\necho "$@" >&2\ncat > "$last"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert best_suffix() == ".mp4"
    write_film(iter(FRAMES), tmp_path / "a.mp4", fps=20)
    found = np.frombuffer((tmp_path / "a.mp4").read_bytes(), np.uint8)
    expected = np.stack([frame[:20, :30] for frame in FRAMES])
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)


@pytest.mark.parametrize("reads", ["cat > /dev/null", "exec <&-"])
def test_a_failure_of_ffmpeg_is_told_and_leaves_no_file(tmp_path, monkeypatch, reads):
    """Whether it fails at the end or before it has read anything."""
    tool = tmp_path / "ffmpeg"
    tool.write_text(f"#!/bin/sh\n{reads}\necho no such encoder >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    frames = itertools.chain(FRAMES, itertools.repeat(FRAMES[0], 100))
    with pytest.raises(OSError, match="no such encoder"):
        write_film(frames, tmp_path / "a.mp4", fps=20)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")
def test_ffmpeg_makes_a_film_of_as_many_frames(tmp_path):
    write_film(iter(FRAMES), tmp_path / "a.mp4", fps=20)
    command = ["ffmpeg", "-i", str(tmp_path / "a.mp4"), "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert "frame=    5" in said
