"""Comparisons of made-up numbers, as v1-compare makes them of runs."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from v1model.comparison.contents import BETTER, COSTS, OPEN, WORSE, Comparison

CORES = {"batch": 1.2e6, "layer": 1.3e6, "none": 1.1e6}


class LeftOut(NamedTuple):
    path: str
    reason: str


def comparison(
    cores=("resnet", "densenet"),
    norms=tuple(CORES),
    n_seeds=2,
    n_groups=2,
    n_units=30,
    n_epochs=8,
    names=None,
    draw=0,
):
    """A Comparison of cores and norms.

    Args:
        cores, norms: Values of the two options that differ.
        n_seeds: Of each variant.
        n_groups: Recordings.
        n_units: Neurons of all recordings together.
        n_epochs: Rows of each history.
        names: Names of the variants in place of "core, norm".
        draw: Seed of all that is drawn.
    """
    rng = np.random.default_rng(draw)
    pairs = [(core, norm) for core in cores for norm in norms]
    names = names or [f"{core}, {norm}" for core, norm in pairs]
    rate = np.exp(rng.normal(1.2, 0.9, n_units))
    base = 0.3 + 0.06 * np.log(rate) + 0.1 * rng.standard_normal(n_units)
    effects = np.r_[0, -np.sort(-rng.normal(0.015, 0.02, len(names) - 1))]
    runs, aligned, histories = [], [], {}
    for (core, norm), name, effect in zip(pairs, names, effects, strict=True):
        for seed in range(1, n_seeds + 1):
            score = base + effect * (1 + np.log(rate) / 4)
            score = score + 0.03 * rng.standard_normal(n_units)
            run = f"{name} {seed}"
            runs.append(
                {
                    "run": run,
                    "variant": name,
                    "seed": str(seed),
                    "state": "finished",
                    "model.convnet.type": core,
                    "model.convnet.norm": norm,
                    "score": score.mean(),
                    "n_units": n_units,
                    "epochs": n_epochs,
                    "parameters": CORES.get(norm, 1e6) * (1 + (core == "densenet")),
                    "operations_per_bin": 3.2e8 * (1 + (core == "densenet")),
                    "minutes": 12.0 + rng.random(),
                    "peak_memory_gb": 2.1,
                    "command": f"v1-cnn-training --run_name '{run}' --seed {seed}",
                    "path": f"/results/{run}",
                }
            )
            group = np.arange(n_units) % n_groups
            aligned.append(
                pd.DataFrame(
                    {
                        "variant": name,
                        "seed": str(seed),
                        "group": [f"mouse_{k}" for k in group],
                        "unit": [f"n{k:04d}" for k in range(n_units)],
                        "score": score,
                        "correlation": np.clip(score + 0.2, 0, 1),
                        "rate_hz": rate,
                        "reliability": np.linspace(0.2, 0.9, n_units),
                    }
                )
            )
            histories[run] = _history(score.mean(), n_epochs, rng)
    options = ("model.convnet.type", "model.convnet.norm")
    return Comparison(
        room="cnn",
        score="bps",
        words="bits per spike",
        unit="neuron",
        baseline=names[0],
        options=options,
        labels=dict(zip(options, ("core", "norm"), strict=True)),
        runs=pd.DataFrame(runs),
        variants=_variants(pd.DataFrame(runs), options),
        differences=_differences(pd.concat(aligned), names, n_groups, n_seeds),
        aligned=pd.concat(aligned, ignore_index=True),
        by_rate=pd.DataFrame(),
        histories=histories,
        curve="val_bps",
        problems=(LeftOut("/results/broken", "config.json is not valid JSON"),),
        notes=("3 neurons that not all runs have were dropped.",),
    )


def _history(final, n_epochs, rng):
    epoch = np.arange(1, n_epochs + 1)
    rise = 1 - np.exp(-3 * epoch / n_epochs)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "updates": 152 * epoch,
            "seconds": 44.0 * epoch,
            "total": 0.3 - 0.1 * rise,
            "val_bps": final * rise + 0.01 * rng.standard_normal(n_epochs),
        }
    )


def _variants(runs, options):
    rows = []
    for name, own in runs.groupby("variant", sort=False):
        row = {"variant": name, **own.iloc[0][[*options]]}
        row |= {"score": own["score"].mean(), "seed_sd": own["score"].std()}
        row |= {"n_runs": len(own), "n_seeds": own["seed"].nunique()}
        row |= {cost: own[cost].mean() for cost in COSTS}
        rows.append(row | {"is_pareto": not rows})
    return pd.DataFrame(rows)


def _differences(aligned, names, n_groups, n_seeds):
    means = aligned.groupby(["unit", "variant"])["score"].mean().unstack()
    rows = []
    for name in names:
        difference = means[name] - means[names[0]]
        mean, half = difference.mean(), 2 * difference.std() / len(difference) ** 0.5
        verdict = BETTER if mean > half else WORSE if mean < -half else OPEN
        rows.append(
            {
                "variant": name,
                "difference": mean,
                "low": mean - half,
                "high": mean + half,
                "low_new": mean - 1.6 * half if n_groups > 1 else np.nan,
                "high_new": mean + 1.6 * half if n_groups > 1 else np.nan,
                "p_holm": 1.0 if name == names[0] else 0.012,
                "verdict": verdict,
                "share_better": (difference > 0).mean(),
                "share_worse": (difference < 0).mean(),
                "groups_better": n_groups,
                "is_paired": True,
                "n_seeds": n_seeds,
                "n_groups": n_groups,
                "n_units": len(difference),
            }
        )
    return pd.DataFrame(rows)
