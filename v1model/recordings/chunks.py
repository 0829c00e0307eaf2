"""Arrays in chunks: appended in rows and read in slices, (de)compressed in threads.

A chunk is stored as HDF5 itself would with its filters "shuffle" and "gzip", so every
program that reads HDF5 reads these arrays. What HDF5 does in one thread is done here in
all: zlib releases Python's global lock.
"""

import concurrent.futures
import os
import zlib

import numpy as np

CHUNK_BYTES = 2**19  # of one chunk, before compression
CHUNK_COLUMNS = 1024
LONGEST_CHUNK = 2**14  # rows
LEVEL = 1  # higher ones take several times as long for little
_MOST_THREADS = 16


def thread_pool():
    """An executor with a thread per core that this process may use."""
    n = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4
    return concurrent.futures.ThreadPoolExecutor(min(n, _MOST_THREADS))


def chunk_shape(row_shape, itemsize):
    """Shape of the chunks of an array (T, *row_shape)."""
    row_shape = tuple(max(n, 1) for n in row_shape)
    columns = (min(row_shape[0], CHUNK_COLUMNS), *row_shape[1:]) if row_shape else ()
    rows = CHUNK_BYTES // (int(np.prod(columns, dtype=np.int64)) * itemsize)
    rows = 2 ** max(int(rows).bit_length() - 1, 0)
    return (min(rows, LONGEST_CHUNK), *columns)


class RowAppender:
    """An array (T, *row_shape) in a file that grows by rows, with flat memory.

    Full chunks are compressed in the background while the next rows come in; what is
    in memory is at most the rows of two chunks.

    Args:
        group, name: Where the dataset is made.
        row_shape: Shape of a row.
        dtype: Of the array.
        pool: Executor that compresses.
    """

    def __init__(self, group, name, row_shape, dtype, pool):
        row_shape, dtype = tuple(row_shape), np.dtype(dtype)
        chunks = chunk_shape(row_shape, dtype.itemsize)
        self._dataset = group.create_dataset(
            name,
            shape=(0, *row_shape),
            maxshape=(None, *row_shape),
            dtype=dtype,
            chunks=chunks,
            compression="gzip",
            compression_opts=LEVEL,
            shuffle=True,
            track_times=False,
        )
        self._chunks = chunks
        self._pool = pool
        self._pending = []  # (offset, future) of chunks that are being compressed
        self._n_stored = 0  # rows that were handed to the compressor
        self._buffer = None
        self._fill = 0

    @property
    def n_rows(self):
        return self._n_stored + self._fill

    @property
    def attrs(self):
        return self._dataset.attrs

    def append(self, rows):
        """Adds rows, (t, *row_shape)."""
        rows = np.asarray(rows)
        done = 0
        while done < len(rows):
            if self._buffer is None:
                shape = (self._chunks[0], *self._dataset.shape[1:])
                self._buffer = np.zeros(shape, self._dataset.dtype)
            n = min(len(rows) - done, len(self._buffer) - self._fill)
            self._buffer[self._fill : self._fill + n] = rows[done : done + n]
            self._fill, done = self._fill + n, done + n
            if self._fill == len(self._buffer):
                self._store()

    def close(self):
        """Writes the rest. The dataset then has as many rows as were added."""
        if self._fill:
            self._store()
        self._write_pending()
        self._dataset.resize(self._n_stored, axis=0)

    def _store(self):
        self._write_pending()
        buffer, first = self._buffer, self._n_stored
        self._buffer, self._n_stored, self._fill = None, first + self._fill, 0
        self._dataset.resize(self._n_stored, axis=0)
        zeros = (0,) * (buffer.ndim - 2)
        if buffer.ndim == 1:
            self._submit((first,), buffer)
            return
        for column in range(0, buffer.shape[1], self._chunks[1]):
            block = buffer[:, column : column + self._chunks[1]]
            self._submit((first, column, *zeros), block)

    def _submit(self, offset, block):
        if 0 not in block.shape:
            future = self._pool.submit(_compress, block, self._chunks)
            self._pending.append((offset, future))

    def _write_pending(self):
        for offset, future in self._pending:
            self._dataset.id.write_direct_chunk(offset, future.result())
        self._pending = []


def read_rows(dataset, start, stop, columns=None, pool=None, dtype=None):
    """Rows [start, stop) of an array in a file; only their chunks are read.

    Args:
        dataset: h5py Dataset (T, ...).
        start, stop: 0 <= start <= stop <= T.
        columns: Increasing indices along axis 1, or None for all.
        pool: Executor that decompresses.
        dtype: Of what is returned; None for that of the dataset.
    """
    dtype = np.dtype(dtype or dataset.dtype)
    width = dataset.shape[1:]
    if columns is not None:
        width = (len(columns), *width[1:])
    out = np.empty((stop - start, *width), dtype)
    if not out.size:
        return out
    if pool is None or not _is_ours(dataset):
        picked = dataset[start:stop]
        return (picked if columns is None else picked[:, columns]).astype(dtype)
    pending = []
    for offset, rows, inside, taken in _pieces(dataset, start, stop, columns):
        _, raw = dataset.id.read_direct_chunk(offset)
        job = (raw, dataset.chunks, dataset.dtype, inside, out, rows, taken)
        pending.append(pool.submit(_decompress, *job))
        if len(pending) > 4 * _MOST_THREADS:
            pending.pop(0).result()
    for future in pending:
        future.result()
    return out


def _is_ours(dataset):
    """Whether all chunks are stored, shuffled and deflated and nothing else."""
    if dataset.chunks is None or dataset.compression != "gzip" or not dataset.shuffle:
        return False
    is_plain = dataset.dtype.isnative and dataset.dtype.kind in "iufb"
    if not is_plain or dataset.id.get_create_plist().get_nfilters() != 2:
        return False
    expected = 1
    for n, chunk in zip(dataset.shape, dataset.chunks, strict=True):
        expected *= -(-n // chunk)
    return dataset.id.get_num_chunks() == expected


def _pieces(dataset, start, stop, columns):
    """For each chunk that is needed: (offset, rows of the result, what of the chunk,
    columns of the result)."""
    height = dataset.chunks[0]
    for first in range(start // height * height, stop, height):
        low, high = max(start, first), min(stop, first + height)
        rows, inside = (
            slice(low - start, high - start),
            slice(low - first, high - first),
        )
        if dataset.ndim == 1:
            yield (first,), rows, (inside,), None
            continue
        zeros = (0,) * (dataset.ndim - 2)
        for left, within, taken in _column_pieces(dataset, columns):
            yield (first, left, *zeros), rows, (inside, within), taken


def _column_pieces(dataset, columns):
    wide = dataset.chunks[1]
    for left in range(0, dataset.shape[1], wide):
        right = min(left + wide, dataset.shape[1])
        if columns is None:
            yield left, slice(0, right - left), slice(left, right)
            continue
        low, high = np.searchsorted(columns, (left, right))
        if low < high:
            yield left, columns[low:high] - left, slice(low, high)


def _compress(block, chunks):
    """A chunk as HDF5 stores it: bytes of equal weight side by side, then deflated."""
    if block.shape != chunks:  # the last one; HDF5 stores it whole
        whole = np.zeros(chunks, block.dtype)
        whole[tuple(slice(n) for n in block.shape)] = block
        block = whole
    data = np.ascontiguousarray(block).reshape(-1)
    size = data.itemsize
    if size > 1:
        data = np.ascontiguousarray(data.view(np.uint8).reshape(-1, size).T)
    return zlib.compress(data.data, LEVEL)


def _decompress(raw, chunks, dtype, inside, out, rows, columns):
    data = np.frombuffer(zlib.decompress(raw), np.uint8)
    if dtype.itemsize > 1:
        data = np.ascontiguousarray(data.reshape(dtype.itemsize, -1).T)
    chunk = data.reshape(-1).view(dtype).reshape(chunks)
    if columns is None:
        out[rows] = chunk[inside]
    else:
        out[rows, columns] = chunk[inside[0]][:, inside[1]]
