"""python -m visualization.presentations describes a session."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tests.presentations.sessions import poisson_session
from v1model.presentations.binned_files import write_binned
from v1model.presentations.responses import rate_table
from v1model.presentations.synthetic import draw_session, write_session_recording
from v1model.presentations.units import unit_correlations
from visualization.presentations import __main__ as program
from visualization.presentations.__main__ import main


def test_a_recording_becomes_tables_and_figures(tmp_path, capsys):
    session = draw_session(5, 6, 12, 4, with_spike_times=True)
    write_session_recording(session, tmp_path / "s.h5")
    out = tmp_path / "figures"
    arguments = ["--bins", "4", "--out", str(out)]
    main([str(tmp_path / "s.h5"), *arguments])
    written = sorted(path.name for path in out.iterdir())
    assert len(written) == 10
    assert "30 presentations of 5 classes" in capsys.readouterr().out
    pd.testing.assert_frame_equal(
        pd.read_csv(out / "rates.csv"),
        rate_table(session.binned),
        rtol=1e-5,
        check_dtype=False,
    )
    assert {"reliability", "preferred", "cc_max"} <= {
        *pd.read_csv(out / "responses.csv")
    }


def test_units_without_area_and_labels_of_words_are_described_too(tmp_path):
    binned = poisson_session(np.array([[1.0, 8, 3], [6, 2, 3]]), 10)
    binned = dataclasses.replace(binned, labels=np.array(["up", "down"] * 10))
    path = write_binned(binned, tmp_path / "b.h5")
    main([str(path), "--bins", "1", "--units", "1", "--out", str(tmp_path / "o")])
    assert (tmp_path / "o" / "noise_ceilings.png").is_file()
    assert len(list((tmp_path / "o").glob("tuning_*.png"))) == 1


def test_silent_units_are_not_among_the_correlations(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        program, "correlation_matrix", lambda *args: drawn.append(args) or Figure()
    )
    binned = poisson_session(np.array([[1.0, 0, 8, 0], [6, 0, 2, 0]]), 10)
    path = write_binned(binned, tmp_path / "b.h5")
    main([str(path), "--out", str(tmp_path / "o")])
    for (correlation, areas, title, _), kind in zip(
        drawn, ("noise", "signal"), strict=True
    ):
        expected = unit_correlations(binned, kind)[::2, ::2]
        np.testing.assert_array_equal(correlation, expected)
        assert len(areas) == 2
        assert title.endswith("without 2 silent units")


def test_a_single_unit_has_no_correlations(tmp_path):
    path = write_binned(poisson_session([[1.0], [6.0]], 10), tmp_path / "b.h5")
    main([str(path), "--bins", "1", "--out", str(tmp_path / "o")])
    assert not list((tmp_path / "o").glob("*correlations*"))
    assert len(list((tmp_path / "o").glob("*.png"))) == 4


def test_an_error_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match=r"^presentations: .*none\.h5"):
        main([str(tmp_path / "none.h5"), "--out", str(tmp_path)])


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ([[5.0, 3.0]], "b.h5: 'frame' must have two values at least, got 0 for all"),
        ([[0.0], [0.0]], "b.h5: none of 1 units fires in any of 20 presentations"),
    ],
)
def test_what_has_no_answers_is_refused_by_name(tmp_path, rates, message):
    path = write_binned(poisson_session(np.array(rates), 10), tmp_path / "b.h5")
    with pytest.raises(SystemExit, match=message):
        main([str(path), "--bins", "1", "--out", str(tmp_path / "o")])
    assert not (tmp_path / "o").exists()
