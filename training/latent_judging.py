"""Judge: diagnoses of a model during training and at the end, with their figures."""

import contextlib
import logging
import time

from v1model.latent.diagnosis.diagnose import diagnose, settings_of, with_room
from v1model.latent.source import open_source
from v1model.latent.splits import split_of
from visualization.latent.writing import (
    CROSS_VALIDATION,
    VALIDATION,
    pictures_of,
    tags_of,
    write_diagnosis,
    written_pictures,
)

FIGURES = "figures"  # folder in a run

logger = logging.getLogger(__name__)


class Judge:
    """Called as `judge(model, epoch)` by the trainer; a context manager.

    It looks at the validation part of the training's recording, and at the recordings
    of cross_validation_configs.

    Args:
        params: ModelParams.
        source: ActivitySource of the training.
        folder: Of the run; figures and tables go there.

    Attributes:
        events: EventFile that what is found goes to; has to be set before the first
            diagnosis.

    Raises:
        OSError, ValueError: On entering: a recording is missing, or of another network.
    """

    def __init__(self, params, source, folder):
        self.params, self.source, self.folder = params, source, folder
        self.events = None
        self._parts = []  # beginning of tags, source, settings, first and last row
        self._latest = None  # epoch, and Diagnosis of the validation part

    def __enter__(self):
        training = self.params.training
        split = split_of(training, self.source.n_steps, self.source.path)
        held_out = split.validation_start, split.validation_end
        with contextlib.ExitStack() as stack:
            self._add(VALIDATION, self.source, *held_out)
            for other in self.params.cross_validation_configs:
                source = stack.enter_context(
                    opened_beside(self.source, self.params, other)
                )
                first, last = other.steps
                last = source.n_steps if last is None else last
                self._add(f"{CROSS_VALIDATION}{other.label}/", source, first, last)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._open.close()

    def __call__(self, model, epoch):
        """Diagnoses a model: scalars by name; they and figures go to TensorBoard.

        Those of other recordings than the training's have its name in front.
        """
        begun = time.monotonic()
        found = {}
        for tag, source, settings, first, last in self._parts:
            diagnosis = diagnose(model, source, settings, first, last)
            if tag == VALIDATION:
                self._latest = epoch, diagnosis
            scalars = diagnosis.scalars()
            prefix = "" if tag == VALIDATION else tag
            found |= {f"{prefix}{name}": value for name, value in scalars.items()}
            self._show(tags_of(scalars, tag), pictures_of(diagnosis, tag), epoch)
        seconds = time.monotonic() - begun
        self._show({"Time/diagnostics_duration": seconds}, {}, epoch)
        return found

    def validation_of(self, model, epoch):
        """The Diagnosis of the validation part, which may be known; None without one.

        Args:
            model: LatentModel.
            epoch: Whose model it is.
        """
        if self._latest is None or self._latest[0] != epoch:
            own = [part for tag, *part in self._parts if tag == VALIDATION]
            if not own:
                return None
            ((source, settings, first, last),) = own
            return diagnose(model, source, settings, first, last)
        return self._latest[1]

    def finally_of(self, model, epoch):
        """Diagnoses a model, and writes its figures and tables into the run.

        Returns:
            Scalars by name, by tag of the recording.
        """
        found = {}
        for tag, source, settings, first, last in self._parts:
            name = tag.rstrip("/")
            logger.info("judging the model on %s", name)
            diagnosis = diagnose(model, source, settings, first, last)
            folder = self.folder / FIGURES / name
            found[name] = write_diagnosis(diagnosis, folder)
            pictures = written_pictures(folder, tag)
            self._show(tags_of(found[name], tag), pictures, epoch)
        return found

    def _show(self, scalars, pictures, epoch):
        self.events.write(epoch, scalars=scalars, pictures=pictures)

    def _add(self, tag, source, first, last):
        settings = settings_of(self.params, source.n_neurons)
        try:
            n_steps = with_room(settings, first, last).n_steps
        except ValueError as error:
            name = tag.rstrip("/")
            logger.warning("%s: %s %s is not judged.", source.path, error, name)
            return
        if n_steps < settings.n_steps:
            logger.warning(
                "%s: rollouts of %s have %d steps, %d have no room in steps %d to %d.",
                source.path,
                tag.rstrip("/"),
                n_steps,
                settings.n_steps,
                first,
                last,
            )
        self._parts.append(
            (tag, source, settings._replace(n_steps=n_steps), first, last)
        )


def opened_beside(mine, params, other):
    """The ActivitySource of a recording that is judged beside that of the training.

    Args:
        mine: ActivitySource of the training.
        params: ModelParams.
        other: CrossValidation.

    Raises:
        OSError, ValueError: It is missing, or of another network.
    """
    training = params.training
    if other.simulation_config:
        training = training.model_copy(
            update={
                "training_data_path": None,
                "simulation_config": other.simulation_config,
            }
        )
    inputs = params.stimulus_encoder_params.num_input_dims
    source = open_source(training, other.path, inputs)
    for name in ("n_neurons", "n_inputs"):
        expected, found = getattr(mine, name), getattr(source, name)
        if expected != found:
            source.close()
            raise ValueError(
                f"{source.path}: {name} must be {expected}, as in {mine.path}, got "
                f"{found}."
            )
    return source
