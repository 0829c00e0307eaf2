"""Arrays in chunks: what is written is what every HDF5 library reads."""

import zlib

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.recordings.chunks import (
    CHUNK_BYTES,
    RowAppender,
    chunk_shape,
    read_rows,
    thread_pool,
)

DTYPES = ["float16", "float32", "float64", "int32", "int64", "uint8", "bool"]


def array_of(kind, shape, dtype, rng):
    """An array that is deflated in one of three ways."""
    if kind == "noise":
        values = rng.normal(-70, 4, shape)
    elif kind == "runs":
        values = np.full(shape, 3.0)
    else:
        values = np.resize(rng.normal(0, 4, 40), shape)
    return values.astype(dtype)


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(["noise", "runs", "repeats"]),
    dtype=st.sampled_from(DTYPES),
    row_shape=st.sampled_from([(), (1,), (5,), (1500,), (3, 4), (1030, 2)]),
    n_rows=st.integers(0, 300),
    cuts=st.lists(st.integers(0, 300), max_size=4),
    window=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    seed=st.integers(0, 1000),
)
def test_h5py_and_slices_read_what_was_appended(
    tmp_path_factory, kind, dtype, row_shape, n_rows, cuts, window, seed
):
    rng = np.random.default_rng(seed)
    values = array_of(kind, (n_rows, *row_shape), dtype, rng)
    path = tmp_path_factory.mktemp("chunks") / "a.h5"
    start, stop = sorted(min(at, n_rows) for at in window)
    with h5py.File(path, "w") as file, thread_pool() as pool:
        rows = RowAppender(file, "a", row_shape, dtype, pool)
        for part in np.split(values, sorted(min(cut, n_rows) for cut in cuts)):
            rows.append(part)
        assert rows.n_rows == n_rows
        rows.close()
        stored = file["a"]
        np.testing.assert_array_equal(stored[()], values)
        whole = read_rows(stored, start, stop, pool=pool)
        np.testing.assert_array_equal(whole, values[start:stop])
        assert whole.dtype == values.dtype
        if row_shape:
            wanted = np.flatnonzero(rng.random(row_shape[0]) < 0.3)
            for some in (pool, None):
                np.testing.assert_array_equal(
                    read_rows(stored, start, stop, wanted, some),
                    values[start:stop][:, wanted],
                )


@pytest.mark.parametrize("filters", ["gzip", "none", "unshuffled", "left out"])
def test_arrays_of_other_writers_are_read(tmp_path, filters):
    """HDF5 may leave out a filter for a single chunk, and say so in its mask."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(700, 9)).astype(np.float32)
    options = {"compression": "gzip", "shuffle": True, "chunks": (100, 4)}
    if filters == "none":
        options = {}
    elif filters == "unshuffled":
        options["shuffle"] = False
    with h5py.File(tmp_path / "a.h5", "w") as file, thread_pool() as pool:
        stored = file.create_dataset("a", data=values, **options)
        if filters == "left out":
            block = np.ascontiguousarray(values[:100, :4])
            stored.id.write_direct_chunk((0, 0), block.tobytes(), filter_mask=3)
            packed = zlib.compress(values[100:200, :4].tobytes())
            stored.id.write_direct_chunk((100, 0), packed, filter_mask=1)
        found = read_rows(stored, 50, 650, np.array([2, 5]), pool)
        np.testing.assert_array_equal(found, values[50:650, [2, 5]])


@pytest.mark.parametrize("itemsize", [1, 2, 4, 8])
@pytest.mark.parametrize("row_shape", [(), (3,), (51_978,), (200, 300), (2, 4000, 900)])
def test_a_chunk_is_neither_large_nor_tiny_nor_cut_within_a_row(row_shape, itemsize):
    rows, *columns = chunk_shape(row_shape, itemsize)
    n_bytes = itemsize * rows * int(np.prod(columns))
    assert n_bytes <= CHUNK_BYTES or rows == 1
    assert n_bytes >= CHUNK_BYTES // 4 or rows == 2**14
    assert tuple(columns[1:]) == row_shape[1:]


def test_noise_takes_no_more_room_than_a_plain_gzip(tmp_path):
    values = np.random.default_rng(0).normal(-70, 4, (1000, 600)).astype(np.float16)
    with h5py.File(tmp_path / "a.h5", "w") as file, thread_pool() as pool:
        rows = RowAppender(file, "a", (600,), np.float16, pool)
        rows.append(values)
        rows.close()
        options = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
        plain = file.create_dataset(
            "b", data=values, chunks=file["a"].chunks, **options
        )
        assert file["a"].id.get_storage_size() < plain.id.get_storage_size()
