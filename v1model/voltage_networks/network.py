"""VoltageNetwork: neurons without spikes and the connections between them."""

import dataclasses
import functools

import numpy as np
from scipy import sparse

from v1model.voltage_networks.hexals import positions_of

INPUT = "input"  # the role of a photoreceptor
_COLUMNS = {
    "source": np.int32,
    "target": np.int32,
    "weight": np.float32,
    "tau_s": np.float32,
    "bias": np.float32,
    "cell_type": np.str_,
    "u": np.int32,
    "v": np.int32,
    "role": np.str_,
}
_OF_EDGES = ("source", "target", "weight")
# Time constants that suit steps of 20 ms: one per cell type, log-normal.
TAU_MEDIAN_S, TAU_SPREAD, TAU_RANGE_S = 0.05, 0.5, (0.02, 0.2)


@dataclasses.dataclass(frozen=True, eq=False)
class VoltageNetwork:
    """N neurons on hexagonal columns, E connections between them.

        tau dv/dt = -v + bias + W relu(v) + stimulus

    where W[target, source] = weight, and each input neuron is given the stimulus of
    its own hexal. Voltages are in arbitrary units.

    Args:
        source, target: (E,) int32, the neurons before and after each connection; no
            pair occurs twice.
        weight: (E,) float32.
        tau_s: (N,) float32, time constants, s.
        bias: (N,) float32, resting potentials.
        cell_type: (N,) text.
        u, v: (N,) int32, the hexagonal column of each neuron.
        role: (N,) text; "input" sees the stimulus.

    Raises:
        ValueError: Lengths disagree, a value is not finite or a time constant not
            positive, a connection names no neuron or occurs twice, or there are no
            inputs.
    """

    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    tau_s: np.ndarray
    bias: np.ndarray
    cell_type: np.ndarray
    u: np.ndarray
    v: np.ndarray
    role: np.ndarray

    def __post_init__(self):
        for name, dtype in _COLUMNS.items():
            array = np.array(getattr(self, name), dtype)
            expected = len(self.source if name in _OF_EDGES else self.tau_s)
            if array.shape != (expected,):
                raise ValueError(
                    f"{name} must have shape ({expected},), got {array.shape}."
                )
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                where = int(np.flatnonzero(~np.isfinite(array))[0])
                raise ValueError(
                    f"{name} must be finite, got {array[where]} in row {where}."
                )
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        n = self.n_neurons
        if n and not self.tau_s.min() > 0:
            raise ValueError(f"tau_s must be positive, got {self.tau_s.min()}.")
        for name in ("source", "target"):
            wrong = (getattr(self, name) < 0) | (getattr(self, name) >= n)
            if wrong.any():
                value = getattr(self, name)[wrong][0]
                raise ValueError(
                    f"{name} must be below {n} and not negative, got {value}."
                )
        pairs, counts = np.unique(
            self.target.astype(np.int64) * n + self.source, return_counts=True
        )
        if (counts > 1).any():
            target, source = divmod(int(pairs[counts > 1][0]), n)
            raise ValueError(f"the connection {source} -> {target} occurs twice.")
        if not (self.role == INPUT).any():
            raise ValueError(
                f"one role must be '{INPUT}', got {sorted(set(self.role.tolist()))}."
            )

    @property
    def n_neurons(self):
        return len(self.tau_s)

    @property
    def n_hexals(self):
        """H, the numbers of a frame of the stimulus."""
        return len(self.hexals)

    @functools.cached_property
    def inputs(self):
        """Indices of the input neurons, (n,)."""
        return np.flatnonzero(self.role == INPUT)

    @functools.cached_property
    def _columns(self):
        """u, v of the hexals (H, 2), in the order of the first input neurons, and the
        hexal of each input neuron (n,)."""
        own = np.stack([self.u, self.v], axis=1)[self.inputs]
        unique, first, hexal = np.unique(
            own, axis=0, return_index=True, return_inverse=True
        )
        order = np.argsort(first)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return unique[order], rank[hexal.ravel()]

    @property
    def hexals(self):
        """Coordinates u, v of each hexal, (H, 2) int."""
        return self._columns[0]

    @property
    def hexal_of_input(self):
        """Which hexal each input neuron sees, (n,)."""
        return self._columns[1]

    @property
    def positions(self):
        """Where the hexals are, (H, 2) float64; neighbours are 1 apart."""
        return positions_of(*self.hexals.T)

    @functools.cached_property
    def matrix(self):
        """W, (N, N) float32, rows post, columns pre."""
        shape = (self.n_neurons, self.n_neurons)
        entries = (self.weight, (self.target, self.source))
        return sparse.csr_array(entries, shape=shape, dtype=np.float32)

    def scaled(self, weight_scale=1.0, bias_shift=0.0):
        """With stronger or weaker connections and other resting potentials."""
        return dataclasses.replace(
            self,
            weight=self.weight * np.float32(weight_scale),
            bias=self.bias + np.float32(bias_shift),
        )

    def with_drawn_tau(self, seed):
        """With time constants between 20 and 200 ms, one drawn per cell type."""
        types, kind = np.unique(self.cell_type, return_inverse=True)
        drawn = np.random.default_rng(seed).lognormal(
            np.log(TAU_MEDIAN_S), TAU_SPREAD, len(types)
        )
        return dataclasses.replace(self, tau_s=np.clip(drawn, *TAU_RANGE_S)[kind])
