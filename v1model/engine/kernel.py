"""The decorator of the compiled loops: numba.njit, cached on disk."""

import functools
import hashlib
import pathlib

import numba


@functools.cache
def _sources_digest():
    """Of all files of this folder, in hexadecimal."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def kernel(**options):
    """`numba.njit` without the interpreter's lock, cached until the engine changes.

    Numba's own cache compares a function's file only: it would go on with an old loop
    after a change of another file from which the loop calls a function.

    Args:
        **options: Of numba.njit.
    """

    def compile_later(function):
        # Numba reads the folder of the cache when it decorates.
        before = numba.config.CACHE_DIR
        root = before or pathlib.Path(__file__).parent / "__pycache__"
        numba.config.CACHE_DIR = str(
            pathlib.Path(root) / f"kernels-{_sources_digest()}"
        )
        try:
            return numba.njit(nogil=True, cache=True, **options)(function)
        finally:
            numba.config.CACHE_DIR = before

    return compile_later
