"""Keras callbacks of a training run.

Put StepCount first and then those that add to the logs, StepTimer and RateLog: the
others see what they add. Backups and the table of epochs come last (`v1model.backup`),
so that what stops a run keeps it from being backed up.
"""

from v1model.callbacks.progress import ProgressLine
from v1model.callbacks.scalars import RateLog, TensorBoardScalars
from v1model.callbacks.steps import StepCount
from v1model.callbacks.stops import EarlyStop, StopAtNaN, StopTogether
from v1model.callbacks.timing import StepTimer, TimeBudget

__all__ = [
    "EarlyStop",
    "ProgressLine",
    "RateLog",
    "StepCount",
    "StepTimer",
    "StopAtNaN",
    "StopTogether",
    "TensorBoardScalars",
    "TimeBudget",
]
