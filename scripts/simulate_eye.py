#!/usr/bin/env python
"""Records a small simulated eye that sees bars, pictures, gratings or noise.

Without --connectome the eye is made up; with the one of scripts/export_fly.py it is a
fly's. Voltages are the activity, luminance per hexal is the stimulus, and the
connections come with them. The recording is an HDF5 file that
v1model.recordings.open_recording reads. --figure draws the first seconds of it.
"""

import dataclasses
import logging
import sys

from training.progress import Progress
from v1model import flags
from v1model.atomic import WriteError
from v1model.options import option
from v1model.recordings import open_recording
from v1model.recordings.summary import summary_text
from v1model.voltage_networks import EyeConfig, record_eye
from v1model.voltage_networks.hexals import positions_of
from v1model.voltage_networks.simulation import STIMULUS, VOLTAGE
from visualization.files import check_figure_path, write_figure
from visualization.latent.eye import eye_figure

PROGRAM = "simulate_eye"
DPI = 200
DRAWN_STEPS = 750


@dataclasses.dataclass(frozen=True)
class SimulationConfig:
    """What is drawn of it."""

    eye: EyeConfig = EyeConfig()
    figure: str = option("", "Figure to draw (.png, .pdf or .svg); empty draws none.")

    def __post_init__(self):
        if self.figure:
            check_figure_path(self.figure)


def main(config):
    """Simulates, and says what came out; wrong input ends with one line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        path = record_eye(config.eye, Progress("simulated", "steps"))
    except (ValueError, WriteError, OSError) as error:
        sys.exit(f"{PROGRAM}: {' '.join(str(error).split())}")
    with open_recording(path) as recording:
        print(summary_text(recording))
        if config.figure:
            write_figure(figure_of(recording), config.figure, DPI)
            print(f"\ndrawn: {config.figure}")


def figure_of(recording):
    """The first steps of the recording of an eye: matplotlib Figure."""
    stop = min(recording.n_steps, DRAWN_STEPS)
    return eye_figure(
        recording.activity[VOLTAGE].read(0, stop),
        recording.stimulus[STIMULUS].read(0, stop),
        positions_of(*zip(*recording.metadata["hexals"], strict=True)),
        recording.neurons["cell_type"],
        recording.dt_ms,
        title=recording.session_id,
    )


def cli():
    flags.run(main, SimulationConfig)


if __name__ == "__main__":
    cli()
