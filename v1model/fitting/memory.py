"""How much memory a training has taken."""

import resource
import sys


def peak_memory_gb():
    """Most memory that this process has had so far, GB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9  # bytes, or KiB
