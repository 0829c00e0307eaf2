"""GLIF3 parameters in the json files of SONATA components."""

import json
import pathlib

import numpy as np

from v1model.network.data import CellTypes
from v1model.network.errors import naming

# Time to peak per receptor, ms, where a file does not say (Billeh et al. 2020).
TAU_SYN = (5.5, 8.5, 2.8, 5.8)

_NAMES = {"V_th": "V_th", "E_L": "E_L", "V_reset": "V_reset", "g": "g", "C_m": "C_m"}
_NAMES |= {"t_ref": "t_ref", "asc_amps": "asc_amps", "k": "asc_decay"}


def read_cell_types(nodes, folder):
    """The cell types of a population, from `folder`/`dynamics_params`.

    Files hold the parameters of NEST (`V_th`, `asc_decay`, ...) or those of the
    Allen Cell Types Database (`th_inf`, `coeffs`, ...).

    Args:
        nodes: Nodes of the column.
        folder: Usually components/cell_models.

    Raises:
        FileNotFoundError: The file of a type is missing.
        ValueError: A parameter is missing or impossible; names file and parameter.
    """
    columns = {name: [] for name in (*_NAMES, "tau_syn")}
    for row in nodes.types:
        path = pathlib.Path(folder) / row.get("dynamics_params", "")
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} does not exist; it holds the cell parameters of node type "
                f"{row['node_type_id']}."
            )
        with naming(path):
            for name, value in _parameters(json.loads(path.read_text())).items():
                columns[name].append(np.asarray(value, np.float64))
    with naming(folder):
        return CellTypes(
            node_type_id=np.array([int(row["node_type_id"]) for row in nodes.types]),
            pop_name=np.array([pop_name(row, nodes.path) for row in nodes.types]),
            **{name: np.array(values) for name, values in columns.items()},
        )


def pop_name(row, path):
    """Population of a row of a node type table: class, layer, line.

    Raises:
        ValueError: The row has no column that tells it.
    """
    for column in ("pop_name", "cell_line"):
        if row.get(column):
            return row[column]
    if row.get("ei") and row.get("model_name"):
        return row["ei"] + row["model_name"]
    raise ValueError(f"{path}: node type {row['node_type_id']} has no pop_name.")


def cell_model_files(types):
    """File name of the parameters of each type."""
    return [f"{type_id}_glif_lif_asc_config.json" for type_id in types.node_type_id]


def write_cell_types(types, folder):
    """Writes one json of NEST parameters per cell type."""
    for row, name in enumerate(cell_model_files(types)):
        values = {key: getattr(types, field)[row] for field, key in _NAMES.items()}
        values |= {"V_m": types.V_reset[row], "tau_syn": types.tau_syn[row]}
        values |= {"asc_init": np.zeros(2)}
        text = json.dumps({k: np.asarray(v).tolist() for k, v in values.items()})
        (folder / name).write_text(text + "\n", encoding="utf-8")


def _parameters(config):
    if "th_inf" in config:
        config = _from_allen(config)
    config = dict(config)
    # The files of Billeh et al. give the potential of rest and reset as V_m.
    if "V_reset" not in config and "V_m" in config:
        config["V_reset"] = config["V_m"]
    values = {"tau_syn": config.get("tau_syn", TAU_SYN)}
    for name, key in _NAMES.items():
        if key not in config:
            raise ValueError(f"{key} is missing.")
        values[name] = config[key]
    return values


def _from_allen(config):
    """Cell Types Database to NEST: V, F, s, S to mV, pF, ms, nS."""
    coeffs = config["coeffs"]
    reset = config["El_reference"]
    return {
        "V_th": 1e3 * (coeffs["th_inf"] * config["th_inf"] + reset),
        "E_L": 1e3 * (config["El"] + reset),
        "V_reset": 1e3 * reset,
        "g": 1e9 * coeffs["G"] / config["R_input"],
        "C_m": 1e12 * coeffs["C"] * config["C"],
        "t_ref": 1e3 * config["spike_cut_length"] * config["dt"],
        "asc_amps": 1e12
        * np.array(config["asc_amp_array"])
        * np.array(coeffs["asc_amp_array"]),
        "asc_decay": 1e-3 / np.array(config["asc_tau_array"]),
    }
