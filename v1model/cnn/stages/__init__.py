"""Stages after joint training: read-outs of a frozen core, and transfer of the core."""

from v1model.cnn.stages.refit import RefitParams, Refitted, refit
from v1model.cnn.stages.shared_core import model_with_core
from v1model.cnn.stages.transfer import METHODS, SHARES, learning_curve

__all__ = [
    "METHODS",
    "SHARES",
    "RefitParams",
    "Refitted",
    "learning_curve",
    "model_with_core",
    "refit",
]
