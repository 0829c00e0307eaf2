"""Verdicts about the neurons of a latent evolver."""

import numpy as np

from v1model.judging.verdicts import (
    FINE,
    LOW_RATE,
    OVERFITTED,
    UNDERFITTED,
    VerdictParams,
    first_that_holds,
)


def evolver_verdicts(table, params=None):
    """A row per neuron: `verdict` and `reason`; the first that holds.

        low rate      the neuron does not vary: it is silent, or at rest
        fine          r2 is at least `least_share`, and the error is below that of
                      activity that stays as it is
        overfitted    r2 is less by `lost_share` than on the training part (train_r2)
        underfitted   the rest

    Whether a neuron repeats itself, and where it looks, its recording does not say.

    Args:
        table: Data frame of `judging.latent.neuron_rows`; train_r2 where known.
        params: VerdictParams; None is the usual ones.
    """
    params = VerdictParams() if params is None else params
    r2 = table["r2"].to_numpy(np.float64)
    trained = np.full(len(table), np.nan)
    if "train_r2" in table:
        trained = table["train_r2"].to_numpy(np.float64)
    error, constant = (table[name].to_numpy() for name in ("mse", "constant_mse"))
    rules = (
        (LOW_RATE, ~np.isfinite(r2), lambda n: "its activity does not vary"),
        (
            FINE,
            (r2 >= params.least_share) & (error < constant),
            lambda n: f"R2 {r2[n]:.2f}",
        ),
        (
            OVERFITTED,
            (trained > 0) & (trained - r2 > params.lost_share * trained),
            lambda n: f"R2 {trained[n]:.2f} in training, {r2[n]:.2f} here",
        ),
        (
            UNDERFITTED,
            np.ones(len(table), bool),
            lambda n: (
                f"R2 {r2[n]:.2f}, error {error[n]:.3g}, {constant[n]:.3g} of "
                "activity that stays as it is"
            ),
        ),
    )
    return first_that_holds(rules, table.index)
