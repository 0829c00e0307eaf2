"""`scripts/compare_nest.py` as a user runs it."""

import csv
import dataclasses
import importlib.util
import sys

import numpy as np
import pytest
from absl import flags

from tests.programs import load_script, parsed
from v1model.config import ColumnConfig, ColumnTrainConfig, NetworkConfig
from v1model.models import column_model
from v1model.network import load_network, readout_pools
from v1model.runs import Run


@pytest.fixture(scope="module")
def script():
    return load_script("compare_nest")


pytestmark = pytest.mark.usefixtures("own_cache")


needs_nest = pytest.mark.skipif(
    importlib.util.find_spec("nest") is None, reason="NEST is not installed"
)


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def finished_run(folder, factor):
    """A run whose column has its weights multiplied; the network it was made from."""
    config = ColumnTrainConfig(
        network=NetworkConfig(neurons=500, caching=False),
        column=ColumnConfig(max_delay=4),
    )
    run = Run.create(folder, "trained", config, ["test"])
    network = _network(config)
    pools = readout_pools(network, 3)[:1]
    column = column_model(network, config.column, pools, chunk=50, has_threshold=True)
    weights = column.rsnn.cell.recurrent_weights
    weights.assign(factor * weights)
    column.save(run.checkpoints / "column.keras")
    return run, network


def _network(config):
    whole = load_network(config.network)
    return dataclasses.replace(whole, lgn=whole.lgn.connected())


def test_every_flag_explains_itself(script):
    values = flags.FlagValues()
    script.define_flags(values)
    assert all(values[name].help.endswith(".") for name in values)


@needs_nest
def test_the_exact_column_is_nests_and_the_published_one_is_not(
    script, tmp_path, capsys
):
    findings = script.compare(parsed(script, "--ms=300", f"--out={tmp_path / 'out'}"))
    printed = capsys.readouterr().out
    found = {finding.case: finding for finding in findings}
    exact = found[script.Case("exact", "float64", False)]
    assert exact.spikes.share_within(0) == 1
    assert exact.voltages.n_samples > 0
    assert exact.voltages.largest < 1e-9
    published = found[script.Case("published", "float32", True)]
    assert published.spikes.share_within(0) < 1
    assert published.unfired.largest > 0.1
    stored = rows_of(tmp_path / "out" / "comparison.csv")
    assert [row["case"] for row in stored] == [case.name for case in script.CASES]
    for row, finding in zip(stored, findings, strict=True):
        assert float(row["rate_hz"]) == pytest.approx(finding.rate_hz, rel=1e-5)
        assert f"{row['case']:35}{finding.rate_hz:6.3f}" in printed
    populations = rows_of(tmp_path / "out" / "populations.csv")
    assert populations[-1]["population"] == "network"
    for row in populations:
        assert row["exact_hz"] == row["nest_hz"]
    for name in ("rates.png", "traces.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")


def test_a_run_brings_its_network_its_delays_and_its_weights(script, tmp_path):
    run, network = finished_run(tmp_path, 0.5)
    subject = script.load_subject(parsed(script, f"--weights={run.path}"))
    assert subject.max_delay == 4
    np.testing.assert_allclose(
        subject.network.recurrent.weight, 0.5 * network.recurrent.weight, rtol=1e-5
    )
    with pytest.raises(ValueError, match=r"decides \['neurons'\]"):
        script.load_subject(parsed(script, f"--weights={run.path}", "--neurons=600"))
    (run.checkpoints / "column.keras").unlink()
    with pytest.raises(FileNotFoundError, match="has none of"):
        script.load_subject(parsed(script, f"--weights={run.path}"))


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--neurons=20", "20"),
        ("--weights=nowhere.keras", "nowhere.keras do not exist"),
        ("--data_dir=nowhere", "data_dir nowhere does not exist"),
    ],
)
def test_wrong_flags_are_refused_with_their_value(script, flag, message):
    with pytest.raises((ValueError, OSError), match=message):
        script.load_subject(parsed(script, flag))


@needs_nest
def test_a_file_in_place_of_the_folder_is_refused_before_any_work(script, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(NotADirectoryError, match="is a file"):
        script.compare(parsed(script, f"--out={tmp_path / 'out'}"))


def test_too_short_a_time_is_refused(script):
    with pytest.raises(flags.IllegalFlagValueError, match="--ms=50"):
        parsed(script, "--ms=50")


def test_without_nest_the_extra_is_named(script, monkeypatch):
    monkeypatch.setitem(sys.modules, "nest", None)
    with pytest.raises(ModuleNotFoundError, match=r"v1model\[nest\]"):
        script.compare(parsed(script))
