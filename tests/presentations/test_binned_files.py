"""Files of binned spikes return what was written, or say what is wrong with them."""

import dataclasses

import h5py
import numpy as np
import pandas as pd
import pytest

from tests.presentations.sessions import poisson_session
from v1model.presentations.binned_files import (
    binned_file_name,
    read_binned,
    write_binned,
)


def a_session(labels=None, **others):
    units = pd.DataFrame(
        {"id": [950_910_352, 3], "area": ["VISp", "VISal"], "snr": [1.5, np.nan]}
    )
    binned = poisson_session(
        np.full((3, 2), 4.0),
        5,
        n_bins=4,
        units=units,
        source={"k": [1, None]},
        **others,
    )
    return binned if labels is None else dataclasses.replace(binned, labels=labels)


def assert_same(one, two):
    for field in dataclasses.fields(one):
        left, right = getattr(one, field.name), getattr(two, field.name)
        if isinstance(left, np.ndarray):
            np.testing.assert_array_equal(left, right)
            assert left.dtype == right.dtype or left.dtype.kind == "U"
        elif isinstance(left, pd.DataFrame):
            pd.testing.assert_frame_equal(left, right, check_dtype=False)
        else:
            assert left == right


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
@pytest.mark.parametrize("kind", ["integers", "words"])
def test_a_session_survives_its_file(tmp_path, dtype, kind):
    binned = a_session(np.array(["up", "déjà", "x"] * 5) if kind == "words" else None)
    valid = np.random.default_rng(0).random(binned.valid.shape) < 0.5
    binned = dataclasses.replace(
        binned,
        counts=(binned.counts * valid[:, None, :]).astype(dtype),
        valid=valid,
        presentation_id=np.arange(15)[::-1] * 7,
    )
    path = write_binned(binned, tmp_path / "a.h5")
    assert_same(binned, read_binned(path))


def test_a_session_without_presentations_or_units_survives_too(tmp_path):
    binned = a_session()
    for k, part in enumerate((binned.take([]), binned.take_units([]))):
        assert_same(part, read_binned(write_binned(part, tmp_path / f"{k}.h5")))


def test_in_a_folder_the_file_is_named_after_session_and_bins(tmp_path):
    path = write_binned(a_session(session_id="715093703"), tmp_path)
    assert path == tmp_path / "spikes_715093703_4bins.h5"
    assert path.name == binned_file_name("715093703", 4)


def test_counts_are_compressed(tmp_path):
    path = write_binned(poisson_session(np.full((50, 200), 0.5), 40), tmp_path)
    assert path.stat().st_size < 300_000  # 400,000 counts of two bytes


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = write_binned(a_session(), tmp_path / "a.h5")
    before = path.read_bytes()
    wrong = dataclasses.replace(a_session(), source={"array": np.zeros(1)})
    with pytest.raises(TypeError):
        write_binned(wrong, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


def change(path, action):
    with h5py.File(path, "r+") as file:
        action(file)


def set_attribute(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (set_attribute("schema", 99), "schema must be 1, got 99"),
        (set_attribute("format", "x"), "format must be 'v1model binned spikes', got"),
        (lambda file: file.attrs.__delitem__("format"), "got None"),
        (lambda file: file.__delitem__("valid"), "'valid' is missing"),
        (lambda file: file.__delitem__("presentations/block"), "block"),
        (
            lambda file: file.attrs.__delitem__("n_bins"),
            "attribute 'n_bins' is missing",
        ),
        (set_attribute("n_bins", 5), "attribute 'n_bins' is 5, but 'counts' has 4"),
        (set_attribute("source", "{"), "source"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_field(tmp_path, action, words):
    path = write_binned(a_session(), tmp_path / "a.h5")
    change(path, action)
    with pytest.raises(ValueError, match=words) as error:
        read_binned(path)
    assert str(path) in str(error.value)


def test_a_truncated_file_and_one_of_words_are_refused_by_name(tmp_path):
    path = write_binned(poisson_session(np.full((9, 90), 5.0), 9), tmp_path / "a.h5")
    whole = path.read_bytes()
    for size in (0, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"a\.h5: not a complete HDF5 file"):
            read_binned(path)


def test_counts_that_do_not_fit_the_table_are_refused(tmp_path):
    path = write_binned(a_session(), tmp_path / "a.h5")

    def shorten(file):
        counts = file["counts"][:-1]
        del file["counts"]
        file["counts"] = counts

    change(path, shorten)
    with pytest.raises(ValueError, match=r"a\.h5: binned spikes: labels must have"):
        read_binned(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.h5 does not exist"):
        read_binned(tmp_path / "none.h5")
