"""`scripts/evolve_column.py`, with little of everything."""

import numpy as np
import pandas as pd
import pytest

from tests.programs import load_script
from v1model.column_recording import evolver_data
from v1model.column_recording.evolver_data import DataConfig
from v1model.network.populations import ROUGH_POPULATIONS

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def script(monkeypatch):
    script = load_script("evolve_column")
    monkeypatch.setattr(evolver_data, "TRAINING_SCENES", 2)
    monkeypatch.setattr(evolver_data, "HELD_OUT_SCENES", 1)
    monkeypatch.setattr(evolver_data, "GRATING_MS", 100)
    monkeypatch.setattr(script, "UPDATES", 3)
    return script


@pytest.mark.slow
def test_everything_is_made_once_and_judged(script, tmp_path, capsys, monkeypatch):
    data = DataConfig(neurons=500, repeats=1, components=6, columns=2)
    config = script.EvolveConfig(
        data=data, out=str(tmp_path / "out"), latent_dims=8, epochs=1
    )
    table = script.evolve(config)
    assert len(table) == 2 * 2 * 5 * 18  # signals, stimuli, windows, populations
    assert set(table["population"]) == {*ROUGH_POPULATIONS, "all"}
    everybody = table[table["population"] == "all"]
    assert np.isfinite(everybody[["evolver", "linear", "ceiling"]]).all(axis=None)
    voltages = everybody[everybody["signal"] == "voltages"]
    first = voltages[voltages["window"] == "5 ms"]
    assert (first["linear"] < first["ceiling"]).all()
    printed = capsys.readouterr().out
    assert "R2 of voltages, pictures" in printed
    folder = tmp_path / "out"
    assert (folder / "column_prediction.png").stat().st_size > 10_000
    read = pd.read_csv(folder / "column_prediction.csv")
    pd.testing.assert_frame_equal(read, table, check_dtype=False, atol=1e-3)
    again = script.evolve(config)
    pd.testing.assert_frame_equal(again, table)


def test_wrong_options_end_with_one_line(script, tmp_path):
    with pytest.raises(ValueError, match="step_ms must be 1, 2, 4, 5, 10 or 20"):
        DataConfig(step_ms=7)
    out = tmp_path / "out"
    out.mkdir()
    (out / "options.json").write_text('{"neurons": 600}')
    with pytest.raises(SystemExit, match=r"evolve_column: .*neurons is 600 there"):
        script.main(script.EvolveConfig(out=str(out)))
