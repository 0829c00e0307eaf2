"""Replicas: which strategy, which trials, and what a lost worker looks like."""

import concurrent.futures
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf

from v1model.cluster import Cluster, LostWorker
from v1model.config import DistributionConfig
from v1model.distribution import Replicas, make_replicas


def in_process(program):
    """Runs a program of its own: TensorFlow hears of its devices only once."""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


@pytest.mark.parametrize("options", [{}, {"replicas": 1}, {"strategy": "none"}])
def test_without_gpu_and_wish_there_is_one_replica(monkeypatch, options):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    replicas = make_replicas(DistributionConfig(**options))
    assert (replicas.n, replicas.n_workers, replicas.is_chief) == (1, 1, True)
    assert not isinstance(replicas.strategy, tf.distribute.MirroredStrategy)


def test_more_replicas_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a", "b"])
    with pytest.raises(ValueError, match="replicas 3 needs as many GPUs, there are 2"):
        make_replicas(DistributionConfig(replicas=3))


def test_a_worker_of_processors_is_one_replica():
    cluster = Cluster(("a:1", "b:2"), 0, None)
    with pytest.raises(ValueError, match="replicas 2 needs .* start more workers"):
        make_replicas(DistributionConfig(replicas=2), cluster)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicas": -1}, "replicas must not be negative, got -1"),
        ({"worker_timeout": 0.0}, "worker_timeout must be positive, got 0.0"),
        ({"strategy": "none", "replicas": 2}, "replicas must be 0 or 1 with none"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DistributionConfig(**options)


def test_each_replica_gets_its_own_block_of_trials():
    program = """
import tensorflow as tf
from v1model.config import DistributionConfig
from v1model.distribution import make_replicas

replicas = make_replicas(DistributionConfig(replicas=3))
assert isinstance(replicas.strategy, tf.distribute.MirroredStrategy)
blocks = tf.data.Dataset.from_tensor_slices
(batch,) = replicas.distribute(lambda trials: blocks(trials), 2)
for part in replicas.strategy.experimental_local_results(batch):
    print(*part.numpy())
"""
    assert in_process(program).split("\n")[:3] == ["0 1", "2 3", "4 5"]


def test_one_replica_gets_all_trials():
    (block,) = Replicas(tf.distribute.get_strategy()).distribute(list, 3)
    np.testing.assert_array_equal(block, [0, 1, 2])


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.UnavailableError(None, None, "Socket closed"),
        tf.errors.InternalError(
            None, None, "at node x\nCollective ops is aborted by: recvmsg\nmore"
        ),
    ],
)
def test_a_peer_that_does_not_answer_is_a_lost_worker(error):
    strategy = tf.distribute.get_strategy()
    cluster = Cluster(("a:1", "b:2"), 1, None)
    with pytest.raises(LostWorker) as lost, Replicas(strategy, cluster).watched():
        raise error
    assert lost.value.reason in ("Socket closed", "recvmsg")
    with pytest.raises(type(error)), Replicas(strategy).watched():
        raise error  # nobody else is there


def test_an_error_of_its_own_is_not_a_lost_worker():
    replicas = Replicas(tf.distribute.get_strategy(), Cluster(("a:1", "b:2"), 1, None))
    own = tf.errors.ResourceExhaustedError(None, None, "out of memory")
    with pytest.raises(tf.errors.ResourceExhaustedError), replicas.watched():
        raise own


@pytest.mark.parametrize(("first", "second", "is_same"), [(6, 6, True), (6, 8, False)])
def test_workers_that_differ_all_hear_of_it(first, second, is_same):
    """Two workers, side by side, whose sums are made by this test."""
    own, meeting = {0: None, 1: None}, threading.Barrier(2)

    class Worker(Replicas):
        def sum(self, number):
            own[self.cluster.index] = number
            meeting.wait(5)
            total = own[0] + own[1]
            meeting.wait(5)
            return total

    def compare(index, number):
        worker = Worker(None, Cluster(("a:1", "b:2"), index, None))
        try:
            worker.require_same("the step of the backup", number)
        except ValueError as error:
            return str(error)
        return None

    with concurrent.futures.ThreadPoolExecutor() as threads:
        found = list(threads.map(compare, (0, 1), (first, second)))
    assert [each is None for each in found] == [is_same, is_same]
    if not is_same:
        assert "the step of the backup: 6 in worker 0, 7 on average" in found[0]
        assert "the step of the backup: 8 in worker 1, 7 on average" in found[1]
