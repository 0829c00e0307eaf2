"""Training of read-out models on several devices."""

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
        [sys.executable, "-m", "tests.cnn.replicas", str(path)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(path) as file:
        return dict(file)


def test_two_replicas_do_what_one_does_with_the_same_segments(results):
    """Also where replicas have different numbers of valid bins, and none at all."""
    names = [name.removeprefix("one ") for name in results if name.startswith("one ")]
    assert len(names) > 15
    for name in names:
        one, two = results[f"one {name}"], results[f"two {name}"]
        np.testing.assert_allclose(two, one, rtol=1e-3, atol=1e-5, err_msg=name)
    assert results["one total"][1] != results["one total"][0]


def test_replicas_keep_the_same_weights(results):
    copies = [array for name, array in results.items() if "copies" in name]
    assert len(copies) > 5
    for first, second in copies:
        np.testing.assert_array_equal(first, second)
