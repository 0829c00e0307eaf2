"""Checkpoints of read-out models: from one, a model is read or training goes on.

Beside weights it holds the options, and of each recording its neurons, what they fired,
and what their loss was weighted with: a model can be read without any recording.
"""

import hashlib
import json
from typing import NamedTuple

import numpy as np

from v1model.cnn.config import ReadoutConfig
from v1model.cnn.model import ReadoutModel
from v1model.cnn.model_spec import RecordingSpec
from v1model.fitting.checkpoint_files import (
    assign_group,
    checkpoint_of,
    named,
    opened_checkpoint,
    write_checkpoint,
)

FORMAT = "v1model read-out checkpoint"
_WHAT = "a read-out model"


class Position(NamedTuple):
    """Where training is.

    epoch: Epochs that are done.
    step: Updates of the epoch under way that are done.
    sums: Sums of the terms of the loss over those, float64.
    updates: Updates in all.
    seconds: Time of training so far, over all starts.
    """

    epoch: int = 0
    step: int = 0
    sums: tuple[float, ...] = ()
    updates: int = 0
    seconds: float = 0.0


class Recorded(NamedTuple):
    """What a checkpoint says of a recording.

    spec: RecordingSpec.
    path: Its file.
    neurons: (N,) their ids.
    fingerprint: Of its counts and its parts.
    mean_counts: (N,) mean spikes per bin of the part for training.
    neuron_weights: (N,) what the loss was weighted with.
    held_out: (N,) bool, neurons that training did not see.
    """

    spec: RecordingSpec
    path: str
    neurons: list
    fingerprint: str
    mean_counts: np.ndarray
    neuron_weights: np.ndarray
    held_out: np.ndarray


def fingerprint_of(recording):
    """A short text that differs where counts, validity or parts differ.

    Args:
        recording: RecordingData.
    """
    digest = hashlib.sha256()
    for array in (recording.counts, recording.valid):
        array = np.ascontiguousarray(array)
        digest.update(str((array.shape, array.dtype)).encode())
        digest.update(array)
    trials = recording.trials[["start", "stop", "part"]]
    digest.update(trials.to_csv(index=False).encode())
    return digest.hexdigest()[:16]


def recorded_of(recordings, mean_counts, neuron_weights):
    """Recorded of each recording.

    Args:
        recordings: List of RecordingData.
        mean_counts: (N,) by name of the recording.
        neuron_weights: (N,) by name.
    """
    return [
        Recorded(
            spec=one.spec,
            path=str(one.path),
            neurons=[str(name) for name in one.neurons["id"]],
            fingerprint=fingerprint_of(one),
            mean_counts=mean_counts[one.spec.name],
            neuron_weights=neuron_weights[one.spec.name],
            held_out=one.held_out,
        )
        for one in recordings
    ]


def save_checkpoint(path, model, config, recorded, variables=(), position=None):
    """Writes a checkpoint, or leaves the old one.

    Args:
        path: The file.
        model: ReadoutModel.
        config: ReadoutConfig.
        recorded: Recorded of each recording.
        variables: More Keras variables that training needs to go on.
        position: Position; None at its start.

    Raises:
        NotFiniteError: Something is not finite; the file keeps what it had.
        WriteError: The file cannot be written; it keeps what it had.
    """
    position = position or Position()
    texts, groups = [], {}
    for one in recorded:
        texts.append(
            {
                "spec": one.spec._asdict(),
                "path": str(one.path),
                "neurons": list(one.neurons),
                "fingerprint": one.fingerprint,
            }
        )
        groups[f"recordings/{one.spec.name}"] = [
            (name, np.asarray(getattr(one, name), np.float32)) for name in _ARRAYS
        ]
    attributes = {
        "config": config.model_dump_json(),
        "recordings": json.dumps(texts),
        "position": json.dumps(position._asdict()),
    }
    groups["model"] = named(model.variables)
    groups["training"] = named(variables)
    write_checkpoint(path, FORMAT, attributes, groups, position.updates)


_ARRAYS = ("mean_counts", "neuron_weights", "held_out")


def restore_checkpoint(path, model, recorded, variables=None):
    """Puts a checkpoint into a model, and into what trains it.

    Args:
        path: The file.
        model: ReadoutModel of the same recordings.
        recorded: Recorded of each of them, as they are now; None does not compare.
        variables: What training needs, as it was given to `save_checkpoint`; None
            restores the model alone.

    Returns:
        Position.

    Raises:
        ValueError: The file is no checkpoint, of another model, or a recording is not
            what it was.
    """
    with opened_checkpoint(path, FORMAT, _WHAT) as file:
        if recorded is not None:
            _require_same(recorded_in(file), recorded, path)
        found = json.loads(file.attrs["position"])
        assign_group(file["model"], model.variables, path)
        if variables is not None:
            assign_group(file["training"], variables, path)
    return Position(**{**found, "sums": tuple(found["sums"])})


def load_readout_model(path):
    """The model of a checkpoint, or of a run: its best one, or the last.

    Returns:
        ReadoutModel and ReadoutConfig.

    Raises:
        FileNotFoundError: There is no such file, or the folder holds no checkpoint.
        ValueError: The file is no checkpoint.
    """
    model, config, _ = load_trained(path)
    return model, config


def load_trained(path):
    """The ReadoutModel, the ReadoutConfig and each Recorded of a checkpoint or run."""
    path = checkpoint_of(path)
    with opened_checkpoint(path, FORMAT, _WHAT) as file:
        config = ReadoutConfig.model_validate_json(file.attrs["config"])
        recorded = recorded_in(file)
        model = ReadoutModel(tuple(one.spec for one in recorded), config.model)
        assign_group(file["model"], model.variables, path)
    return model, config, recorded


def recorded_in(file):
    """The Recorded list of an open checkpoint."""
    found = []
    for text in json.loads(file.attrs["recordings"]):
        spec = {**text.pop("spec")}
        spec = RecordingSpec(**{**spec, "frame_shape": tuple(spec["frame_shape"])})
        group = file[f"recordings/{spec.name}"]
        arrays = {name: group[f"{k:04d}"][()] for k, name in enumerate(_ARRAYS)}
        arrays["held_out"] = arrays["held_out"] > 0
        found.append(Recorded(spec=spec, **text, **arrays))
    return found


def _require_same(before, now, path):
    names = [[one.spec.name for one in recorded] for recorded in (before, now)]
    if names[0] != names[1]:
        raise ValueError(
            f"{path} is of recordings {', '.join(names[0])}, now {', '.join(names[1])}."
        )
    for old, new in zip(before, now, strict=True):
        if old.fingerprint != new.fingerprint:
            raise ValueError(
                f"{path}: recording {new.path} is not what it was: its counts or the "
                "parts of its trials differ."
            )
