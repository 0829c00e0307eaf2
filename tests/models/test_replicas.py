"""Training on several replicas."""

import subprocess
import sys

import numpy as np


def test_two_replicas_do_what_one_does_with_the_same_global_batch(tmp_path):
    """Loss, its parts, every metric, and the step of every weight."""
    path = tmp_path / "results.npz"
    command = [sys.executable, "-m", "tests.models.replicas", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(path, allow_pickle=True) as file:
        one, two = file["one"].item(), file["two"].item()
    assert one.keys() == two.keys()
    assert any(name.endswith("sparse_recurrent_weights") for name in one)
    for name, expected in one.items():
        size = np.linalg.norm(expected)
        assert size > 0 or name.startswith("log"), name
        assert np.linalg.norm(two[name] - expected) <= 1e-5 * size + 1e-9, name
