"""Sessions of Allen Visual Coding: files, units, presentations, and how they come."""

from v1model.neuropixels.conversion import session_to_recording
from v1model.neuropixels.session import Session, load_session
from v1model.neuropixels.suspects import SUSPECT_SESSIONS
from v1model.neuropixels.unit_filter import UnitFilter

__all__ = [
    "SUSPECT_SESSIONS",
    "Session",
    "UnitFilter",
    "load_session",
    "session_to_recording",
]
