import json
import math
import os
import pathlib
import shutil

import h5py
import numpy as np
import pytest

from tests.networks import columns_equal
from v1model.network.sonata import read_sonata, write_sonata
from v1model.network.sonata_edges import edge_populations, read_edges
from v1model.network.sonata_nodes import read_nodes
from v1model.network.space_table import read_table, write_table


@pytest.fixture(scope="module")
def written(network, tmp_path_factory):
    """The small network on disk; not to be changed."""
    folder = tmp_path_factory.mktemp("sonata") / "column"
    write_sonata(network, folder)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(written, tmp_path / "column")


def change_table(path, edit):
    rows = read_table(path)
    for row in rows:
        edit(row)
    write_table(path, rows)


def change_column(path, name, values):
    """Replaces a dataset of the only population of a file."""
    with h5py.File(path, "r+") as file:
        group = next(iter(next(iter(file.values())).values()))
        attributes = dict(group[name].attrs)
        del group[name]
        if values is not None:
            group[name] = values
            group[name].attrs.update(attributes)


def test_a_network_is_read_back_as_it_was_written(network, written):
    assert columns_equal(read_sonata(written), network)


def test_a_network_written_twice_gives_identical_bytes(network, written, tmp_path):
    write_sonata(network, tmp_path / "b")
    names = [p.relative_to(written) for p in written.rglob("*") if p.is_file()]
    assert len(names) > len(network.types) + 12
    for name in names:
        assert (tmp_path / "b" / name).read_bytes() == (written / name).read_bytes()


def test_a_network_without_units_or_input_synapses_is_read_back(network, tmp_path):
    lonely = network.take([3])
    write_sonata(lonely, tmp_path / "a")
    result = read_sonata(tmp_path / "a")
    assert columns_equal(result.recurrent, lonely.recurrent)
    assert columns_equal(result.lgn, lonely.lgn)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of bmtk's own code
def test_bmtk_opens_what_we_write(network, written):
    sonata = pytest.importorskip("bmtk.utils.sonata")
    part = written / "network"
    file = sonata.File(
        data_files=[str(part / "v1_nodes.h5"), str(part / "v1_v1_edges.h5")],
        data_type_files=[
            str(part / "v1_node_types.csv"),
            str(part / "v1_v1_edge_types.csv"),
        ],
    )
    node = file.nodes["v1"].get_node_id(5)
    assert node["pop_name"] == network.pop_name[5]
    assert node["x"] == network.x[5]
    edges = file.edges["v1_to_v1"]
    assert len(edges) == len(network.recurrent)
    for get, end in ((edges.get_target, "post"), (edges.get_source, "pre")):
        rows = np.flatnonzero(getattr(network.recurrent, end) == 7)
        found = list(get(7))
        assert len(found) == len(rows)
        for name, column in (("syn_weight", "weight"), ("delay", "delay")):
            expected = getattr(network.recurrent, column)[rows]
            actual = np.array([edge[name] for edge in found], np.float32)
            np.testing.assert_array_equal(np.sort(actual), np.sort(expected))
        assert all(edge["nsyns"] == 1 for edge in found)


def test_the_weight_of_a_type_counts_once_per_contact(network, folder):
    edges = folder / "network/v1_v1_edges.h5"
    contacts = np.arange(len(network.recurrent)) % 5 + 3
    change_column(edges, "0/syn_weight", None)
    change_column(edges, "0/nsyns", contacts.astype(np.uint32))
    change_table(
        folder / "network/v1_v1_edge_types.csv",
        lambda row: row.update(syn_weight=float(row["edge_type_id"]) / 100),
    )
    with h5py.File(edges) as file:
        type_id = file["edges/v1_to_v1/edge_type_id"][()]
    expected = (type_id / 100 * contacts).astype(np.float32)
    np.testing.assert_array_equal(read_sonata(folder).recurrent.weight, expected)


def direction_rule(network, pre, post, both_excitatory, sigma):
    """Weight per contact of one edge, written out (Billeh et al. 2020)."""
    source, target = network.tuning_angle[pre], network.tuning_angle[post]
    difference = abs(target - source) % 360
    difference = min(difference, 360 - difference)
    factor = math.exp(-((difference / sigma) ** 2))
    if not both_excitatory:
        return factor
    angle = math.radians(target)
    phase = (network.x[post] - network.x[pre]) * 0.07 * math.cos(angle)
    phase += (network.z[post] - network.z[pre]) * 0.04 * math.sin(angle)
    orientation = min(target % 180, 180 - target % 180)
    gain = 5.5 / 4 - 11 / 1680 * orientation
    return factor * math.exp(-(phase**2) / 2) * gain


def test_direction_rules_give_the_published_weights(network, folder):
    edges = folder / "network/v1_v1_edges.h5"
    change_column(edges, "0/syn_weight", None)
    change_column(edges, "0/nsyns", np.full(len(network.recurrent), 4))

    def edit(row):
        is_ee = row["dynamics_params"] == "e2e.json"
        rule = "DirectionRule_EE" if is_ee else "DirectionRule_others"
        row.update(
            syn_weight=2.5, weight_function=rule, weight_sigma=30 if is_ee else 90
        )

    change_table(folder / "network/v1_v1_edge_types.csv", edit)
    result = read_sonata(folder).recurrent
    for row in range(0, len(result), 7):
        is_ee = result.receptor[row] == 0
        expected = 10 * direction_rule(
            network, result.pre[row], result.post[row], is_ee, 30 if is_ee else 90
        )
        assert result.weight[row] == pytest.approx(expected, rel=1e-5, abs=1e-30)


def test_heights_below_zero_are_read_as_depths(network, folder):
    change_column(folder / "network/v1_nodes.h5", "0/y", -network.y)
    np.testing.assert_array_equal(read_sonata(folder).y, network.y)


def test_parameters_may_come_from_the_cell_types_database(network, folder):
    row = 2
    path = folder / "components/cell_models"
    path /= f"{network.types.node_type_id[row]}_glif_lif_asc_config.json"
    config = {
        "El": 0.0,
        "El_reference": -0.0700,
        "C": 1.2e-10,
        "R_input": 2.0e8,
        "th_inf": 0.025,
        "spike_cut_length": 60,
        "dt": 5e-05,
        "asc_amp_array": [-1e-11, -2e-10],
        "asc_tau_array": [0.1, 0.01],
        "coeffs": {"th_inf": 1.2, "C": 1.0, "G": 0.9, "asc_amp_array": [1.0, 0.5]},
    }
    path.write_text(json.dumps(config))
    types = read_sonata(folder).types
    assert types.V_th[row] == pytest.approx(-40.0)
    assert types.E_L[row] == types.V_reset[row] == pytest.approx(-70.0)
    assert types.g[row] == pytest.approx(4.5)
    assert types.C_m[row] == pytest.approx(120.0)
    assert types.t_ref[row] == pytest.approx(3.0)
    np.testing.assert_allclose(types.asc_amps[row], [-10.0, -100.0])
    np.testing.assert_allclose(types.k[row], [0.01, 0.1])
    np.testing.assert_allclose(types.tau_syn[row], [5.5, 8.5, 2.8, 5.8])


def test_the_reset_is_v_m_where_no_other_is_given(network, folder):
    for path in (folder / "components/cell_models").iterdir():
        config = json.loads(path.read_text())
        del config["V_reset"]
        path.write_text(json.dumps(config))
    np.testing.assert_array_equal(
        read_sonata(folder).types.V_reset, network.types.V_reset
    )


def test_receptors_can_be_named_by_hand(network, folder):
    part = folder / "network"
    change_table(
        part / "lgn_v1_edge_types.csv",
        lambda row: row.update(dynamics_params=f"lgn_{row['dynamics_params'][2]}.json"),
    )
    with pytest.raises(ValueError, match=r"lgn_v1_edge_types\.csv.*lgn_[ei]\.json"):
        read_sonata(folder)
    result = read_sonata(folder, receptors={"lgn_e.json": 0, "lgn_i.json": 2})
    assert columns_equal(result.lgn, network.lgn)


NODES, EDGES = "network/v1_nodes.h5", "network/v1_v1_edges.h5"
INPUTS = "network/lgn_v1_edges.h5"
COUNT = {EDGES: "recurrent", INPUTS: "lgn"}


@pytest.mark.parametrize(
    ("file", "column", "value", "message"),
    [
        (NODES, "node_type_id", 7, "node_type_id 7 is not among"),
        (NODES, "0/x", np.nan, "x of neuron 0 is not finite"),
        (NODES, "0/z", None, "z is missing"),
        (EDGES, "source_node_id", 60, "source_node_id 60 is not among the 60"),
        (EDGES, "target_node_id", 99, "target_node_id 99"),
        (EDGES, "edge_type_id", 5, "edge_type_id 5"),
        (EDGES, "edge_group_index", 10**6, "nsyns has .* rows"),
        (EDGES, "0/syn_weight", np.nan, "weight nan is not finite"),
        (INPUTS, "source_node_id", 20, "source_node_id 20 is not among the 20"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_field(
    network, folder, file, column, value, message
):
    n = network.n_neurons
    if file in COUNT:
        part = getattr(network, COUNT[file])
        n = len(getattr(part, "synapses", part))
    values = None if value is None else np.full(n, value)
    change_column(folder / file, column, values)
    name = pathlib.Path(file).name.replace(".", r"\.")
    with pytest.raises(ValueError, match=rf"{name}.*{message}"):
        read_sonata(folder)


def test_columns_of_different_length_are_an_error(folder):
    change_column(folder / EDGES, "target_node_id", np.zeros(3, int))
    with pytest.raises(ValueError, match=r"v1_v1_edges\.h5.*target_node_id.*\(3,\)"):
        read_sonata(folder)


def test_a_negative_delay_is_an_error(folder):
    path = folder / "network/v1_v1_edge_types.csv"
    change_table(path, lambda row: row.update(delay=-0.5))
    with pytest.raises(ValueError, match=r"v1_v1_edges\.h5.*delay -0\.5 is negative"):
        read_sonata(folder)


def test_an_unknown_weight_rule_is_an_error(folder):
    change_column(folder / EDGES, "0/syn_weight", None)
    path = folder / "network/v1_v1_edge_types.csv"
    change_table(path, lambda row: row.update(syn_weight=1, weight_function="other"))
    with pytest.raises(ValueError, match=r"edge_types\.csv.*weight_function 'other'"):
        read_sonata(folder)


def test_a_weight_that_no_file_gives_is_an_error(folder):
    change_column(folder / EDGES, "0/syn_weight", None)
    with pytest.raises(ValueError, match=r"edge_types\.csv: column 'syn_weight'"):
        read_sonata(folder)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("C_m", 0.0, r"C_m must be positive, got 0\.0"),
        ("g", None, "g is missing"),
    ],
)
def test_a_wrong_cell_parameter_is_named(network, folder, name, value, message):
    models = folder / "components/cell_models"
    path = models / f"{network.types.node_type_id[0]}_glif_lif_asc_config.json"
    config = json.loads(path.read_text()) | {name: value}
    if value is None:
        del config[name]
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=rf"cell_models.*{message}"):
        read_sonata(folder)


def test_missing_files_are_named(network, folder):
    models = folder / "components/cell_models"
    lost = f"{network.types.node_type_id[0]}_glif_lif_asc_config.json"
    (models / lost).unlink()
    with pytest.raises(FileNotFoundError, match=lost):
        read_sonata(folder)
    (folder / "network/lgn_v1_edge_types.csv").unlink()
    (folder / "network/v1_node_types.csv").unlink()
    with pytest.raises(FileNotFoundError, match="v1_node_types"):
        read_sonata(folder)
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        read_sonata(folder / "elsewhere")


def test_a_truncated_file_is_an_error_that_names_it(folder):
    whole = (folder / EDGES).read_bytes()
    (folder / EDGES).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"v1_v1_edges\.h5"):
        read_sonata(folder)


def local(name):
    """A real network of the local data folder, or a skipped test."""
    root = os.environ.get("V1MODEL_LOCAL_DATA", "")
    path = pathlib.Path(root) / "v1" / name
    if not root or not path.is_dir():
        pytest.skip("needs V1MODEL_LOCAL_DATA")
    return path


def test_the_real_layer_4_network_is_read():
    folder = local("bmtk_workshop_L4")
    (cells,) = read_nodes(folder / "l4_nodes.h5")
    (units,) = read_nodes(folder / "lgn_nodes.h5")
    assert (len(cells), len(units)) == (2415, 17400)
    lines = np.array([row["cell_line"] for row in cells.types])[cells.type_row]
    assert (lines == "e4Rorb").sum() == 594
    assert edge_populations(folder / "lgn_l4_edges.h5") == ("lgn", "l4")
    synapses = read_edges(
        folder / "lgn_l4_edges.h5",
        cells,
        units,
        receptors={"lgn_exc.json": 0, "lgn_inh.json": 2},
    )
    assert len(synapses) == 36485
    rorb = lines[synapses.post] == "e4Rorb"
    np.testing.assert_allclose(synapses.weight[rorb], 80 * 0.518666852825, rtol=1e-6)
    assert (synapses.weight[lines[synapses.post] == "i4Sst"] == 0).all()
    np.testing.assert_allclose(synapses.delay, 1.7, rtol=1e-6)
    background = read_edges(folder / "bkg_l4_edges.h5", cells)
    np.testing.assert_array_equal(np.sort(background.post), np.arange(2415))


def test_the_real_network_with_two_groups_of_nodes_is_read():
    folder = local("bmtk_point_450glifs") / "network"
    (cells,) = read_nodes(folder / "v1_nodes.h5")
    assert len(cells) == 450
    assert np.isfinite(cells.columns["x"]).all()
    assert np.isnan(cells.columns["rotation_angle_zaxis"]).sum() == 150
    models = {f"{a}2{b}.json": 0 for a in "ei" for b in "ei"}
    models |= {f"instantaneous{kind}.json": 0 for kind in ("Exc", "Inh")}
    synapses = read_edges(folder / "v1_v1_edges.h5", cells, cells, receptors=models)
    assert len(synapses) == 28555
    np.testing.assert_array_equal(synapses.delay, np.float32(2.0))
    with h5py.File(folder / "v1_v1_edges.h5") as file:
        group = file["edges/v1_to_v1"]
        is_first = group["edge_type_id"][()] == 100
        expected = 2.5 * group["0/nsyns"][()][is_first]
    np.testing.assert_allclose(synapses.weight[is_first], expected, rtol=1e-6)
