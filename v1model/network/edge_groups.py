"""Synapses gathered into edge types, as every published file format wants them."""

import dataclasses

import numpy as np

from v1model.network.data import N_RECEPTORS


@dataclasses.dataclass(frozen=True)
class EdgeGroup:
    """Synapses of one edge type.

    Args:
        target, source: Group of the target and of the source cells.
        receptor: Row of RECEPTORS.
        delay: ms; the float64 that prints like the float32 of the synapses and
            rounds to it.
        rows: The synapses, increasing.
    """

    target: int
    source: int
    receptor: int
    delay: float
    rows: np.ndarray


def edge_groups(synapses, target_group, source_group):
    """Groups synapses by group of target and source, receptor and delay.

    Args:
        synapses: S synapses.
        target_group: Group of each target cell, non-negative integers.
        source_group: Group of each source cell, non-negative integers.

    Returns:
        List of EdgeGroup in increasing order of those four.
    """
    if not len(synapses):
        return []
    delays = np.unique(synapses.delay)
    n_sources = int(source_group.max()) + 1
    key = target_group[synapses.post].astype(np.int64) * n_sources
    key += source_group[synapses.pre]
    key = key * N_RECEPTORS + synapses.receptor
    key = key * len(delays) + np.searchsorted(delays, synapses.delay)
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    groups = []
    for code, rows in zip(key[starts], np.split(order, starts[1:]), strict=True):
        code, delay = divmod(int(code), len(delays))
        code, receptor = divmod(code, N_RECEPTORS)
        target, source = divmod(code, n_sources)
        decimal = float(str(delays[delay]))
        groups.append(EdgeGroup(target, source, receptor, decimal, rows))
    return groups
