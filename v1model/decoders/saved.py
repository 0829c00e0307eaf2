"""Decoder: a fitted decoder with all that it needs to read new data, as a folder.

decoder.json    name, session, inputs and choices
decoder.h5      units, classes, scaler, and the arrays of a linear decoder
network.keras   of a network
"""

import dataclasses
import json
import pathlib

import h5py
import numpy as np

from v1model.atomic import atomic_path, write_text
from v1model.decoders.affine import AffineScores, log_softmax
from v1model.decoders.inputs import Inputs
from v1model.decoders.pairwise import PairwiseVotes
from v1model.presentations.units import Standardizer

FORMAT = "v1model decoder"
SCHEMA = 1
_BATCH = 256
_SCALER_ARRAYS = ("unit_ids", "mean", "scale")
_ARRAYS = {
    "affine": (AffineScores, ("weights", "bias", "valid_weights")),
    "pairwise": (PairwiseVotes, ("vectors", "per_class", "dual", "intercepts")),
}


class NetworkScores:
    """A network as a model with `scores`.

    Args:
        network: keras.Model from (B, T, U) to logits (B, K).
        choice: What was chosen on the validation part, by name.
    """

    def __init__(self, network, choice=None):
        self.network = network
        self.choice = choice or {}

    def scores(self, inputs, valid):
        """Log posterior of the classes, (P, K) float64; `valid` is in the inputs."""
        logits = self.network.predict(inputs, batch_size=_BATCH, verbose=0)
        return log_softmax(logits.astype(np.float64))


@dataclasses.dataclass(frozen=True)
class Decoder:
    """A fitted decoder.

    Args:
        name: Such as "lstm".
        inputs: Inputs.
        model: AffineScores, PairwiseVotes or NetworkScores.
        session_id: Of the session that it was trained on.
    """

    name: str
    inputs: Inputs
    model: object
    session_id: str = ""

    def scores(self, binned):
        """How likely each class is, the higher the likelier, (P, K) float64.

        Raises:
            ValueError: `binned` has other bins, or lacks a unit of the decoder.
        """
        return self.model.scores(self.inputs.apply(binned), self.inputs.valid(binned))

    def predict(self, binned):
        """What was shown, (P,) labels."""
        return self.inputs.classes[self.scores(binned).argmax(axis=1)]

    def save(self, folder):
        """Writes the decoder into a folder; `load_decoder` reads it."""
        folder = pathlib.Path(folder)
        kind = _kind_of(self.model)
        if kind == "network":
            with atomic_path(folder / "network.keras") as partial:
                self.model.network.save(partial)
        with (
            atomic_path(folder / "decoder.h5") as partial,
            h5py.File(partial, "w") as file,
        ):
            _write(file, "inputs/classes", self.inputs.classes)
            for name in _SCALER_ARRAYS:
                _write(file, f"inputs/{name}", getattr(self.inputs.standardizer, name))
            for name in _ARRAYS.get(kind, (None, ()))[1]:
                _write(file, f"model/{name}", getattr(self.model, name))
        about = {
            "format": FORMAT,
            "schema": SCHEMA,
            "name": self.name,
            "kind": kind,
            "session_id": self.session_id,
            "is_scaled": self.inputs.is_scaled,
            "n_bins": self.inputs.n_bins,
            "choice": self.model.choice,
        }
        write_text(folder / "decoder.json", json.dumps(about, indent=2) + "\n")


def load_decoder(folder):
    """Reads what `Decoder.save` wrote.

    Raises:
        FileNotFoundError: The folder has no decoder.
        ValueError: A file is damaged or of another schema.
    """
    folder = pathlib.Path(folder)
    path = folder / "decoder.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no decoder: decoder.json is missing.")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        key = about.get("format"), about.get("schema")
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    if key != (FORMAT, SCHEMA):
        raise ValueError(
            f"{path}: format and schema must be {(FORMAT, SCHEMA)}, got {key}."
        )
    try:
        with h5py.File(folder / "decoder.h5") as file:
            stored = {name: _read(file[f"inputs/{name}"]) for name in _SCALER_ARRAYS}
            inputs = Inputs(
                _read(file["inputs/classes"]),
                Standardizer(**stored, n_bins=about["n_bins"]),
                about["is_scaled"],
            )
            if about["kind"] == "network":
                model = NetworkScores(
                    _load_network(folder / "network.keras"), about["choice"]
                )
            else:
                cls, names = _ARRAYS[about["kind"]]
                arrays = {name: _read(file[f"model/{name}"]) for name in names}
                model = cls(**arrays, choice=about["choice"])
    except (OSError, KeyError) as error:
        raise ValueError(f"{folder}: the decoder is damaged: {error}.") from error
    return Decoder(about["name"], inputs, model, about["session_id"])


def _load_network(path):
    import keras  # linear decoders do without

    from v1model.decoders import networks  # noqa: F401  (registers the layers)

    return keras.models.load_model(path, compile=False)


def _kind_of(model):
    for kind, (cls, _) in _ARRAYS.items():
        if isinstance(model, cls):
            return kind
    return "network"


def _write(file, name, values):
    values = np.asarray(values)
    if values.dtype.kind == "U":
        values = values.astype(h5py.string_dtype())
    options = {"compression": "gzip", "shuffle": True} if values.size > 1000 else {}
    file.create_dataset(name, data=values, track_times=False, **options)


def _read(dataset):
    if h5py.check_string_dtype(dataset.dtype):
        return dataset.asstr()[()].astype(str)
    return dataset[()]
