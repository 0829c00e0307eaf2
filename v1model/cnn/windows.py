"""The anti-alias window of kernels: a power of Hann's, on the axes that are long."""

import numpy as np

SHORTEST_WINDOWED = 5  # taps; shorter axes have too few for a window


def hann_window(shape, power=1.0):
    """A separable window with peak 1, symmetric, without a tap that is 0.

    Hann's window of K taps is 0 at both ends, which would take lag 0 and the oldest lag
    from every kernel; here it is the one of K + 2 taps without its ends.

    Args:
        shape: Sizes of the axes; those below SHORTEST_WINDOWED have 1 everywhere.
        power: To which the window is raised; small powers are flatter.

    Returns:
        Array of that shape, float32.
    """
    window = np.ones(shape)
    for axis, size in enumerate(shape):
        if size < SHORTEST_WINDOWED:
            continue
        one = np.sin(np.pi * np.arange(1, size + 1) / (size + 1)) ** 2
        along = [1] * len(shape)
        along[axis] = size
        window = window * (one / one.max()).reshape(along) ** power
    return window.astype(np.float32)
