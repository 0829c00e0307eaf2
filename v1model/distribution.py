"""Replicas: the devices and processes that share the trials of a step."""

import contextlib
import dataclasses
import signal

import numpy as np
import tensorflow as tf

from v1model.cluster import Cluster, LostWorker

_START_S = 120  # longest start of TensorFlow's cluster when everybody is there
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.DeadlineExceededError,
)
_LOST_TEXT = "Collective ops is aborted"


@dataclasses.dataclass(frozen=True)
class Replicas:
    """The strategy of a run, and the part of this process in it.

    Args:
        strategy: tf.distribute.Strategy.
        cluster: Cluster, or None in a run of one process.
    """

    strategy: tf.distribute.Strategy
    cluster: Cluster | None = None

    @property
    def n(self):
        """Replicas, over all processes."""
        return self.strategy.num_replicas_in_sync

    @property
    def n_workers(self):
        """Processes."""
        return 1 if self.cluster is None else len(self.cluster.addresses)

    @property
    def is_chief(self):
        """Whether this is the process that writes and talks."""
        return self.cluster is None or self.cluster.is_chief

    def distribute(self, dataset_of, batch_size):
        """A dataset of which every replica gets its own trials.

        Replica r gets the trials [r b, (r + 1) b) of a step, b per replica, and a
        process makes no others than those of its replicas.

        Args:
            dataset_of: Function of a list of trial numbers, one (b,) array for each
                replica of this process, to a Dataset whose elements are fed to
                them in turn.
            batch_size: b.
        """
        if self.n == 1:
            return dataset_of([np.arange(batch_size)])

        def own(context):
            n_here = context.num_replicas_in_sync // context.num_input_pipelines
            first = context.input_pipeline_id * n_here
            trials = np.arange(self.n * batch_size).reshape(self.n, batch_size)
            return dataset_of(list(trials[first : first + n_here]))

        return self.strategy.distribute_datasets_from_function(own)

    def sum(self, number):
        """Sum of a whole number over all processes; all of them wait for it."""
        if self.n_workers == 1:
            return number

        def part(context):
            n_here = context.num_replicas_in_sync // self.n_workers
            is_first = context.replica_id_in_sync_group % n_here == 0
            return tf.constant(number if is_first else 0, tf.int64)

        parts = self.strategy.experimental_distribute_values_from_function(part)
        return int(self.strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None))

    def wait(self):
        """Returns when every process has come here."""
        self.sum(0)

    def require_same(self, name, number):
        """Raises ValueError, in all processes, unless all have the same number."""
        total = self.sum(number)
        is_different = total != number * self.n_workers
        if self.sum(int(is_different)):
            raise ValueError(
                f"the workers differ in {name}: {number} in worker "
                f"{self.cluster.index}, {total / self.n_workers:g} on average. Do they "
                "see the same --results_dir?"
            )

    @contextlib.contextmanager
    def watched(self):
        """Turns TensorFlow's complaint that a peer does not answer into LostWorker."""
        try:
            yield
        except tf.errors.OpError as error:
            is_lost = isinstance(error, _LOST) or _LOST_TEXT in error.message
            if self.n_workers == 1 or not is_lost:
                raise
            start = max(error.message.find(_LOST_TEXT), 0)
            line = error.message[start:].splitlines()[0]
            raise LostWorker(line.removeprefix(f"{_LOST_TEXT} by: ")) from error


def alone():
    """One replica, in this process."""
    return Replicas(tf.distribute.get_strategy())


def make_replicas(config, cluster=None):
    """The Replicas that a configuration asks for.

    It has to come before any other work of TensorFlow, which can be told of its devices
    and peers only before it starts.

    Args:
        config: DistributionConfig.
        cluster: Cluster whose processes have met, or None.

    Raises:
        ValueError: There are not so many devices.
    """
    if cluster is not None:
        return Replicas(_multi_worker(config, cluster), cluster)
    gpus = tf.config.list_physical_devices("GPU")
    n = config.replicas or max(len(gpus), 1)
    if config.strategy == "none" or (config.strategy == "auto" and n == 1):
        tf.config.list_logical_devices()  # starts them
        return alone()
    if gpus and n > len(gpus):
        raise ValueError(f"replicas {n} needs as many GPUs, there are {len(gpus)}.")
    if not gpus:
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * n
        tf.config.set_logical_device_configuration(cpu, logical)
    kind = "GPU" if gpus else "CPU"
    return Replicas(tf.distribute.MirroredStrategy([f"{kind}:{k}" for k in range(n)]))


def _multi_worker(config, cluster):
    gpus = tf.config.get_visible_devices("GPU")
    n = config.replicas or max(len(gpus), 1)
    if n > max(len(gpus), 1):
        raise ValueError(
            f"replicas {n} needs as many GPUs in each worker, there are {len(gpus)}. "
            "A worker without GPU is one replica: start more workers instead."
        )
    tf.config.set_visible_devices(gpus[:n], "GPU")
    ending = signal.getsignal(signal.SIGTERM)
    # A peer that dies just now is waited for without a limit, deaf to all but this.
    signal.alarm(_START_S)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(cluster.resolver)
    finally:
        signal.alarm(0)
        # TensorFlow has put a handler in its place that only takes notice.
        signal.signal(signal.SIGTERM, ending)
