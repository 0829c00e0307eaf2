"""Pictures that the column sees: photographs, labelled sets, and how they are shown."""

import os
import pathlib
from typing import NamedTuple

import numpy as np
from skimage import color, data, transform

from v1model.lgn.kernels import N_COLUMNS, N_ROWS
from v1model.stimuli.streams import check_split

# Photographs inside the scikit-image wheel (its other ones are downloaded). Each is
# cut into rows of tiles; the tiles with most contrast are kept. Training and
# validation pictures come from different photographs. 40 and 8 pictures, as in
# Chen et al. 2022.
_PHOTOGRAPHS = {
    "training": (
        ("astronaut", 4, 10),
        ("stereo_motorcycle", 3, 9),
        ("chelsea", 3, 8),
        ("immunohistochemistry", 3, 6),
        ("retina", 4, 7),
    ),
    "validation": (
        ("camera", 3, 2),
        ("coffee", 3, 2),
        ("rocket", 3, 2),
        ("coins", 3, 2),
    ),
}
RMS_CONTRAST = 0.2  # of a natural picture: standard deviation of its luminance
PICTURE_HEIGHT, PICTURE_WIDTH = 90, 120  # pixels of a natural picture

_SPLIT_SEED = 20230615  # of the one and only division of the bundled digits
_DIGITS_HELD_OUT = 36  # per class


class View(NamedTuple):
    """The part of the visual field that a column sees, degrees.

    x, y are its centre, from the left and from the top of the field of 240 x 120.
    """

    x: float
    y: float
    width: float
    height: float

    def height_to_contain(self, aspect):
        """Largest height of a picture (width = aspect * height) that fits inside."""
        return min(self.height, self.width / aspect)

    def height_to_cover(self, aspect):
        """Smallest height of a picture that leaves nothing of the view gray."""
        return max(self.height, self.width / aspect)


def view_of(lgn):
    """The view of a column: where 90 % of the synapses from its LGN units look.

    Args:
        lgn: InputPopulation with units; the middle 90 % of the synapses count, along
            each axis.
    """
    if lgn.units is None:
        raise ValueError("the view of a column needs LGN units, got none.")
    pre = lgn.synapses.pre if len(lgn.synapses) else np.arange(lgn.n_inputs)
    left, middle_x, right = np.percentile(lgn.units.x[pre], (5, 50, 95))
    top, middle_y, bottom = np.percentile(lgn.units.y[pre], (5, 50, 95))
    width, height = max(right - left, 1.0), max(bottom - top, 1.0)
    return View(float(middle_x), float(middle_y), float(width), float(height))


def natural_pictures(split):
    """Gray crops of the photographs that scikit-image ships.

    Args:
        split: "training" (40 pictures) or "validation" (8, of other photographs).

    Returns:
        (n, 90, 120) float32, luminance in [0, 1]; all have mean 0.5 and RMS_CONTRAST,
        so that no picture is told from another by how strongly it drives the LGN.
    """
    crops = []
    for name, n_rows, n_crops in _PHOTOGRAPHS[check_split(split)]:
        photograph = getattr(data, name)()
        if isinstance(photograph, tuple):  # a stereo pair and its disparity
            photograph = photograph[0]
        crops += _best_tiles(_luminance(photograph), n_rows, n_crops)
    shape = (PICTURE_HEIGHT, PICTURE_WIDTH)
    return np.stack([_equalized(_resized(crop, shape)) for crop in crops])


def digit_pictures(name, split):
    """A labelled set of ten classes.

    Args:
        name: "digits" (scikit-learn's 1797 handwritten digits of 8 x 8 pixels) or
            "mnist", "fashion_mnist", "cifar10" (from Keras' cache, else downloaded).
        split: "training" or "validation". Digits are divided once and for all, 36 of
            each class held out; the others have a published test set.

    Returns:
        Pictures (n, h, w) float32 in [0, 1], and labels (n,) int32.

    Raises:
        ValueError: The set is unknown.
        FileNotFoundError: The set is neither in the cache nor can be downloaded.
    """
    is_validation = check_split(split) == "validation"
    if name == "digits":
        return _bundled_digits(is_validation)
    if name not in _KERAS_FILES:
        choices = ", ".join(("digits", *_KERAS_FILES))
        raise ValueError(f"unknown pictures {name!r}, choose from {choices}.")
    pictures, labels = _load_keras(name)[is_validation]
    return _luminance(pictures / np.float32(255)), labels.reshape(-1).astype(np.int32)


def gray_level(name):
    """Luminance in [0, 1] that is shown as gray; None is each picture's mean.

    Strokes and clothes stand on an empty background, which is the gray of the
    screen; photographs have none.
    """
    return None if name in ("natural", "cifar10") else 0.0


def place(picture, degrees, centre, intensity, gray=None):
    """A frame with the picture on a gray screen.

    The luminance that counts as gray becomes 0 and the end of [0, 1] that is farther
    from it becomes +-intensity: the same scale for every picture of a set, as
    published. The screen around the picture is 0, so that only the picture appears at
    its onset.

    Args:
        picture: (h, w) luminance in [0, 1].
        degrees: Height of the picture; parts outside the field are cut.
        centre: (x, y) from the left and the top of the field, degrees.
        intensity: Largest luminance; 0 is gray.
        gray: Luminance of the picture that is shown as gray; None is its mean, and
            gives the picture the RMS contrast of all others at the size that is shown.

    Returns:
        (120, 240) float32, one pixel per degree.
    """
    height = max(round(degrees), 1)
    width = max(round(degrees * picture.shape[1] / picture.shape[0]), 1)
    shown = _resized(picture, (height, width))
    if gray is None:
        # Only what is left of the details at this size drives the LGN.
        shown = _equalized(shown)
        gray = shown.mean()
    contrast = (shown - gray) * intensity / max(gray, 1 - gray)
    frame = np.zeros((N_ROWS, N_COLUMNS), np.float32)
    left, top = round(centre[0] - width / 2), round(centre[1] - height / 2)
    rows = slice(max(top, 0), max(top + height, 0))
    columns = slice(max(left, 0), max(left + width, 0))
    shape = frame[rows, columns].shape
    above, before = max(-top, 0), max(-left, 0)
    visible = contrast[above : above + shape[0], before : before + shape[1]]
    frame[rows, columns] = visible
    return frame


def _best_tiles(photograph, n_rows, n_crops):
    height = photograph.shape[0] // n_rows
    width = height * PICTURE_WIDTH // PICTURE_HEIGHT
    n_columns = photograph.shape[1] // width
    margin = (photograph.shape[1] - n_columns * width) // 2
    tiles = [
        photograph[row * height :, margin + column * width :][:height, :width]
        for row in range(n_rows)
        for column in range(n_columns)
    ]
    by_contrast = sorted(tiles, key=lambda tile: -tile.std())
    return by_contrast[:n_crops]


def _equalized(picture):
    # Clipping to [0, 1] takes some contrast away again: a few rounds restore it.
    for _ in range(10):
        spread = max(picture.std(), 1e-6)
        contrast = (picture - picture.mean()) / spread * RMS_CONTRAST
        picture = np.clip(0.5 + contrast, 0, 1)
    return picture.astype(np.float32)


def _resized(picture, shape):
    # Bicubic, low-passed first when the picture shrinks; clipped to its own range.
    resized = transform.resize(
        picture, shape, order=3, mode="edge", anti_aliasing=True, clip=True
    )
    return resized.astype(np.float32)


def _luminance(pictures):
    if pictures.shape[-1] in (3, 4):
        return color.rgb2gray(pictures[..., :3]).astype(np.float32)
    scale = 255 if pictures.dtype == np.uint8 else 1
    return (pictures / scale).astype(np.float32)


def _bundled_digits(is_validation):
    from sklearn import datasets

    digits = datasets.load_digits()
    order = np.random.default_rng(_SPLIT_SEED).permutation(len(digits.target))
    labels = digits.target[order]
    is_held_out = np.zeros(len(labels), bool)
    for label in range(10):
        is_held_out[np.flatnonzero(labels == label)[:_DIGITS_HELD_OUT]] = True
    chosen = order[is_held_out == is_validation]
    pictures = (digits.images[chosen] / 16).astype(np.float32)
    return pictures, digits.target[chosen].astype(np.int32)


# What the published sets are called in Keras' cache.
_KERAS_FILES = {
    "mnist": "mnist.npz",
    "fashion_mnist": "fashion-mnist",
    "cifar10": "cifar-10-batches-py-target_archive",
}


def _load_keras(name):
    import keras

    home = os.environ.get("KERAS_HOME") or pathlib.Path.home() / ".keras"
    path = pathlib.Path(home) / "datasets" / _KERAS_FILES[name]
    try:
        return getattr(keras.datasets, name).load_data()
    # Keras raises a bare Exception when a download fails.
    except Exception as error:
        raise FileNotFoundError(
            f"pictures {name!r}: no usable copy at {path}, and it could not be "
            f"downloaded ({error}). --pictures=digits needs no download."
        ) from error
