"""What a training of read-out models does at each stage, put together."""

import contextlib
import pathlib

from training.cnn_options import FIT
from training.progress import Progress
from v1model.cnn.data import load_recordings
from v1model.cnn.trainer import CnnTrainer
from v1model.cnn.validation import Validation
from v1model.fitting.board import Board
from v1model.known_v1 import KnownV1Config, simulate
from v1model.yaml_settings import flat

SIMULATED = "simulated"  # folder of recordings of known neurons, below the results


def recordings_of(config, options):
    """The recordings of the command line; without any, those of known neurons.

    Raises:
        OSError, ValueError: A file or an option is wrong.
    """
    paths = [path for path in options.recordings if path.strip()]
    return load_recordings(paths or simulated_in(options), config.data)


def simulated_in(options):
    """Paths of recordings of known neurons, simulated once and kept."""
    folder = pathlib.Path(options.results_dir).expanduser() / SIMULATED
    paths = []
    for number in range(1, options.simulated + 1):
        # Other screens, so that adapters have something to do.
        path = folder / f"known_{number}.h5"
        if not path.exists():
            simulate(path, KnownV1Config(seed=number))
        paths.append(path)
    return paths


class Fit:
    """Core and read-outs together.

    Args:
        config: ReadoutConfig.
        options: CnnOptions.
        recordings: List of RecordingData.
        run: Run.
        replicas: Replicas.
    """

    def __init__(self, config, options, recordings, run, replicas):
        self.config, self.recordings, self.run = config, recordings, run
        with contextlib.ExitStack() as stack:
            self.board = Board(run.logs)
            stack.callback(self.board.close)
            self.trainer = CnnTrainer(
                config, recordings, run, replicas, self.board, Progress("training")
            )
            self._open = stack.pop_all()

    def __call__(self):
        """Trains to the end: the metrics of result.json."""
        with self._open:
            result = self.trainer.train()
            result["judged"] = "best" if self.trainer.use_best() else "final"
            by_name, mean = Validation(
                self.trainer.model, self.recordings, "test"
            ).scores()
            result["test_bps"], result["test_bps_by_recording"] = mean, by_name
            metrics = {"hparam/test_bps": mean}
            self.board.hyperparameters(flat(self.config), metrics)
        return result


STAGES = {FIT: Fit}


def summary_of(result):
    """What came out, line by line."""
    for name, value in result.get("test_bps_by_recording", {}).items():
        yield f"{name}: {value:.4f} bits per spike on the trials for the test"
    if "updates" in result:
        yield (
            f"{result['updates']} updates in {result['minutes']:.3g} minutes, ended by "
            f"{result['stopped']}"
        )
