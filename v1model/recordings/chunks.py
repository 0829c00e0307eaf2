"""Arrays in chunks: appended in rows and read in slices, (de)compressed in threads.

A chunk is stored in the format of HDF5's filters "shuffle" and "gzip", so every program
that reads HDF5 reads these arrays. HDF5 itself (de)compresses in one thread; here it is
done in all, which zlib allows because it releases Python's global lock. And HDF5 seeks
repeats everywhere; here each plane of bytes is deflated as suits it: the low bytes of
noise are stored as they are, which costs nothing and is as small.
"""

import concurrent.futures
import contextlib
import os
import zlib

import numpy as np

CHUNK_BYTES = 2**19  # of one chunk, before compression
CHUNK_COLUMNS = 1024
LONGEST_CHUNK = 2**14  # rows
_LEVEL = 1  # higher ones take several times as long for little
_STORED = (0, zlib.Z_DEFAULT_STRATEGY)
_RUNS = (_LEVEL, zlib.Z_RLE)
_REPEATS = (_LEVEL, zlib.Z_DEFAULT_STRATEGY)
_SAMPLE = 4096  # bytes, at least
_WORTHWHILE = 0.95  # of the size; what saves less is stored
_MUCH_LESS = 0.9  # looking for repeats takes twice as long as looking for runs
_NOT_SHUFFLED, _NOT_GZIPPED = 1, 2  # HDF5 leaves out a filter that does not help
_ZLIB_HEAD, _DEFLATE_END = b"\x78\x01", b"\x03\x00"
_MOST_THREADS = 16


@contextlib.contextmanager
def naming_damage(where):
    """Says where a file is damaged; HDF5 raises several types, without its name.

    Raises:
        ValueError: Instead of them.
    """
    try:
        yield
    except (KeyError, OSError, RuntimeError, UnicodeError, zlib.error) as error:
        raise ValueError(f"{where} is damaged ({error}).") from error


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
            compression_opts=_LEVEL,
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

    @property
    def dtype(self):
        return self._dataset.dtype

    @property
    def row_shape(self):
        return self._dataset.shape[1:]

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

    def append_from(self, dataset, change=None, first=0):
        """Adds the rows of an array of another file, chunks as they are if they align.

        Args:
            dataset: h5py Dataset (t, *row_shape).
            change: A function of the rows that are added; None leaves them as they are.
            first: The first row that is added.
        """
        done, height = first, self._chunks[0]
        is_same = change is None and not first + self._fill
        is_same &= dataset.dtype == self.dtype
        if is_same and dataset.chunks == self._chunks and _is_ours(dataset):
            self._write_pending()
            done = len(dataset) // height * height
            self._dataset.resize(self._n_stored + done, axis=0)
            for (row, *rest), *_ in _pieces(dataset, 0, done, None):
                mask, raw = dataset.id.read_direct_chunk((row, *rest))
                offset = (self._n_stored + row, *rest)
                self._dataset.id.write_direct_chunk(offset, raw, mask)
            self._n_stored += done
        for start in range(done, len(dataset), height):
            stop = min(start + height, len(dataset))
            rows = read_rows(dataset, start, stop, pool=self._pool)
            self.append(rows if change is None else change(rows))

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

    Raises:
        ValueError: A chunk is damaged.
    """
    dtype = np.dtype(dtype or dataset.dtype)
    width = dataset.shape[1:]
    if columns is not None:
        width = (len(columns), *width[1:])
    out = np.empty((stop - start, *width), dtype)
    if not out.size:
        return out
    with naming_damage(f"{dataset.file.filename}: {dataset.name}"):
        _read_into(out, dataset, start, stop, columns, pool)
    return out


def _read_into(out, dataset, start, stop, columns, pool):
    if pool is None or not _is_ours(dataset):
        picked = dataset[start:stop]
        out[...] = picked if columns is None else picked[:, columns]
        return
    pending = []
    for offset, rows, inside, taken in _pieces(dataset, start, stop, columns):
        chunk = dataset.id.read_direct_chunk(offset)
        job = (chunk, dataset.chunks, dataset.dtype, inside, out, rows, taken)
        pending.append(pool.submit(_decompress, *job))
        if len(pending) > 4 * _MOST_THREADS:
            pending.pop(0).result()
    for future in pending:
        future.result()


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
    size = block.dtype.itemsize
    data = np.ascontiguousarray(block).reshape(-1).view(np.uint8)
    planes = np.ascontiguousarray(data.reshape(-1, size).T)
    # Pieces of a deflated stream, each ended on a whole byte, can be joined.
    pieces = [_ZLIB_HEAD]
    for plane in planes:
        deflate = _best_deflate(plane)
        pieces += [deflate.compress(plane.data), deflate.flush(zlib.Z_FULL_FLUSH)]
    pieces += [_DEFLATE_END, zlib.adler32(planes.data).to_bytes(4, "big")]
    return b"".join(pieces)


def _best_deflate(plane):
    """The compressor for a plane of bytes, chosen by a sample of it."""
    sample = plane[: max(len(plane) // 64, _SAMPLE)]
    sizes = []
    for options in (_RUNS, _REPEATS):
        trial = _deflate(options)
        sizes.append(len(trial.compress(sample.data)) + len(trial.flush()))
    if min(sizes) > _WORTHWHILE * len(sample):
        return _deflate(_STORED)
    return _deflate(_REPEATS if sizes[1] < _MUCH_LESS * sizes[0] else _RUNS)


def _deflate(options):
    level, strategy = options
    return zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)


def _decompress(stored, chunks, dtype, inside, out, rows, columns):
    """Copies what is wanted of a chunk: (mask of filters that were left out, bytes)."""
    mask, raw = stored
    raw = np.frombuffer(raw if mask & _NOT_GZIPPED else zlib.decompress(raw), np.uint8)
    if mask & _NOT_SHUFFLED:
        chunk = raw.view(dtype).reshape(chunks)
    else:
        chunk = np.empty(chunks, dtype)
        data = chunk.reshape(-1).view(np.uint8).reshape(-1, dtype.itemsize)
        for k, plane in enumerate(raw.reshape(dtype.itemsize, -1)):
            data[:, k] = plane  # much faster than to transpose
    if columns is None:
        out[rows] = chunk[inside]
    else:
        out[rows, columns] = chunk[inside[0]][:, inside[1]]
