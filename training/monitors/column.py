"""Monitors of the spiking column."""

import numpy as np

from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import monitor

PICTURES = ("raster", "population", "output")  # of STANDARD_FIGURES
_CHANCE_SEED = 0


@monitor("held_out_trials", pace="fast", rooms=("column",))
def held_out_trials(subject):
    """Answers to four held-out trials, always the same, and how sure they are."""
    trials = subject.trials()
    right = [float(trial.confidence[trial.label]) for trial in trials]
    answers = [float(trial.prediction == trial.label) for trial in trials]
    return Reading(
        scalars={
            "accuracy": float(np.mean(answers)),
            "confidence": float(np.mean(right)),
            "log_loss": float(-np.log(np.maximum(right, 1e-12)).mean()),
        }
    )


@monitor("firing_rates", pace="fast", rooms=("column",))
def firing_rates(subject):
    """Rates of all populations in these trials, silent neurons, and measured bands."""
    from v1model.network.physiology import rate_bands

    found, (names, index), bands = subject.rates(), subject.populations, rate_bands()
    scalars = {
        "mean_hz": float(found.mean()),
        "largest_hz": float(found.max()),
        "silent_share": float((found == 0).mean()),
    }
    is_inside = []
    for k, name in enumerate(names):
        if not (index == k).any():
            continue
        scalars[f"hz/{name}"] = rate = float(found[index == k].mean())
        is_inside.append(bands[name].low <= rate <= bands[name].high)
    scalars["populations_within_band"] = float(np.mean(is_inside))
    return Reading(scalars=scalars, histograms={"hz": found})


@monitor("rasters", pace="slow", rooms=("column",))
def rasters(subject):
    """A held-out trial, always the same: spikes, populations and answer."""
    from visualization.files import png_of
    from visualization.trial.standard import STANDARD_FIGURES

    trial = subject.trials()[0]
    return Reading(
        pictures={
            name: png_of(STANDARD_FIGURES[name](trial, subject.neurons))
            for name in PICTURES
        }
    )


@monitor("neuron_rates", pace="slow", rooms=("column",))
def neuron_rates(subject):
    """The rate of every neuron in the held-out trials, and of every population."""
    from visualization.column.rates import rate_comparison
    from visualization.files import png_of

    found, (names, index) = subject.rates(), subject.populations
    by_name = {
        name: float(found[index == k].mean())
        for k, name in enumerate(names)
        if (index == k).any()
    }
    figure = rate_comparison(
        by_name | {"network": float(found.mean())}, "Mean rate in held-out trials"
    )
    neurons = subject.neurons
    table = [
        {"neuron": n, "population": str(name), "rate_hz": float(rate)}
        for n, (name, rate) in enumerate(zip(neurons.pop_name, found, strict=True))
    ]
    return Reading(pictures={"populations": png_of(figure)}, tables={"trials": table})


@monitor("weight_changes", pace="slow", rooms=("column",))
def weight_changes(subject):
    """Weights of all classes of synapses, before training and now."""
    from visualization.files import png_of
    from visualization.weights import weight_distributions, weights_by_class

    before, after = subject.networks()
    old, new = weights_by_class(before), weights_by_class(after)
    scalars = {}
    for name, weights in old.items():
        size = np.abs(weights).mean(dtype=np.float64) if len(weights) else 0
        if size > 0:
            moved = np.abs(new[name] - weights).mean(dtype=np.float64)
            scalars[f"moved/{name.replace(' ', '_')}"] = float(moved / size)
    figure = weight_distributions(before, after, "Weights before training and now")
    return Reading(scalars=scalars, pictures={"classes": png_of(figure)})


@monitor("tuning", pace="slow", rooms=("column",))
def tuning(subject):
    """Tuning to drifting gratings in eight directions, beside that of chance."""
    found = subject.tuning()
    if found is None:
        return Reading()
    chance = found.untuned(np.random.default_rng(_CHANCE_SEED))
    beyond = found.beyond_chance(np.random.default_rng(_CHANCE_SEED))
    names, index = subject.populations
    scalars = {}
    for k, name in enumerate(names):
        active = (index == k) & (found.total > 0)
        if active.any():
            scalars[f"osi/{name}"] = float(np.median(found.osi[active]))
    active = found.total > 0
    for kind, above in zip(("osi", "dsi"), beyond, strict=True):
        own, other = getattr(found, kind), getattr(chance, kind)
        scalars[kind] = float(np.nanmedian(own)) if active.any() else np.nan
        known = other[np.isfinite(other)]
        scalars[f"{kind}_of_chance"] = float(np.median(known)) if len(known) else np.nan
        share = above[active].mean() if active.any() else np.nan
        scalars[f"{kind}_beyond_chance"] = float(share)
    table = [
        {
            "neuron": n,
            "population": str(subject.neurons.pop_name[n]),
            "spikes": int(found.total[n]),
            "osi": float(found.osi[n]),
            "dsi": float(found.dsi[n]),
            "preferred_direction": float(found.preferred_direction[n]),
        }
        for n in range(len(found.total))
    ]
    return Reading(scalars=scalars, tables={"neurons": table})
