"""What export and import of NWB share: names, and the module pynwb."""

import json

# What recordings call a column, and what NWB does.
TIMES = {"start_s": "start_time", "stop_s": "stop_time"}
# Columns with a meaning of their own in tables of NWB.
RESERVED = {
    "colnames",
    "columns",
    "description",
    "electrode_group",
    "electrodes",
    "id",
    "name",
    "obs_intervals",
    "spike_times",
    "start_time",
    "stop_time",
    "tags",
    "timeseries",
    "waveform_mean",
    "waveform_sd",
    "waveforms",
}
OWN = "v1model recording"  # key of what NWB has no place for, in the notes
SPIKES = "spikes"  # the count that comes first
UNITS, TRIALS, INVALID = "units", "trials", "invalid_times"
ACTIVITY, BEHAVIOR = "activity", "behavior"  # processing modules
INDEX = "_index"  # ends the name of the indices of a stimulus of frames
NEURONS = "neurons"  # column of invalid_times: rows of units


def load_pynwb():
    """The module pynwb.

    Raises:
        ImportError: It is not installed.
    """
    try:
        import pynwb
    except ImportError as error:
        raise ImportError(
            "NWB files need pynwb: pip install 'v1model[nwb]'."
        ) from error
    return pynwb


def nwb_name(column):
    """What a column is called in a table of NWB."""
    return f"{column}_column" if column in RESERVED else column


def own_notes(notes):
    """What `export_nwb` noted in a file, a dictionary, or None if it is another's."""
    try:
        return json.loads(notes or "").get(OWN)
    except (ValueError, AttributeError):
        return None
