"""`scripts/twin_column.py`, with little of everything."""

import numpy as np
import pandas as pd
import pytest

from tests.programs import load_script
from v1model.column_recording import twin_recording
from v1model.column_recording.twin_recording import TwinConfig
from v1model.column_recording.twin_stimuli import TYPES

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def script(monkeypatch):
    monkeypatch.setattr(twin_recording, "MOVIE_MS", 1440)
    return load_script("twin_column")


def config_of(script, tmp_path, **others):
    data = TwinConfig(neurons=500, minutes=0.3, test_movies=2, repeats=4)
    return script.TwinColumnConfig(
        data=data, out=str(tmp_path / "out"), epochs=1, **others
    )


@pytest.mark.slow
def test_everything_is_made_once_and_judged(script, tmp_path, capsys):
    config = config_of(script, tmp_path)
    table = script.make_twin(config)
    folder = tmp_path / "out"
    everybody = table[table["population"] == "all"]
    assert everybody["type"].tolist() == list(TYPES)
    assert (everybody["neurons"] + everybody["silent"] == 500).all()
    assert np.isfinite(everybody[["corr", "cc_max", "bps"]]).all(axis=None)
    assert (everybody["cc_max"] <= 1).all()
    assert (folder / "column_twin.png").stat().st_size > 10_000
    read = pd.read_csv(folder / "populations.csv")
    pd.testing.assert_frame_equal(read, table, check_dtype=False, atol=1e-3)
    fields = pd.read_csv(folder / "fields.csv")
    assert len(fields) == everybody["neurons"].iloc[0]
    printed = capsys.readouterr().out
    assert "fire too rarely and are left out" in printed
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.h5")}
    again = script.make_twin(config)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.h5")} == times
    pd.testing.assert_frame_equal(again, table)


def test_wrong_options_end_with_one_line_before_anything_is_recorded(script, tmp_path):
    config = config_of(script, tmp_path, model="nowhere.yaml")
    with pytest.raises(SystemExit, match=r"^twin_column: .*nowhere.yaml do not exist"):
        script.main(config)
    assert not list(tmp_path.rglob("*.h5"))
