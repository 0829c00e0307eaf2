"""How read-out models are judged: per neuron, in named numbers, across stimuli."""

from v1model.cnn.evaluation.matrix import generalisation_matrix
from v1model.cnn.evaluation.scores import neuron_scores
from v1model.cnn.evaluation.table import aggregates, evaluate, evaluate_rates

__all__ = [
    "aggregates",
    "evaluate",
    "evaluate_rates",
    "generalisation_matrix",
    "neuron_scores",
]
