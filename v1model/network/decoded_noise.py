"""The published pool of noise values, additive_noise.mat."""

import numpy as np
import scipy.io

VARIABLE = "additive_noise"


def read_decoded_noise(path):
    """Reads the pool: the variable `additive_noise` of a MATLAB file, flattened.

    Returns:
        (n,) float32, in units of V_th - E_L of the neuron that receives it.

    Raises:
        ValueError: The file is damaged, lacks the variable, or holds no finite number.
    """
    try:
        content = scipy.io.loadmat(path)
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        raise ValueError(f"{path} is no MATLAB file of version 5: {error}.") from error
    if VARIABLE not in content:
        raise ValueError(f"{path} has no variable {VARIABLE}.")
    pool = np.asarray(content[VARIABLE], np.float32).ravel()
    if not len(pool) or not np.isfinite(pool).all():
        raise ValueError(f"{path}: {VARIABLE} must hold finite numbers.")
    return pool
