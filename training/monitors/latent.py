"""Monitors of the latent model."""

import numpy as np

from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import monitor

_ROOM = ("latent",)
DPI = 130


@monitor("one_step", pace="fast", rooms=_ROOM)
def one_step(subject):
    """Errors one step ahead in a held-out window, beside activity that stays."""
    frames = subject.frames()
    return Reading(
        scalars={
            "one_step_mse": frames.one_step,
            "constant_mse": frames.constant,
            "reconstruction_mse": frames.reconstruction,
            "over_constant": frames.one_step / max(frames.constant, 1e-30),
        }
    )


@monitor("states", pace="fast", rooms=_ROOM)
def states(subject):
    """Size of the latent states in that window, and how many of them are used."""
    found, _ = subject.states()
    spread = found.std(axis=0, dtype=np.float64)
    total = (spread**2).sum()
    used = total**2 / (spread**4).sum() if total > 0 else 0.0
    return Reading(
        scalars={
            "norm": float(np.linalg.norm(found, axis=1).mean()),
            "smallest_sd": float(spread.min()),
            "largest_sd": float(spread.max()),
            # exp of an entropy would do as well; this one is 1 to L, too.
            "effective_dims": float(used),
        },
        histograms={"sd": spread},
    )


@monitor("evolver", pace="fast", rooms=_ROOM)
def evolver(subject):
    """Spectral radius and largest gain of the evolver, linearised at a few states."""
    slopes = subject.linearised().astype(np.float64)
    radii = np.abs(np.linalg.eigvals(slopes)).max(axis=1)
    gains = np.linalg.norm(slopes, ord=2, axis=(1, 2))
    return Reading(
        scalars={
            "spectral_radius": float(radii.mean()),
            "largest_radius": float(radii.max()),
            "gain": float(gains.mean()),
            "largest_gain": float(gains.max()),
        }
    )


@monitor("rollouts", pace="slow", rooms=_ROOM)
def rollouts(subject):
    """Long rollouts from held-out frames: errors, divergence, and their figures."""
    from visualization.latent.writing import pictures_of

    diagnosis = subject.diagnosis()
    if diagnosis is None:
        return Reading()
    return Reading(scalars=diagnosis.scalars(), pictures=pictures_of(diagnosis, ""))


@monitor("rollout_traces", pace="slow", rooms=_ROOM)
def rollout_traces(subject):
    """Predicted and true activity of single neurons in the best rollout."""
    from visualization.files import png_of
    from visualization.latent import traces

    diagnosis = subject.diagnosis()
    if diagnosis is None or not len(diagnosis.rollouts.traced):
        return Reading()
    rollouts = diagnosis.rollouts
    best, traced = rollouts.ranked()[0], rollouts.traced
    types = diagnosis.cell_types[traced]
    names = [str(t) or f"neuron {n}" for t, n in zip(types, traced, strict=True)]
    figure = traces.rollout_traces(
        rollouts.traced_truth[best],
        rollouts.traced_prediction[best],
        names,
        diagnosis.dt_ms,
        "Predicted and true activity, best rollout",
    )
    return Reading(pictures={"best_rollout": png_of(figure, DPI)})


@monitor("neuron_errors", pace="slow", rooms=_ROOM)
def neuron_errors(subject):
    """How well every neuron is predicted in long rollouts."""
    diagnosis = subject.diagnosis()
    if diagnosis is None:
        return Reading()
    table = diagnosis.neurons()
    r2 = table["r2_bias"].to_numpy()
    r2 = r2[np.isfinite(r2)]
    return Reading(
        scalars={"median_r2": float(np.median(r2)) if len(r2) else np.nan},
        histograms={"r2": np.clip(r2, -1, 1)},
        tables={"rollouts": table.to_dict("records")},
    )
