"""Independent random streams, all decided by one seed."""

import numpy as np

_PURPOSES = ("positions", "recurrent", "lgn")


def random_stream(seed, purpose, *index):
    """A generator of its own for every (seed, purpose, index).

    Parts of the network can therefore be drawn in any order, or alone, with the
    same result.

    Args:
        seed: Non-negative integer.
        purpose: "positions", "recurrent" or "lgn".
        index: Which part: integers such as source and target population.
    """
    return np.random.default_rng([seed, _PURPOSES.index(purpose), *index])
