"""Run folders as trainings leave them, without any training: milliseconds each."""

import json

import numpy as np

from v1model.rooms import ROOMS

CURVES = {
    "cnn": "val_bps",
    "column": "val_accuracy",
    "decoder": "val_accuracy",
    "latent": "val_r2",
}


def fake_runs(
    folder,
    options=None,
    seeds=(1, 2, 3),
    room="cnn",
    n_units=20,
    groups=("mouse_a", "mouse_b"),
    n_epochs=4,
    effects=None,
    seed_sd=0.01,
    noise_sd=0.02,
    draw=0,
):
    """Writes a run for each variant and seed; a list of their folders.

    Args:
        folder: Of the results.
        options: Name of each variant and the dotted options that make it.
        seeds: Of each variant.
        room: One of ROOMS.
        n_units: Of each group.
        groups: Recordings, sessions or tasks.
        n_epochs: Rows of metrics.csv.
        effects: What is added to every unit's score, by name of the variant; 0.
        seed_sd, noise_sd: Spread of what is drawn for each run, and for each of its
            units.
        draw: Seed of all that is drawn. Units are the same in all runs.
    """
    if options is None:
        options = {
            "resnet": {"model.convnet.type": "resnet"},
            "densenet": {"model.convnet.type": "densenet"},
        }
    effects = effects or {}
    units = _units(np.random.default_rng(draw), groups, n_units)
    rng = np.random.default_rng([draw, 1])
    paths = []
    for name, own in options.items():
        for seed in seeds:
            effect = effects.get(name, 0.0) + seed_sd * rng.standard_normal()
            score = units["base"] + effect
            score = score + noise_sd * rng.standard_normal(len(score))
            path = folder / f"{name}_seed{seed}"
            options_now = {"training.seed": seed, **own}
            fake_run(path, options_now, units, score, room, n_epochs)
            paths.append(path)
    return paths


def fake_run(path, options, units, score, room="cnn", n_epochs=4, state="finished"):
    """Writes one run.

    Args:
        path: Its folder.
        options: By dotted name.
        units: Columns group, unit, rate_hz, reliability and kind, by name.
        score: (U,) array; the room's score of each unit; None for a run without.
        room: One of ROOMS.
        n_epochs: Rows of metrics.csv.
        state: One of the states of a run.
    """
    for part in ("checkpoints", "logs"):
        (path / part).mkdir(parents=True, exist_ok=True)
    inputs = {"recordings": [f"{name}.h5" for name in dict.fromkeys(units["group"])]}
    _write(path / "config.json", _nested(options | {"results_dir": str(path.parent)}))
    _write(path / "run.json", {"layout": 2, "room": room, "inputs": inputs})
    start = {
        "time": "2026-01-01T10:00:00+00:00",
        "command": f"{ROOMS[room].program} --run_name {path.name}",
        "folder": "/somewhere",
        "host": "nowhere",
        "versions": {"v1model": "0"},
    }
    _write(path / "starts.json", [start])
    since = "2026-01-01T10:20:00+00:00"
    _write(path / "state.json", {"state": state, "since": since, "error": None})
    final = 0.5 if score is None else float(np.mean(score))
    _write_history(path / "metrics.csv", CURVES[room], final, n_epochs)
    if state != "finished":
        return
    costs = {
        "parameters": 1000 + 10 * len(json.dumps(options)),
        "operations_per_bin": 5.0e6 + 1e4 * len(json.dumps(options)),
        "minutes": 2.5 + final,
        "peak_memory_gb": 1.25,
    }
    _write(path / "result.json", {"stopped": "epochs", "costs": costs})
    if score is not None:
        _write_scores(path / "scores.csv", units, score, ROOMS[room].score)


def _units(rng, groups, n_units):
    n = len(groups) * n_units
    rate = np.exp(rng.normal(1.5, 0.8, n))
    return {
        "group": [name for name in groups for _ in range(n_units)],
        "unit": [f"n{k:04d}" for _ in groups for k in range(n_units)],
        "base": 0.3 + 0.05 * np.log(rate) + 0.1 * rng.standard_normal(n),
        "rate_hz": rate,
        "reliability": rng.uniform(0.2, 0.9, n),
        "kind": [("simple", "complex")[k % 2] for k in range(n)],
    }


def _write_scores(path, units, score, column):
    names = ("group", "unit", "rate_hz", "reliability", "kind")
    lines = [",".join(("group", "unit", column, *names[2:]))]
    for k, value in enumerate(score):
        own = [units[name][k] for name in names]
        cells = [*own[:2], repr(float(value)), *map(str, own[2:])]
        lines.append(",".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_history(path, column, final, n_epochs):
    lines = [f"epoch,updates,seconds,total,{column}"]
    for epoch in range(1, n_epochs + 1):
        share = 1 - 0.5**epoch
        cells = (epoch, 10 * epoch, 30.0 * epoch, 1 - 0.5 * share, final * share)
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _nested(options):
    found = {}
    for name, value in options.items():
        *parts, last = name.split(".")
        place = found
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    return found


def _write(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
