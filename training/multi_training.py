"""Trains the spiking V1 column of Billeh et al. on five tasks, or on one of them.

    v1-multi-training                                 # a small column, all tasks
    v1-multi-training --task 10class --neurons 2000   # digits alone
    v1-multi-training --data_dir GLIF_network --batch_size 5 --run_name first

Without --data_dir a small column is built from published tables. Results go to a run
folder in --results_dir; start again with the same --run_name to resume a killed run.
"""

import logging
import os
import signal
import sys

from training.monitors.watching import require_watchable, watched_column
from training.next_steps import after_training
from training.quiet_start import quiet_start
from v1model import flags
from v1model.atomic import WriteError
from v1model.cluster import (
    LostWorker,
    WorkerTimeout,
    find_cluster,
    is_named_by,
    meet,
)
from v1model.config import ColumnTrainConfig
from v1model.finite import NotFiniteError
from v1model.runs import Run, fingerprint, termination_as_exit

RESTARTS = "V1MODEL_RESTARTS"  # "STEP:N": starts of this process at a backup's step
MOST_RESTARTS = 3  # without an epoch in between
INTERRUPTED = 128 + signal.SIGINT  # exit status that shells expect

logger = logging.getLogger(__name__)


def main(config):
    """Trains, and says what came out.

    Wrong input ends with one line, and so do a full disk and numbers that are no
    longer finite.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("tensorflow").setLevel(logging.WARNING)  # it tells every message
    try:
        require_watchable(config.monitoring, "column")
        cluster = cluster_for(config)
        run = open_run(config, cluster)
    except (ValueError, OSError) as error:
        sys.exit(f"multi_training: {error}")
    result = train(config, run, cluster)
    if result is not None:
        print_summary(run, result)


def cluster_for(config):
    """The Cluster of the process, or None if it trains alone.

    Raises:
        ValueError: TF_CONFIG, the SLURM step or an option is wrong.
    """
    strategy = config.distribution.strategy
    is_named = strategy == "auto" and is_named_by(os.environ)
    if not is_named and strategy != "multi_worker":
        return None
    if not config.run_name:
        raise ValueError(
            "several workers need a --run_name that they share, or --strategy=none."
        )
    with quiet_start():
        return find_cluster()


def open_run(config, cluster):
    """The Run of the process: its own, or that of the chief."""
    if cluster is None or cluster.is_chief:
        place = config.results_dir, config.run_name
        return Run.create(*place, config, sys.argv, "column")
    return Run.join(config.results_dir, config.run_name)


def train(config, run, cluster):
    """Trains to the end; the result, or None in a process that is not the chief.

    A process that lost another one starts itself again, and waits for it.
    """
    is_chief = cluster is None or cluster.is_chief
    experiment = None
    try:
        with run.recorded() if is_chief else termination_as_exit():
            with quiet_start():
                from training.activity import activity_loggers
                from v1model.distribution import make_replicas
                from v1model.experiments import ColumnExperiment
                from v1model.judging.column import judge_column
            if cluster is not None:
                timeout_s = 60 * config.distribution.worker_timeout
                meet(cluster, fingerprint(config.run_name, config), timeout_s)
            with quiet_start():
                replicas = make_replicas(config.distribution, cluster)
            if is_chief:
                run.note_machine()
            with replicas.watched():
                experiment = ColumnExperiment(config, run, replicas)
                callbacks = activity_loggers(experiment)
                with watched_column(experiment) as watching:
                    result = experiment.train([*callbacks, *watching])
                result |= judge_column(experiment, result)
            if is_chief:
                run.write_result(result)
                return result
    except LostWorker as lost:
        start_again(lost, experiment)
    except KeyboardInterrupt:
        logger.info(
            "multi_training: stopped by Ctrl-C; the same command with --run_name=%s "
            "goes on from the last backup",
            config.run_name or run.path.name,
        )
        raise SystemExit(INTERRUPTED) from None
    except WorkerTimeout as late:
        logger.error("multi_training: %s", late)
        raise
    except (NotFiniteError, WriteError) as error:
        sys.exit(f"multi_training: {error}")
    except (ValueError, OSError) as error:
        if experiment is not None:
            raise
        sys.exit(f"multi_training: {error}")


def start_again(lost, experiment):
    """Replaces this process by a new start of the same command.

    TensorFlow cannot take a lost worker back; a new process goes on from the backup.
    """
    step = -1 if experiment is None else experiment.first_step
    before, _, count = os.environ.get(RESTARTS, "").partition(":")
    count = int(count) + 1 if before == str(step) else 1
    if count > MOST_RESTARTS:
        logger.error("multi_training: %s, again and again from step %d.", lost, step)
        raise lost
    logger.info("multi_training: %s; starting again from the last backup.", lost)
    os.environ[RESTARTS] = f"{step}:{count}"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


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
    print(
        f"{result['steps']} steps in {result['minutes']:.3g} minutes, ended by "
        f"{result['stopped']}"
    )
    print("\n".join(after_training(run.path)))


def cli():
    flags.run(main, ColumnTrainConfig)


if __name__ == "__main__":
    cli()
