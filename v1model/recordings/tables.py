"""Tables of a recording: data frames as groups of HDF5 columns."""

import h5py
import numpy as np
import pandas as pd

from v1model.recordings.chunks import naming_damage

TEXT = h5py.string_dtype("utf-8")
_ORDER = "columns"  # attribute: names in the order of the table


def write_table(group, frame, where):
    """Writes each column of a data frame as a dataset.

    Numbers and truth values keep their type; text is UTF-8, a missing text is "".

    Raises:
        ValueError: A column is of another kind.
    """
    group.attrs.create(_ORDER, [str(name) for name in frame], dtype=TEXT)
    group.attrs["rows"] = len(frame)
    for name in frame:
        values = storable_column(frame[name], f"{where} column '{name}'")
        dtype = TEXT if values.dtype == object else values.dtype
        group.create_dataset(str(name), data=values, dtype=dtype, track_times=False)


def plain_table(frame, where):
    """A data frame as it comes back after it was stored.

    Raises:
        ValueError: A column cannot be stored.
    """
    columns = {
        str(name): storable_column(frame[name], f"{where} column '{name}'")
        for name in frame
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def read_table(group):
    """The data frame that `write_table` wrote."""
    with naming_damage(f"{group.file.filename}: {group.name}"):
        names = [_as_text(name) for name in group.attrs[_ORDER]]
        return pd.DataFrame(
            {name: _column(group[name]) for name in names},
            index=pd.RangeIndex(int(group.attrs["rows"])),
        )


def storable_column(values, where):
    """A column as an array of numbers, truth values or texts (object).

    Raises:
        ValueError: It holds anything else.
    """
    series = pd.Series(values)
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    if "/" in str(series.name or ""):
        raise ValueError(f"{where}: a name must not contain '/'.")
    if series.dtype != object and series.dtype.kind in "iufb":
        return _plain(series)
    present = series[series.notna()]
    if all(isinstance(value, str) for value in present):
        return series.where(series.notna(), "").to_numpy(object)
    number = (bool, np.bool_, int, np.integer, float, np.floating)
    is_number = [isinstance(value, number) for value in present]
    if all(is_number):
        return _plain(pd.Series(pd.to_numeric(series)))
    wrong = present.iloc[is_number.index(False)]
    raise ValueError(
        f"{where} must hold numbers, truth values or text, got {wrong!r} of "
        f"{type(wrong).__name__}."
    )


def _plain(series):
    """Without pandas' own types, in which numbers may be missing."""
    if series.isna().any():
        return series.to_numpy(np.float64, na_value=np.nan)
    dtype = getattr(series.dtype, "numpy_dtype", series.dtype)
    return series.to_numpy(dtype)


def _column(dataset):
    if h5py.check_string_dtype(dataset.dtype):
        return np.asarray(dataset.asstr()[()], object)
    return dataset[()]


def _as_text(value):
    return value.decode() if isinstance(value, bytes) else str(value)
