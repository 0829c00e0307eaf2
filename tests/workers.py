"""Real processes that train together over loopback, for tests."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
# Trials of 150 ms, the smallest column that can be built.
SMALL = (
    "--task=10class",
    "--neurons=500",
    "--neurons_per_output=2",
    "--seq_len=150",
    "--pre_delay=0",
    "--post_delay=50",
    "--pre_chunks=1",
    "--post_chunks=1",
    "--engine=stepwise",
    "--steps_per_epoch=2",
    "--val_steps=1",
    "--log_activity_every=3",
)
LIMIT_S = 600.0  # against hanging; busy machines have taken 200


def free_ports(n):
    """Ports of this machine that nobody uses now."""
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            for _ in range(n)
        ]
        return [server.getsockname()[1] for server in servers]


def tf_config(ports, index):
    """The value of TF_CONFIG for worker number `index`."""
    addresses = [f"127.0.0.1:{port}" for port in ports]
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": addresses}, "task": task})


def tf_config_with_chief(ports, index):
    """The same processes, of which the first has a role of its own."""
    chief, *workers = (f"127.0.0.1:{port}" for port in ports)
    task = {"type": "worker", "index": index - 1}
    if index == 0:
        task = {"type": "chief", "index": 0}
    return json.dumps({"cluster": {"chief": [chief], "worker": workers}, "task": task})


def slurm_step(n, local):
    """The variables of a task of a SLURM step of n tasks on this machine."""
    return {
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_STEP_NUM_TASKS": str(n),
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_TASKS_PER_NODE": str(n),
        "SLURMD_NODENAME": "localhost",
        "SLURM_LOCALID": str(local),
    }


class Workers:
    """Processes of `training.multi_training` that train one run; killed on leaving.

    Args:
        folder: Receives the run and one log per worker.
        arguments: Of each of them.
        n: Number of workers; 1 is told of no cluster.
        slurm: Whether they are tasks of a SLURM step, otherwise of TF_CONFIG.
    """

    def __init__(self, folder, arguments, n=2, slurm=False):
        self.folder = folder
        self.command = [
            sys.executable,
            "-m",
            "training.multi_training",
            *arguments,
            f"--results_dir={folder}",
        ]
        ports = free_ports(n)
        self.names = [{}] * n
        if n > 1 and slurm:
            self.names = [slurm_step(n, k) for k in range(n)]
        elif n > 1:
            self.names = [{"TF_CONFIG": tf_config(ports, k)} for k in range(n)]
        self.processes = []
        self.n = n

    def __enter__(self):
        self.processes = [self.start(k) for k in range(self.n)]
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.kill()
            process.wait()

    def start(self, index):
        """Starts worker number `index`; its output goes to worker_INDEX.log."""
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop("TF_CONFIG", None)
        environment.update(self.names[index])
        with (self.folder / f"worker_{index}.log").open("ab") as log:
            return subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def restart(self, index):
        """Kills a worker without warning and starts it again."""
        self.processes[index].send_signal(signal.SIGKILL)
        self.processes[index].wait()
        self.processes[index] = self.start(index)

    def log(self, index):
        """What a worker has said so far."""
        path = self.folder / f"worker_{index}.log"
        return path.read_text(errors="replace")

    def wait_for(self, path):
        """Waits for a file; fails if a worker ends before, or it takes too long."""
        deadline = time.monotonic() + LIMIT_S
        while not path.exists():
            for index, process in enumerate(self.processes):
                assert process.poll() is None, self.log(index)[-3000:]
            assert time.monotonic() < deadline, self.log(0)[-3000:]
            time.sleep(0.02)

    def statuses(self):
        """Exit statuses, when all have ended."""
        deadline = time.monotonic() + LIMIT_S
        for process in self.processes:
            process.wait(max(deadline - time.monotonic(), 0.1))
        return [process.returncode for process in self.processes]
