"""Columns of HDF5 files: the same bytes each time, errors that name the file."""

import h5py


def read_column(group, name, size=None):
    """The dataset `name` of a group as an array.

    Raises:
        ValueError: It is missing, cannot be read or has another length than `size`.
    """
    path = group.file.filename
    where = f"{group.name.rstrip('/')}/{name}"
    if name not in group or not isinstance(group[name], h5py.Dataset):
        raise ValueError(f"{path}: {where} is missing.")
    try:
        values = group[name][()]
    except OSError as error:
        raise ValueError(f"{path}: {where} cannot be read ({error}).") from error
    if size is not None and values.shape != (size,):
        raise ValueError(
            f"{path}: {where} must have shape ({size},), got {values.shape}."
        )
    return values


def write_column(group, name, values, **options):
    """Writes a dataset without a time stamp. Returns it."""
    return group.create_dataset(name, data=values, track_times=False, **options)
