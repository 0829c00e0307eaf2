"""Tables of NWB files, read with h5py alone.

A table is a group with the dataset "id" and one dataset per column. A ragged column c
holds all values behind each other, and c_index where those of each row end.
"""

import h5py
import numpy as np
import pandas as pd


def require_group(file, path):
    """The group at `path`.

    Raises:
        ValueError: It is missing, which names its neighbours.
    """
    if isinstance(file.get(path), h5py.Group):
        return file[path]
    parent, _, name = path.strip("/").rpartition("/")
    parent = file.get(parent) if parent else file
    there = sorted(parent) if isinstance(parent, h5py.Group) else []
    raise ValueError(
        f"{file.filename}: group /{path.strip('/')} is missing"
        + (f"; beside it are {', '.join(there)}." if there else ".")
    )


def require_columns(group, names):
    """Raises ValueError unless a table has all these columns."""
    missing = [name for name in names if name not in group]
    if missing:
        there = ", ".join(sorted(map(str, group)))
        raise ValueError(
            f"{group.file.filename}: {group.name} lacks the column "
            f"{', '.join(map(repr, missing))}; it has {there}."
        )


def read_array(dataset):
    """All values of a dataset; text as str.

    Raises:
        ValueError: It cannot be read, because the file is damaged.
    """
    try:
        if h5py.check_string_dtype(dataset.dtype) is not None:
            return np.asarray(dataset.asstr()[()])
        return dataset[()]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{dataset.file.filename}: {dataset.name} cannot be read ({error})."
        ) from error


def read_text(file, path, default=None):
    """A single text of the file.

    Raises:
        ValueError: It is missing and has no default.
    """
    node = file.get(path)
    if isinstance(node, h5py.Dataset):
        return str(read_array(node))
    if default is None:
        raise ValueError(f"{file.filename}: the text /{path.strip('/')} is missing.")
    return default


def read_table(group, required=()):
    """The table as a DataFrame with the column "id" first.

    Columns with one number or text per row are read; ragged, multidimensional and
    compound ones and references are left to other readers.

    Args:
        group: A group with the dataset "id".
        required: Columns that must be there.

    Raises:
        ValueError: A column is missing, or has another length than "id".
    """
    require_columns(group, ("id", *required))
    ids = read_array(group["id"])
    columns = {"id": ids.astype(np.int64)}
    for name, dataset in group.items():
        if name == "id" or not _is_plain(group, name, dataset):
            continue
        if len(dataset) != len(ids):
            raise ValueError(
                f"{group.file.filename}: {dataset.name} has {len(dataset)} rows, but "
                f"'id' has {len(ids)}."
            )
        columns[name] = read_array(dataset)
    unread = [name for name in required if name not in columns]
    if unread:
        raise ValueError(
            f"{group.file.filename}: {group[unread[0]].name} must hold one number or "
            "text per row."
        )
    return pd.DataFrame(columns)


def _is_plain(group, name, dataset):
    if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1:
        return False
    if name.endswith("_index") and name[: -len("_index")] in group:
        return False
    is_text = h5py.check_string_dtype(dataset.dtype) is not None
    return f"{name}_index" not in group and (is_text or dataset.dtype.kind in "biuf")


def ragged_offsets(group, name):
    """Where rows of a ragged column begin, and where the last ends, (n + 1,) int64.

    Raises:
        ValueError: The column or its index is missing, or they contradict each other.
    """
    require_columns(group, (name, f"{name}_index"))
    ends = read_array(group[f"{name}_index"]).astype(np.int64)
    offsets = np.concatenate([[0], ends])
    where = f"{group.file.filename}: {group.name}/{name}_index"
    if len(ends) != len(group["id"]):
        raise ValueError(
            f"{where} has {len(ends)} rows, but 'id' has {len(group['id'])}."
        )
    is_back = np.diff(offsets) < 0
    if is_back.any():
        row = int(np.flatnonzero(is_back)[0])
        raise ValueError(
            f"{where} must not decrease, but goes from {offsets[row]} to "
            f"{offsets[row + 1]} in row {row}."
        )
    if offsets[-1] != len(group[name]):
        raise ValueError(
            f"{where} ends at {offsets[-1]}, but {name} has {len(group[name])} values."
        )
    return offsets


def read_ragged(group, name):
    """The rows of a ragged column, a list of arrays."""
    offsets = ragged_offsets(group, name)
    return np.split(read_array(group[name]), offsets[1:-1]) if len(offsets) > 1 else []
