"""Arrays that TensorFlow takes over as they are."""

import numpy as np

_ALIGNMENT = 64  # bytes; TensorFlow copies arrays that begin elsewhere


def aligned_zeros(shape, dtype=np.float32):
    """np.zeros, beginning where TensorFlow wants its tensors to begin."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    bytes_ = np.zeros(size + _ALIGNMENT, np.uint8)
    first = -bytes_.ctypes.data % _ALIGNMENT
    return bytes_[first : first + size].view(dtype).reshape(shape)
