"""The tasks of a SLURM step as a TensorFlow cluster."""

import pytest
import tensorflow as tf

from v1model.cluster import find_cluster
from v1model.slurm import resolver_of


def step(node, local, *, tasks="2(x2)", nodes="n[9-10]", n=4, **more):
    """The variables of one task, as srun sets them."""
    return {
        "SLURM_JOB_ID": "123456",
        "SLURM_STEP_NUM_TASKS": str(n),
        "SLURM_STEP_NODELIST": nodes,
        "SLURM_STEP_TASKS_PER_NODE": tasks,
        "SLURMD_NODENAME": node,
        "SLURM_LOCALID": str(local),
        "SLURM_PROCID": "0",
        **more,
    }


def set_step(monkeypatch, variables):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def gpus(monkeypatch):
    """A node with four GPUs; a list of what is made visible."""
    seen = []
    devices = [f"gpu {k}" for k in range(4)]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: devices)
    monkeypatch.setattr(
        tf.config, "set_visible_devices", lambda some, kind: seen.extend(some)
    )
    return seen


def test_every_task_finds_itself_at_its_own_address(monkeypatch):
    """Also where names do not sort like numbers, and tasks go around the nodes."""
    found = {}
    for node in ("n9", "n10"):
        for local in range(2):
            set_step(monkeypatch, step(node, local))
            cluster = find_cluster()
            found[cluster.index] = cluster.addresses[cluster.index]
            host, _, port = found[cluster.index].partition(":")
            assert host == node
            assert int(port) % 2 == local % 2  # the first port is even
            assert cluster.resolver.num_accelerators() == {"GPU": 0}
    assert sorted(found) == [0, 1, 2, 3]
    assert len(set(found.values())) == 4
    assert tuple(found[k] for k in range(4)) == cluster.addresses


def test_nodes_may_have_different_numbers_of_tasks(monkeypatch):
    tasks = {"tasks": "2,1", "nodes": "a,b", "n": 3}
    indices = []
    for node, local in (("a", 0), ("a", 1), ("b", 0)):
        set_step(monkeypatch, step(node, local, **tasks))
        cluster = find_cluster()
        assert [a.partition(":")[0] for a in cluster.addresses] == ["a", "a", "b"]
        indices.append(cluster.index)
    assert indices == [0, 1, 2]


def test_two_jobs_on_one_node_use_different_ports(monkeypatch):
    ports = []
    for job in ("77", "78"):
        set_step(monkeypatch, step("n9", 0, SLURM_JOB_ID=job))
        ports += [find_cluster().addresses[0]]
    assert ports[0] != ports[1]


def test_tasks_of_a_node_share_its_gpus(monkeypatch, gpus):
    set_step(monkeypatch, variables := step("n9", 1))
    assert resolver_of(variables).num_accelerators() == {"GPU": 2}
    assert gpus == ["gpu 2", "gpu 3"]


@pytest.mark.parametrize(
    "variables",
    [
        step("n9", 0, tasks="1(x2)", n=2),
        step("n9", 1, SLURM_GPUS_PER_TASK="4"),
    ],
)
def test_a_task_takes_all_gpus_that_are_its_own(monkeypatch, gpus, variables):
    set_step(monkeypatch, variables)
    assert resolver_of(variables).num_accelerators() == {"GPU": 4}
    assert gpus == []


def test_gpus_that_cannot_be_shared_are_refused(monkeypatch, gpus):
    set_step(monkeypatch, variables := step("n9", 0, tasks="3(x2)", n=6))
    with pytest.raises(ValueError, match="4 GPUs cannot be shared evenly by the 3"):
        resolver_of(variables)


def test_a_step_that_lacks_a_variable_is_refused(monkeypatch):
    variables = step("n9", 0)
    set_step(monkeypatch, variables)
    monkeypatch.delenv("SLURM_STEP_NODELIST")
    with pytest.raises(ValueError, match="SLURM_STEP_NODELIST not found"):
        find_cluster()


def test_a_node_outside_the_step_is_refused(monkeypatch):
    set_step(monkeypatch, step("elsewhere", 0))
    with pytest.raises(ValueError, match="elsewhere .*n9, n10"):
        find_cluster()
