"""HDF5 files, opened with errors that name the file."""

import pathlib

import h5py


def open_hdf5(path):
    """An HDF5 file, open for reading.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is truncated or no HDF5 file.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist.")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(
            f"{path}: not a complete HDF5 file ({error}); the file is truncated, "
            "damaged or of another kind."
        ) from error
