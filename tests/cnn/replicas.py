"""Trainings of read-out models on one replica and on two: run by test_replicas.

TensorFlow must be told of its devices before it starts, hence a process of its own.
"""

import pathlib
import sys

import numpy as np

from tests.cnn.trainings import config_of, trainer_in, two_recordings
from v1model.config import DistributionConfig
from v1model.distribution import alone, make_replicas

LOSS = {"correlation_weight": 0.1, "rate_weight_alpha": 0.5}
REGULARIZATION = {
    "lag0": {"weight": 0.01},
    "proximal_l1": {"weight": 1e-3},
    "readout_std_start": 0.5,
}


def trained(folder, paths, replicas):
    """Weights and losses after a training whose segments cannot be shared equally."""
    config = config_of(
        loss=LOSS,
        regularization=REGULARIZATION,
        batch_size=5,
        accumulate=2,
        ema_decay=0.9,
        grad_clip_norm=0.5,
        optimizer="sgd",  # Adam would make noise of rounding in small gradients
        learning_rate=0.05,
    )
    trainer = trainer_in(folder, config, paths, replicas=replicas)
    trainer.train()
    arrays = {f"average {k}": v.numpy() for k, v in enumerate(trainer.updates.averages)}
    for k, weight in enumerate(trainer.updates.variables):
        arrays[f"weight {k}"] = weight.numpy()
        if replicas.n > 1:
            copies = [copy.numpy() for copy in weight.value.values]
            arrays[f"copies {k}"] = np.stack(copies)
    for name in ("total", "poisson", "correlation", "lag0", "val_bps"):
        rows = [row[name] for row in trainer.history.rows]
        arrays[name] = np.array(rows, float)
    return arrays


def main(path):
    two = make_replicas(DistributionConfig(strategy="mirrored", replicas=2))
    folder = pathlib.Path(path).parent
    paths = two_recordings(folder)
    found = {}
    for name, replicas in (("one", alone()), ("two", two)):
        arrays = trained(folder / name, paths, replicas)
        found |= {f"{name} {key}": array for key, array in arrays.items()}
    np.savez(path, **found)


if __name__ == "__main__":
    main(sys.argv[1])
