"""Runs of trainings: folders that keep everything about one."""

from v1model.runs.environment import versions
from v1model.runs.options_text import fingerprint
from v1model.runs.run import STATES, Run, termination_as_exit

__all__ = ["STATES", "Run", "fingerprint", "termination_as_exit", "versions"]
