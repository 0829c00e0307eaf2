"""Keras layers whose wiring is data, not configuration.

A layer made from a network holds arrays (indices, cell parameters) that are too large
for a config and are no weights. They travel in the asset folder of a `.keras` file, so
that a loaded model is complete, while weight files and checkpoints stay small. Weight
files carry a fingerprint of the arrays instead, and refuse to load into another
network.
"""

import hashlib
import pathlib

import numpy as np

_OVERHEAD = 1 << 20  # bytes of names and tables in a `.keras` file, more than enough
_FINGERPRINT = "wiring_fingerprint"


class StoredArrays:
    """Mixin for keras.layers.Layer; first base class.

    The layer sets `self.arrays`, a dict of NumPy arrays or None for a layer that was
    made from a config and waits for its file, and implements `use_arrays()`, which
    derives what it needs from them.
    """

    arrays = None
    # Keras tries a refused layer again under its other names, where the file is empty,
    # and reports the last error only.
    _refusal = None

    def fingerprint(self):
        """64 bits that identify the arrays, (8,) uint8."""
        digest = hashlib.blake2b(digest_size=8)
        for name in sorted(self.arrays):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(self.arrays[name]).tobytes())
        return np.frombuffer(digest.digest(), np.uint8)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store[_FINGERPRINT] = self.fingerprint()

    def load_own_variables(self, store):
        if not store.keys():
            raise ValueError(self._refusal or f"layer {self.name}: no weights found.")
        if self.arrays is not None and _FINGERPRINT in store:
            saved = np.asarray(store[_FINGERPRINT])
            if not np.array_equal(saved, self.fingerprint()):
                self._refusal = (
                    f"layer {self.name}: these weights were trained on another network "
                    f"(fingerprint {saved.tobytes().hex()}, this network has "
                    f"{self.fingerprint().tobytes().hex()})."
                )
                raise ValueError(self._refusal)
        for index, variable in enumerate(self.weights):
            variable.assign(store[str(index)])

    def save_assets(self, dir_path):
        np.savez(pathlib.Path(dir_path) / "wiring.npz", **self.arrays)

    def load_assets(self, dir_path):
        with np.load(pathlib.Path(dir_path) / "wiring.npz") as file:
            self.arrays = dict(file)
        self.use_arrays()


def file_bytes(model):
    """Size of a model's `.keras` file, bytes."""
    stored = (layer.arrays for layer in model._flatten_layers() if has_arrays(layer))
    wiring = sum(array.nbytes for arrays in stored for array in arrays.values())
    weights = sum(variable.numpy().nbytes for variable in model.weights)
    return wiring + weights + _OVERHEAD


def has_arrays(layer):
    """Whether a layer has wiring of its own."""
    return isinstance(layer, StoredArrays) and layer.arrays is not None
