#!/usr/bin/env python
"""Records a small simulated eye that sees bars, pictures, gratings or noise.

Without --connectome the eye is made up; with the one of scripts/export_fly.py it is a
fly's. Voltages are the activity, luminance per hexal is the stimulus, and the
connections come with them. The recording is an HDF5 file that
v1model.recordings.open_recording reads.
"""

import logging
import sys

from training.progress import Progress
from v1model import flags
from v1model.atomic import WriteError
from v1model.recordings import open_recording
from v1model.recordings.summary import summary_text
from v1model.voltage_networks.config import EyeConfig
from v1model.voltage_networks.eye_recording import record_eye

PROGRAM = "simulate_eye"


def main(config):
    """Simulates, and says what came out; wrong input ends with one line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        path = record_eye(config, Progress("simulated", "steps"))
    except (ValueError, WriteError, OSError) as error:
        sys.exit(f"{PROGRAM}: {' '.join(str(error).split())}")
    with open_recording(path) as recording:
        print(summary_text(recording))


def cli():
    flags.run(main, EyeConfig)


if __name__ == "__main__":
    cli()
