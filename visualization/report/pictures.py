"""Pictures of a run's activity, made small enough to lie inside one file."""

import base64
import dataclasses
import io
import pathlib
import re

import numpy as np
from PIL import Image

ACTIVITY = "activity"  # folder inside the run
# Kind of picture to its title and to what it shows, in the order of the page.
KINDS = {
    "raster": ("Spikes", "spike times of the neurons, by layer and cell class"),
    "population": ("Populations", "spike counts and rates of the populations"),
    "voltages": ("Voltages", "membrane voltage of some neurons"),
    "input": ("Input", "activity of the input over time"),
    "output": ("Answer", "activity of the readout over time, and its answer"),
    "predictions": ("Predictions", "confidence in each class, and the right one"),
}
MOST_BYTES = 9_000_000  # of all pictures; base64 makes 12 MB of them
MOST_STEPS = 40
WIDEST, HIGHEST = 1400, 2400  # pixels
N_COLOURS = 128

_STEP_NAME = re.compile(r"(?P<kind>[a-z_]+)_step_(?P<step>\d+)\.png")
_SAMPLE_NAME = re.compile(r"sample_(?P<number>\d+)")


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture as a page shows it; `uri` is empty if the file is damaged.

    Args:
        kind: Key of KINDS, or another word of a file's name.
        number: Step, or number of the sample.
        uri: data: URI.
        width, height: Pixels.
    """

    kind: str
    number: int
    uri: str
    width: int
    height: int

    @property
    def title(self):
        name = self.kind.replace("_", " ").capitalize()
        return KINDS[self.kind][0] if self.kind in KINDS else name

    @property
    def alt(self):
        shown = KINDS[self.kind][1] if self.kind in KINDS else self.kind
        return f"{self.title} at step {self.number}: {shown}"


@dataclasses.dataclass(frozen=True)
class Album:
    """Pictures of some of the logged steps.

    Args:
        steps: Tuple of Pictures by step, increasing.
        n_left_out: Logged steps that are not shown, so that the page stays small.
    """

    steps: dict
    n_left_out: int


def album_of(run_path, most_bytes=MOST_BYTES):
    """The Album of a run: as many steps as there is room for, evenly spread.

    The first and the last step are always among them, as far as there is room for two.
    """
    found = _pictures_by_step(pathlib.Path(run_path) / ACTIVITY)
    steps = sorted(found)
    reduced = {}

    def reduce(chosen):
        for step in chosen:
            if step not in reduced:
                items = sorted(found[step].items(), key=_place)
                reduced[step] = tuple(_picture(*item, step) for item in items)
        return sum(_n_bytes(reduced[step]) for step in chosen)

    n = min(len(steps), MOST_STEPS)
    if n > 3:  # three tell how large the others will be
        n = min(n, max(1, int(3 * most_bytes / max(reduce(spread(steps, 3)), 1))))
    while n > 1 and (size := reduce(spread(steps, n))) > most_bytes:
        n = min(n - 1, max(1, int(n * most_bytes / size)))
    chosen = spread(steps, n)
    reduce(chosen)
    return Album({step: reduced[step] for step in chosen}, len(steps) - len(chosen))


def spread(values, n):
    """n of the values, evenly spread, the last always among them."""
    if n >= len(values):
        return [*values]
    places = np.linspace(0, len(values) - 1, n) if n > 1 else [len(values) - 1]
    return [values[int(place)] for place in np.round(places)]


def _pictures_by_step(folder):
    """Path of each picture, by step and kind."""
    found = {}
    for path in folder.glob("*_step_*.png"):
        if match := _STEP_NAME.fullmatch(path.name):
            found.setdefault(int(match["step"]), {})[match["kind"]] = path
    for path in folder.glob("sample_*/batch_predictions.png"):
        if match := _SAMPLE_NAME.fullmatch(path.parent.name):
            found.setdefault(int(match["number"]), {})["predictions"] = path
    return found


def _place(item):
    kinds = [*KINDS]
    kind = item[0]
    return (kinds.index(kind) if kind in kinds else len(kinds), kind)


def _n_bytes(pictures):
    return sum(len(picture.uri) * 3 // 4 for picture in pictures)


def _picture(kind, path, number):
    try:
        with Image.open(path) as image:
            image = image.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError):
        return Picture(kind, number, "", 0, 0)  # half of a picture: the page says so
    image.thumbnail((WIDEST, HIGHEST), Image.Resampling.LANCZOS)
    few = image.quantize(N_COLOURS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, format="PNG", optimize=True)
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(kind, number, f"data:image/png;base64,{text}", *image.size)
