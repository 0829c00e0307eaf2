"""The figure of weights shows every synapse, before and after."""

import dataclasses

import numpy as np
import pytest

from tests.networks import small_network
from tests.visualization.texts import assert_texts_are_apart
from v1model.config import ColumnTrainConfig, NetworkConfig
from v1model.network.data import Synapses
from v1model.runs import Run
from visualization import weights
from visualization.weights import CLASSES, weight_distributions, weights_by_class


@pytest.fixture(scope="module")
def network():
    return small_network(80)


def scaled(network, recurrent, lgn):
    """The network with its weights multiplied."""

    def times(synapses, factor):
        return synapses.replace(weight=factor * synapses.weight)

    return dataclasses.replace(
        network,
        recurrent=times(network.recurrent, recurrent),
        lgn=dataclasses.replace(network.lgn, synapses=times(network.lgn.synapses, lgn)),
    )


def test_every_synapse_is_in_the_class_of_its_two_cells(network):
    found = weights_by_class(network)
    recurrent, is_excitatory = network.recurrent, network.is_excitatory
    letters = np.where(is_excitatory, "E", "I")
    expected = {name: [] for name in CLASSES[:4]}
    for pre, post, weight in zip(
        recurrent.pre, recurrent.post, recurrent.weight, strict=True
    ):
        expected[f"{letters[pre]} to {letters[post]}"].append(weight)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
    np.testing.assert_array_equal(found["LGN"], network.lgn.synapses.weight)


def test_both_distributions_are_histograms_of_the_size(network):
    after = scaled(network, 3.0, 0.5)
    figure = weight_distributions(network, after)
    pairs = weights_by_class(network), weights_by_class(after)
    for axes, name in zip(figure.axes[:5], CLASSES, strict=True):
        for stairs, values in zip(axes.patches, pairs, strict=True):
            heights, edges, _ = stairs.get_data()
            size = np.abs(values[name])
            assert heights.sum() == pytest.approx(100)  # no synapse is left out
            # A weight on an edge may be rounded to either side.
            for k in (1, len(edges) // 3, len(edges) // 2):
                below = 100 * np.mean(size < edges[k])
                assert heights[:k].sum() == pytest.approx(below, abs=0.5)
            assert edges[1] == 1e-3


def test_the_changes_are_said_in_numbers(network):
    figure = weight_distributions(network, scaled(network, -3.0, 0.5))
    titles = [axes.get_title("left") for axes in figure.axes[5:]]
    assert titles[:4] == 4 * ["sum +200.0 %\n100 % turned sign"]
    assert titles[4] == "sum −50.0 %\n0 % turned sign"


def test_what_has_not_changed_lies_on_the_diagonal(network):
    for axes in weight_distributions(network, network).axes[5:]:
        (mesh,) = axes.collections
        counts = mesh.get_array()
        n = len(counts)
        is_drawn = ~np.ma.getmaskarray(counts)
        assert is_drawn.any()
        assert not is_drawn[~np.eye(n, dtype=bool)].any()


def test_what_has_grown_lies_above_the_diagonal(network):
    for axes in weight_distributions(network, scaled(network, 3, 3)).axes[5:]:
        (mesh,) = axes.collections
        after, before = np.nonzero(~np.ma.getmaskarray(mesh.get_array()))
        weak = before == 0  # what is too weak to be drawn may stay so
        assert (after > before)[~weak].all()
        assert (~weak).any()


def without_synapses(network):
    nothing = Synapses(*(np.zeros(0) for _ in range(5)))
    return dataclasses.replace(network, recurrent=nothing)


@pytest.mark.parametrize(
    "make", [lambda n: n, without_synapses, lambda n: scaled(n, 0, 0)]
)
def test_texts_neither_overlap_nor_leave_the_figure(network, make):
    assert_texts_are_apart(weight_distributions(make(network), make(network)))


def test_other_networks_are_refused(network):
    with pytest.raises(ValueError, match="not the same"):
        weight_distributions(network, small_network(60))


def test_what_is_no_run_ends_the_program_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("V1MODEL_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SystemExit, match=r"^weights: .*is not a run"):
        weights.main([str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^weights: .*figure\.bmp: the suffix"):
        weights.main([str(tmp_path), "--out=figure.bmp"])
    with pytest.raises(SystemExit, match=r"^weights: .*nowhere is no folder"):
        weights.main([str(tmp_path / "nowhere")])
    assert not (tmp_path / "nowhere").exists()
    config = ColumnTrainConfig(network=NetworkConfig(neurons=500))
    run = Run.create(tmp_path, "young", config, ["test"])
    with pytest.raises(SystemExit, match=r"^weights: .*has none of"):
        weights.main([str(run.path)])
