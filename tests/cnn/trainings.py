"""Small trainings of read-out models for the tests."""

from tests.cnn.recorded import write
from v1model.cnn.config import ReadoutConfig
from v1model.cnn.data import load_recordings
from v1model.cnn.trainer import CnnTrainer
from v1model.runs import Run

MODEL = {
    "frontend": {"type": "learnable_temporal", "kernel_size": 3, "num_channels": 2},
    "convnet": {
        "type": "plain",
        "channels": [3],
        "stem": None,
        "blocks": [{"kernel_size": [2, 3, 3]}],
    },
}
TRAINING = {
    "epochs": 2,
    "steps_per_epoch": 10,
    "batch_size": 6,
    "warmup_steps": 2,
    "learning_rate": 0.02,
    "init_readouts": False,
}


def config_of(model=None, data=None, loss=None, regularization=None, **training):
    """A ReadoutConfig of a model that trains in a second."""
    return ReadoutConfig.model_validate(
        {
            "model": MODEL | (model or {}),
            "data": {"segment_bins": 10} | (data or {}),
            "loss": loss or {},
            "regularization": regularization or {},
            "training": TRAINING | training,
        }
    )


def two_recordings(folder, data=None, **options):
    """Paths of two recordings with different neurons."""
    given = {"n_trials": 10, "trial_bins": 40, "side": 5} | options
    paths = [folder / "a.h5", folder / "b.h5"]
    for seed, (path, n) in enumerate(zip(paths, (4, 3), strict=True)):
        write(path, **{**given, "n_neurons": n, "seed": seed})
    return paths


def trainer_in(folder, config, paths, **options):
    """A CnnTrainer of a run in a folder."""
    run = Run.create(folder.parent, folder.name, config, ["test"])
    recordings = load_recordings(paths, config.data)
    return CnnTrainer(config, recordings, run, **options)
