"""Arrays that begin with a line of the cache.

TensorFlow takes them over as they are; arrays that begin elsewhere it copies.
"""

import numpy as np

_ALIGNMENT = 64  # bytes


def aligned_zeros(shape, dtype=np.float32):
    """np.zeros, beginning at a multiple of 64 bytes."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    bytes_ = np.zeros(size + _ALIGNMENT, np.uint8)
    first = -bytes_.ctypes.data % _ALIGNMENT
    return bytes_[first : first + size].view(dtype).reshape(shape)
