"""Which steps of a recording are for training, and which for validation."""

from v1model.latent.config import DataSplit

TRAINING_SHARE = 0.8  # of the recording, where nothing else is said


def split_of(training, n_steps, where):
    """The DataSplit of a recording: that of the options, or 80 % and the last 20 %.

    Args:
        training: TrainingConfig.
        n_steps: T of the recording.
        where: Path of the recording, for errors.

    Raises:
        ValueError: A part ends after the recording, or is shorter than a rollout from
            one of its observations.
    """
    split = training.data_split
    if split is None:
        border = int(TRAINING_SHARE * n_steps)
        split = DataSplit(
            train_start=0,
            train_end=border,
            validation_start=border,
            validation_end=n_steps,
        )
    rollout = training.time_units * training.evolve_multiple_steps
    for name in ("train", "validation"):
        start, end = (getattr(split, f"{name}_{border}") for border in ("start", "end"))
        key = f"{where}: training.data_split.{name}_end"
        if end > n_steps:
            raise ValueError(
                f"{key} must not be more than the {n_steps} steps of the recording, "
                f"got {end}."
            )
        shortest = first_start(training, start) - start + rollout + training.time_units
        if end - start < shortest:
            raise ValueError(
                f"{key} must be at least {name}_start + {shortest}, for rollouts of "
                f"time_units {training.time_units} x evolve_multiple_steps "
                f"{training.evolve_multiple_steps}, got {start} to {end}."
            )
    return split


def first_start(training, start):
    """The first step from which a rollout of a part can begin.

    A multiple of time_units, where all are observed if it is together. Where neurons
    are observed in turn and the last observation is held, one cycle is left out, in
    which each of them is observed for the first time.

    Args:
        training: TrainingConfig.
        start: First step of the part.
    """
    tu, acquisition = training.time_units, training.acquisition_mode
    is_held = acquisition.interpolation == "causal"
    waits = is_held and acquisition.mode == "staggered_random"
    return -(-start // tu) * tu + tu * waits
