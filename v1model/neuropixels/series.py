"""What a session has at any time beside spikes: running speed and pictures."""

import pathlib
import re

import numpy as np

SCENES = "natural_scenes"


class RunningSpeed:
    """The wheel's speed at any time, held over each sample.

    Args:
        session: Session that has it.

    Raises:
        ValueError: A sample has no time, or they are not in order.
    """

    def __init__(self, session):
        table = session.running_speed()
        self._start, self._stop = (
            table[name].to_numpy(np.float64) for name in ("start_s", "stop_s")
        )
        self._speed = table["speed"].to_numpy(np.float32)
        is_wrong = ~np.isfinite(self._start)
        is_wrong[1:] |= np.diff(self._start) < 0
        if is_wrong.any():
            row = int(np.flatnonzero(is_wrong)[0])
            raise ValueError(
                f"{session.path}: timestamps of running_speed must increase, got "
                f"{self._start[row]} s in sample {row}."
            )

    def at(self, times_s):
        """Speed at each time, (t,) float32, cm/s; NaN outside all samples."""
        if not len(self._start):
            return np.full(len(times_s), np.nan, np.float32)
        sample = np.searchsorted(self._start, times_s, side="right") - 1
        is_in = (sample >= 0) & (times_s < self._stop[sample])
        return np.where(is_in, self._speed[sample], np.float32(np.nan))


class SceneIndex:
    """Which natural scene was on the screen at any time.

    Args:
        session: Session with natural scenes.
        folder: Folder of natural_scene_N.tiff, N from 0 on.

    Raises:
        ValueError: There are no scenes, or a picture is missing or of another size.
    """

    def __init__(self, session, folder):
        table = session.presentations_of(SCENES)
        self._start, self._stop = (
            table[name].to_numpy(np.float64) for name in ("start_s", "stop_s")
        )
        self._frame = table["frame"].to_numpy(np.int64)
        self.frames = _read_scenes(pathlib.Path(folder), self._frame.max() + 1)

    def at(self, times_s):
        """Number of the picture at each time, (t,) int64; -1 where there is none."""
        row = np.searchsorted(self._start, times_s, side="right") - 1
        is_in = (row >= 0) & (times_s < self._stop[row])
        return np.where(is_in, self._frame[row], -1)


def _read_scenes(folder, n_least):
    """Pictures (F, height, width) of a folder."""
    from skimage.io import imread  # slow to import

    paths = {
        int(found[1]): path
        for path in folder.glob("natural_scene_*.tiff")
        if (found := re.fullmatch(r"natural_scene_(\d+)\.tiff", path.name))
    }
    n = max(n_least, len(paths))
    missing = [number for number in range(n) if number not in paths]
    if missing:
        raise ValueError(
            f"{folder}: natural_scene_{missing[0]}.tiff is missing; scenes 0 to "
            f"{n - 1} are needed."
        )
    pictures = [np.asarray(imread(paths[number])) for number in range(n)]
    for number, picture in enumerate(pictures):
        if picture.shape != pictures[0].shape or picture.ndim != 2:
            raise ValueError(
                f"{paths[number]}: must be a grey picture of shape "
                f"{pictures[0].shape[:2]}, got {picture.shape}."
            )
    return np.stack(pictures)
