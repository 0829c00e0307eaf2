"""Connections between the neurons of a recording, where they are known."""

import numpy as np
import pandas as pd

CONNECTIONS = "connections"  # name of the group
COLUMNS = {"pre": np.int32, "post": np.int32, "weight": np.float32}


def require_connections(connections, n_neurons, where):
    """Connections as they are stored: data frame pre, post (int32), weight (float32).

    Args:
        connections: Data frame or mapping with these columns; others are left.
        n_neurons: N; pre and post are rows of the table of neurons.
        where: The file, for errors.

    Raises:
        ValueError: A column is missing, a row names no neuron, or a weight is not
            finite.
    """
    frame = pd.DataFrame(connections).reset_index(drop=True)
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise ValueError(f"{where}: connections must have the columns {missing}.")
    for name in ("pre", "post"):
        values = frame[name]
        if len(values) and values.dtype.kind not in "iu":
            raise ValueError(
                f"{where}: connections column '{name}' must hold rows of neurons, got "
                f"{values.dtype}."
            )
        wrong = np.flatnonzero((values < 0) | (values >= n_neurons))
        if len(wrong):
            raise ValueError(
                f"{where}: connections column '{name}' must be from 0 to "
                f"{n_neurons - 1}, got {values[wrong[0]]} in row {wrong[0]}."
            )
    if len(frame) and frame["weight"].dtype.kind not in "iuf":
        raise ValueError(
            f"{where}: connections column 'weight' must hold numbers, got "
            f"{frame['weight'].dtype}."
        )
    weight = frame["weight"].to_numpy(np.float64)
    wrong = np.flatnonzero(~np.isfinite(weight))
    if len(wrong):
        raise ValueError(
            f"{where}: connections column 'weight' must be finite, got "
            f"{weight[wrong[0]]} in row {wrong[0]}."
        )
    return pd.DataFrame({name: frame[name].astype(t) for name, t in COLUMNS.items()})


def same_connections(one, other):
    """Whether two recordings have the same connections, or neither has any."""
    if one is None or other is None:
        return one is other
    return one.equals(other)
