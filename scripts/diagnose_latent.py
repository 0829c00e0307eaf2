#!/usr/bin/env python
"""Judges a trained latent evolver on a recording: figures, tables, numbers.

    python scripts/diagnose_latent.py RUN RECORDING --out FOLDER [--baselines linear]

RUN is the folder of a training or one of its checkpoints; without RECORDING it is
judged on the held-out part of its own. The losses of a training are drawn too.
Baselines are fitted to the training part of the run's recording, and rolled out from
the same starts:

    linear           PCA and ridge regression on every step
    linear_observed  the same on every time_units-th step; of staggered training it is
                     told more, all neurons of these steps
    stimulus         a network of the last 20 frames, without activity
"""

import argparse
import contextlib
import pathlib
import sys

from training.quiet_start import quiet_start
from v1model.runs import read_history

BASELINES = ("linear", "linear_observed", "stimulus")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=pathlib.Path, help="Run or checkpoint.")
    parser.add_argument("recording", nargs="?", default=None, help="Recording.")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="Folder.")
    parser.add_argument("--first", type=int, help="First step; none begins at 0.")
    parser.add_argument("--last", type=int, help="Step after the last one.")
    parser.add_argument("--steps", type=int, help="Steps of the rollouts.")
    parser.add_argument("--starts", type=int, help="Rollouts.")
    parser.add_argument(
        "--opening",
        choices=("truth", "linear", "causal"),
        help="What the first state is made of; none is as in the training.",
    )
    parser.add_argument(
        "--spin_up",
        type=int,
        help="Steps of stimulus before the start; none is as in the training, 0 with "
        "another opening.",
    )
    parser.add_argument(
        "--baselines", default="", help=f"Some of {','.join(BASELINES)}."
    )
    parser.add_argument(
        "--updates", type=int, default=2000, help="Training steps of the null model."
    )
    options = parser.parse_args(arguments)
    try:
        judge(options)
    except (ValueError, OSError) as error:
        sys.exit(f"diagnose_latent: {error}")


def judge(options):
    """Writes the diagnosis and prints the main numbers, which it returns."""
    chosen = [name for name in options.baselines.split(",") if name]
    for name in chosen:
        if name not in BASELINES:
            raise ValueError(f"baselines: unknown '{name}', choose from {BASELINES}.")
    for name, least in (("steps", 1), ("starts", 1), ("updates", 1), ("spin_up", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}.")
    with quiet_start():
        from v1model.latent.checkpoints import load_latent_model
        from v1model.latent.diagnosis.diagnose import diagnose, plan_of
        from v1model.latent.source import open_source
        from v1model.latent.splits import split_of
        from visualization.files import write_figure
        from visualization.latent.runs import training_losses
        from visualization.latent.writing import write_diagnosis
    model = load_latent_model(options.run)
    params = model.params
    n_inputs = params.stimulus_encoder_params.num_input_dims
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(
            open_source(params.training, options.recording, n_inputs)
        )
        _require_sizes(model, source)
        first, last = options.first or 0, options.last or source.n_steps
        if options.recording is None:
            split = split_of(params.training, source.n_steps, source.path)
            if options.first is None:
                first = split.validation_start
            if options.last is None:
                last = split.validation_end
        settings = _settings(options, params, source)
        if "stimulus" in chosen and not source.n_inputs:
            raise ValueError(f"{source.path}: baseline stimulus needs a stimulus.")
        plan_of(settings, source, first, last)  # says no before anything is fitted
        own = source
        if chosen and options.recording is not None:
            own = stack.enter_context(open_source(params.training, None, n_inputs))
        _require_baselines(chosen, own)
        diagnosis = diagnose(model, source, settings, first, last)
        others = {
            name: _baseline(name, own, source, diagnosis.plan, params, options.updates)
            for name in chosen
        }
        numbers = write_diagnosis(diagnosis, options.out, others)
    columns = read_history(options.run).to_dict("list")
    if columns:
        write_figure(training_losses(columns), options.out / "losses.png", dpi=130)
    for name, value in numbers.items():
        print(f"{name:58s} {value:.5g}")
    for name, errors in others.items():
        print(f"{f'{name}: mean over starts and steps':58s} {errors.model.mean():.5g}")
    print(f"wrote {options.out}")
    return numbers


def _settings(options, params, source):
    from v1model.latent.diagnosis.diagnose import settings_of
    from v1model.latent.diagnosis.openings import Opening

    settings = settings_of(params, source.n_neurons)
    opening = settings.opening
    if options.opening not in (None, opening.kind):
        opening = Opening(options.opening)
    if options.spin_up is not None:
        opening = opening._replace(spin_up=options.spin_up)
    return settings._replace(
        n_steps=options.steps or settings.n_steps,
        n_starts=options.starts or settings.n_starts,
        opening=opening,
    )


def _baseline(name, own, source, plan, params, n_updates):
    """RolloutErrors of a baseline, fitted to the training part of `own`."""
    from v1model.latent.diagnosis.linear_evolver import fit_linear_evolver
    from v1model.latent.diagnosis.openings import Opening
    from v1model.latent.diagnosis.rollouts import evaluate_rollouts
    from v1model.latent.diagnosis.stimulus_only import StimulusOnly, fit_stimulus_only
    from v1model.latent.splits import split_of

    split = split_of(params.training, own.n_steps, own.path)
    rows = split.train_start, split.train_end
    spacing = 1 if name == "linear" else params.training.time_units
    if name == "stimulus":
        null = StimulusOnly(source.n_neurons, source.n_inputs)
        fit_stimulus_only(null, own, *rows, n_updates=n_updates, spacing=spacing)
        opening = Opening("truth", null.frames)
        return evaluate_rollouts(null, source, plan, opening=opening)
    linear = fit_linear_evolver(own, *rows, params.latent_dims, spacing=spacing)
    return evaluate_rollouts(linear, source, plan)


def _require_baselines(chosen, source):
    """Says no to what cannot be fitted to the recording before anything is judged."""
    for name in chosen:
        if name == "stimulus" and not source.n_inputs:
            raise ValueError(f"{source.path}: baseline 'stimulus' needs a stimulus.")
        if name != "stimulus" and source.has_gaps:
            raise ValueError(
                f"{source.path}: baseline '{name}' needs all activity to be valid."
            )


def _require_sizes(model, source):
    for name in ("n_neurons", "n_inputs"):
        mine, theirs = getattr(model, name), getattr(source, name)
        if mine != theirs:
            raise ValueError(
                f"{source.path}: {name} must be {mine}, as of the model, got {theirs}."
            )


if __name__ == "__main__":
    main()
