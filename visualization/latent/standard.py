"""The figures of a diagnosis, with the names that LatentEvolution gives them."""

from visualization import style
from visualization.latent.errors import aligned_errors, errors_by_time
from visualization.latent.neurons import type_bars, variance_scatter
from visualization.latent.traces import rollout_traces

LONGEST_NAME = 16  # of a recording, in a heading


def diagnosis_figures(diagnosis, others=None, with_traces=True):
    """Figures of a diagnosis by published name, one after the other: pairs.

    Args:
        diagnosis: `v1model.latent.diagnosis.diagnose.Diagnosis`.
        others: RolloutErrors of other models from the same starts by name, or None.
        with_traces: Whether single neurons are drawn, which takes longest.

    Yields:
        Name and matplotlib Figure.
    """
    plan, rollouts = diagnosis.plan, diagnosis.rollouts
    name = style.without_middle(diagnosis.name, LONGEST_NAME)
    steps = f"{plan.n_steps}step"
    yield (
        f"multi_start_{steps}_latent_rollout_mses_by_time",
        errors_by_time(
            rollouts, others, diagnosis.limit, f"Errors of long rollouts: {name}"
        ),
    )
    if plan.time_units > 1 and plan.window:
        yield (
            "time_aligned_mse_latent",
            aligned_errors(
                rollouts,
                diagnosis.interpolation,
                f"Errors between observations: {name}",
            ),
        )
    order = rollouts.ranked()
    for word, rollout in (("best", order[0]), ("worst", order[-1])):
        row = plan.starts[rollout]
        yield (
            f"{word}_{steps}_rollout_latent_mse_var_scatter",
            variance_scatter(
                diagnosis.neurons_of(rollout),
                f"Unexplained variance, {word} rollout (row {row}): {name}",
            ),
        )
        if with_traces and len(rollouts.traced):
            yield (
                f"{word}_{steps}_rollout_latent_traces",
                rollout_traces(
                    rollouts.traced_truth[rollout],
                    rollouts.traced_prediction[rollout],
                    _names(diagnosis.cell_types[rollouts.traced], rollouts.traced),
                    diagnosis.dt_ms,
                    f"{word.capitalize()} rollout (row {row}): {name}",
                ),
            )
    yield (
        "r2_by_type",
        type_bars(
            diagnosis.types(),
            diagnosis.one_step_types(),
            f"R2 by cell type: {name}",
        ),
    )


def _names(types, neurons):
    return [str(kind) or f"neuron {n}" for kind, n in zip(types, neurons, strict=True)]
