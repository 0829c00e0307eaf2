"""Latent trainings on one replica and on two: run by test_replicas, saves results.

TensorFlow must be told of its devices before it starts, hence a process of its own.
"""

import pathlib
import sys

import numpy as np

from tests.latent.trainings import driven, params_of, trainer_in
from v1model.config import DistributionConfig
from v1model.distribution import alone, make_replicas

BATCH = 8  # of both replicas together


def trained(folder, recording, replicas, mode, clip):
    """Weights and losses after a training."""
    params = params_of(
        recording,
        acquisition_mode=mode,
        batch_size=BATCH // replicas.n,
        grad_clip_max_norm=clip,
        epochs=2,
        reconstruction_warmup_epochs=1,
        normalization="neuron",
        pca_init=True,
        coder_rate=0.1,
        optimizer="AdamW",
    )
    with trainer_in(folder, params, replicas=replicas) as trainer:
        trainer.train()
        weights = trainer.model.get_weights()
        weights = {f"weight {k}": array for k, array in enumerate(weights)}
        if replicas.n > 1:
            for k, weight in enumerate(trainer.model.weights):
                copies = [copy.numpy() for copy in weight.value.values]
                weights[f"copies {k}"] = np.stack(copies)
        rows = [row["total"] for row in trainer.history.rows]
    return weights | {"total": np.array(rows, float)}


def main(path):
    two = make_replicas(DistributionConfig(strategy="mirrored", replicas=2))
    folder = pathlib.Path(path).parent
    recording = driven(folder / "driven.h5")
    found = {}
    for mode, clip in (("time_aligned", 0.0), ("time_aligned", 0.01)):
        for name, replicas in (("one", alone()), ("two", two)):
            run = folder / f"{mode} {clip} {name}"
            arrays = trained(run, recording, replicas, mode, clip)
            found |= {f"{name} {clip} {key}": array for key, array in arrays.items()}
    turns = trained(folder / "turns", recording, two, "staggered_random", 0.1)
    found |= {f"turns {key}": array for key, array in turns.items()}
    np.savez(path, **found)


if __name__ == "__main__":
    main(sys.argv[1])
