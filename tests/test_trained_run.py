"""A run gives back its network as it was and as it has become."""

import numpy as np
import pytest

from v1model.assembly import network_for
from v1model.config import ColumnConfig, ColumnTrainConfig, NetworkConfig
from v1model.models import column_model
from v1model.network import readout_pools
from v1model.runs import Run
from v1model.trained_run import read_trained_run

pytestmark = pytest.mark.usefixtures("own_cache")


def test_a_run_gives_its_network_before_and_after(tmp_path):
    config = ColumnTrainConfig(
        network=NetworkConfig(neurons=500, caching=False),
        column=ColumnConfig(max_delay=4, input_weight_scale=2.0),
    )
    run = Run.create(tmp_path, "trained", config, ["test"])
    with pytest.raises(FileNotFoundError, match="has none of"):
        read_trained_run(run.path)
    network, _ = network_for(config)
    pools = readout_pools(network, 3)[:1]
    column = column_model(network, config.column, pools, chunk=50, has_threshold=True)
    for weights, factor in (
        (column.rsnn.cell.recurrent_weights, 0.5),
        (column.input_layer.input_weights, 3.0),
    ):
        weights.assign(factor * weights)
    column.save(run.checkpoints / "column.keras")
    found = read_trained_run(run.path)
    assert found.config == config
    for before, after, factor in (
        (found.before.recurrent, found.after.recurrent, 0.5),
        (found.before.lgn.synapses, found.after.lgn.synapses, 3.0),
    ):
        np.testing.assert_array_equal(before.pre, after.pre)
        np.testing.assert_allclose(after.weight, factor * before.weight, rtol=1e-5)
    for before, original, factor in (
        (found.before.recurrent, network.recurrent, 1),
        (found.before.lgn.synapses, network.lgn.synapses, 2),
    ):
        np.testing.assert_allclose(before.weight, factor * original.weight)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="not a run"):
        read_trained_run(tmp_path)
