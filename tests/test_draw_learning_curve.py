"""Learning curves are drawn from the tables of a transfer."""

import pandas as pd
import pytest

from tests.programs import load_script

ROW = {
    "share": 0.1,
    "method": "transfer",
    "recording": "a",
    "bps_mean": 0.3,
    "corr_mean": 0.2,
    "seconds": 4.0,
}


def test_curves_are_drawn_of_several_tables_and_others_are_refused(tmp_path):
    script = load_script("draw_learning_curve")
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    pd.DataFrame([ROW, ROW | {"share": 1.0}]).to_csv(paths[0])
    pd.DataFrame([ROW | {"recording": "b"}]).to_csv(paths[1])
    pd.DataFrame([ROW]).drop(columns="method").to_csv(paths[2])
    figure = tmp_path / "curves.png"
    script.main([*map(str, paths[:2]), f"--figure={figure}"])
    assert figure.stat().st_size > 1000
    with pytest.raises(SystemExit, match="c.csv: column method is missing"):
        script.main([str(paths[2]), f"--figure={figure}"])
    with pytest.raises(SystemExit, match="none.csv"):
        script.main([str(tmp_path / "none.csv"), f"--figure={figure}"])
