"""Nothing of the trials for the test has a part in a training."""

import numpy as np
import pytest

from tests.cnn.recorded import write
from tests.cnn.trainings import config_of, trainer_in

PARTS = ("train", "train", "validation", "test", "test")


@pytest.fixture
def paths(tmp_path):
    """Recordings that differ in the trials of the test, and there in everything."""
    options = {"n_trials": 10, "trial_bins": 40, "side": 6, "parts": PARTS}
    found = [tmp_path / "one" / "a.h5", tmp_path / "other" / "a.h5"]
    for path in found:
        path.parent.mkdir()
    own = write(found[0], **options)
    is_test = np.repeat(np.resize(PARTS, 10) == "test", 40)
    rng = np.random.default_rng(9)
    movie, counts, eye = (own[name].copy() for name in ("movie", "counts", "eye"))
    movie[is_test] = rng.integers(0, 256, movie[is_test].shape)
    counts[is_test] = rng.integers(0, 9, counts[is_test].shape)
    eye[is_test] = rng.normal(100, 100, eye[is_test].shape)
    write(
        found[1],
        **options,
        activity={"spikes": counts},
        quantities={"spikes": "count"},
        stimulus={"movie": movie},
        behavior={"eye": eye},
    )
    return found


def test_a_training_does_not_depend_on_the_trials_of_the_test(tmp_path, paths):
    """With all that is taken from the data beside the updates."""
    norm = {"type": "conditioned", "base": {"type": "rms"}}
    convnet = {
        "type": "plain",
        "channels": [3],
        "stem": None,
        "blocks": [{"kernel_size": [2, 3, 3], "norm": norm}],
    }
    config = config_of(
        {"convnet": convnet, "modulator": {"type": "concat"}, "calibration": True},
        data={"behavior": ["eye"]},
        loss={"rate_weight_alpha": 1.0, "correlation_weight": 0.1},
        init_readouts=True,
        ema_decay=0.9,
        epochs=1,
        steps_per_epoch=3,
    )
    weights, scores = [], []
    for path in paths:
        trainer = trainer_in(tmp_path / path.parent.name / "run", config, [path])
        scores.append(trainer.train()["best_val_bps"])
        trainer.use_best()
        weights.append([one.numpy() for one in trainer.model.weights])
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert scores[0] == scores[1]
