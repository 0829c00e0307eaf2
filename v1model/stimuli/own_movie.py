"""Movies and pictures of the user's own: from a file to the visual field."""

import importlib.util
import itertools
import math
import pathlib
from typing import NamedTuple

import imageio.v3 as imageio  # scikit-image reads its pictures with it
import numpy as np
from PIL import Image, ImageOps, ImageSequence
from skimage import color, transform

from v1model.lgn.kernels import N_COLUMNS, N_ROWS
from v1model.lgn.movie import Movie
from v1model.stimuli.images import RMS_CONTRAST

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
VIDEO_SUFFIXES = (".mp4", ".avi")  # for which imageio needs a plugin
SUFFIXES = (*PICTURE_SUFFIXES, ".gif", ".npy", *VIDEO_SUFFIXES)
DEFAULT_GIF_MS = 100  # of a frame that says nothing, as browsers show it
LEAST_CONTRAST = 1 / 512  # of luminance: half a step of 8 bits
NPY_FRAME_MS = 1.0  # an array has one frame per ms, as everywhere in the library
# What the decoders raise for a file that they cannot read.
_UNREADABLE = (
    *(OSError, ValueError, SyntaxError, EOFError, RuntimeError),
    Image.DecompressionBombError,
)


class Footage(NamedTuple):
    """F frames as they were recorded.

    frames: Luminance, (F, h, w) float32 in [0, 1].
    frame_ms: How long each stays, (F,) float, ms; infinite for a picture.
    gray: Luminance that is shown as gray; None is the mean over the movie.
    """

    frames: np.ndarray
    frame_ms: np.ndarray
    gray: float | None = None

    @property
    def is_picture(self):
        return not np.isfinite(self.frame_ms[0])

    @property
    def duration_ms(self):
        return float(self.frame_ms.sum())


def read_footage(path, longest_ms, fps=0.0):
    """Reads a movie or a picture.

    Colours become luminance, and what is transparent middle gray. Of a movie no more
    than the first `longest_ms` are read.

    Args:
        path: .png, .jpg: a picture. .gif, .mp4, .avi: a movie. .npy: luminance, (T, H,
            W), or (H, W) of a picture; integers of 8 bits, floats from 0 to 1, or,
            if there are negative ones, contrast from -1 to 1 where 0 is gray.
        longest_ms: How much is needed, ms.
        fps: Frames per second; 0 takes those of the file, and one frame per ms for
            .npy.

    Returns:
        Footage.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The suffix is unknown, the file cannot be read, shows nothing, or
            has more than 1,000 frames per second.
    """
    path = pathlib.Path(path).expanduser()
    suffix = path.suffix.lower()
    if not path.is_file():
        raise FileNotFoundError(f"stimulus {path} does not exist.")
    if suffix not in SUFFIXES:
        raise ValueError(
            f"stimulus {path}: a file in {', '.join(SUFFIXES)} is needed, got "
            f"'{suffix}'."
        )
    if not 0 <= fps <= 1000:
        raise ValueError(f"stimulus {path}: fps must lie in 0..1000, got {fps:g}.")
    frame_ms = 1000 / fps if fps else None
    if suffix == ".npy":
        footage = _read_npy(path, longest_ms, frame_ms)
    elif suffix in VIDEO_SUFFIXES:
        footage = _read_video(path, longest_ms, frame_ms)
    else:
        footage = _read_pictures(path, longest_ms, frame_ms)
    _check(path, footage)
    return footage


def on_screen(footage, view, gray_before, shown_ms, gray_after, intensity=1.0):
    """The footage where the column looks, with gray around it and before and after.

    All of it lies within the view. A movie that is longer is cut, and one that is
    shorter begins again. All frames have one scale: what counts as gray becomes 0, and
    the end of [0, 1] that is farther from it +-intensity. If its gray is not known and
    it has less contrast than the pictures of the tasks, it gets theirs.

    Args:
        footage: Footage.
        view: View of the column.
        gray_before, shown_ms, gray_after: How long, ms; whole numbers.
        intensity: Largest contrast.

    Returns:
        Movie of gray_before + shown_ms + gray_after ms.
    """
    frames, (h, w) = footage.frames, footage.frames.shape[1:]
    degrees = view.height_to_contain(w / h)
    shape = max(round(degrees), 1), max(round(degrees * w / h), 1)
    # Low-passed before they shrink, as the pictures of the tasks are.
    looks = {"order": 3, "mode": "edge", "anti_aliasing": True, "clip": True}
    shown = np.stack([transform.resize(frame, shape, **looks) for frame in frames])
    contrast = _contrast(shown, footage.gray, intensity)
    screen = np.zeros((1 + len(frames), N_ROWS, N_COLUMNS), np.float32)
    rows, from_top = _placed(view.y, shape[0], N_ROWS)
    columns, from_left = _placed(view.x, shape[1], N_COLUMNS)
    screen[1:, rows, columns] = contrast[:, from_top, from_left]
    index, durations = _schedule(footage, shown_ms)
    parts = [(0, gray_before), *zip(index + 1, durations, strict=True), (0, gray_after)]
    index, durations = zip(*(part for part in parts if part[1]), strict=True)
    return Movie(screen[list(index)], durations)


def _contrast(shown, gray, intensity):
    """Luminance as contrast; see `on_screen`."""
    if gray is not None:
        return (shown - gray) * intensity / max(gray, 1 - gray)
    gray = shown.mean()
    gain = max(RMS_CONTRAST / max(shown.std(), LEAST_CONTRAST), 1)
    contrast = gain * (shown - gray) * intensity / max(gray, 1 - gray)
    return np.clip(contrast, -intensity, intensity)


def _placed(middle, size, field):
    """Pixels of the field that a picture covers, and which of its own they show."""
    first = round(middle - size / 2)
    start, stop = max(first, 0), min(first + size, field)
    return slice(start, stop), slice(start - first, stop - first)


def _schedule(footage, shown_ms):
    """Frame in each stretch and its whole ms, without stretches of 0 ms."""
    if footage.is_picture:
        return np.array([0]), np.array([shown_ms])
    n_turns = math.ceil(shown_ms / footage.duration_ms)
    ends = np.cumsum(np.tile(footage.frame_ms, n_turns))
    # Rounded ends, not rounded lengths: the frames never drift from their times.
    ends = np.minimum(np.round(ends), shown_ms).astype(int)
    durations = np.diff(ends, prepend=0)
    shown = np.flatnonzero(durations)
    return shown % len(footage.frames), durations[shown]


def _check(path, footage):
    frames, frame_ms = footage.frames, footage.frame_ms
    if not frames.size:
        raise ValueError(f"stimulus {path} is empty: {frames.shape} pixels.")
    if np.ptp(frames) < LEAST_CONTRAST:
        raise ValueError(
            f"stimulus {path} has the luminance {frames.flat[0]:.2g} everywhere: there "
            "is nothing to see."
        )
    if frame_ms.min() < 1:
        raise ValueError(
            f"stimulus {path} has more than 1,000 frames per second; give --fps."
        )


def _read_pictures(path, longest_ms, frame_ms):
    frames, durations = [], []
    try:
        with Image.open(path) as file:
            n_frames = getattr(file, "n_frames", 1)
            for page in ImageSequence.Iterator(file):
                frames.append(_luminance_of(page))
                own = page.info.get("duration") or DEFAULT_GIF_MS
                durations.append(frame_ms or own)
                if sum(durations) >= longest_ms:
                    break
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if n_frames == 1:
        durations = [math.inf]
    return Footage(np.stack(frames), np.array(durations, float))


def _luminance_of(page):
    """(h, w) float32 in [0, 1] of a Pillow image."""
    if page.mode.startswith("I"):  # 16 bits, which Pillow would clip to 8
        return np.asarray(page, np.float32) / 65535
    page = ImageOps.exif_transpose(page).convert("RGBA")
    backdrop = Image.new("RGBA", page.size, (128, 128, 128, 255))
    return _luminance(np.asarray(Image.alpha_composite(backdrop, page))[..., :3])


def _luminance(picture):
    """(h, w) float32 in [0, 1] of RGB in 0..255, (h, w, 3)."""
    return color.rgb2gray(picture / np.float32(255)).astype(np.float32)


def _read_video(path, longest_ms, frame_ms):
    plugin = _video_plugin(path)
    try:
        if frame_ms is None:
            frame_ms = 1000 / imageio.immeta(path, plugin=plugin)["fps"]
        pages = imageio.imiter(path, plugin=plugin)
        needed = itertools.islice(pages, math.ceil(longest_ms / frame_ms))
        frames = [_luminance(page) for page in needed]
    except (*_UNREADABLE, KeyError, ZeroDivisionError) as error:
        raise _unreadable(path, error) from error
    if not frames:
        raise ValueError(f"stimulus {path} has no frame.")
    return Footage(np.stack(frames), np.full(len(frames), frame_ms))


def _video_plugin(path):
    """The first of imageio's plugins for videos that is installed."""
    for plugin, module in (("pyav", "av"), ("FFMPEG", "imageio_ffmpeg")):
        if importlib.util.find_spec(module):
            return plugin
    raise ValueError(
        f"stimulus {path}: videos need a decoder; `pip install imageio-ffmpeg`, or "
        "convert it to a gif."
    )


def _read_npy(path, longest_ms, frame_ms):
    try:
        stored = np.load(path, mmap_mode="r")
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    is_picture = stored.ndim == 2
    if stored.ndim not in (2, 3) or stored.dtype.kind not in "uif":
        raise ValueError(
            f"stimulus {path}: numbers of shape (T, H, W) or (H, W) are needed, got "
            f"{stored.dtype} of shape {stored.shape}."
        )
    frame_ms = math.inf if is_picture else frame_ms or NPY_FRAME_MS
    stored = stored[None] if is_picture else stored
    n_needed = max(math.ceil(longest_ms / frame_ms), 1)
    frames = np.array(stored[:n_needed], np.float32)
    if stored.dtype.kind != "f":
        frames /= 255
    low, high = (frames.min(), frames.max()) if frames.size else (0, 1)
    if not -1 <= low <= high <= 1:  # NaN is not either
        raise ValueError(
            f"stimulus {path}: values must lie in 0..255 (integers), 0..1 or -1..1, "
            f"got {low:g} to {high:g}."
        )
    is_contrast = low < 0
    if is_contrast:
        frames = (frames + 1) / 2
    durations = np.full(len(frames), frame_ms)
    return Footage(frames, durations, gray=0.5 if is_contrast else None)


def _unreadable(path, error):
    reason = " ".join(str(error).split()) or type(error).__name__
    return ValueError(f"stimulus {path} cannot be read: {reason[:200].rstrip('.')}.")
