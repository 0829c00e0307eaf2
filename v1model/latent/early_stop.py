"""Whether a latent training goes on without getting better: decided from its table."""

import math

INTERVENING = "time_aligned_mse_latent_max_intervening_0_to_tu"
DIVERGENCE = "_first_divergence_step"
BETTER = 0.9  # an error below this share of the best one before is a better one


def is_stuck(history, patience, min_divergence):
    """Whether training goes on without getting better, and may stop.

    What counts is the largest error between the first two observations. It is better
    if it is clearly below all before it; NaN never is.

    Args:
        history: History with diagnoses.
        patience: Epochs without a better error.
        min_divergence: First divergence of a rollout below which training goes on.
    """
    errors = history.values(INTERVENING)
    if not errors:
        return False
    best, best_epoch = math.inf, errors[0][0]
    for epoch, error in errors:
        if error < BETTER * best:
            best, best_epoch = error, epoch
    is_stable = _first_divergence(history) >= min_divergence
    return is_stable and errors[-1][0] - best_epoch >= patience


def early_stop_scalars(history):
    """What `is_stuck` looks at, by TensorBoard tag; empty without a diagnosis."""
    errors = [error for _, error in history.values(INTERVENING)]
    if not errors:
        return {}
    best = [error for error in errors if not math.isnan(error)]
    return {
        "EarlyStop/max_intervening_mse": errors[-1],
        "EarlyStop/best_max_intervening_mse": min(best, default=math.nan),
        "EarlyStop/first_divergence": _first_divergence(history),
    }


def _first_divergence(history):
    """Of the last diagnosis, steps; its name has the length of its rollouts."""
    names = [name for name in history.rows[-1] if name.endswith(DIVERGENCE)]
    values = [values[-1][1] for name in names if (values := history.values(name))]
    return values[-1] if values else 0.0
