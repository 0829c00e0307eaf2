"""Latent evolvers on recordings of their neurons: rollouts, and R2 of each neuron."""

import contextlib
import logging
import pathlib

from training.evaluating.places import folder_of_run
from training.evaluating.tables import write_numbers
from training.quiet_start import start_tensorflow
from v1model.atomic import write_frame
from v1model.runs import read_history

HELD_OUT = ("", "test", "validation")  # parts of the training's recording that are one

logger = logging.getLogger(__name__)


def judge(runs, options, out):
    """Writes everything; the main numbers, by what they are of.

    Args:
        runs: Paths by name.
        options: EvaluateOptions.
        out: Folder.

    Raises:
        OSError, ValueError: A run or a recording is wrong.
    """
    start_tensorflow()
    from v1model.latent.checkpoints import load_latent_model
    from v1model.latent.source import open_source

    models = {name: load_latent_model(path) for name, path in runs.items()}
    found = {}
    with contextlib.ExitStack() as stack:
        pairs = []
        for name, model in models.items():
            training = model.params.training
            n_inputs = model.params.stimulus_encoder_params.num_input_dims
            for path in options.recording or (None,):
                source = open_source(training, path, n_inputs)
                stack.enter_context(source)
                require_sizes(model, source)
                own = path is None or _is_own(model, source)
                rows = _rows_of(model, source, options.part, own)
                settings = _settings_of(model, source, rows)
                pairs.append((name, model, source, rows, own, settings))
        for name, model, source, rows, own, settings in pairs:
            folder = out / f"{name}_{source.name}"
            title = f"{name} on {source.name}, steps {rows[0]} to {rows[1]}"
            found[title] = _judge_pair(
                model,
                source,
                settings,
                rows,
                own,
                folder,
                folder_of_run(runs[name]),
                options,
            )
    return found


def _judge_pair(model, source, settings, rows, is_own, folder, run, options):
    from v1model.judging.latent import neuron_rows
    from v1model.judging.latent_verdicts import evolver_verdicts
    from v1model.judging.verdicts import VERDICTS
    from v1model.latent.diagnosis.diagnose import diagnose
    from v1model.latent.splits import split_of
    from visualization.files import write_figure
    from visualization.latent.runs import training_losses
    from visualization.latent.writing import write_diagnosis

    diagnosis = diagnose(model, source, settings, *rows)
    numbers = write_diagnosis(diagnosis, folder)
    table = neuron_rows(model, source, *rows)
    table = table.rename(columns={"unit": "id", "group": "recording"})
    long = diagnosis.neurons()
    table[["rollout_r2", "rollout_mse"]] = long[["r2", "mse"]].to_numpy()
    if is_own:
        split = split_of(model.params.training, source.n_steps, source.path)
        trained = neuron_rows(model, source, split.train_start, split.train_end)
        table["train_r2"] = trained["r2"]
    table = table.join(evolver_verdicts(table))
    write_frame(folder / "neurons.csv", table)
    own = {
        "r2_mean": float(table["r2"].mean()),
        "r2_median": float(table["r2"].median()),
        "mse": float(table["mse"].mean()),
        "constant_mse": float(table["constant_mse"].mean()),
    }
    counts = table["verdict"].value_counts()
    own |= {f"neurons: {one}": int(counts[one]) for one in VERDICTS if one in counts}
    numbers = own | numbers
    write_numbers(folder / "numbers.csv", numbers)
    columns = read_history(run).to_dict("list")
    if columns:
        write_figure(training_losses(columns), folder / "losses.png", dpi=options.dpi)
    return numbers


def _settings_of(model, source, rows):
    """Settings of a diagnosis, with rollouts as long as these rows allow.

    Raises:
        ValueError: They allow none.
    """
    from v1model.latent.diagnosis.diagnose import settings_of, with_room

    wanted = settings_of(model.params, source.n_neurons)
    try:
        settings = with_room(wanted, *rows)
    except ValueError as error:
        raise ValueError(f"{source.path}: {error}") from None
    if settings.n_steps < wanted.n_steps:
        logger.info(
            "%s: rollouts have %d steps, %d have no room in steps %d to %d.",
            source.path,
            settings.n_steps,
            wanted.n_steps,
            *rows,
        )
    return settings


def _is_own(model, source):
    """Whether a recording is that of the training."""
    path = model.params.training.training_data_path
    if path is None:
        return False
    return source.path.resolve() == pathlib.Path(path).expanduser().resolve()


def _rows_of(model, source, part, is_own):
    """First and last row that are judged.

    Raises:
        ValueError: The part is one of another recording, which has none.
    """
    if part == "all" or (not is_own and not part):
        return 0, source.n_steps
    if not is_own:
        raise ValueError(
            f"{source.path}: --part must be all or left out, the recording is not that "
            f"of the training, got {part}."
        )
    from v1model.latent.splits import split_of

    split = split_of(model.params.training, source.n_steps, source.path)
    if part in HELD_OUT:
        return split.validation_start, split.validation_end
    return split.train_start, split.train_end


def require_sizes(model, source):
    """Raises ValueError unless the model has as many neurons and inputs."""
    for name in ("n_neurons", "n_inputs"):
        mine, theirs = getattr(model, name), getattr(source, name)
        if mine != theirs:
            raise ValueError(
                f"{source.path}: {name} must be {mine}, as of the model, got {theirs}."
            )
