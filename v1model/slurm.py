"""The tasks of a SLURM step as a TensorFlow cluster."""

import tensorflow as tf

# The number of the job chooses the first of 16 ports: two jobs may share a node.
_PORTS = range(20000, 30000, 16)
# SLURM shows a task only its own GPUs where it was told how many a task gets.
_BINDING = ("SLURM_GPUS_PER_TASK", "SLURM_TRES_PER_TASK")


def resolver_of(environment):
    """TensorFlow's resolver for the step that this process is a task of.

    Args:
        environment: Variables of the process.

    Raises:
        KeyError, RuntimeError: A variable that SLURM sets is missing.
        ValueError: A variable is wrong, or the GPUs of the node cannot be shared.
    """
    n_here = _tasks_of(environment)
    gpus = tf.config.list_physical_devices("GPU")
    is_bound = any(name in environment for name in _BINDING)
    n_gpus = len(gpus)
    if n_here > 1 and gpus and not is_bound:
        n_gpus, rest = divmod(len(gpus), n_here)
        if rest:
            raise ValueError(
                f"{len(gpus)} GPUs cannot be shared evenly by the {n_here} tasks on "
                "this node; give each its own (--gpus-per-task)."
            )
        start = int(environment["SLURM_LOCALID"]) * n_gpus
        tf.config.set_visible_devices(gpus[start : start + n_gpus], "GPU")
    return SlurmResolver(environment, n_gpus)


def _tasks_of(environment):
    """Tasks on the node of this process."""
    resolver = SlurmResolver(environment, 0)
    return resolver.tasks_by_node()[environment["SLURMD_NODENAME"]]


class SlurmResolver(tf.distribute.cluster_resolver.SlurmClusterResolver):
    """TensorFlow's resolver, with three repairs.

    It sorts nodes by name but numbers tasks by SLURM, for which n10 comes after n9:
    here a task has the number of its own address, node by node. It asks nvidia-smi for
    GPUs, which a cluster of processors lacks, and fails if a task has none.

    Args:
        environment: Variables of the process.
        n_gpus: GPUs of this task.
    """

    def __init__(self, environment, n_gpus):
        self._environment = environment
        self._n_gpus = n_gpus
        job = int(environment["SLURM_JOB_ID"])
        tasks = self.tasks_by_node()
        # Places for TensorFlow's own sharing of GPUs, which is not used.
        super().__init__(
            port_base=_PORTS[job % len(_PORTS)],
            gpus_per_node=max(tasks.values()),
            gpus_per_task=1,
            auto_set_gpu=False,
        )

    def tasks_by_node(self):
        """Number of tasks on each node, by its name."""
        return self._resolve_task_configuration()

    def _resolve_own_rank(self):
        node = self._environment["SLURMD_NODENAME"]
        tasks = self.tasks_by_node()
        if node not in tasks:
            raise ValueError(
                f"SLURMD_NODENAME {node} is not among the nodes of the step: "
                f"{', '.join(tasks)}."
            )
        before = sum(n for name, n in tasks.items() if name < node)
        return before + int(self._environment["SLURM_LOCALID"])

    def num_accelerators(self, task_type=None, task_id=None, config_proto=None):
        del task_type, task_id, config_proto
        return {"GPU": self._n_gpus}
