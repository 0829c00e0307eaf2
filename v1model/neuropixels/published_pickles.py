"""Import of the published pipeline's pickles of binned spikes, without running them.

`spike_trains_with_stimulus_session_{id}_{T}.pkl` is a pandas data frame with a row for
each bin of each presentation, a column of spike counts for each unit, and the column
"frame" with the image that was shown, last or first. It does not say when anything was
shown.
"""

import pathlib
import re

import numpy as np
import pandas as pd

from v1model.network.restricted_pickle import RefusedPickleError, load
from v1model.presentations.binned import BinnedSpikes
from v1model.presentations.binning import smallest_type

LABEL = "frame"
# Median length of the natural scenes of all published sessions.
PRESENTATION_S = 0.2502
_NAME = re.compile(r"session_(?P<session>\d+)(?:_(?P<bins>\d+))?\.pkl$")
_INDICES = {
    "pandas.core.indexes.numeric": ("Int64Index", "UInt64Index", "Float64Index"),
    "pandas.core.indexes.base": ("Index",),
    "pandas.core.indexes.range": ("RangeIndex",),
    "pandas": ("Index", "RangeIndex"),
}


def read_published_pickle(path, n_bins=None, session_id=None):
    """Binned spikes of a file of the published pipeline.

    Files of pandas 1.5 and 3.1 were verified. The file has no times: presentations are
    said to last 0.2502 s each and to follow each other without pause, in one block.

    Args:
        path: The file.
        n_bins: T; None for the number at the end of the file's name.
        session_id: None for the one in the file's name.

    Returns:
        BinnedSpikes; the frame -1 is the blank.

    Raises:
        FileNotFoundError: There is no such file.
        RefusedPickleError: The file names something other than a data frame of arrays.
        ValueError: The file is damaged, its name does not say T or the session, rows
            are no multiple of T, the label changes within a presentation, or values
            are no counts.
    """
    path = pathlib.Path(path)
    found = _NAME.search(path.name)
    if n_bins is None:
        if found is None or found["bins"] is None:
            raise ValueError(
                f"{path}: the name does not end in session_ID_BINS.pkl; pass n_bins."
            )
        n_bins = int(found["bins"])
    if n_bins < 1:
        raise ValueError(f"{path}: n_bins must be positive, got {n_bins}.")
    if session_id is None:
        if found is None:
            raise ValueError(
                f"{path}: the name does not say the session; pass session_id."
            )
        session_id = found["session"]
    columns = _columns(path)
    labels = _labels(path, columns.pop(LABEL), n_bins)
    if not columns or not len(labels):
        raise ValueError(
            f"{path}: there must be units and presentations, got {len(columns)} and "
            f"{len(labels)}."
        )
    ids = _unit_ids(path, columns)
    counts = _counts(path, columns, n_bins)
    n = len(labels)
    edges = np.arange(n + 1) * PRESENTATION_S
    return BinnedSpikes(
        counts=counts,
        labels=labels,
        start_s=edges[:-1],
        stop_s=edges[1:],
        block=np.zeros(n, np.int64),
        valid=np.ones((n, len(ids)), bool),
        units=pd.DataFrame({"id": ids}),
        session_id=str(session_id),
        source={
            "file": path.name,
            "pipeline": "published pickle",
            "times": f"not in the file; {PRESENTATION_S} s per presentation assumed",
        },
    )


def _columns(path):
    """The columns of the data frame, arrays (P T,) by name."""
    frame = load(path, stand_ins=_stand_ins())
    if not isinstance(frame, _Frame):
        raise ValueError(f"{path}: no data frame, but {type(frame).__name__}.")
    try:
        columns = frame.columns()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a complete data frame ({error}).") from error
    if LABEL not in columns:
        raise ValueError(
            f"{path}: no column '{LABEL}' among {len(columns)}, the last of which is "
            f"{list(columns)[-1:]}."
        )
    return columns


def _labels(path, values, n_bins):
    """Label of each presentation, (P,) int64."""
    labels = _whole_numbers(path, LABEL, values)
    if len(labels) % n_bins:
        raise ValueError(
            f"{path}: {len(labels)} rows are no multiple of {n_bins} bins."
        )
    by_presentation = labels.reshape(-1, n_bins)
    is_mixed = (by_presentation != by_presentation[:, :1]).any(axis=1)
    if is_mixed.any():
        row = int(np.argmax(is_mixed))
        raise ValueError(
            f"{path}: '{LABEL}' changes within presentation {row}: "
            f"{by_presentation[row].tolist()}; rows are missing, or n_bins is not "
            f"{n_bins}."
        )
    return by_presentation[:, 0]


def _unit_ids(path, names):
    """Numbers of the units, (U,) int64."""
    for name in names:
        if not re.fullmatch(r"\d+", str(name)):
            raise ValueError(f"{path}: column {name!r} is no number of a unit.")
    ids = [int(name) for name in names]
    if len(set(ids)) < len(ids):
        raise ValueError(f"{path}: numbers of units repeat.")
    return np.array(ids, np.int64)


def _counts(path, columns, n_bins):
    """(P, T, U), in the order of the columns."""
    units = []
    for name, values in columns.items():
        counts = _whole_numbers(path, name, values)
        if counts.size and counts.min() < 0:
            raise ValueError(f"{path}: column {name} has {counts.min()} spikes.")
        units.append(counts.astype(smallest_type(counts.max(initial=0))))
    n_rows = len(units[0]) if units else 0
    largest = np.result_type(np.uint8, *units)
    together = np.empty((n_rows // n_bins, n_bins, len(units)), largest)
    for unit, counts in enumerate(units):
        together[:, :, unit] = counts.reshape(-1, n_bins)
    return together


def _whole_numbers(path, name, values):
    try:
        numbers = np.asarray(values).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: column {name} is no number: {error}") from error
    is_wrong = ~(numbers == np.rint(numbers)) | ~(np.abs(numbers) < 2**31)
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise ValueError(
            f"{path}: column {name} must hold whole numbers, got {numbers[row]} in row "
            f"{row}; normalised files cannot be imported."
        )
    return numbers.astype(np.int64)


class _Frame:
    """Stands for a pandas DataFrame: the columns that it was saved with."""

    __slots__ = ("_state",)

    def __setstate__(self, state):
        self._state = state

    def columns(self):
        """Arrays by name, in order.

        Raises:
            ValueError, TypeError, KeyError, IndexError, AttributeError: The state is
                not that of a data frame.
        """
        blocks, axes = self._state["_mgr"]
        names, n_rows = axes[0], len(axes[1])
        columns = [None] * len(names)
        for values, placement, n_dimensions in blocks:
            if n_dimensions != 2 or np.shape(values)[1:] != (n_rows,):
                raise ValueError(f"a block of shape {np.shape(values)}")
            place = np.arange(len(names))[placement]
            if len(place) != len(values):
                raise ValueError(f"{len(values)} columns at {len(place)} places")
            for column, row in zip(place, values, strict=True):
                columns[column] = row
        if any(column is None for column in columns):
            raise ValueError("a column without values")
        if len(set(names)) < len(names):
            raise ValueError("names of columns repeat")
        return dict(zip(names, columns, strict=True))


def _manager(blocks=None, axes=None):
    """Stands for a BlockManager; files of pandas before 1.3 give it nothing here."""
    if blocks is None:
        raise RefusedPickleError(
            "refused a data frame of pandas before 1.3; save it anew with a later one."
        )
    return blocks, axes


def _block(values, placement, ndim):
    return values, placement, ndim


def _index(kind, state):
    """Names of columns or of rows, a list or a range."""
    if "data" in state:
        return np.asarray(state["data"]).tolist()
    return range(*(int(state[name]) for name in ("start", "stop", "step")))


def _index_kind():
    raise RefusedPickleError("refused to make an index without its state.")


def _slice(*borders):
    return slice(*borders)


def _stand_ins():
    """What stands for the names that a pickled data frame uses."""
    table = {
        ("pandas.core.frame", "DataFrame"): _Frame,
        ("pandas", "DataFrame"): _Frame,
        ("pandas.core.internals.managers", "BlockManager"): _manager,
        ("pandas._libs.internals", "_unpickle_block"): _block,
        ("pandas.core.indexes.base", "_new_Index"): _index,
        ("builtins", "slice"): _slice,
        ("__builtin__", "slice"): _slice,
    }
    for module, names in _INDICES.items():
        table |= {(module, name): _index_kind for name in names}
    return table
