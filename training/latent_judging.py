"""Judge: diagnoses of a model during training and at the end, with their figures."""

import contextlib
import logging
import time

from v1model.atomic import atomic_path
from v1model.latent.diagnosis.diagnose import diagnose, settings_of
from v1model.latent.source import open_source
from v1model.latent.splits import split_of
from visualization.files import png_of, write_figure
from visualization.latent.errors import aligned_errors, errors_by_time
from visualization.latent.neurons import variance_scatter
from visualization.latent.traces import rollout_traces

VAL = "Val"
FEWEST_STEPS = 10  # of a rollout; a part that has no room for them is not judged

logger = logging.getLogger(__name__)


class Judge:
    """Called as `judge(model, epoch)` by the trainer; a context manager.

    It looks at the validation part of the training's recording, and at the recordings
    of cross_validation_configs.

    Args:
        params: ModelParams.
        source: ActivitySource of the training.
        board: Board.
        folder: Of the run; figures and tables go there.

    Raises:
        OSError, ValueError: On entering: a recording is missing, or of another network.
    """

    def __init__(self, params, source, board, folder):
        self.params, self.source, self.board = params, source, board
        self.folder = folder
        self._parts = []  # tag, source, first and last row

    def __enter__(self):
        training = self.params.training
        split = split_of(training, self.source.n_steps, self.source.path)
        held_out = split.validation_start, split.validation_end
        with contextlib.ExitStack() as stack:
            self._add(VAL, self.source, *held_out)
            for other in self.params.cross_validation_configs:
                source = stack.enter_context(self._opened(other))
                first, last = other.steps
                last = source.n_steps if last is None else last
                self._add(f"CrossVal/{other.label}", source, first, last)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._open.close()

    def __call__(self, model, epoch):
        """Diagnoses a model: figures for TensorBoard, and scalars by name.

        Those of other recordings than the training's have its name in front.
        """
        begun = time.monotonic()
        found = {}
        for tag, source, settings, first, last in self._parts:
            diagnosis = diagnose(model, source, settings, first, last)
            scalars = diagnosis.scalars()
            prefix = "" if tag == VAL else f"{tag}/"
            found |= {f"{prefix}{name}": value for name, value in scalars.items()}
            self._show(tag, diagnosis, scalars, epoch)
        seconds = time.monotonic() - begun
        self.board.scalars({"Time/diagnostics_duration": seconds}, epoch)
        return found

    def finally_of(self, model, epoch):
        """Diagnoses a model, and writes its figures and tables into the run.

        Returns:
            Scalars by name, by tag of the recording.
        """
        found = {}
        for tag, source, settings, first, last in self._parts:
            logger.info("judging the model on %s", tag)
            diagnosis = diagnose(model, source, settings, first, last)
            found[tag] = diagnosis.scalars()
            for name, figure in self._show(tag, diagnosis, found[tag], epoch, True):
                write_figure(figure, self.folder / "figures" / tag / f"{name}.png")
            for name in ("neurons", "types"):
                path = self.folder / "tables" / tag / f"{name}.csv"
                write_table(path, getattr(diagnosis, name)())
        return found

    def _show(self, tag, diagnosis, scalars, epoch, is_final=False):
        figures = list(figures_of(diagnosis, is_final))
        values = {f"{tag}/{name}": value for name, value in scalars.items()}
        self.board.scalars(values, epoch)
        for name, figure in figures:
            self.board.picture(f"{tag}/{name}", png_of(figure), epoch)
        return figures

    def _opened(self, other):
        training = self.params.training
        if other.simulation_config:
            training = training.model_copy(
                update={
                    "training_data_path": None,
                    "simulation_config": other.simulation_config,
                }
            )
        inputs = self.params.stimulus_encoder_params.num_input_dims
        source = open_source(training, other.path, inputs)
        for name in ("n_neurons", "n_inputs"):
            mine, theirs = getattr(self.source, name), getattr(source, name)
            if mine != theirs:
                source.close()
                raise ValueError(
                    f"{source.path}: {name} must be {mine}, as in {self.source.path}, "
                    f"got {theirs}."
                )
        return source

    def _add(self, tag, source, first, last):
        settings = settings_of(self.params, source.n_neurons)
        margin = settings.n_starts + 2 * settings.time_units + 1
        n_steps = min(settings.n_steps, last - first - margin)
        if n_steps < FEWEST_STEPS:
            logger.warning(
                "%s: %d steps are too few for rollouts; %s is not judged.",
                source.path,
                last - first,
                tag,
            )
            return
        if n_steps < settings.n_steps:
            logger.warning(
                "%s: rollouts of %s have %d steps, %d have no room in steps %d to %d.",
                source.path,
                tag,
                n_steps,
                settings.n_steps,
                first,
                last,
            )
        self._parts.append(
            (tag, source, settings._replace(n_steps=n_steps), first, last)
        )


def figures_of(diagnosis, with_traces=True):
    """Pairs of published name and figure."""
    rollouts, n_steps = diagnosis.rollouts, diagnosis.plan.n_steps
    yield (
        f"multi_start_{n_steps}step_latent_rollout_mses_by_time",
        errors_by_time(rollouts, limit=diagnosis.limit),
    )
    if diagnosis.plan.time_units > 1:
        yield (
            "time_aligned_mse_latent",
            aligned_errors(rollouts, diagnosis.interpolation),
        )
    order = rollouts.ranked()
    for which, k in (("best", order[0]), ("worst", order[-1])):
        name = f"{which}_{n_steps}step_rollout_latent"
        title = f"Explained and unexplained variance, {which} start"
        neurons = diagnosis.neurons_of(k)
        yield f"{name}_mse_var_scatter", variance_scatter(neurons, title=title)
        if with_traces:
            types = [diagnosis.cell_types[n] or f"neuron {n}" for n in rollouts.traced]
            yield (
                f"{name}_traces",
                rollout_traces(
                    rollouts.traced_truth[k],
                    rollouts.traced_prediction[k],
                    types,
                    diagnosis.dt_ms,
                    title=f"Predicted and true activity, {which} start",
                ),
            )


def write_table(path, table):
    """Writes a data frame as CSV, atomically."""
    with atomic_path(path) as partial:
        table.to_csv(partial, index=False)
