"""Cluster: the processes that train together, who they are and how they meet.

Everything here happens before TensorFlow talks to another process. TensorFlow waits for
its peers for an hour, deaf to signals and to other threads; so they meet here first.
"""

import contextlib
import dataclasses
import json
import logging
import os
import select
import socket
import time

TRY_AGAIN = 75  # exit status, EX_TEMPFAIL of sysexits.h: the same command may succeed
CHIEF, WORKER = "chief", "worker"
_PAUSE_S = 0.2  # between two attempts to reach the chief
_REPLY_S = 2.0  # a process that says nothing for so long is none of ours
_REPORT_S = 30.0  # between two lines on who is missing
_LONGEST_LINE = 4096  # bytes

logger = logging.getLogger(__name__)


class WorkerTimeout(SystemExit):
    """The other workers did not come in time."""

    def __init__(self, who, timeout_s):
        super().__init__(TRY_AGAIN)
        self.who, self.minutes = who, timeout_s / 60

    def __str__(self):
        minutes = f"{self.minutes:g} minutes (--worker_timeout)"
        return f"{self.who} did not come within {minutes}."


class LostWorker(SystemExit):
    """Another worker went away in the middle of the work."""

    def __init__(self, reason):
        super().__init__(TRY_AGAIN)
        self.reason = reason

    def __str__(self):
        return f"another worker was lost ({self.reason})"


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes of a run, and which of them this is.

    Args:
        addresses: "host:port" of each, in order; the first is the chief, who writes.
        index: Place of this process among them.
        resolver: TensorFlow's cluster resolver that says the same.
    """

    addresses: tuple[str, ...]
    index: int
    resolver: object

    @property
    def is_chief(self):
        return self.index == 0


def is_named_by(environment):
    """Whether the environment names several processes, as TF_CONFIG or SLURM does.

    Raises:
        ValueError: TF_CONFIG is wrong.
    """
    n_tasks = environment.get("SLURM_STEP_NUM_TASKS", "1")
    jobs = _jobs_of_tf_config(environment)
    return sum(map(len, jobs.values())) > 1 or int(n_tasks) > 1


def find_cluster(environment=os.environ):
    """The cluster that TF_CONFIG names, or the SLURM step that this process is in.

    TensorFlow's resolvers read the variables of the process; `environment` must be
    those.

    Raises:
        ValueError: There is none, or what is there is wrong.
    """
    if _jobs_of_tf_config(environment):
        return _cluster_of_tf_config(environment)
    if "SLURM_STEP_NUM_TASKS" in environment:
        return _cluster_of_slurm(environment)
    raise ValueError(
        "strategy multi_worker needs a cluster in TF_CONFIG, or a step of SLURM "
        "(srun); there is neither."
    )


def _tf_config(environment):
    text = environment.get("TF_CONFIG", "")
    try:
        found = json.loads(text) if text else {}
    except ValueError as error:
        raise ValueError(f"TF_CONFIG is not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ValueError(f"TF_CONFIG must be a JSON object, got {text}.")
    return found


def _jobs_of_tf_config(environment):
    """Addresses by role, the chief first; {} without a cluster."""
    jobs = _tf_config(environment).get("cluster", {})
    if not isinstance(jobs, dict):
        raise ValueError(f"TF_CONFIG: cluster must be an object, got {jobs!r}.")
    others = sorted(set(jobs) - {CHIEF, WORKER})
    if others:
        raise ValueError(
            f"TF_CONFIG: the roles are chief and worker, got {', '.join(others)}. "
            "Parameter servers and evaluators have nothing to do here: every worker "
            "trains and validates."
        )
    for role, addresses in jobs.items():
        is_list = isinstance(addresses, list) and all(
            isinstance(address, str) and address.rpartition(":")[2].isdigit()
            for address in addresses
        )
        if not is_list or not addresses:
            raise ValueError(
                f"TF_CONFIG: {role} must be a list of host:port, got {addresses!r}."
            )
    if len(jobs.get(CHIEF, [])) > 1:
        raise ValueError(f"TF_CONFIG: there can be one chief, got {jobs[CHIEF]}.")
    return {role: jobs[role] for role in (CHIEF, WORKER) if role in jobs}


def _cluster_of_tf_config(environment):
    import tensorflow as tf

    jobs = _jobs_of_tf_config(environment)
    task = _tf_config(environment).get("task")
    role = task.get("type") if isinstance(task, dict) else None
    number = task.get("index") if isinstance(task, dict) else None
    if role not in jobs or not str(number).isdigit():
        raise ValueError(
            "TF_CONFIG: task must have a type of the cluster "
            f"({', '.join(jobs)}) and an index, got {task!r}."
        )
    if int(number) >= len(jobs[role]):
        raise ValueError(
            f"TF_CONFIG: task index {number} is outside the cluster, which has "
            f"{len(jobs[role])} of {role}."
        )
    before = len(jobs.get(CHIEF, [])) if role == WORKER else 0
    addresses = tuple(address for role in jobs.values() for address in role)
    return Cluster(
        addresses,
        before + int(number),
        tf.distribute.cluster_resolver.TFConfigClusterResolver(),
    )


def _cluster_of_slurm(environment):
    from v1model.slurm import resolver_of

    try:
        resolver = resolver_of(environment)
        addresses = resolver.cluster_spec().as_dict()[WORKER]
    except (RuntimeError, KeyError) as error:
        raise ValueError(f"the SLURM step cannot be read: {error}.") from error
    return Cluster(tuple(addresses), resolver.task_id, resolver)


def meet(cluster, fingerprint, timeout_s):
    """Returns in all processes of a cluster once all of them are there.

    Args:
        cluster: Cluster.
        fingerprint: What must be the same in all: the run and its options, a str.
        timeout_s: Seconds to wait.

    Raises:
        WorkerTimeout: Somebody did not come.
        ValueError: Somebody came with another fingerprint.
        OSError: The chief cannot use its own address.
    """
    deadline = time.monotonic() + timeout_s
    if len(cluster.addresses) == 1:
        return
    if cluster.is_chief:
        _gather_workers(cluster, fingerprint, deadline, timeout_s)
    else:
        _report_to_chief(cluster, fingerprint, deadline, timeout_s)


def _gather_workers(cluster, fingerprint, deadline, timeout_s):
    waiting = {}
    reported = time.monotonic()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_listen(cluster.addresses[0]))
        stack.callback(lambda: [peer.close() for peer in waiting.values()])
        while len(waiting) < len(cluster.addresses) - 1:
            now = time.monotonic()
            missing = [
                f"{k} ({address})"
                for k, address in enumerate(cluster.addresses)
                if k and k not in waiting
            ]
            if now > deadline:
                raise WorkerTimeout(f"worker {missing[0]}", timeout_s)
            if now - reported > _REPORT_S:
                reported = now
                logger.info("waiting for worker %s", ", ".join(missing))
            if select.select([server], [], [], _PAUSE_S)[0]:
                _admit(server.accept()[0], waiting, cluster, fingerprint)
            if len(waiting) == len(cluster.addresses) - 1:
                waiting = _answering(waiting)
        for peer in waiting.values():
            peer.sendall(b'{"go": true}\n')


def _listen(address):
    try:
        return socket.create_server(("", int(address.rpartition(":")[2])), backlog=64)
    except OSError as error:
        text = f"the chief cannot use its address {address}: {error.strerror}."
        raise OSError(error.errno, text) from error


def _admit(peer, waiting, cluster, fingerprint):
    """Keeps the connection of a worker that said who it is; closes any other."""
    peer.settimeout(_REPLY_S)
    message = _read(peer)
    index = message.get("index")
    if not isinstance(index, int) or not 0 < index < len(cluster.addresses):
        peer.close()  # an older life of a worker, or a stranger
        return
    if message.get("fingerprint") != fingerprint:
        text = (
            f"worker {index} was started with other options than the chief. "
            "Processes that train alone need --strategy=none."
        )
        for each in (peer, *waiting.values()):
            with contextlib.suppress(OSError):
                each.sendall(json.dumps({"error": text}).encode() + b"\n")
        peer.close()
        raise ValueError(text)
    if index in waiting:
        waiting[index].close()
    waiting[index] = peer


def _answering(waiting):
    """Those of the workers that are still there to say so."""
    kept = {}
    for index, peer in waiting.items():
        with contextlib.suppress(OSError):
            peer.sendall(b'{"ready": true}\n')
            if _read(peer).get("ready"):
                kept[index] = peer
                continue
        peer.close()
    return kept


def _report_to_chief(cluster, fingerprint, deadline, timeout_s):
    host, _, port = cluster.addresses[0].rpartition(":")
    hello = json.dumps({"index": cluster.index, "fingerprint": fingerprint})
    reported = time.monotonic()
    while time.monotonic() < deadline:
        if time.monotonic() - reported > _REPORT_S:
            reported = time.monotonic()
            logger.info("waiting for the others at %s", cluster.addresses[0])
        with contextlib.suppress(OSError):
            with socket.create_connection((host, int(port)), _REPLY_S) as peer:
                peer.sendall(hello.encode() + b"\n")
                peer.settimeout(max(deadline - time.monotonic(), _PAUSE_S))
                answer = _read(peer)
                while "ready" in answer:
                    peer.sendall(b'{"ready": true}\n')
                    answer = _read(peer)
            if "error" in answer:
                raise ValueError(answer["error"])
            if "go" in answer:
                return
        time.sleep(_PAUSE_S)
    raise WorkerTimeout(f"the chief ({cluster.addresses[0]})", timeout_s)


def _read(peer):
    """One line of JSON as a dict; {} if something else came, or nothing."""
    line = b""
    try:
        while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
            piece = peer.recv(_LONGEST_LINE)
            if not piece:
                return {}
            line += piece
        message = json.loads(line)
    except (OSError, ValueError):
        return {}
    return message if isinstance(message, dict) else {}
