"""The column as Keras layers and models."""

from v1model.engine.glif3 import GLIF3State
from v1model.models.cell import BillehColumn
from v1model.models.column import ColumnModel, ColumnOutput, column_model
from v1model.models.constraints import SignedConstraint
from v1model.models.noise import DecodedNoise, PoissonBackground
from v1model.models.questions import Questions
from v1model.models.readouts import LinearReadout, PoolReadout
from v1model.models.rnn import ColumnActivity, ColumnRNN
from v1model.models.sparse import SparseLayer
from v1model.models.summary import (
    TrialSummary,
    summarise,
    summarise_in_segments,
)
from v1model.models.trainer import ColumnTrainer, Objective

__all__ = [
    "BillehColumn",
    "ColumnActivity",
    "ColumnModel",
    "ColumnOutput",
    "ColumnRNN",
    "ColumnTrainer",
    "DecodedNoise",
    "GLIF3State",
    "LinearReadout",
    "Objective",
    "PoissonBackground",
    "PoolReadout",
    "Questions",
    "SignedConstraint",
    "SparseLayer",
    "TrialSummary",
    "column_model",
    "summarise",
    "summarise_in_segments",
]
