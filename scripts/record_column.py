#!/usr/bin/env python
"""Records a column while it is shown something: spikes, voltages, stimulus, trials.

Without --data_dir a column is built from published tables; --weights takes a trained
one. The recording is an HDF5 file that v1model.recordings.open_recording reads. A
program that was killed goes on where it was when it is started again with the same
options; until the end its parts lie in OUT.parts.
"""

import logging
import sys

from training.progress import Progress
from training.quiet_start import start_tensorflow
from v1model import flags
from v1model.atomic import WriteError
from v1model.column_recording.config import RecordConfig

PROGRAM = "record_column"


def main(config):
    """Records, and says what came out; wrong input ends with one line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    try:
        start_tensorflow()
        from v1model.column_recording.recorder import ColumnRecorder

        recorder = ColumnRecorder(config)
        if recorder.is_complete:
            print(f"{recorder.out} is complete: nothing to record.")
        recorder.record(Progress("recorded", "s", 0.001))
    except (ValueError, WriteError, OSError) as error:
        sys.exit(f"{PROGRAM}: {' '.join(str(error).split())}")
    print_summary(recorder.out)


def print_summary(path):
    """Says what is in a recording."""
    from v1model.recordings import open_recording

    with open_recording(path) as recording:
        kinds = recording.trials.groupby("stimulus", sort=False).size()
        shown = ", ".join(f"{n} of {name}" for name, n in kinds.items())
        signals = ", ".join(sorted(recording.activity))
        print(
            f"{path}: {recording.n_neurons:,} neurons, {recording.duration_s:g} s, "
            f"{signals}; presentations: {shown or 'none'}."
        )
        if "spikes" in recording.activity:
            counts = recording.activity["spikes"].counts()
            print(f"mean rate {counts.mean() / recording.duration_s:.2f} Hz")
    print(f"{path.stat().st_size / 1e6:.1f} MB")


def cli():
    flags.run(main, RecordConfig)


if __name__ == "__main__":
    cli()
