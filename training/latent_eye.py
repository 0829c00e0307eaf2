"""The recordings of a small simulated eye, for a training without a recording."""

import dataclasses
import hashlib
import json
import pathlib

from training.progress import Progress
from v1model import voltage_networks
from v1model.atomic import atomic_path
from v1model.file_lock import file_lock
from v1model.network.cache import cache_folder
from v1model.voltage_networks.config import EyeConfig
from v1model.voltage_networks.eye_recording import record_eye

SEEN = EyeConfig(stimulus="bars+pictures", steps=20_000, seed=1)
UNSEEN = EyeConfig(stimulus="gratings", steps=5_000, seed=2)


def with_eye(params):
    """The same ModelParams with a simulated recording, unless they name one.

    The eye sees bars and pictures; where nothing else is said, the model is judged on
    drifting gratings, too.
    """
    training = params.training
    if training.training_data_path or training.simulation_config:
        return params
    given = training.model_dump() | {"training_data_path": str(cached_eye(SEEN))}
    others = [other.model_dump() for other in params.cross_validation_configs]
    if not others:
        others = [{"name": "gratings", "path": str(cached_eye(UNSEEN))}]
    changes = {"training": given, "cross_validation_configs": others}
    return type(params).model_validate(params.model_dump() | changes)


def cached_eye(config):
    """The path of the recording of an EyeConfig; simulated if it was not before."""
    folder = cache_folder() / "eyes"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_key(config)}.h5"
    with file_lock(path.with_suffix(".lock")):
        if not path.exists():
            with atomic_path(path) as partial:
                record_eye(
                    dataclasses.replace(config, out=str(partial)),
                    Progress(f"simulating an eye that sees {config.stimulus}", "steps"),
                )
    return path


def _key(config):
    """Digest of all that decides the recording: options and source code."""
    options = dataclasses.asdict(config) | {"out": ""}
    digest = hashlib.blake2b(digest_size=8)
    digest.update(json.dumps(options, sort_keys=True).encode())
    for path in sorted(pathlib.Path(voltage_networks.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
