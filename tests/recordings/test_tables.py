"""Tables: what comes back is what was stored."""

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.recordings.tables import read_table, write_table


def stored(frame, path):
    with h5py.File(path, "w") as file:
        write_table(file.create_group("a"), frame, "a")
    with h5py.File(path) as file:
        return read_table(file["a"])


COLUMNS = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(),
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    "bool": st.booleans(),
}


@settings(deadline=None, max_examples=60)
@given(st.data(), st.lists(st.sampled_from([*COLUMNS]), max_size=5), st.integers(1, 5))
def test_a_table_comes_back_as_it_was(tmp_path_factory, data, kinds, n_rows):
    frame = pd.DataFrame(
        {
            f"{kind} {k}": data.draw(
                st.lists(COLUMNS[kind], min_size=n_rows, max_size=n_rows)
            )
            for k, kind in enumerate(kinds)
        },
        index=pd.RangeIndex(n_rows),
    )
    found = stored(frame, tmp_path_factory.mktemp("tables") / "a.h5")
    pd.testing.assert_frame_equal(frame, found, check_exact=True)


@pytest.mark.parametrize("n_rows", [0, 3])
def test_a_table_may_be_without_rows_or_columns(tmp_path, n_rows):
    frame = pd.DataFrame({"a": np.zeros(n_rows), "b": np.zeros(n_rows, int)})
    for part in (frame, frame[[]]):
        found = stored(part, tmp_path / "a.h5")
        assert found.shape == part.shape
        assert found.dtypes.tolist() == part.dtypes.tolist()


@pytest.mark.parametrize("dtype", ["int8", "uint16", "float32", "bool", "int64"])
def test_a_column_keeps_its_type(tmp_path, dtype):
    frame = pd.DataFrame({"a": np.array([0, 1, 1], dtype)})
    assert stored(frame, tmp_path / "a.h5")["a"].dtype == dtype


def test_categories_pandas_types_and_missing_values_become_plain(tmp_path):
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["b", "a", None]),
            "Int64": pd.array([1, None, 3], "Int64"),
            "whole": pd.array([1, 2, 3], "Int16"),
            "boolean": pd.array([True, False, True], "boolean"),
            "string": pd.array(["x", None, "z"], "string"),
            "numbers": np.array([1, 2.5, None], object),
            "text": ["a", np.nan, "c"],
        }
    )
    found = stored(frame, tmp_path / "a.h5")
    expected = pd.DataFrame(
        {
            "category": np.array(["b", "a", ""], object),
            "Int64": [1, np.nan, 3],
            "whole": np.array([1, 2, 3], np.int16),
            "boolean": [True, False, True],
            "string": np.array(["x", "", "z"], object),
            "numbers": [1, 2.5, np.nan],
            "text": np.array(["a", "", "c"], object),
        }
    )
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [1, "b"],
            "column 'a' must hold numbers, truth values or text, got 'b' of str",
        ),
        ([[1], [2]], r"got \[1\] of list"),
        (pd.to_datetime(["2020-01-01"]), "got Timestamp"),
        ([1j], "got .*1j.* of complex"),
    ],
)
def test_other_columns_are_refused(tmp_path, values, message):
    with pytest.raises(ValueError, match=message):
        stored(pd.DataFrame({"a": values}), tmp_path / "a.h5")


def test_a_name_is_no_path(tmp_path):
    with pytest.raises(ValueError, match="must not contain '/'"):
        stored(pd.DataFrame({"a/b": [1]}), tmp_path / "a.h5")
