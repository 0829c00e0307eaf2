"""Trains the spiking V1 column of Billeh et al. on a task.

Without --data_dir a small column is built from published tables. Results go to a run
folder in --results_dir; start again with the same --run_name to resume a killed run.
"""

import logging
import os
import sys

from v1model import flags
from v1model.config import ColumnTrainConfig


def main(config):
    # TensorFlow's start-up messages are of no use to who trains a column.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from v1model.experiments import train_column
    from v1model.runs import Run

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    run = Run.create(config.results_dir, config.run_name, config, sys.argv)
    with run.recorded():
        result = train_column(config, run)
        run.write_result(result)
    print_summary(run, result)


def print_summary(run, result):
    """Says what came out and where it is."""
    scores = result.get("validation")
    if scores:
        low, high = scores["accuracy_interval"]
        print(
            f"{result['task']}: validation accuracy {scores['accuracy']:.3f} "
            f"[{low:.3f}, {high:.3f}], chance {scores['chance']:.3f}"
        )
    print(f"run folder:  {run.path}")
    print(f"TensorBoard: tensorboard --logdir {run.logs}")


def cli():
    flags.run(main, ColumnTrainConfig)


if __name__ == "__main__":
    cli()
