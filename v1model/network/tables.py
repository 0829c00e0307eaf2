"""The published tables of the V1 column as records, read once.

The numbers and their papers are described in `published/README.md`. Matrices of
the publication are indexed by 17 connection keys such as "e4" or "i2P"; every one
of the 21 populations has such a key.
"""

import csv
import dataclasses
import functools
import importlib.resources
import math
from types import MappingProxyType

import numpy as np

from v1model.network.data import CellTypes


@dataclasses.dataclass(frozen=True)
class Population:
    """One of the 21 cell populations (Billeh et al. 2020).

    Args:
        name: Class, layer and line, such as "i23Pvalb".
        depth: Upper and lower bound of the depth below the pia, um.
        n_core, n_periphery: Cells within 400 um of the axis, and from there to
            845 um.
        core_first, periphery_first: First node id of each part in the published
            network; the ids of a part are contiguous.
        key: Its row in the connection tables.
    """

    name: str
    depth: tuple[float, float]
    n_core: int
    n_periphery: int
    core_first: int
    periphery_first: int
    key: str

    @property
    def is_excitatory(self):
        return self.name.startswith("e")

    @property
    def group(self):
        """One of the 17 groups that merge the lines of L4 and L5 excitatory cells."""
        if not self.is_excitatory:
            return self.name
        return "e" + "".join(c for c in self.name[1:3] if c.isdigit())


@dataclasses.dataclass(frozen=True)
class ConnectionRule:
    """How one class of cells connects to another.

    The probability of a synapse at lateral distance d (um) and orientation
    difference phi (degrees, 0-90) is

        p = peak * exp(-(d / sigma)^2) * (tuning_intercept + tuning_slope * phi)

    Args:
        peak: Probability at d = 0, averaged over orientations.
        sigma: Width of the profile, um.
        tuning_intercept, tuning_slope: Orientation factor; 1 and 0 unless both
            cells are excitatory. Slope per degree.
        weight: Largest current of one synaptic contact per capacitance of the
            target, pA / pF, inhibitory < 0.
        delay: ms.
    """

    peak: float
    sigma: float
    tuning_intercept: float
    tuning_slope: float
    weight: float
    delay: float


@dataclasses.dataclass(frozen=True)
class LGNRule:
    """How LGN units project to one population; angles in degrees of visual field.

    Args:
        probability: Share of cells that receive LGN input at all.
        tf_lambda: Mean of the Poisson draw of a cell's preferred frequency, Hz.
        sustained_on_ratio: Share of cells whose sustained input is ON, not OFF.
        distance: Range of the distance between the two subfields.
        width: Range of the width (minor axis) of a subfield.
        aspect: Range of length over width.
        nsyns: Contacts of every LGN synapse.
        syn_weight: Current of one contact, pA.
        in_degree: Published mean number of LGN synapses per cell.
    """

    probability: float
    tf_lambda: float
    sustained_on_ratio: float
    distance: tuple[float, float]
    width: tuple[float, float]
    aspect: tuple[float, float]
    nsyns: int
    syn_weight: float
    in_degree: float


@dataclasses.dataclass(frozen=True)
class BackgroundRule:
    """Input from the rest of the brain: pA per contact, and contacts per cell."""

    syn_weight: float
    nsyns: int


@dataclasses.dataclass(frozen=True)
class ExpectedSynapses:
    """Count of one population pair in the published column, over instances.

    Args:
        mean: Mean number of synapses.
        sd: Standard deviation over instances; NaN where one instance is known.
        multiplier: Mean of weight / (weight of one contact between like-tuned
            cells at the same place), the number of contacts included.
    """

    mean: float
    sd: float
    multiplier: float


@functools.cache
def populations():
    """The 21 populations in the order of the published node ids."""
    return tuple(
        Population(
            name=row["pop_name"],
            depth=(float(row["depth_min_um"]), float(row["depth_max_um"])),
            n_core=int(row["n_core"]),
            n_periphery=int(row["n_periphery"]),
            core_first=int(row["bmtk_core_first"]),
            periphery_first=int(row["bmtk_periph_first"]),
            key=row["conn_key"],
        )
        for row in read_table("populations.csv")
    )


@functools.cache
def cell_types():
    """The 111 GLIF3 cell types (Teeter et al. 2018), grouped by population."""
    rows = read_table("glif_params.csv")

    def column(*names):
        values = [[float(row[name]) for name in names] for row in rows]
        return np.array(values if len(names) > 1 else [v[0] for v in values])

    return CellTypes(
        node_type_id=np.array([int(row["node_type_id"]) for row in rows]),
        pop_name=np.array([row["pop_name"] for row in rows]),
        V_th=column("V_th"),
        E_L=column("E_L"),
        V_reset=column("V_reset"),
        g=column("g"),
        C_m=column("C_m"),
        t_ref=column("t_ref"),
        asc_amps=column("asc_amp_0", "asc_amp_1"),
        k=column("k_0", "k_1"),
        tau_syn=column(*(f"tau_syn_{receptor}" for receptor in range(4))),
    )


@functools.cache
def type_shares():
    """Share of each cell type in its population, (M,) float64; sums to 1 in each."""
    return np.array(
        [float(r["frac_of_pop_est"]) for r in read_table("glif_params.csv")]
    )


@functools.cache
def connection_rules():
    """Rules by (source key, target key); pairs that never connect are absent."""
    weights = _matrix("weight_per_Cm_17x17_pA_per_pF.csv")
    delays = _matrix("syn_delay_17x17_ms.csv")
    rules = {}
    for row in read_table("conn_props_17x17.csv"):
        pair = row["source"], row["target"]
        if float(row["A_literature"]) == 0:
            continue
        rules[pair] = ConnectionRule(
            peak=float(row["A_new"]),
            sigma=float(row["sigma_um"]),
            tuning_intercept=float(row["B1_intercept"] or 1),
            tuning_slope=float(row["gradient_per_deg"] or 0),
            weight=weights[pair],
            delay=delays[pair],
        )
    return MappingProxyType(rules)


@functools.cache
def lgn_rules():
    """LGN rules by population; the LGN reaches no other population."""
    rules = {}
    for row in read_table("lgn_wiring.csv"):
        value = {name: float(x) for name, x in row.items() if name != "population"}
        rules[row["population"]] = LGNRule(
            probability=value["probability"],
            tf_lambda=value["tf_lambda"],
            sustained_on_ratio=value["sustained_on_ratio"],
            distance=(value["distance_min"], value["distance_max"]),
            width=(value["width_min"], value["width_max"]),
            aspect=(value["aspect_min"], value["aspect_max"]),
            nsyns=int(value["nsyns"]),
            syn_weight=value["syn_weight_pA"],
            in_degree=value["in_degree"],
        )
    return MappingProxyType(rules)


@functools.cache
def background_rules():
    """Background rules by population."""
    return MappingProxyType(
        {
            row["population"]: BackgroundRule(
                float(row["syn_weight_pA"]), int(row["nsyns"])
            )
            for row in read_table("background.csv")
        }
    )


@functools.cache
def expected_synapses(part):
    """Published counts by (source population, target population).

    Args:
        part: "core" (51,978 neurons, 7 instances) or "full" (230,924, one).
    """
    mean = {"core": "n_edges_mean", "full": "n_edges"}[part]
    return MappingProxyType(
        {
            (row["src"], row["tgt"]): ExpectedSynapses(
                mean=float(row[mean]),
                sd=float(row.get("n_edges_sd", math.nan)),
                multiplier=float(row["mean_multiplier_incl_nsyns"]),
            )
            for row in read_table(f"expected_synapses_{part}.csv")
        }
    )


@functools.cache
def crop_totals():
    """Published number of recurrent synapses by number of neurons of a crop."""
    return MappingProxyType(
        {
            int(row["neurons"]): int(row["recurrent_edges"])
            for row in read_table("crop_totals.csv")
        }
    )


def read_table(name):
    """Rows of a published table as dictionaries of text, in file order."""
    path = importlib.resources.files("v1model") / "network" / "published" / name
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _matrix(name):
    """(source key, target key) -> value of a square table."""
    return {
        (row["source"], target): float(value)
        for row in read_table(name)
        for target, value in row.items()
        if target != "source"
    }
