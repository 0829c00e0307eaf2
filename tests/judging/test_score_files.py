"""scores.csv: what is written is read again, and what is no such table is refused."""

import numpy as np
import pandas as pd
import pytest

from v1model.runs.run import Run
from v1model.runs.scores import read_scores, write_scores


def table(**columns):
    given = {
        "group": ["a", "a", "b"],
        "unit": ["1", "2", "1"],
        "bps": [0.5, np.nan, -0.1],
        "rate_hz": [3, 1, 2],
        "kind": ["", "NA", "7"],
    }
    return pd.DataFrame(given | columns)


def written(folder, frame, room="cnn"):
    run = Run(folder)
    write_scores(run, frame, room)
    return run.scores_csv


def test_what_is_written_is_read_again(tmp_path):
    frame = table(unit=["001", "nan", "1"])
    for path in (written(tmp_path, frame), tmp_path):
        found = read_scores(path, "cnn")
        assert found["unit"].tolist() == ["001", "nan", "1"]  # texts stay as they are
        assert found["kind"].tolist() == ["", "NA", "7"]
        np.testing.assert_array_equal(found["bps"], frame["bps"])
        assert found["rate_hz"].dtype == np.float64


def test_numbers_as_units_become_texts(tmp_path):
    found = read_scores(written(tmp_path, table(unit=[1, 2, 3])))
    assert found["unit"].tolist() == ["1", "2", "3"]


def test_an_empty_table_of_no_unit_is_a_table(tmp_path):
    assert len(read_scores(written(tmp_path, table().iloc[:0]))) == 0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"unit": ["1", "1", "1"]}, "unit '1' of group 'a' is there twice"),
        ({"rate_hz": ["3", "many", "2"]}, "column 'rate_hz' must be numbers, got 'man"),
        ({"bps": [0.5, np.inf, 0]}, "bps of row 1 is inf"),
        ({"group": ["a", None, "b"]}, "group of row 1 is empty"),
    ],
)
def test_what_is_no_table_of_scores_is_neither_written_nor_read(
    tmp_path, columns, message
):
    with pytest.raises(ValueError, match=message):
        written(tmp_path, table(**columns))
    assert not list(tmp_path.iterdir())
    table(**columns).to_csv(tmp_path / "scores.csv", index=False)
    with pytest.raises(ValueError, match=f"scores.csv: {message}"):
        read_scores(tmp_path)


def test_the_score_of_the_room_must_be_there(tmp_path):
    with pytest.raises(ValueError, match=r"scores.csv: column 'decades' is missing"):
        read_scores(written(tmp_path, table()), "latent")


@pytest.mark.parametrize("content", [b"", b'group,unit\n"a', b"\xff\xfe\x00", b"x\n1"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "scores.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"scores.csv"):
        read_scores(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"scores.csv does not exist"):
        read_scores(tmp_path)
