"""Trains the spiking V1 column of Billeh et al. on five tasks, or on one of them.

Without --data_dir a small column is built from published tables. Results go to a run
folder in --results_dir; start again with the same --run_name to resume a killed run.
"""

import logging
import sys

from training.quiet_start import quiet_start
from v1model import flags
from v1model.atomic import WriteError
from v1model.config import ColumnTrainConfig
from v1model.finite import NotFiniteError
from v1model.runs import Run


def main(config):
    """Trains, and says what came out.

    Wrong input ends with one line, and so do a full disk and numbers that are no
    longer finite.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    is_ready = False
    try:
        run = Run.create(config.results_dir, config.run_name, config, sys.argv)
        with run.recorded():
            with quiet_start():
                from v1model.experiments import ColumnExperiment
            experiment = ColumnExperiment(config, run)
            is_ready = True
            result = experiment.train()
            run.write_result(result)
    except (NotFiniteError, WriteError) as error:
        sys.exit(f"multi_training: {error}")
    except (ValueError, OSError) as error:
        if is_ready:
            raise
        sys.exit(f"multi_training: {error}")
    print_summary(run, result)


def print_summary(run, result):
    """Says what came out and where it is."""
    for task, scores in result["tasks"].items():
        if scores is None or not scores["responses"]:
            continue
        low, high = scores["accuracy_interval"]
        start = result["before"][task]
        before = f"{start['accuracy']:.3f} before, " if start else ""
        print(
            f"{task}: accuracy {scores['accuracy']:.3f} on held-out trials "
            f"(95 % interval {low:.3f} to {high:.3f}), {before}"
            f"chance {scores['chance']:.3f}"
        )
    print(f"{result['steps']} steps, ended by {result['stopped']}")
    print(f"run folder: {run.path}")


def cli():
    flags.run(main, ColumnTrainConfig)


if __name__ == "__main__":
    cli()
