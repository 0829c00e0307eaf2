"""Read-out models on recordings: per neuron, in numbers, across kinds of stimuli."""

import pandas as pd

from training.evaluating.places import folder_of_run
from training.quiet_start import start_tensorflow
from v1model.atomic import write_frame
from v1model.runs import Run, read_history

HELD_OUT = ("test", "validation")  # parts, the one to be judged on first
# Of DataParams, what decides which numbers a model reads and is judged by.
READ_BY = ("activity", "stimulus", "behavior", "split_by", "validation_share")
READ_BY += ("test_share", "split_seed", "invalid_lags", "mask", "held_out_neurons")


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
    from v1model.cnn.checkpoints import load_readout_model
    from v1model.cnn.data import load_recordings
    from v1model.cnn.evaluation import generalisation_matrix
    from visualization.cnn.matrix import generalisation_heatmap
    from visualization.files import write_figure

    loaded = {name: load_readout_model(path) for name, path in runs.items()}
    data = common_data({name: config.data for name, (_, config) in loaded.items()})
    recordings = load_recordings(_paths(runs, options), data)
    types = options.types or None
    parts = {one.spec.name: _part_of(one, options.part) for one in recordings}
    for recording in recordings:
        recording.trials_of(parts[recording.spec.name], types)
    models = {
        name: _with_heads(model, config, recordings, options.refit)
        for name, (model, config) in loaded.items()
    }
    found, matrices = {}, []
    for recording in recordings:
        spec = recording.spec.name
        matrix = generalisation_matrix(models, recording, parts[spec], types)
        matrices.append(matrix.assign(recording=spec))
        for name, model in models.items():
            history = read_history(folder_of_run(runs[name])).to_dict("list")
            folder = out / f"{name}_{spec}"
            numbers = _judge_pair(
                model, recording, parts[spec], types, folder, options.dpi, history
            )
            words = f"{name} on {spec}, part {parts[spec] or 'all'}"
            words += _trials_in_words(types, loaded[name][1].data.types)
            found[words] = numbers | _by_type(matrix[matrix["train"] == name])
    matrix = pd.concat(matrices, ignore_index=True)
    write_frame(out / "matrix.csv", matrix)
    mean = matrix.groupby(["train", "test"], sort=False).mean(numeric_only=True)
    figure = generalisation_heatmap(mean.reset_index())
    write_figure(figure, out / "matrix.png", dpi=options.dpi)
    return found


def _judge_pair(model, recording, part, types, folder, dpi, history):
    from v1model.cnn.evaluation.report import report
    from v1model.judging.readouts import with_verdicts
    from v1model.judging.verdicts import VERDICTS, VerdictParams
    from visualization.cnn.verdicts import verdict_figure
    from visualization.cnn.writing import write_report
    from visualization.files import write_figure

    found = report(model, recording, part, types)
    found = found._replace(neurons=with_verdicts(found.neurons, model, recording))
    numbers = write_report(found, folder, dpi, history)
    title = f"Why neurons are fitted badly: {recording.spec.name}"
    figure = verdict_figure(found.neurons, VerdictParams().least_spikes, title)
    write_figure(figure, folder / "verdicts.png", dpi=dpi)
    counts = found.neurons["verdict"].value_counts()
    return numbers | {f"neurons: {one}": int(counts.get(one, 0)) for one in VERDICTS}


def _paths(runs, options):
    """Recordings that are named, or those of the first run's training."""
    if options.recording:
        return list(options.recording)
    path = next(iter(runs.values()))
    paths = Run.open(folder_of_run(path)).about["inputs"].get("recordings", [])
    if not paths:
        raise ValueError(f"{path} does not say its recordings; name some: --recording.")
    return paths


def _trials_in_words(types, trained):
    """Which trials are scored, and which the model knows; "" where that is all."""
    words = f", trials of {', '.join(types)}" if types else ", all types of trials"
    if trained and set(types or ()) != set(trained):
        words += f" (trained on {', '.join(trained)})"
    return words if types or trained else ""


def _by_type(rows):
    """Bits per spike of each type of trials, where there are several."""
    if len(rows) < 2:
        return {}
    return {f"bps_mean: {row.test}": float(row.bps_mean) for row in rows.itertuples()}


def _part_of(recording, part):
    """The part that is judged; None for all."""
    if part == "all":
        return None
    return part or next((one for one in HELD_OUT if recording.has(one)), "test")


def _with_heads(model, config, recordings, is_refit):
    """A model with read-outs for all recordings.

    Raises:
        ValueError: It has none for one of them, and none may be fitted.
    """
    from v1model.cnn.stages import model_with_core, refit

    own = {spec.name: spec for spec in model.recordings}
    others = [one for one in recordings if own.get(one.spec.name) != one.spec]
    if not others:
        return model
    if not is_refit:
        raise ValueError(
            f"{others[0].path}: the model has no read-out for "
            f"'{others[0].spec.name}', with {others[0].spec.n_neurons} neurons and "
            f"frames {others[0].spec.frame_shape}; it has {sorted(own)}. With --refit "
            "read-outs are fitted to its training part."
        )
    specs = tuple(one.spec for one in recordings)
    model = model_with_core(model, specs, config.training.seed)
    for recording in others:
        refit(model, config, recording)
    return model


def common_data(by_run):
    """DataParams that all runs are judged with: of all types of trials.

    Args:
        by_run: DataParams by name of the run.

    Raises:
        ValueError: Runs read recordings in other ways, or split them otherwise.
    """
    (first, common), *others = by_run.items()
    for name, data in others:
        for field in READ_BY:
            own, before = getattr(data, field), getattr(common, field)
            if own != before:
                raise ValueError(
                    f"runs must have the same data.{field}: {before} of {first}, {own} "
                    f"of {name}; judge them one by one."
                )
    return common.model_copy(update={"types": ()})
