"""Stages after joint training: read-outs of a frozen core, and transfer of the core."""

from v1model.cnn.stages.features import cached_features
from v1model.cnn.stages.refit import RefitParams, Refitted, refit
from v1model.cnn.stages.shared_core import model_with_core
from v1model.cnn.stages.transfer import LearningCurve, learning_curve

__all__ = [
    "LearningCurve",
    "RefitParams",
    "Refitted",
    "cached_features",
    "learning_curve",
    "model_with_core",
    "refit",
]
