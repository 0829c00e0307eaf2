"""The threads of the compiled loops."""

import contextlib
import os
import threading

import numba
import tensorflow as tf

# Numba's portable thread pool may be entered by one Python thread at a time.
_LOCK = threading.Lock()
# Threads that wait for the end of a loop spin before they sleep. By default they spin
# for milliseconds: where other programs compute too, loops of some ten microseconds
# then take fifty times as long. OpenMP reads this when Numba starts its first loop.
_SPINS = "2000"


@contextlib.contextmanager
def thread_pool(at_most=None):
    """Entered around every call of a parallel loop.

    As many threads are used as TensorFlow is allowed for one operation
    (`tf.config.threading.set_intra_op_parallelism_threads`), by default one per core.

    Args:
        at_most: Threads for which there is work enough.
    """
    with _LOCK:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
        most = numba.config.NUMBA_NUM_THREADS
        allowed = tf.config.threading.get_intra_op_parallelism_threads() or most
        numba.set_num_threads(min(allowed, most, at_most or most))
        yield
