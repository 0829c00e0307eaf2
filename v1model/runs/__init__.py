"""Runs of trainings: folders that keep everything about one."""

from v1model.runs.environment import versions
from v1model.runs.hold import RunInUse
from v1model.runs.index import Found, Problem, find_runs, read_history
from v1model.runs.layout import LAYOUT, STATES
from v1model.runs.options_text import fingerprint
from v1model.runs.run import Run
from v1model.runs.signals import termination_as_exit
from v1model.runs.summary import RunSummary, read_summary

__all__ = [
    "LAYOUT",
    "STATES",
    "Found",
    "Problem",
    "Run",
    "RunInUse",
    "RunSummary",
    "find_runs",
    "fingerprint",
    "read_history",
    "read_summary",
    "termination_as_exit",
    "versions",
]
