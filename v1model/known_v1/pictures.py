"""Grey pictures that an eye looks at, each of them for one part only."""

import hashlib
import pathlib
from typing import NamedTuple

import numpy as np
import PIL.Image
import skimage.data
import skimage.transform
import sklearn.datasets
from scipy import ndimage

# Photographs that lie inside the packages; versions differ, so those there are count.
BUNDLED = {
    skimage.data: (
        *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png"),
        *("coins.png", "grass.png", "gravel.png", "moon.png", "motorcycle_left.png"),
        "rocket.jpg",
    ),
    sklearn.datasets: ("images/china.jpg", "images/flower.jpg"),
}
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
SHORT_SIDE = 400  # pixels, before the zoom
CONTRAST = 0.2  # standard deviation, where the whole range is 1
ADAPTED_PIXELS = 32.0  # around which light and contrast are relative to their means
FLOOR = 0.3  # contrast below this, in the picture's own, is not brought up to it
LEAST_CONTRAST = 1e-3  # of a file that shows something
PARTS = ("train", "validation", "test")
SHARES = {"validation": 0.15, "test": 0.25}  # of the pictures, at least one


class Picture(NamedTuple):
    """A picture.

    name: Of its file, without the folder.
    pixels: (h, w) float32 in [-0.5, 0.5], mean about 0.
    """

    name: str
    pixels: np.ndarray


def bundled_paths():
    """Files of the photographs that need no download."""
    folders = {module: pathlib.Path(module.__file__).parent for module in BUNDLED}
    # skimage.data loads its modules from where its pictures are.
    paths = [folders[module] / name for module in BUNDLED for name in BUNDLED[module]]
    return [path for path in paths if path.is_file()]


def picture_paths(folder=""):
    """Pictures of a folder, or the bundled ones, in order of their names.

    Copies of a file count once, so that none is for two parts.

    Raises:
        ValueError: There are fewer than one for each part.
    """
    if folder:
        place = pathlib.Path(folder)
        if not place.is_dir():
            raise ValueError(f"pictures: {folder} is no folder.")
        paths = [
            p for p in place.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()
        ]
    else:
        paths = bundled_paths()
    found = {}
    for path in sorted(paths, key=lambda path: path.name):
        found.setdefault(hashlib.blake2b(path.read_bytes()).digest(), path)
    paths = list(found.values())
    if len(paths) < len(PARTS):
        raise ValueError(
            f"pictures: {folder or 'the bundled ones'} must be at least {len(PARTS)}, "
            f"one for each part, got {len(paths)} that differ."
        )
    return paths


def paths_by_part(paths, seed):
    """Each picture for one part: paths by part.

    Args:
        paths: Files, in a fixed order.
        seed: Of the draw; recordings with the same one share no picture between parts.
    """
    order = np.random.default_rng(seed).permutation(len(paths))
    found, start = {}, 0
    for part, share in SHARES.items():
        stop = start + max(1, round(share * len(paths)))
        found[part] = [paths[k] for k in order[start:stop]]
        start = stop
    found["train"] = [paths[k] for k in order[start:]]
    return found


def load_picture(path, scale=1.0):
    """One picture, grey, of equal contrast, its short side `SHORT_SIDE` x scale.

    Raises:
        ValueError: The file holds no picture, or one without contrast.
    """
    try:
        with PIL.Image.open(path) as file:
            # Pictures of 16 bits and of floating point numbers are grey already.
            image = np.asarray(file if file.mode[0] in "IF" else file.convert("L"))
    except OSError as error:
        raise ValueError(f"{path}: is no picture: {error}") from error
    image = image.astype(np.float64)
    factor = SHORT_SIDE * scale / min(image.shape)
    shape = [max(1, round(side * factor)) for side in image.shape]
    image = skimage.transform.resize(image, shape, order=1, anti_aliasing=factor < 1)
    spread = image.std()
    if not spread > LEAST_CONTRAST * max(np.abs(image).max(), 1e-12):
        raise ValueError(f"{path}: shows nothing, its pixels are all alike.")
    even = adapted((image - image.mean()) / spread, ADAPTED_PIXELS * scale)
    even = np.clip(CONTRAST * even / even.std(), -0.5, 0.5)
    return Picture(pathlib.Path(path).name, even.astype(np.float32))


def adapted(image, width):
    """Light and contrast relative to what is around, as an eye has adapted to them."""
    image = image - ndimage.gaussian_filter(image, width)
    local = np.sqrt(ndimage.gaussian_filter(image**2, width))
    return image / (local + FLOOR * image.std())
