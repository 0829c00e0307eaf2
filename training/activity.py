"""Pictures of held-out trials while a column trains."""

from v1model.activity_files import ActivityFiles
from v1model.stimuli import task_dataset
from visualization import NetworkActivityLogger

FOLDER = "activity"  # in the folder of the run
N_TRIALS = 1000  # held-out trials that are shown before they come again


def activity_loggers(experiment):
    """The callbacks that draw held-out trials, a list; empty if none are wanted.

    The trials are made by the chief alone, one for each picture, from a stream of their
    own: neither training nor validation sees another trial because of them.

    Args:
        experiment: ColumnExperiment.

    Raises:
        WriteError: All steps are done already, and the summary that a killed start
            owes cannot be written.
    """
    config = experiment.config
    every = config.log_activity_every
    if not every or not experiment.replicas.is_chief:
        return []
    done = experiment.steps.step
    n_shown = done // every + int(done > 0 and every > 1)  # the first, and each nth
    trials = held_out_trials(experiment.task, experiment.network.lgn.n_inputs, n_shown)
    folder = experiment.run.path / FOLDER
    if experiment.stopped and ActivityFiles(folder).steps():
        # Killed behind its last step, when the trials had not been merged yet.
        ActivityFiles(folder).save_summary()
    return [
        NetworkActivityLogger(
            folder,
            every,
            data=trials,
            tensorboard_dir=experiment.run.logs / FOLDER,
            steps=experiment.steps,
            debug_prints=config.debug_prints,
        )
    ]


def held_out_trials(task, n_inputs, n_shown=0):
    """Rounds of N_TRIALS held-out trials without end, behind those already shown.

    Args:
        task: Task or Mixture.
        n_inputs: I.
        n_shown: How many were shown before.

    Returns:
        Dataset of batches of one trial, as ColumnTrainer takes them.
    """

    def trials_from(first):
        return task_dataset(
            task,
            "validation",
            batch_size=1,
            first_step=first,
            steps_per_epoch=N_TRIALS,
            n_inputs=n_inputs,
        )

    return trials_from(n_shown % N_TRIALS).concatenate(trials_from(0).repeat())
