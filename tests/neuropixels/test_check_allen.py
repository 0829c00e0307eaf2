"""The script that makes AllenSDK's environment, with stand-ins for Python."""

import os
import pathlib
import shutil
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "check_allen"
# Stands for the Python that is found, and makes an environment whose Python is
# `inner`; knows the requirements only as "pins".
OUTER = """#!/usr/bin/env bash
case "$1" in
    -) echo pins ;;
    -m) mkdir -p "$3/bin"; cp "$(dirname "$0")/inner" "$3/bin/python" ;;
esac
"""
INNER = """#!/usr/bin/env bash
echo "$2" >>"$LOG"
case "$2" in
    pip) echo "$PIP_SAYS"; exit "$PIP_STATUS" ;;
    pytest) exit "$PYTEST_STATUS" ;;
esac
"""


@pytest.fixture
def check(tmp_path):
    """Runs the script; (status, output, what the environment's Python was asked)."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "cat", "cp", "dirname", "env", "grep", "mkdir", "rm", "tail"):
        (tools / name).symlink_to(shutil.which(name))

    def run(*, python=True, pip=0, says="", tests=0):
        if python:
            for name, text in (("python3.11", OUTER), ("inner", INNER)):
                (tools / name).write_text(text)
                (tools / name).chmod(0o755)
        log = tmp_path / "log"
        log.write_text("")
        done = subprocess.run(
            [tools / "bash", SCRIPT],
            capture_output=True,
            text=True,
            env={
                "PATH": str(tools),
                "LOG": str(log),
                "V1MODEL_ALLEN_ENV": str(tmp_path / "environment"),
                "PIP_STATUS": str(pip),
                "PIP_SAYS": says,
                "PYTEST_STATUS": str(tests),
            },
        )
        return done.returncode, done.stdout, log.read_text().split()

    return run


def test_the_script_is_executable():
    assert os.access(SCRIPT, os.X_OK)


def test_without_an_old_python_it_is_left_out(check):
    status, output, _ = check(python=False)
    assert status == 0
    assert output.startswith("left out: AllenSDK needs Python 3.10 or 3.11")


def test_without_a_network_it_is_left_out_with_the_reason(check):
    status, output, asked = check(pip=1, says="ERROR: No matching distribution")
    assert status == 0
    assert "left out: AllenSDK cannot be installed: ERROR: No matching" in output
    assert asked == ["pip"]


def test_pins_that_contradict_each_other_fail(check):
    status, output, asked = check(pip=1, says="ERROR: ResolutionImpossible: see")
    assert status == 1
    assert "ResolutionImpossible" in output and asked == ["pip"]


def test_failing_tests_fail_and_the_environment_is_kept(check):
    assert check(tests=1)[0] == 1
    status, _, asked = check(tests=0)
    assert status == 0 and asked == ["pytest"]
    status, _, asked = check(pip=1)
    assert status == 0 and asked == ["pytest"]


def test_an_installation_that_broke_off_is_made_again(check):
    assert check(pip=1)[2] == ["pip"]
    assert check()[2] == ["pip", "pytest"]
