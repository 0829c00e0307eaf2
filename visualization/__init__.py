"""Figures: arrays and records in, matplotlib figures out."""

import importlib

_PLACES = {
    "NetworkActivityLogger": "visualization.logger.activity_logger",
    "log_network_state": "visualization.logger.network_state",
}
__all__ = [*_PLACES]


def __getattr__(name):
    """Imports the logger when it is asked for: figures need no TensorFlow."""
    if name not in _PLACES:
        raise AttributeError(f"module 'visualization' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
