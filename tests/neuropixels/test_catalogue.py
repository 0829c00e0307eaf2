import shutil

import numpy as np
import pandas as pd
import pytest

from tests.neuropixels.allen_files import SESSION_ID, SESSION_TYPE
from v1model.neuropixels.catalogue import has_tables, read_catalogue
from v1model.neuropixels.suspects import SUSPECT_SESSIONS
from v1model.neuropixels.unit_filter import UnitFilter

RELAXED = UnitFilter(np.inf, -np.inf, np.inf)


@pytest.fixture
def folder(warehouse, tmp_path):
    for path in warehouse.glob("*.csv"):
        shutil.copy(path, tmp_path)
    return tmp_path


def changed(path, **columns):
    pd.read_csv(path, keep_default_na=False).assign(**columns).to_csv(path, index=False)


@pytest.mark.parametrize(
    "unit_filter, n, areas",
    [
        (UnitFilter(), 4, "VISl VISp"),
        (UnitFilter(in_brain=False), 5, "VISl VISp"),
        (RELAXED, 6, "CA1 VISl VISp"),
        (UnitFilter.keep_all(), 8, "CA1 VISl VISp"),
        (UnitFilter(areas=("VISp",)), 2, "VISp"),
    ],
)
def test_a_session_is_listed_with_the_units_that_pass(folder, unit_filter, n, areas):
    row = read_catalogue(folder, unit_filter).to_dict("records")
    assert row == [
        {
            "id": SESSION_ID,
            "session_type": SESSION_TYPE,
            "units": n,
            "all_units": 8,
            "probes": 2,
            "areas": areas,
            "suspect": "",
        }
    ]


def test_a_session_without_units_and_a_suspect_one_are_listed_too(folder):
    path = folder / "sessions.csv"
    (suspect,) = SUSPECT_SESSIONS
    rows = path.read_text().splitlines()
    other = rows[1].replace(str(SESSION_ID), str(suspect))
    path.write_text("\n".join([*rows, other]))
    table = read_catalogue(folder, UnitFilter()).set_index("id")
    assert table["units"].to_dict() == {SESSION_ID: 4, suspect: 0}
    assert table["areas"][suspect] == ""
    assert table["suspect"].to_dict() == {SESSION_ID: "", **SUSPECT_SESSIONS}


@pytest.mark.parametrize("name", ["sessions", "probes", "channels", "units"])
def test_a_table_that_is_missing_is_named(folder, name):
    assert has_tables(folder)
    (folder / f"{name}.csv").unlink()
    assert not has_tables(folder)
    with pytest.raises(ValueError, match=rf"{name}\.csv is missing"):
        read_catalogue(folder, UnitFilter())


@pytest.mark.parametrize(
    "name, column",
    [("units", "ecephys_channel_id"), ("sessions", "session_type"), ("probes", "id")],
)
def test_a_column_that_is_missing_is_named(folder, name, column):
    path = folder / f"{name}.csv"
    pd.read_csv(path).drop(columns=column).to_csv(path, index=False)
    with pytest.raises(ValueError, match=rf"{name}\.csv lacks the column '{column}'"):
        read_catalogue(folder, UnitFilter())


def test_a_metric_that_is_missing_is_named_unless_its_limit_is_off(folder):
    path = folder / "units.csv"
    pd.read_csv(path).drop(columns="presence_ratio").to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"units\.csv: units have no 'presence_ratio'"):
        read_catalogue(folder, UnitFilter())
    kept = read_catalogue(folder, UnitFilter(presence_ratio=-np.inf))
    assert kept["units"].tolist() == [4]


def test_units_count_as_good_where_the_tables_do_not_say(folder):
    path = folder / "units.csv"
    pd.read_csv(path).drop(columns="quality").to_csv(path, index=False)
    table = read_catalogue(folder, UnitFilter(in_brain=False))
    assert table["units"].tolist() == [6]
