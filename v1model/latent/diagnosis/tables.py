"""How well single neurons are predicted, and the cell types they make up.

A mean error is that of the few neurons that vary most; R2 says it for each.
"""

import numpy as np
import pandas as pd

RESOLUTION = 1e-13  # of float32, squared
UNKNOWN = "unknown"  # type of neurons whose type is not known


def neuron_table(errors, truth, cell_types):
    """A row for each neuron: Data frame.

    r2 is 1 - var(error) / var(truth), blind to an error that never changes; r2_bias is
    1 - mse / var(truth), which is not. Both are NaN where the truth does not vary, and
    in rollouts that have left the finite numbers.

    Args:
        errors, truth: Moments (N,).
        cell_types: (N,) names, "" where unknown.
    """
    # Below the resolution of float32 a neuron stands still.
    variance = np.where(
        truth.variance > RESOLUTION * truth.mean_square, truth.variance, 0
    )
    return pd.DataFrame(
        {
            "neuron": np.arange(len(variance)),
            "cell_type": named(cell_types),
            "variance": variance,
            "unexplained": errors.variance,
            "mse": errors.mean_square,
            "r2": _explained(errors.variance, variance),
            "r2_bias": _explained(errors.mean_square, variance),
        }
    )


def type_table(neurons):
    """A row for each cell type, in order of the alphabet.

    Medians of r2 and r2_bias are over the neurons that vary; their number is
    n_varying. mse and variance are means over all.

    Args:
        neurons: Data frame of `neuron_table`.
    """
    groups = neurons.groupby("cell_type", sort=True)
    varies = neurons["variance"] > 0
    table = pd.DataFrame(
        {
            "n_neurons": groups.size(),
            "n_varying": varies.groupby(neurons["cell_type"]).sum(),
            "median_r2": groups["r2"].median(),
            "median_r2_bias": groups["r2_bias"].median(),
            "mse": groups["mse"].mean(),
            "variance": groups["variance"].mean(),
        }
    )
    return table.reset_index()


def examples_of_types(cell_types, seed=0, most=70):
    """Indices of one random neuron of each type, (M,), in order of the alphabet.

    Where no type is known, 12 random neurons.

    Args:
        cell_types: (N,) names.
        seed: Of the draw.
        most: Types at most; of more, as many random ones.
    """
    rng = np.random.default_rng(seed)
    cell_types = np.asarray(cell_types)
    if not (cell_types != "").any():
        n = min(12, len(cell_types))
        return np.sort(rng.choice(len(cell_types), n, replace=False))
    known = np.unique(cell_types[cell_types != ""])
    if len(known) > most:
        known = np.sort(rng.choice(known, most, replace=False))
    return np.array([rng.choice(np.flatnonzero(cell_types == name)) for name in known])


def named(cell_types):
    """Names of the types, in which the empty one is UNKNOWN; (N,)."""
    cell_types = np.asarray(cell_types, str)
    return np.where(cell_types == "", UNKNOWN, cell_types)


def _explained(unexplained, variance):
    with np.errstate(invalid="ignore", over="ignore"):
        share = np.divide(
            unexplained,
            variance,
            out=np.full(len(variance), np.nan),
            where=variance > 0,
        )
    return 1 - share
