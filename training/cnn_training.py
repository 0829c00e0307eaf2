"""Trains one convolutional core on any number of recordings, a read-out for each.

    v1-cnn-training --model configs/plain_none_none_gaussian.yaml --dry_run
    v1-cnn-training --model configs/plain_none_none_gaussian.yaml \\
        --recordings one.h5,two.h5 --training.epochs 4 --run_name first

--model is a YAML file, your own or a shipped one such as
configs/resnet_none_convgru_gaussian.yaml. Every option of the file can be given as a
flag, through lists, too: --model.convnet.blocks.*.norm.type=instance. Start again with
the same --run_name to resume a killed run.
"""

import datetime
import logging
import pathlib
import re
import sys

from training.cnn_options import FIT, CnnOptions, overrides_of, setting_groups
from training.monitors.watching import require_watchable
from training.next_steps import after_training
from training.quiet_start import quiet_start
from v1model import flags
from v1model.atomic import WriteError, write_text
from v1model.cnn.config import ReadoutConfig
from v1model.finite import NotFiniteError
from v1model.runs import Run
from v1model.yaml_settings import load_settings, to_yaml

FOLDER = pathlib.Path(__file__).parent  # of configs/
USAGE = "--model=SETTINGS.yaml --recordings=A.h5,B.h5 [--flag=value ...]"
CONFIG = "config.yaml"
_LONGEST_NAME = 100  # characters; file systems take 255


def main(config, options, overrides):
    """Trains, and says what came out.

    Wrong input ends with one line, and so do a full disk and numbers that are no
    longer finite.

    Args:
        config: ReadoutConfig.
        options: CnnOptions.
        overrides: What of the settings was given on the command line, for the name.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.WARNING)
    is_begun = False
    try:
        require_watchable(options.monitoring, "cnn")
        with quiet_start():
            from training import cnn_work
            from v1model.distribution import make_replicas

            replicas = make_replicas(options.distribution)
        recordings = cnn_work.recordings_of(config, options)
        if options.dry_run:
            from training.cnn_plan import print_plan

            print_plan(config, recordings, replicas)
            return
        name = options.run_name or new_name(options, overrides)
        place = options.results_dir, name
        run = Run.create(*place, config, sys.argv, "cnn", inputs_of(options))
        write_text(run.path / CONFIG, to_yaml(config))
        with run.recorded():
            run.fix("replicas", replicas.n)
            run.fix("stage", options.stage)
            work = cnn_work.STAGES[options.stage](
                config, options, recordings, run, replicas
            )
            is_begun = True
            result = work()
            run.write_result(result)
    except (NotFiniteError, WriteError) as error:
        sys.exit(f"cnn_training: {error}")
    except (ValueError, OSError) as error:
        if is_begun:
            raise
        sys.exit(f"cnn_training: {error}")
    for line in cnn_work.summary_of(result):
        print(line)
    print("\n".join(after_training(run.path)))


def inputs_of(options):
    """What a run is made from beside its settings."""
    return {
        "recordings": list(options.recordings),
        "stage": options.stage,
        "source": options.source,
    }


def new_name(options, overrides):
    """The name of a run: settings, what was given beside them, and the time."""
    parts = [pathlib.PurePath(options.model).stem or "default"]
    if options.stage != FIT:
        parts = [options.stage]
    for name, text in overrides.items():
        short = "".join(re.findall(r"[^\W\d_]\w*$", name)) or name.replace(".", "_")
        parts.append(short + re.sub(r"[^\w.+-]+", "-", str(text)).strip("-."))
    stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    return f"{'_'.join(parts)[:_LONGEST_NAME]}_{stamp}"


def settings_of(options):
    """Path of the settings: a file, or those of the run that the core is from.

    Raises:
        ValueError: Both are given, or the run has none.
    """
    if not options.source:
        return options.model or None
    if options.model:
        raise ValueError("--model must be left out with --from, whose settings hold.")
    source = pathlib.Path(options.source).expanduser()
    places = [source, *source.parents[:2]]
    found = [place / CONFIG for place in places if (place / CONFIG).is_file()]
    if not found:
        raise ValueError(
            f"--from {options.source} must be a run or a checkpoint in it; no "
            f"{CONFIG} is there."
        )
    return found[0]


def cli():
    if flags.asks_for_help(sys.argv):
        program = f"{pathlib.Path(sys.argv[0]).name} {USAGE}"
        groups = [*flags.groups_of(CnnOptions), *setting_groups(ReadoutConfig)]
        sys.stdout.write(flags.help_page(__doc__, program, groups))
        return
    with flags.errors_as_exit(sys.argv):
        overrides, argv = overrides_of(sys.argv, ReadoutConfig)
    options = flags.config_from(argv, CnnOptions)
    with flags.errors_as_exit(sys.argv):
        try:
            config = load_settings(
                ReadoutConfig, settings_of(options), overrides, FOLDER
            )
        except FileNotFoundError as error:
            raise ValueError(str(error)) from None
    main(config, options, overrides)


if __name__ == "__main__":
    cli()
