"""What the compiled loops rely on: their cache, their threads, small numbers."""

import os

import numba
import numpy as np
import pytest
import tensorflow as tf

from v1model.engine import kernel as kernel_module
from v1model.engine.denormals import flush_denormals, restore
from v1model.engine.kernel import kernel
from v1model.engine.threads import thread_pool

SMALLEST_NORMAL = np.finfo(np.float32).tiny


def twice(x):
    return 2 * x


def test_a_changed_source_gets_another_cache(monkeypatch):
    """Numba alone goes on with a loop whose callee has changed in another file."""
    folders = []
    for digest in ("one", "two"):
        monkeypatch.setattr(kernel_module, "_sources_digest", lambda d=digest: d)
        compiled = kernel()(twice)
        assert compiled(3) == 6
        folders.append(compiled.stats.cache_path)
    assert "kernels-one" in folders[0]
    assert "kernels-two" in folders[1]


def test_the_users_own_functions_keep_numbas_cache():
    before = numba.config.CACHE_DIR
    kernel()(twice)
    assert before == numba.config.CACHE_DIR


@numba.njit
def halve(x, is_flushed):
    if is_flushed:
        flags = flush_denormals()
        y = x[0] * np.float32(0.5)
        restore(flags)
        return y
    return x[0] * np.float32(0.5)


def test_denormal_numbers_count_as_zero_only_between_flush_and_restore():
    x = np.array([SMALLEST_NORMAL], np.float32)
    assert halve(x, False) > 0
    flushed = halve(x, True)
    assert flushed in (0, SMALLEST_NORMAL / 2)  # other processors do not flush
    assert halve(x, False) > 0


@pytest.mark.parametrize(("allowed", "at_most"), [(1, None), (0, 1), (2, 1)])
def test_threads_are_those_that_tensorflow_may_use(allowed, at_most, monkeypatch):
    threading = tf.config.threading
    monkeypatch.setattr(threading, "get_intra_op_parallelism_threads", lambda: allowed)
    with thread_pool(at_most):
        assert numba.get_num_threads() == 1
    assert os.environ["GOMP_SPINCOUNT"]


def test_by_default_all_threads_are_used():
    with thread_pool():
        assert numba.get_num_threads() == numba.config.NUMBA_NUM_THREADS
