"""Latent training on several devices."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.workers import LIMIT_S


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("replicas") / "found.npz"
    done = subprocess.run(
        [sys.executable, "-m", "tests.latent.replicas", str(path)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize("clip", [0.0, 0.01])
def test_two_replicas_do_what_one_does_with_the_same_starts(results, clip):
    """Losses of every epoch and all weights, with and without a clipped gradient."""
    prefix = f"one {clip} "
    names = [name.removeprefix(prefix) for name in results if name.startswith(prefix)]
    assert len(names) > 20
    for name in names:
        one, two = results[prefix + name], results[f"two {clip} {name}"]
        np.testing.assert_allclose(two, one, rtol=1e-3, atol=1e-4, err_msg=name)
    assert not np.array_equal(results["one 0.0 total"], results["one 0.01 total"])


def test_replicas_keep_the_same_weights_where_neurons_are_observed_in_turn(results):
    """Each brings its own starts to a phase, so they see other neurons."""
    copies = [
        array for name, array in results.items() if name.startswith("turns copie")
    ]
    assert len(copies) > 20
    for first, second in copies:
        np.testing.assert_array_equal(first, second)
    losses = results["turns total"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[-2]
