"""Training on several replicas, of one process and of two."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.workers import LIMIT_S, free_ports, tf_config_with_chief

# A sum over four trials, and one of two sums over two trials, differ by the rounding of
# float32, 6e-8 of each term; some hundred terms are added up.
ROUNDING = 1e-5


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What was found by one replica, by each way of having two, in three processes."""
    folder = tmp_path_factory.mktemp("replicas")
    ports = free_ports(2)
    environments = {
        "alone": {},
        "worker_0": {"TF_CONFIG": tf_config_with_chief(ports, 0)},
        "worker_1": {"TF_CONFIG": tf_config_with_chief(ports, 1)},
    }
    processes = {
        name: subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.models.replicas",
                str(folder / f"{name}.npz"),
            ],
            env={**os.environ, **more},
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, more in environments.items()
    }
    found = {}
    try:
        for name, process in processes.items():
            _, errors = process.communicate(timeout=LIMIT_S)
            assert process.returncode == 0, errors[-3000:]
            with np.load(folder / f"{name}.npz", allow_pickle=True) as file:
                found.update({f"{name} {key}": file[key].item() for key in file})
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    return found


@pytest.mark.parametrize("name", ["alone two", "worker_0 worker", "worker_1 worker"])
def test_two_replicas_do_what_one_does_with_the_same_global_batch(results, name):
    """Loss, its parts, every metric, and what each step moves every weight by."""
    one, two = results["alone one"], results[name]
    assert one.keys() == two.keys()
    assert any("sparse_recurrent_weights" in key for key in one)
    for key, expected in one.items():
        size = np.linalg.norm(expected)
        assert size > 0 or "log " in key, key
        assert np.linalg.norm(two[key] - expected) <= ROUNDING * size + 1e-9, key


def test_workers_hold_the_same_weights_to_the_last_bit(results):
    first, second = results["worker_0 worker"], results["worker_1 worker"]
    for key, value in first.items():
        np.testing.assert_array_equal(second[key], value, err_msg=key)
