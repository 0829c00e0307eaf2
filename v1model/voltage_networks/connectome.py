"""Networks from exported connectomes, .npz."""

import pathlib
import zipfile

import numpy as np

from v1model.atomic import atomic_path
from v1model.voltage_networks.network import VoltageNetwork

# Array of the file by field of VoltageNetwork.
_ARRAYS = {
    "source": "source",
    "target": "target",
    "weight": "weight",
    "tau_s": "tau",
    "bias": "bias",
    "cell_type": "type",
    "u": "u",
    "v": "v",
    "role": "role",
}


def load_connectome(path):
    """A network that `scripts/export_fly.py` wrote, or one of the same arrays.

    Args:
        path: .npz with source, target, weight (E,) and tau (s), bias, type, u, v and
            role (N,); others are left.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no .npz, an array is missing, or the network is impossible.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist.")
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = sorted(set(_ARRAYS.values()) - set(file.files))
            if missing:
                raise ValueError(f"arrays {missing} are missing")
            arrays = {field: file[name] for field, name in _ARRAYS.items()}
        return VoltageNetwork(**arrays)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: {error}") from error


def save_connectome(network, path, **others):
    """Writes a network as `load_connectome` reads it.

    Args:
        network: VoltageNetwork.
        path: Where to, .npz.
        **others: Arrays that stand beside, by name.
    """
    arrays = {name: getattr(network, field) for field, name in _ARRAYS.items()}
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays, **others)
