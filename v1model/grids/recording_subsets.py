"""Subsets of recordings: which of them, and which neurons, a run is trained on."""

import pathlib
from typing import NamedTuple

from v1model.grids.grid_file import ALL, ONE


class Subset(NamedTuple):
    """Recordings of a run, and the neuron of it; None for all neurons.

    label: In the names of runs; empty where all runs have the same.
    """

    paths: tuple[str, ...]
    unit: int | None = None
    label: str = ""


def subsets_of(recordings, paths):
    """The subsets that runs are trained on, a Subset list.

    Args:
        recordings: Recordings of a GridFile.
        paths: Of the files, those that were simulated among them; may be empty.

    Raises:
        FileNotFoundError: A file whose neurons are asked for does not exist.
        ValueError: It is no recording.
    """
    paths = [pathlib.Path(path) for path in paths]
    texts = tuple(map(str, paths))
    if recordings.subset == ALL:
        return [Subset(texts)]
    labels = _labels(paths)
    if recordings.subset == ONE:
        return [
            Subset((text,), None, own) for text, own in zip(texts, labels, strict=True)
        ]
    return [
        Subset((text,), unit, f"{own}_unit{unit}")
        for text, own in zip(texts, labels, strict=True)
        for unit in unit_ids(text)[: recordings.limit or None]
    ]


def unit_ids(path):
    """Ids of the neurons of a recording, or of the units of binned spikes: int list.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is neither.
    """
    # pandas and SciPy behind them take longer than all other checks of a grid.
    from v1model.hdf5_files import open_hdf5
    from v1model.presentations.binned_files import FORMAT
    from v1model.recordings import open_recording
    from v1model.recordings.chunks import naming_damage

    with open_hdf5(path) as file, naming_damage(path):
        if file.attrs.get("format") == FORMAT:
            return file["units/id"][()].tolist()
    with open_recording(path) as recording:
        return recording.neurons["id"].tolist()


def _labels(paths):
    """Names of files without their ending; with numbers where two are the same."""
    stems = [path.stem for path in paths]
    return [
        f"{stem}-{number}" if stems.count(stem) > 1 else stem
        for number, stem in enumerate(stems, start=1)
    ]
