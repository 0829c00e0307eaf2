"""Pictures that follow each other as a film: a gif, or an mp4 where ffmpeg is."""

import contextlib
import itertools
import pathlib
import shutil
import subprocess

import numpy as np
from PIL import Image

from v1model.atomic import atomic_path

N_COLOURS = 255  # of a gif, for all of its frames
ALMOST_WHITE = 248
N_SAMPLES = 8  # frames that its colours are chosen from
LAST_MS = 1500  # how long a gif rests before it begins again
SUFFIXES = (".gif", ".mp4")


def best_suffix():
    """ ".mp4" where ffmpeg is installed, otherwise ".gif"."""
    return ".mp4" if shutil.which("ffmpeg") else ".gif"


def check_film(path):
    """The path of a film that can be written here.

    Raises:
        ValueError: The suffix is neither .gif nor .mp4, or ffmpeg is missing.
    """
    path = pathlib.Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"film {path}: the suffix must be one of {SUFFIXES}.")
    if path.suffix == ".mp4" and not shutil.which("ffmpeg"):
        raise ValueError(f"film {path}: mp4 needs ffmpeg, which is not installed.")
    return path


def write_film(frames, path, fps):
    """Writes a film atomically; the suffix decides how.

    Args:
        frames: Iterable of pictures, (h, w, 3) uint8, all of one size; mp4 cuts an odd
            row or column.
        path: .gif or .mp4.
        fps: Frames per second.

    Raises:
        ValueError: There is no frame, or the film cannot be written here.
        WriteError: The file cannot be written.
    """
    path, frames = check_film(path), iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError(f"film {path}: at least one frame is needed, got 0.")
    write = _write_gif if path.suffix == ".gif" else _write_mp4
    with atomic_path(path) as partial:
        write(itertools.chain([first], frames), partial, fps)


def _write_gif(frames, path, fps):
    frames = list(frames)
    chosen = np.linspace(0, len(frames) - 1, N_SAMPLES).astype(int)
    sample = Image.fromarray(np.concatenate([frames[k] for k in chosen]))
    palette = _with_white(sample.quantize(N_COLOURS, dither=Image.Dither.NONE))
    pages = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    durations = [round(1000 / fps)] * (len(pages) - 1) + [LAST_MS]
    pages[0].save(
        path,
        save_all=True,
        append_images=pages[1:],
        duration=durations,
        loop=0,
        disposal=1,  # what stays the same is not written again
    )


def _with_white(page):
    """The page whose almost white colours are white: averages of a region are not."""
    colours = np.array(page.getpalette(), np.uint8).reshape(-1, 3)
    colours[np.argmax(colours.sum(axis=1, dtype=int))] = 255
    colours[(colours >= ALMOST_WHITE).all(axis=1)] = 255
    page.putpalette(colours.tobytes())
    return page


def _write_mp4(frames, path, fps):
    first = next(frames)
    height, width = (length // 2 * 2 for length in first.shape[:2])
    command = [
        *("ffmpeg", "-y", "-loglevel", "error"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
        *("-r", str(fps), "-i", "-", "-pix_fmt", "yuv420p", "-crf", "20", str(path)),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        with contextlib.suppress(BrokenPipeError):  # its last words say more
            for frame in itertools.chain([first], frames):
                pixels = np.ascontiguousarray(frame[:height, :width])
                process.stdin.write(pixels.tobytes())
        _, said = process.communicate()
    if process.returncode:
        raise OSError(f"{path}: ffmpeg says {said.decode(errors='replace')[-300:]}")
