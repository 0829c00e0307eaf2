"""The network as records: what every loader, builder and layer agrees on.

Each record checks itself when it is made, so that a network that exists is a
network that can be simulated. Arrays that belong together live in one record
and are only ever selected or sorted together.
"""

import dataclasses

import numpy as np

from v1model.lgn.units import LGNUnits

N_RECEPTORS = 4  # e2e, i2e, e2i, i2i: presynaptic class, then postsynaptic class
RECEPTORS = ("e2e", "i2e", "e2i", "i2i")


@dataclasses.dataclass(frozen=True)
class CellTypes:
    """GLIF3 parameters of M cell types (Teeter et al. 2018), one row per type.

    Args:
        node_type_id: Allen specimen id, (M,) int64.
        pop_name: Population such as "e4Rorb" or "i23Pvalb", (M,) str: class (e or
            i), layer, line.
        V_th, E_L, V_reset: Threshold, rest and reset potential, (M,), mV.
        g: Leak conductance, (M,), nS.
        C_m: Membrane capacitance, (M,), pF.
        t_ref: Refractory period, (M,), ms.
        asc_amps: Jump of the two after-spike currents at a spike, (M, 2), pA.
        k: Decay rates of the after-spike currents, (M, 2), 1/ms.
        tau_syn: Time to peak of the postsynaptic current per receptor, (M, R), ms.

    Raises:
        ValueError: A column has the wrong shape or an impossible value.
    """

    node_type_id: np.ndarray
    pop_name: np.ndarray
    V_th: np.ndarray
    E_L: np.ndarray
    V_reset: np.ndarray
    g: np.ndarray
    C_m: np.ndarray
    t_ref: np.ndarray
    asc_amps: np.ndarray
    k: np.ndarray
    tau_syn: np.ndarray

    def __post_init__(self):
        m = len(self.node_type_id)
        if m == 0:
            raise ValueError("a network needs at least one cell type, got 0.")
        for field in dataclasses.fields(self):
            value = np.asarray(getattr(self, field.name))
            width = {"asc_amps": (2,), "k": (2,), "tau_syn": (N_RECEPTORS,)}
            expected = (m, *width.get(field.name, ()))
            if value.shape != expected:
                raise ValueError(
                    f"cell types: {field.name} must have shape {expected}, "
                    f"got {value.shape}."
                )
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                row = int(np.argwhere(~np.isfinite(value))[0][0])
                raise ValueError(
                    f"cell types: {field.name} of type {self.node_type_id[row]} "
                    f"is not finite: {value[row]}."
                )
            object.__setattr__(self, field.name, value)
        for name in ("C_m", "g", "tau_syn"):
            self._require(name, getattr(self, name) > 0, "must be positive")
        for name in ("t_ref", "k"):
            self._require(name, getattr(self, name) >= 0, "must not be negative")
        self._require("V_th", self.V_th > self.E_L, "must lie above E_L")
        is_known = np.isin([name[:1] for name in self.pop_name], ["e", "i"])
        self._require("pop_name", is_known, "must begin with e or i")

    def _require(self, name, is_ok, rule):
        is_ok = is_ok.reshape(len(is_ok), -1).all(axis=1)
        if not is_ok.all():
            row = int(np.argmin(is_ok))
            raise ValueError(
                f"cell types: {name} {rule}, got {getattr(self, name)[row]} "
                f"for type {self.node_type_id[row]}."
            )

    def __len__(self):
        return len(self.node_type_id)

    def astype(self, dtype):
        """A copy with all parameters in a floating dtype."""
        columns = (getattr(self, field.name) for field in dataclasses.fields(self))
        return CellTypes(
            *(c.astype(dtype) if c.dtype.kind == "f" else c for c in columns)
        )

    @property
    def is_excitatory(self):
        """(M,) bool."""
        return np.array([name.startswith("e") for name in self.pop_name], bool)


@dataclasses.dataclass(frozen=True)
class Synapses:
    """One row per synapse; all columns have length S and move together.

    Args:
        post: Target neuron, (S,) int32.
        pre: Source neuron, or source input, (S,) int32.
        receptor: Row of RECEPTORS, (S,) uint8.
        weight: Peak of the postsynaptic current, (S,) float32, pA, inhibitory < 0.
        delay: (S,) float32, ms.

    Raises:
        ValueError: Columns differ in length, or hold a value that no synapse has.
    """

    post: np.ndarray
    pre: np.ndarray
    receptor: np.ndarray
    weight: np.ndarray
    delay: np.ndarray

    _DTYPES = {
        "post": np.int32,
        "pre": np.int32,
        "receptor": np.uint8,
        "weight": np.float32,
        "delay": np.float32,
    }

    def __post_init__(self):
        for name, dtype in self._DTYPES.items():
            column = np.asarray(getattr(self, name))
            if column.shape != (len(self.post),):
                raise ValueError(
                    f"synapses: {name} must have shape ({len(self.post)},), "
                    f"got {column.shape}."
                )
            if np.issubdtype(dtype, np.integer) and column.size and column.min() < 0:
                raise ValueError(f"synapses: {name} {column.min()} is negative.")
            object.__setattr__(self, name, column.astype(dtype, copy=False))
        self._require("receptor", self.receptor < N_RECEPTORS, "is not 0, 1, 2 or 3")
        self._require("weight", np.isfinite(self.weight), "is not finite")
        self._require("delay", np.isfinite(self.delay), "is not finite")
        self._require("delay", self.delay >= 0, "is negative")

    def _require(self, name, is_ok, rule):
        if not is_ok.all():
            row = int(np.argmin(is_ok))
            value = getattr(self, name)[row]
            raise ValueError(
                f"synapses: {name} {value} {rule} "
                f"(synapse {row}, from {self.pre[row]} to {self.post[row]})."
            )

    def __len__(self):
        return len(self.post)

    def take(self, index):
        """Keeps the rows of `index` (integers or a mask) of every column."""
        return Synapses(*(getattr(self, name)[index] for name in self._DTYPES))

    def replace(self, **columns):
        """A copy with some columns exchanged."""
        return dataclasses.replace(self, **columns)

    def sorted(self):
        """Rows in canonical order: by post, then receptor, then pre.

        This is the row order of the published weight variables.
        """
        order = self.canonical_order()
        return self if order is None else self.take(order)

    def canonical_order(self):
        """The permutation that sorts the rows, or None if they are sorted."""
        n_pre = int(self.pre.max(initial=0)) + 1
        row = self.post.astype(np.int64) * N_RECEPTORS + self.receptor
        key = row * n_pre + self.pre
        if (key[1:] >= key[:-1]).all():
            return None
        return np.argsort(key, kind="stable")


@dataclasses.dataclass(frozen=True)
class InputPopulation:
    """Cells outside the column that project into it.

    Args:
        n_inputs: Number of cells, I.
        synapses: Their synapses; `pre` is an input, `post` a neuron.
        units: The LGN units behind the inputs, or None for other inputs.

    Raises:
        ValueError: A synapse comes from an input that does not exist.
    """

    n_inputs: int
    synapses: Synapses
    units: LGNUnits | None = None

    def __post_init__(self):
        if self.n_inputs <= 0:
            raise ValueError(f"n_inputs must be positive, got {self.n_inputs}.")
        check_range("input synapses: pre", self.synapses.pre, self.n_inputs)
        if self.units is not None and len(self.units) != self.n_inputs:
            raise ValueError(
                f"{len(self.units)} LGN units describe {self.n_inputs} inputs."
            )

    def connected(self):
        """Only the inputs that have a synapse, renumbered in the same order.

        A small column sees a small part of the visual field; movies need not be
        filtered for units that nobody listens to.
        """
        used = np.unique(self.synapses.pre)
        position = np.full(self.n_inputs, -1, np.int32)
        position[used] = np.arange(len(used), dtype=np.int32)
        synapses = self.synapses.replace(pre=position[self.synapses.pre])
        units = None if self.units is None else self.units.take(used)
        return InputPopulation(max(len(used), 1), synapses, units)


@dataclasses.dataclass(frozen=True)
class Network:
    """A column of N GLIF3 neurons with its inputs.

    Args:
        types: The M cell types.
        type_index: Row of `types` of each neuron, (N,) int32.
        node_id: Name of each neuron in the file it came from, (N,) int64.
        x, z: Tangential position, (N,), um; the column's axis is x = z = 0.
        y: Depth below the pia, (N,), um, positive.
        tuning_angle: Direction that the wiring follows, (N,), degrees. Excitatory
            cells prefer bars across it, and, as in the published column, bars that
            move against it.
        recurrent: Synapses among the neurons, in canonical order.
        lgn: The LGN and its synapses.
        background: The rest of the brain, at most one synapse per neuron and
            receptor.

    Raises:
        ValueError: Columns differ in length or an index points nowhere.
    """

    types: CellTypes
    type_index: np.ndarray
    node_id: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    tuning_angle: np.ndarray
    recurrent: Synapses
    lgn: InputPopulation
    background: InputPopulation

    def __post_init__(self):
        n = len(self.type_index)
        if n == 0:
            raise ValueError("a network needs at least one neuron, got 0.")
        for name in ("node_id", "x", "y", "z", "tuning_angle"):
            column = np.asarray(getattr(self, name))
            if column.shape != (n,):
                raise ValueError(
                    f"network: {name} must have shape ({n},), got {column.shape}."
                )
        for name in ("x", "y", "z"):
            if not np.isfinite(getattr(self, name)).all():
                neuron = int(np.argmin(np.isfinite(getattr(self, name))))
                raise ValueError(f"network: {name} of neuron {neuron} is not finite.")
        check_range("network: type_index", self.type_index, len(self.types))
        check_range("recurrent synapses: post", self.recurrent.post, n)
        check_range("recurrent synapses: pre", self.recurrent.pre, n)
        check_range("LGN synapses: post", self.lgn.synapses.post, n)
        check_range("background synapses: post", self.background.synapses.post, n)

    @property
    def n_neurons(self):
        return len(self.type_index)

    @property
    def radius(self):
        """Distance of the outermost neuron from the column's axis, um."""
        return float(np.hypot(self.x, self.z).max())

    @property
    def pop_name(self):
        """Population of each neuron, (N,) str."""
        return np.asarray(self.types.pop_name)[self.type_index]

    @property
    def is_excitatory(self):
        """(N,) bool."""
        return self.types.is_excitatory[self.type_index]

    @property
    def input_receptors(self):
        """Receptors that LGN or background reach, post * R + receptor, (P,) int32."""
        targets = [
            population.synapses.post * np.int32(N_RECEPTORS)
            + population.synapses.receptor
            for population in (self.lgn, self.background)
        ]
        return np.unique(np.concatenate(targets)).astype(np.int32)

    def take(self, neurons):
        """The network of these neurons, renumbered; other synapses are dropped.

        Args:
            neurons: Strictly increasing neuron indices, (n,).
        """
        neurons = np.asarray(neurons)
        if len(neurons) and (np.diff(neurons) <= 0).any():
            raise ValueError("neurons to take must be strictly increasing.")
        position = np.full(self.n_neurons, -1, np.int32)
        position[neurons] = np.arange(len(neurons), dtype=np.int32)

        def onto(population):
            kept = population.synapses.take(position[population.synapses.post] >= 0)
            kept = kept.replace(post=position[kept.post])
            return dataclasses.replace(population, synapses=kept)

        is_kept = (position[self.recurrent.post] >= 0) & (
            position[self.recurrent.pre] >= 0
        )
        recurrent = self.recurrent.take(is_kept)
        recurrent = recurrent.replace(
            post=position[recurrent.post], pre=position[recurrent.pre]
        )
        per_neuron = ("type_index", "node_id", "x", "y", "z", "tuning_angle")
        return Network(
            types=self.types,
            recurrent=recurrent,
            lgn=onto(self.lgn),
            background=onto(self.background),
            **{name: getattr(self, name)[neurons] for name in per_neuron},
        )


def check_range(what, index, size):
    """Raises ValueError unless 0 <= index < size everywhere."""
    index = np.asarray(index)
    if index.size and (index.min() < 0 or index.max() >= size):
        is_bad = (index < 0) | (index >= size)
        row = int(np.argmax(is_bad))
        raise ValueError(f"{what} {index[row]} is outside 0..{size - 1} (row {row}).")
