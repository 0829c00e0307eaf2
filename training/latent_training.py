"""Trains the latent evolver on a recording, and says how well it predicts.

    v1-latent-training eye configs/latent_20step.yaml     # simulates an eye by itself
    v1-latent-training mine configs/latent_20step.yaml \\
        --training.training_data_path mine.h5 --latent_dims 16 --run_name first

EXPERIMENT names a folder in --results_dir; SETTINGS is a YAML file, your own or a
shipped one such as configs/latent_20step.yaml. Every option of the file can be given as
a flag too. Start again with the same --run_name to resume a killed run.
"""

import datetime
import logging
import pathlib
import re
import sys

from training.latent_options import LatentOptions
from training.monitors.watching import require_watchable
from training.next_steps import after_training
from training.quiet_start import quiet_start
from v1model import flags
from v1model.atomic import WriteError, write_text
from v1model.finite import NotFiniteError
from v1model.latent.settings import flag_groups, load_params, run_name
from v1model.runs import Run
from v1model.yaml_settings import to_yaml

FOLDER = pathlib.Path(__file__).parent  # of configs/ and published/
USAGE = "EXPERIMENT [SETTINGS.yaml] [--flag=value ...]"
CONFIG = "config.yaml"

logger = logging.getLogger(__name__)


def main(experiment, params, options, overrides):
    """Trains, and says what came out.

    Wrong input ends with one line, and so do a full disk and numbers that are no
    longer finite.

    Args:
        experiment: Name of the folder of the runs.
        params: ModelParams.
        options: LatentOptions.
        overrides: What of the options was given on the command line, for the name.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    work = None
    try:
        require_watchable(options.monitoring, "latent")
        with quiet_start():
            from training.latent_eye import with_eye
            from training.latent_work import LatentWork, require_recordings
            from v1model.distribution import make_replicas

            replicas = make_replicas(options.distribution)
        params = with_eye(params)
        if options.dry_run:
            from training.latent_plan import print_plan

            print_plan(params, replicas)
            return
        require_recordings(params)
        folder = pathlib.Path(options.results_dir) / experiment
        name = options.run_name or new_name(overrides)
        run = Run.create(folder, name, params, sys.argv, "latent")
        write_text(run.path / CONFIG, to_yaml(params))
        with run.recorded():
            run.fix("replicas", replicas.n)
            with LatentWork(params, run, replicas, options.monitoring) as work:
                result = work.train()
            run.write_result(result)
    except (NotFiniteError, WriteError) as error:
        sys.exit(f"latent_training: {error}")
    except (ValueError, OSError) as error:
        if work is not None:
            raise
        sys.exit(f"latent_training: {error}")
    print_summary(run, result)


def new_name(overrides):
    """The name of a run: what was given on the command line, and the time."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    return "_".join(filter(None, (run_name(overrides), stamp)))


def print_summary(run, result):
    """Says what came out and where it is."""
    if result["best_val_mse"] is not None:
        print(
            f"error on held-out observations {result['best_val_mse']:.4g}, of activity "
            f"that stays as it is {result['val_loss_constant_model']:.4g}"
        )
    print(
        f"{result['updates']} updates in {result['minutes']:.3g} minutes, ended by "
        f"{result['stopped']}"
    )
    print("\n".join(after_training(run.path)))


def cli():
    if flags.asks_for_help(sys.argv):
        program = f"{pathlib.Path(sys.argv[0]).name} {USAGE}"
        groups = [*flag_groups(), *flags.groups_of(LatentOptions)]
        sys.stdout.write(flags.help_page(__doc__, program, groups))
        return
    arguments, options, overrides = flags.texts_from(
        sys.argv, flag_groups(), LatentOptions, 2
    )
    with flags.errors_as_exit(sys.argv):
        params = params_of(arguments, overrides)
    main(arguments[0], params, options, overrides)


def params_of(arguments, overrides):
    """The ModelParams of EXPERIMENT [SETTINGS] and flags.

    Raises:
        ValueError: EXPERIMENT is missing or no plain name, or an option is wrong.
    """
    experiment, *settings = arguments or [""]
    if not re.fullmatch(r"\w[\w.-]*", experiment):
        raise ValueError(
            f"EXPERIMENT must be a plain name, got {experiment!r}; usage: {USAGE}"
        )
    try:
        return load_params(settings[0] if settings else None, overrides, FOLDER)
    except FileNotFoundError as error:
        raise ValueError(str(error)) from None


if __name__ == "__main__":
    cli()
