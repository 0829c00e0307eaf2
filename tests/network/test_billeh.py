import pickle
import shutil

import h5py
import numpy as np
import pytest

from tests.networks import columns_equal, small_network
from v1model.network import restricted_pickle
from v1model.network.atomic_folder import atomic_folder
from v1model.network.billeh import (
    REQUIRED_FILES,
    read_glif_network,
    write_glif_network,
)


@pytest.fixture(scope="module")
def written(network, tmp_path_factory):
    """The small network on disk; not to be changed."""
    folder = tmp_path_factory.mktemp("billeh") / "GLIF_network"
    write_glif_network(network, folder, target_rates=np.linspace(0, 0.02, 9))
    return folder


@pytest.fixture
def folder(written, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(written, tmp_path / "GLIF_network")


def change(path, edit):
    """Rewrites a pickle after `edit` changed its content."""
    with path.open("rb") as file:
        content = pickle.load(file)
    edit(content)
    path.write_bytes(pickle.dumps(content))


def change_nodes(folder, name, values):
    with h5py.File(folder / "network/v1_nodes.h5", "r+") as file:
        del file["nodes/v1"][name]
        if values is not None:
            file["nodes/v1"][name] = values


def files(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def published_arrays(folder):
    """The folder as the published one: 8-byte arrays, lists, edges shuffled."""

    def edit_edges(edges):
        np.random.default_rng(1).shuffle(edges)
        for edge in edges:
            edge["source"] = edge["source"].astype(np.uint64)
            edge["target"] = edge["target"].astype(np.uint64).tolist()
            edge["params"]["weight"] = edge["params"]["weight"].astype(np.float64)
            edge["params"]["delay"] = np.float64(edge["params"]["delay"])

    def edit_inputs(inputs):
        for cells, edges in inputs:
            cells["ids"] = cells["ids"].astype(np.uint64)
            cells["spikes"] = [np.array([3.0, 8.5]) for _ in cells["ids"]]
            edit_edges(edges)

    change(folder / "network_dat.pkl", lambda d: edit_edges(d["edges"]))
    change(folder / "input_dat.pkl", edit_inputs)


def test_a_network_is_read_back_as_it_was_written(network, written):
    assert columns_equal(read_glif_network(written), network)


def test_a_network_written_twice_gives_identical_bytes(network, written, tmp_path):
    write_glif_network(network, tmp_path / "b", target_rates=np.linspace(0, 0.02, 9))
    assert files(tmp_path / "b") == files(written)
    for name in files(written):
        assert (tmp_path / "b" / name).read_bytes() == (written / name).read_bytes()


def test_the_published_wide_arrays_and_lists_in_any_order_are_accepted(network, folder):
    published_arrays(folder)
    assert columns_equal(read_glif_network(folder), network)


def test_delays_may_be_given_per_synapse(network, folder):
    def edit(content):
        for edge in content["edges"]:
            delay = edge["params"]["delay"]
            edge["params"]["delay"] = np.full(len(edge["source"]), delay)

    change(folder / "network_dat.pkl", edit)
    assert columns_equal(read_glif_network(folder), network)


def test_tuning_angle_and_the_csv_of_units_may_be_missing(network, folder):
    change_nodes(folder, "0/tuning_angle", None)
    (folder / "lgn_full_col_cells_3.csv").unlink()
    result = read_glif_network(folder)
    assert np.isnan(result.tuning_angle).all()
    assert result.lgn.units is None
    assert columns_equal(result.recurrent, network.recurrent)


def test_heights_below_zero_are_read_as_depths(network, folder):
    change_nodes(folder, "0/y", -network.y)
    np.testing.assert_array_equal(read_glif_network(folder).y, network.y)


def test_node_ids_need_not_start_at_zero(network, folder):
    change_nodes(folder, "node_id", np.arange(network.n_neurons) + 500)

    def shift(content):
        for node in content["nodes"]:
            node["ids"] = node["ids"] + 500
        for edge in content["edges"]:
            edge["source"], edge["target"] = edge["source"] + 500, edge["target"] + 500

    def shift_inputs(content):
        for edge in content[0][1] + content[1][1]:
            edge["target"] = edge["target"] + 500

    change(folder / "network_dat.pkl", shift)
    change(folder / "input_dat.pkl", shift_inputs)
    result = read_glif_network(folder)
    np.testing.assert_array_equal(result.node_id, np.arange(network.n_neurons) + 500)
    assert columns_equal(result.recurrent, network.recurrent)


def test_types_without_neurons_keep_their_row(network, tmp_path):
    few = small_network(8)
    assert len(set(few.type_index)) < len(few.types)
    write_glif_network(few, tmp_path / "few")
    assert columns_equal(read_glif_network(tmp_path / "few"), few)


def test_the_pickles_hold_what_the_published_loader_reads(network, written):
    with (written / "network_dat.pkl").open("rb") as file:
        column = pickle.load(file)
    assert sum(len(node["ids"]) for node in column["nodes"]) == network.n_neurons
    for edge in column["edges"]:
        target, source = edge["target"], edge["source"]
        assert target.dtype == source.dtype == np.uint32
        assert edge["params"]["weight"].dtype == np.float32
        assert type(edge["params"]["delay"]) is float
        assert len(set(network.type_index[target])) == 1
        assert len(set(network.pop_name[source])) == 1
        is_inhibitory = not network.is_excitatory[source[0]]
        onto_inhibitory = not network.is_excitatory[target[0]]
        receptor = 1 + is_inhibitory + 2 * onto_inhibitory
        assert edge["params"]["receptor_type"] == receptor
    # Names that moved between versions of NumPy must not occur.
    assert b"_core" not in (written / "network_dat.pkl").read_bytes()


def test_the_node_file_has_the_published_datasets(network, written):
    with h5py.File(written / "network/v1_nodes.h5") as file:
        nodes = file["nodes/v1"]
        np.testing.assert_array_equal(nodes["node_id"], np.arange(network.n_neurons))
        assert set(nodes) == {
            *("node_id", "node_type_id", "node_group_id", "node_group_index", "0"),
        }
        for name in ("x", "y", "z", "tuning_angle"):
            np.testing.assert_array_equal(nodes["0"][name], getattr(network, name))
    table = (written / "network/v1_node_types.csv").read_text().splitlines()
    assert table[0].startswith("node_type_id pop_name ei location model_type")
    ids = [int(line.split(" ")[0]) for line in table[1:]]
    np.testing.assert_array_equal(ids, network.types.node_type_id)


def test_writing_again_keeps_the_other_files_of_the_folder(network, folder, tmp_path):
    (folder / "additive_noise.mat").write_text("mine")
    (folder / "network/notes.txt").write_text("mine")
    write_glif_network(small_network(seed=3), folder)
    assert (folder / "additive_noise.mat").read_text() == "mine"
    assert (folder / "network/notes.txt").read_text() == "mine"
    assert columns_equal(read_glif_network(folder), small_network(seed=3))
    assert [p.name for p in tmp_path.iterdir()] == ["GLIF_network"]


def test_a_writer_that_fails_leaves_the_old_folder(folder, tmp_path):
    before = files(folder)
    with pytest.raises(RuntimeError), atomic_folder(folder) as partial:
        (partial / "network_dat.pkl").write_text("half")
        raise RuntimeError
    assert files(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["GLIF_network"]


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_missing_file_is_an_error_that_names_it(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        read_glif_network(folder)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_truncated_file_is_an_error_that_names_it(folder, name):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=name):
        read_glif_network(folder)


def test_a_pickle_that_calls_functions_is_refused(folder):
    class Attack:
        def __reduce__(self):
            return eval, ("1",)

    change(folder / "input_dat.pkl", lambda content: content.append(Attack()))
    with pytest.raises(restricted_pickle.RefusedPickleError, match=r"builtins\.eval"):
        read_glif_network(folder)


def edge(name):
    def edit(value):
        def apply(content):
            content["edges"][1][name] = value(content["edges"][1][name])

        return apply

    return edit


def parameter(name):
    def edit(value):
        def apply(content):
            params = content["edges"][1]["params"]
            params[name] = value(params[name])

        return apply

    return edit


def cell(name, value):
    def apply(content):
        content["nodes"][1]["params"][name] = value

    return apply


def with_value(value):
    def apply(array):
        array = np.array(array)
        array[0] = value
        return array

    return apply


BAD_COLUMNS = {
    r"edges\[1\] target 60 .*0\.\.59": edge("target")(with_value(60)),
    r"edges\[1\] source 4294967295": edge("source")(with_value(2**32 - 1)),
    r"edges\[1\] target must have shape": edge("target")(lambda a: a[:-1]),
    r"edges\[1\] weight must have shape": parameter("weight")(lambda a: a[None]),
    r"edges\[1\] lacks 'target'": lambda d: d["edges"][1].pop("target"),
    r"edges\[1\] params lacks 'delay'": lambda d: d["edges"][1]["params"].pop("delay"),
    r"receptor_type must be 1 to 4, got 5": parameter("receptor_type")(lambda _: 5),
    r"weight nan is not finite": parameter("weight")(with_value(np.nan)),
    r"delay -1\.5 is negative": parameter("delay")(lambda _: -1.5),
    r"delay nan is not finite": parameter("delay")(lambda _: np.nan),
    r"C_m must be positive, got 0": cell("C_m", 0.0),
    r"g must be positive, got -1": cell("g", -1.0),
    r"t_ref must not be negative": cell("t_ref", -1.0),
    r"V_th of type .* is not finite: nan": cell("V_th", np.nan),
    r"V_th must lie above E_L": cell("V_th", -100.0),
    r"nodes\[1\] tau_syn must have shape": cell("tau_syn", [5.5, 8.5]),
    r"nodes\[1\] params lacks 'k'": lambda d: d["nodes"][1]["params"].pop("k"),
    r"ids lack neuron": lambda d: d["nodes"][1].update(ids=d["nodes"][1]["ids"][1:]),
    r"nodes\[1\] ids 77": lambda d: d["nodes"][1].update(ids=[77]),
    r"mixes the node types": lambda d: d["nodes"][1].update(ids=np.arange(60)),
    r"lacks 'edges'": lambda d: d.pop("edges"),
    r"edges must be a list": lambda d: d.update(edges={}),
}


@pytest.mark.parametrize("message", BAD_COLUMNS)
def test_a_wrong_value_in_the_column_is_named_with_file_and_field(folder, message):
    change(folder / "network_dat.pkl", BAD_COLUMNS[message])
    with pytest.raises(ValueError, match=rf"network_dat\.pkl.*{message}"):
        read_glif_network(folder)


BAD_INPUTS = {
    r"LGN edges\[1\] source 20 .*0\.\.19": lambda d: d[0][1][1].update(
        source=np.full(len(d[0][1][1]["source"]), 20)
    ),
    r"BKG edges\[1\] target 60": lambda d: d[1][1][1].update(
        target=np.full(len(d[1][1][1]["target"]), 60)
    ),
    r"must be a list of two": lambda d: d.pop(),
    r"weight inf is not finite": lambda d: d[0][1][1]["params"].update(weight=np.inf),
    r"LGN lacks 'ids'": lambda d: d[0][0].pop("ids"),
}


@pytest.mark.parametrize("message", BAD_INPUTS)
def test_a_wrong_value_in_the_inputs_is_named_with_file_and_field(folder, message):
    change(folder / "input_dat.pkl", BAD_INPUTS[message])
    with pytest.raises(ValueError, match=rf"input_dat\.pkl.*{message}"):
        read_glif_network(folder)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("0/x", np.zeros(3), r"nodes/v1/0/x must have shape \(60,\), got \(3,\)"),
        ("0/z", None, "nodes/v1/0/z is missing"),
        ("0/x", np.full(60, np.nan), "x of neuron 0 is not finite"),
        ("node_type_id", np.full(60, 7), "node_type_id 7|mixes|twice"),
        ("node_id", np.zeros(60, int), "node_id 0 occurs twice"),
    ],
)
def test_a_wrong_node_file_is_named_with_its_field(folder, name, values, message):
    change_nodes(folder, name, values)
    with pytest.raises(ValueError, match=rf"v1_nodes\.h5.*({message})|{message}"):
        read_glif_network(folder)


def test_an_unknown_node_type_is_an_error(network, folder):
    path = folder / "network/v1_node_types.csv"
    unknown = network.types.node_type_id[network.type_index[0]]
    path.write_text(path.read_text().replace(str(unknown), "1"))
    with pytest.raises(ValueError, match=rf"node_type_id {unknown} .*v1_node_types"):
        read_glif_network(folder)


def test_units_that_do_not_match_the_inputs_are_an_error(folder):
    path = folder / "lgn_full_col_cells_3.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ValueError, match=r"lgn_full_col_cells_3\.csv.*19.*20"):
        read_glif_network(folder)
