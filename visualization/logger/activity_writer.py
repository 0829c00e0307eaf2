"""ActivityWriter: all that is written of a logged trial."""

import contextlib
import logging
import pathlib

import tensorflow as tf

from v1model.activity_files import ActivityFiles
from v1model.atomic import atomic_path
from v1model.event_files import EventFile
from visualization.files import png_of
from visualization.logger.trial_numbers import scalars_of
from visualization.trial.predictions import batch_predictions

PREDICTIONS = "batch_predictions.png"

logger = logging.getLogger(__name__)


class ActivityWriter:
    """Draws trials into a folder, keeps them as files and shows them in TensorBoard.

    Each part is tried: what fails is reported once, as a warning, and does not keep the
    others from being written. A figure is drawn once, for its file and TensorBoard.

    Args:
        folder: Made if missing.
        figures: Functions of (TrialActivity, Neurons or None) by name.
        tensorboard_dir: Folder of the event files.
    """

    def __init__(self, folder, figures, tensorboard_dir):
        self.folder = pathlib.Path(folder)
        self.figures = figures
        self.files = ActivityFiles(folder)
        self._events = EventFile(tensorboard_dir)
        self._reported = set()
        self._has_table = False

    def write(self, step, trial, trials, neurons=None, weights=()):
        """Writes one logged step.

        Args:
            step: Its number.
            trial: The TrialActivity that is drawn.
            trials: All trials of its batch that are known.
            neurons: Neurons, or None.
            weights: Variables of the model, if it is known.
        """
        pictures = {}
        for name, figure in self.figures.items():
            path = self.folder / f"{name}_step_{step:08d}.png"
            with self.reporting(f"the figure {name}"):
                pictures[name] = png_of(figure(trial, neurons))
                _write(path, pictures[name])
        with self.reporting("the figure batch_predictions"):
            path = self.folder / f"sample_{step:08d}" / PREDICTIONS
            pictures["batch_predictions"] = png_of(batch_predictions(trials))
            _write(path, pictures["batch_predictions"])
        with self.reporting("activity_steps"):
            if neurons is not None and not self._has_table:
                self.files.add_neurons(neurons)
                self._has_table = True
            self.files.add(step, trial)
        with self.reporting("tensorboard"):
            values = {"rates": trial.rates, "voltages": trial.voltages}
            values |= {f"weights/{w.path}": tf.convert_to_tensor(w) for w in weights}
            # TensorBoard shows a tag as one kind of thing only, the first that it saw.
            shown = {f"figures/{name}": png for name, png in pictures.items()}
            self._events.write(
                step,
                scalars=scalars_of(trial, neurons),
                histograms=values,
                pictures=shown,
            )

    def forget_beyond(self, step):
        """Removes what an earlier training logged after a step: data and pictures."""
        with self.reporting("what an earlier training logged"):
            removed = self.files.remove_after(step)
            if removed:
                logger.info(
                    "%s: what was logged beyond step %d is forgotten: %s.",
                    self.folder,
                    step,
                    "1 trial" if len(removed) == 1 else f"{len(removed)} trials",
                )
            for number, path in self._pictures():
                if number > step:
                    path.unlink()
                    if path.name == PREDICTIONS and not any(path.parent.iterdir()):
                        path.parent.rmdir()

    def _pictures(self):
        """The pictures that are there, a list of (step, path)."""
        found = [
            (path.stem.removeprefix(f"{name}_step_"), path)
            for name in self.figures
            for path in self.folder.glob(f"{name}_step_*.png")
        ]
        found += [
            (path.parent.name.removeprefix("sample_"), path)
            for path in self.folder.glob(f"sample_*/{PREDICTIONS}")
        ]
        return [(int(digits), path) for digits, path in found if digits.isdigit()]

    def finish(self):
        """Merges the files of all steps and closes that of TensorBoard."""
        with self.reporting("activity_summary.npz"):
            self.files.save_summary()
        with self.reporting("tensorboard"):
            self._events.close()

    @contextlib.contextmanager
    def reporting(self, what):
        """Goes on after an error in its block: no picture is worth a training of days.

        The warning comes once for each `what`.
        """
        try:
            yield
        except Exception as error:
            if what not in self._reported:
                self._reported.add(what)
                logger.warning(
                    "%s: %s cannot be logged, all else goes on. %s: %s",
                    self.folder,
                    what,
                    type(error).__name__,
                    error,
                )


def _write(path, content):
    with atomic_path(path) as partial:
        partial.write_bytes(content)
