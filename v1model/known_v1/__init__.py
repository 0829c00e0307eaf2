"""Model neurons of V1 whose rates are known, and what they are shown.

Recordings with a known ceiling: simple, complex and normalised cells watch natural
pictures under simulated eye movements, flashed Gabors and gratings, and fire Poisson
spikes. Whoever predicts them is judged against their true rates.
"""

from v1model.known_v1.config import KnownV1Config
from v1model.known_v1.simulation import simulate

__all__ = ["KnownV1Config", "simulate"]
