"""The numbers of a diagnosis, with the names that LatentEvolution gives them."""

import numpy as np

from v1model.latent.diagnosis.starts import DIVERGED

ALIGNED = "time_aligned_mse_latent"


def rollout_prefix(plan):
    """Beginning of the names of the numbers about whole rollouts."""
    return f"rollout_latent_{plan.n_steps}step"


def first_divergence(curve, limit=DIVERGED):
    """The first step with an error above the limit, or without a number; else K."""
    beyond = ~(np.asarray(curve) <= limit)  # NaN is not below any limit
    return int(np.argmax(beyond)) if beyond.any() else len(beyond)


def stability(rollouts, limit=DIVERGED):
    """What becomes of the worst start: numbers by published name.

    The curve is the largest error of the starts, up to the first divergence; only
    mse_final is its last value whatever happened. Without a step that counts, NaN.

    Args:
        rollouts: RolloutErrors.
        limit: Squared error above which a rollout has diverged.
    """
    plan = rollouts.plan
    curve = _largest(rollouts.model)
    divergence = first_divergence(_judged(curve), limit)
    step = np.arange(plan.n_steps)
    is_before = step < divergence
    in_window = step < plan.window
    between = in_window & ~plan.loss_points
    found = {
        "mse_at_loss_points": _mean(curve, is_before & plan.loss_points),
        "mse_beyond_training": _mean(curve, is_before & ~in_window),
        "mse_final": float(curve[-1]),
        "mse_max": _most(curve, is_before),
        "first_divergence_step": divergence,
    }
    if plan.time_units > 1:
        found["mse_intervening"] = _mean(curve, is_before & between)
    return _prefixed(rollout_prefix(plan), found)


def horizon(rollouts, limit=DIVERGED):
    """Numbers about whole rollouts that are not published, by name.

    diverged_starts: starts of which some step is above the limit.
    mse_overall, mse_fit_window, mse_beyond: means over starts and all steps, those of a
        training rollout, and those after it (published for staggered training).
    constant_mse_overall: of staying at the start.
    crosses_constant_step: first step at which the model, averaged over starts, is not
        better than staying at the start; K if it always is.
    fraction_below_constant: share of the steps at which it is better.
    """
    plan = rollouts.plan
    model, constant = over_starts(rollouts.model), over_starts(rollouts.constant)
    in_window = np.arange(plan.n_steps) < plan.window
    everywhere = np.ones(plan.n_steps, bool)
    above = model >= constant  # never where nothing is judged
    is_judged = ~np.isnan(model) & ~np.isnan(constant)
    ends = [first_divergence(curve, limit) for curve in _judged(rollouts.model)]
    found = {
        "mse_overall": _mean(model, everywhere),
        "mse_fit_window": _mean(model, in_window),
        "mse_beyond": _mean(model, ~in_window),
        "constant_mse_overall": _mean(constant, everywhere),
        "crosses_constant_step": int(np.argmax(above)) if above.any() else plan.n_steps,
        "fraction_below_constant": _mean(1.0 - above, is_judged),
        "diverged_starts": sum(end < plan.n_steps for end in ends),
    }
    return _prefixed(rollout_prefix(plan), found)


def aligned(rollouts, interpolation):
    """Errors inside a training rollout, by published name; means over starts.

    Not published: the same of the baselines at the steps between observations, and of
    the staggered ones over the neurons that are not observed.

    Args:
        rollouts: RolloutErrors.
        interpolation: InterpolationErrors of the same plan.
    """
    plan = rollouts.plan
    model = rollouts.model[:, : plan.window]
    mean = over_starts(model)
    found = {
        f"at_{m}tu": float(mean[m * plan.time_units - 1])
        for m in range(1, plan.window // plan.time_units + 1)
    }
    if plan.time_units > 1 and plan.window:
        between = ~plan.loss_points[: plan.window]
        constant = over_starts(rollouts.constant[:, : plan.window])
        found["intermediate_avg"] = _mean(mean, between)
        found["constant_intermediate_avg"] = _mean(constant, between)
        found["interpolation_intermediate_avg"] = _mean(
            over_starts(interpolation.aligned), between
        )
        first = _largest(model)[: plan.time_units - 1]
        found["max_intervening_0_to_tu"] = _most(first, np.ones(len(first), bool))
    if interpolation.staggered is not None:
        is_hidden = ~np.isnan(interpolation.staggered)
        for name, curve in (
            ("unobserved_avg", rollouts.unobserved),
            ("interpolation_unobserved_avg", interpolation.staggered),
        ):
            found[name] = _mean(curve, is_hidden)
    return _prefixed(ALIGNED, found)


def _judged(curves):
    """Curves in which a step without a valid neuron is no error."""
    return np.where(np.isnan(curves), 0.0, curves)


def _largest(curves):
    """Of the starts, (K,); NaN where no start is judged."""
    largest = np.where(np.isnan(curves), -np.inf, curves).max(axis=0)
    return np.where(largest == -np.inf, np.nan, largest)


def over_starts(curves):
    """Mean over the starts that are judged in a step, (K,); NaN where none is."""
    is_judged = ~np.isnan(curves)
    count = is_judged.sum(axis=0)
    nothing = np.full(curves.shape[1], np.nan)
    return np.divide(_judged(curves).sum(axis=0), count, out=nothing, where=count > 0)


def _mean(curve, chosen):
    chosen = chosen & ~np.isnan(curve)
    return float(curve[chosen].mean()) if chosen.any() else float("nan")


def _most(curve, chosen):
    chosen = chosen & ~np.isnan(curve)
    return float(curve[chosen].max()) if chosen.any() else float("nan")


def _prefixed(prefix, numbers):
    return {f"{prefix}_{name}": value for name, value in numbers.items()}
