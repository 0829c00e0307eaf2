"""Recordings: activity of many neurons over time, beside the stimulus that caused it.

One format for simulated columns, Neuropixels sessions and arrays of the user's own;
`v1model.recordings.schema` says what its file looks like.
"""

from v1model.recordings.arrays import save_recording
from v1model.recordings.clock import Clock
from v1model.recordings.joining import concatenate
from v1model.recordings.nwb_export import export_nwb
from v1model.recordings.nwb_import import import_nwb
from v1model.recordings.reader import Recording, open_recording
from v1model.recordings.signals import QUANTITIES, Signal
from v1model.recordings.writer import RecordingWriter
from v1model.recordings.zarr_import import import_zarr

__all__ = [
    "QUANTITIES",
    "Clock",
    "Recording",
    "RecordingWriter",
    "Signal",
    "concatenate",
    "export_nwb",
    "import_nwb",
    "import_zarr",
    "open_recording",
    "save_recording",
]
