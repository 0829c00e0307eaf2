"""Binned spikes from a file of either kind: a recording, or spikes binned before."""

import dataclasses
import pathlib

from v1model.hdf5_files import open_hdf5
from v1model.presentations.binned_files import FORMAT, read_binned
from v1model.presentations.binning import DEFAULT_BINS
from v1model.presentations.recording_bins import bin_recording, has_label_of
from v1model.recordings import open_recording
from v1model.recordings.chunks import naming_damage


def load_binned(path, n_bins=0, *, stimulus=None, label="frame", drop=()):
    """Binned spikes of a recording, or of a file of `write_binned`.

    Args:
        path: The file.
        n_bins: T. A file of binned spikes must have as many. 0 takes those of such a
            file, and DEFAULT_BINS of a recording.
        stimulus, label: Of a recording, see `bin_recording`; a file of binned spikes
            has one stimulus and label, and these say nothing.
        drop: Labels to leave out.

    Returns:
        BinnedSpikes; a session without an id has the name of the file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is neither or damaged, T differs, or what the arguments
            name is not in it.
    """
    path = pathlib.Path(path)
    with open_hdf5(path) as file, naming_damage(path):
        is_binned = file.attrs.get("format") == FORMAT
    if is_binned:
        binned = read_binned(path)
        if n_bins and binned.n_bins != n_bins:
            raise ValueError(
                f"{path}: has {binned.n_bins} bins per presentation, not {n_bins}."
            )
        is_kept = ~has_label_of(binned.labels, drop, path)
        if not is_kept.any():
            raise ValueError(f"{path}: all presentations have a label of {drop}.")
        binned = binned if is_kept.all() else binned.take(is_kept)
    else:
        with open_recording(path) as recording:
            binned = bin_recording(
                recording,
                n_bins or DEFAULT_BINS,
                stimulus=stimulus,
                label=label,
                drop=drop,
            )
    if binned.session_id:
        return binned
    return dataclasses.replace(binned, session_id=path.stem)
