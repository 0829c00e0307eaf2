"""Who trains together, and how they meet before TensorFlow starts."""

import json
import socket
import threading

import pytest

from tests.workers import free_ports, tf_config
from v1model.cluster import (
    TRY_AGAIN,
    Cluster,
    LostWorker,
    WorkerTimeout,
    find_cluster,
    is_named_by,
    meet,
)


def set_tf_config(monkeypatch, cluster, task):
    text = json.dumps({"cluster": cluster, "task": task})
    monkeypatch.setenv("TF_CONFIG", text)


def loopback(n, index, ports):
    return Cluster(tuple(f"127.0.0.1:{port}" for port in ports[:n]), index, None)


def in_threads(*functions):
    """Runs functions side by side; what each returned or raised."""
    found = [None] * len(functions)

    def keep(number, function):
        try:
            found[number] = function()
        except BaseException as error:
            found[number] = error

    threads = [
        threading.Thread(target=keep, args=each) for each in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return found


def test_the_chief_of_tf_config_comes_first(monkeypatch):
    jobs = {"worker": ["b:2", "c:3"], "chief": ["a:1"]}
    found = []
    for role, index in (("chief", 0), ("worker", 0), ("worker", 1)):
        set_tf_config(monkeypatch, jobs, {"type": role, "index": index})
        cluster = find_cluster()
        assert cluster.addresses == ("a:1", "b:2", "c:3")
        assert cluster.resolver.cluster_spec().as_dict() == jobs
        found.append((cluster.index, cluster.is_chief))
    assert found == [(0, True), (1, False), (2, False)]


@pytest.mark.parametrize(
    ("cluster", "task", "message"),
    [
        ({"worker": ["a:1", "b:2"]}, {"type": "worker", "index": 2}, "index 2 is outs"),
        ({"worker": ["a:1", "b:2"]}, {"type": "chief", "index": 0}, "type of the clus"),
        ({"worker": ["a:1", "b:2"]}, None, "task must have a type .* got None"),
        ({"worker": ["a:1"], "ps": ["b:2"]}, {"type": "worker"}, "got ps. Parameter"),
        ({"worker": ["a:1"], "evaluator": ["b:2"]}, {}, "got evaluator"),
        ({"worker": ["a"]}, {"type": "worker", "index": 0}, r"host:port, got \['a'\]"),
        ({"worker": []}, {"type": "worker", "index": 0}, r"host:port, got \[\]"),
        ({"chief": ["a:1", "b:2"]}, {"type": "chief", "index": 0}, "can be one chief"),
        (["a:1"], {}, "cluster must be an object"),
    ],
)
def test_a_wrong_tf_config_is_refused(monkeypatch, cluster, task, message):
    set_tf_config(monkeypatch, cluster, task)
    with pytest.raises(ValueError, match=message):
        find_cluster()


def test_tf_config_that_is_no_json_object_is_refused():
    with pytest.raises(ValueError, match="TF_CONFIG is not valid JSON"):
        is_named_by({"TF_CONFIG": "{"})
    with pytest.raises(ValueError, match="must be a JSON object"):
        is_named_by({"TF_CONFIG": "[1]"})


def test_several_processes_are_needed_to_be_named():
    assert is_named_by({"TF_CONFIG": tf_config([1, 2], 0)})
    assert not is_named_by({"TF_CONFIG": tf_config([1], 0)})
    assert is_named_by({"SLURM_STEP_NUM_TASKS": "2"})
    assert not is_named_by({"SLURM_STEP_NUM_TASKS": "1"})
    assert not is_named_by({})


def test_multi_worker_without_a_cluster_is_refused(monkeypatch):
    for name in ("TF_CONFIG", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="needs a cluster in TF_CONFIG"):
        find_cluster()


def test_all_go_on_when_the_last_has_come():
    ports = free_ports(3)
    meeting = threading.Barrier(3)

    def come(index):
        def run():
            meet(loopback(3, index, ports), "same", timeout_s=15)
            meeting.wait(5)  # breaks unless the others are here too
            return "met"

        return run

    assert in_threads(*map(come, range(3))) == ["met"] * 3


def test_a_stranger_and_a_worker_that_dies_waiting_do_not_count():
    """What an older life of a worker sends, and one that was killed after its hello."""
    ports = free_ports(2)
    chief, worker = (loopback(2, k, ports) for k in range(2))
    came = threading.Event()

    def disturb():
        right = b'{"index": 1, "fingerprint": "same"}\n'
        for hello in (b"PRI * HTTP/2.0\r\n\r\n", b'{"index": 7}\n', b"[]\n", right):
            address = ("127.0.0.1", ports[0])
            while True:
                try:
                    peer = socket.create_connection(address, 1)
                    break
                except OSError:
                    continue
            with peer:
                peer.sendall(hello)
        came.set()
        return "gone"

    def late():
        assert came.wait(10)
        return meet(worker, "same", timeout_s=15)

    assert in_threads(lambda: meet(chief, "same", 15), disturb, late) == [
        None,
        "gone",
        None,
    ]


def test_who_does_not_come_ends_the_others_with_the_status_to_try_again():
    ports = free_ports(2)
    for index, who in ((0, r"worker 1 \(127.0.0.1:"), (1, r"the chief \(127.0.0.1:")):
        with pytest.raises(WorkerTimeout) as late:
            meet(loopback(2, index, ports), "same", timeout_s=0.3)
        assert late.value.code == TRY_AGAIN
        assert "did not come within 0.005 minutes (--worker_timeout)" in str(late.value)
        assert late.match(who)
    assert LostWorker("socket closed").code == TRY_AGAIN


def test_an_address_that_is_taken_is_named():
    with socket.create_server(("", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"use its address 127.0.0.1:{port}: Addr"):
            meet(loopback(2, 0, [port, port + 1]), "same", timeout_s=1)


def test_workers_with_other_options_are_refused_on_both_sides():
    ports = free_ports(2)
    errors = in_threads(
        lambda: meet(loopback(2, 0, ports), "one", 15),
        lambda: meet(loopback(2, 1, ports), "other", 15),
    )
    for error in errors:
        assert isinstance(error, ValueError)
        assert "worker 1 was started with other options than the chief" in str(error)
