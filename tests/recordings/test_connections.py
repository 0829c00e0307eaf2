"""Connections that travel with a recording."""

import h5py
import numpy as np
import pandas as pd
import pytest

from tests.recordings.made_up import made_up, write
from v1model.recordings import concatenate, open_recording, save_recording
from v1model.recordings.summary import summary_text

TABLE = pd.DataFrame({"pre": [0, 2, 2], "post": [1, 1, 2], "weight": [0.5, -1.0, 2.0]})


def save(path, connections=None, n_neurons=3):
    save_recording(
        path,
        dt_ms=1,
        activity={"r": np.zeros((5, n_neurons))},
        quantities={"r": "rate"},
        connections=connections,
    )
    return path


def connections_of(path):
    with open_recording(path) as recording:
        return recording.connections


def test_connections_come_back_in_their_order_and_types(tmp_path):
    found = connections_of(save(tmp_path / "a.h5", TABLE.assign(delay_ms=1.0)))
    expected = TABLE.astype({"pre": np.int32, "post": np.int32, "weight": np.float32})
    pd.testing.assert_frame_equal(found, expected)


def test_a_writer_takes_arrays_by_name(tmp_path):
    arrays = {name: TABLE[name].to_numpy() for name in TABLE}
    path = write(made_up(), tmp_path / "a.h5", connections=arrays)
    np.testing.assert_array_equal(connections_of(path), TABLE)


def test_nobody_may_be_connected(tmp_path):
    assert len(connections_of(save(tmp_path / "a.h5", TABLE[:0]))) == 0


def test_they_are_absent_where_they_are_unknown(tmp_path):
    path = save(tmp_path / "a.h5")
    assert connections_of(path) is None
    with h5py.File(path) as file:
        assert "connections" not in file


def test_a_recording_says_how_many_there_are(tmp_path):
    texts = []
    for name, table in (("a", TABLE), ("b", None)):
        with open_recording(save(tmp_path / f"{name}.h5", table)) as recording:
            texts.append(summary_text(recording))
    assert "connections          3 connections, 33 % inhibitory" in texts[0]
    assert "connections" not in texts[1]


@pytest.mark.parametrize(
    ("tables", "kept"),
    [
        ((TABLE, TABLE), TABLE),
        ((TABLE, TABLE, TABLE.assign(weight=0.1)), None),
        ((TABLE, TABLE[:2]), None),
        ((TABLE, None), None),
        ((None, TABLE), None),
        ((None, None), None),
        ((TABLE, None, TABLE), None),
    ],
)
def test_joined_recordings_keep_connections_that_all_have(tmp_path, tables, kept):
    paths = [save(tmp_path / f"{k}.h5", table) for k, table in enumerate(tables)]
    concatenate(paths, tmp_path / "joined.h5")
    found = connections_of(tmp_path / "joined.h5")
    assert (found is None) == (kept is None)
    if kept is not None:
        np.testing.assert_array_equal(found, kept)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            TABLE[["pre", "weight"]],
            r"a.h5: connections must have the columns \['post'\]",
        ),
        (TABLE.assign(pre=[0, 3, 2]), "'pre' must be from 0 to 2, got 3 in row 1"),
        (TABLE.assign(post=[-1, 0, 2]), "'post' must be from 0 to 2, got -1 in row 0"),
        (TABLE.assign(pre=[0.0, 1, 2]), "'pre' must hold rows of neurons, got float64"),
        (
            TABLE.assign(weight=[1, np.nan, 2]),
            "'weight' must be finite, got nan in row 1",
        ),
        (TABLE.assign(weight=["a", "b", "c"]), "'weight' must hold numbers, got"),
    ],
)
def test_wrong_connections_are_refused_before_anything_is_written(
    tmp_path, table, message
):
    with pytest.raises(ValueError, match=message):
        save(tmp_path / "a.h5", table)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("pre", None, "/connections/pre is missing"),
        ("weight", np.zeros(2, np.float32), "/connections/weight must have 3 rows"),
        ("post", np.array([0, 1, 7], np.int32), "'post' must be from 0 to 2, got 7"),
    ],
)
def test_a_file_with_wrong_connections_is_not_opened(tmp_path, name, values, message):
    path = save(tmp_path / "a.h5", TABLE)
    with h5py.File(path, "r+") as file:
        del file["connections"][name]
        if values is not None:
            file["connections"][name] = values
    with pytest.raises(ValueError, match=message):
        open_recording(path)
