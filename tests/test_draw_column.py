"""`scripts/draw_column.py` as a user runs it."""

import numpy as np
import pytest

from tests.programs import load_script
from v1model.assembly import network_for
from v1model.config import ColumnTrainConfig, NetworkConfig
from v1model.lgn import LGN
from v1model.simulation import grating_rates, untrained_column


@pytest.fixture(scope="module")
def script():
    return load_script("draw_column")


pytestmark = pytest.mark.usefixtures("own_cache")


def test_both_figures_are_written(script, tmp_path, capsys):
    script.main(["--neurons=500", f"--out={tmp_path / 'figures'}"])
    printed = capsys.readouterr().out
    for name in ("connectivity.png", "active_cells.png"):
        assert (tmp_path / "figures" / name).read_bytes().startswith(b"\x89PNG")
        assert name in printed


def test_the_trial_has_the_rates_that_are_measured(script):
    config = ColumnTrainConfig(network=NetworkConfig(neurons=500))
    network, _ = network_for(config)
    trial = script.grating_trial(network, max_delay=5)
    expected = grating_rates(
        untrained_column(network),
        LGN(network.lgn.units),
        script.DIRECTION,
        seed=script.SEED,
        duration_ms=script.DURATION_MS,
    )
    assert expected.sum() > 0
    np.testing.assert_allclose(trial.rates, expected)


def test_a_folder_that_cannot_be_made_ends_with_one_line_before_long_work(
    script, tmp_path, monkeypatch
):
    monkeypatch.delattr(script, "grating_trial")
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="^draw_column: .*file"):
        script.main(["--neurons=500", f"--out={tmp_path / 'file' / 'figures'}"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data_dir=nowhere"], "nowhere does not exist"),
        (["--run=nowhere"], "nowhere is not a run"),
        (["--run=nowhere", "--neurons=500"], "leave out the others"),
    ],
)
def test_wrong_arguments_end_with_one_line(script, arguments, message):
    with pytest.raises(SystemExit, match=f"^draw_column: .*{message}"):
        script.main(arguments)
