"""The example of a SLURM job, with stand-ins for srun and scontrol."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from v1model.config import ColumnTrainConfig
from v1model.flags import config_from

SCRIPT = pathlib.Path(__file__).parents[1] / "scripts" / "slurm" / "train.sbatch"


def start(folder, srun, **variables):
    """Starts the script; `srun` is what stands for srun, in bash."""
    for name, body in {"srun": srun, "scontrol": f'echo "$@" > {folder}/asked'}.items():
        program = folder / name
        program.write_text(f"#!/usr/bin/env bash\n{body}\n")
        program.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    places = {"SLURM_JOB_ID": "42", "SLURM_SUBMIT_DIR": str(folder)}
    return subprocess.Popen(
        [SCRIPT],
        env={**os.environ, "PATH": path, **places, **variables},
        stdout=subprocess.DEVNULL,
    )


def test_its_options_are_those_of_the_program():
    text = SCRIPT.read_text(encoding="utf-8")
    call = text[text.index("srun --kill") : text.index('"$@"')]
    given = re.findall(r"--\w+=\S+", call.split("multi_training", 1)[1])
    config = config_from(["multi_training", *given], ColumnTrainConfig)
    assert config.distribution.strategy == "multi_worker"
    assert config.run_name
    assert len(given) == 9


@pytest.mark.parametrize(
    ("status", "has_backup", "starts", "is_asked"),
    [
        (75, False, 0, True),
        (75, True, 20, False),
        (142, False, 0, True),
        (137, True, 0, True),
        (137, False, 0, False),
        (1, True, 0, False),
        (0, True, 0, False),
    ],
)
def test_a_job_that_lost_a_worker_is_queued_again(
    tmp_path, status, has_backup, starts, is_asked
):
    """`has_backup`: whether this start made one."""
    latest = tmp_path / "results" / "one" / "checkpoints" / "latest.weights.h5"
    latest.parent.mkdir(parents=True)
    latest.touch()
    srun = f"sleep 0.05; touch {latest}" if has_backup else ":"
    names = {"RESULTS": str(tmp_path / "results"), "RUN_NAME": "one"}
    names["SLURM_RESTART_COUNT"] = str(starts)
    assert start(tmp_path, f"{srun}; exit {status}", **names).wait(20) == status
    asked = tmp_path / "asked"
    assert asked.exists() == is_asked
    assert not is_asked or asked.read_text() == "requeue 42\n"


def test_a_job_whose_time_is_up_ends_its_training_first(tmp_path):
    ended = f"trap 'touch {tmp_path}/ended; exit 143' TERM\ntouch {tmp_path}/started"
    script = start(tmp_path, f"{ended}\nwhile :; do sleep 0.05; done")
    deadline = time.monotonic() + 20
    while not (tmp_path / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    script.send_signal(signal.SIGTERM)
    script.wait(20)
    assert (tmp_path / "ended").exists()
    assert (tmp_path / "asked").read_text() == "requeue 42\n"
