"""Run folders without a training, as the four of them would leave them."""

import json
import platform

CONFIGS = {
    "column": {"network": {"data_dir": "", "neurons": 100, "seed": 3}, "n_epochs": 2},
    "latent": {"encoder_params": {"num_outputs": 6}, "training": {"seed": 5}},
    "cnn": {
        "model": {
            "frontend": {"type": "none"},
            "convnet": {"type": "resnet", "blocks": [{"norm": {"type": "grn"}}]},
        },
        "training": {"seed": 1, "epochs": 4},
    },
    "decoder": {"session": {"recording": []}, "decoder": ["lstm"], "seed": 7},
}
RESULTS = {
    "column": {"tasks": {"a": {"accuracy": 0.5}, "b": {"accuracy": 0.7}, "c": None}},
    "latent": {"best_val_mse": 0.1},
    "cnn": {"test_bps": 0.25, "minutes": 3.0},
    "decoder": {"row": {"accuracy": 0.75, "seconds": 120.0}},
}
TABLE = "epoch,updates,total\n1,10,0.5\n2,20,0.25\n"


def made_run(
    path, room="cnn", state="finished", layout=2, host=None, pid=None, **changes
):
    """Writes a run folder; its path.

    Args:
        path: Of the folder.
        room: One of ROOMS.
        state: One of STATES.
        layout: 1 leaves run.json out.
        host: Of the start; this machine.
        pid: Of the start; not told by default.
        changes: Options of the training by name.
    """
    path.mkdir(parents=True)
    for name in ("checkpoints", "logs"):
        (path / name).mkdir()
    config = json.loads(json.dumps(CONFIGS[room]))
    if changes:
        config.setdefault("training", {}).update(changes)
    start = {
        "time": "2026-01-02T10:00:00+00:00",
        "command": f"training/{room}_training.py --recordings=a.h5,b.h5 --stage fit",
        "folder": "/somewhere",
        "host": host or platform.node(),
        "versions": {"v1model": "0.1.0"},
    }
    if pid is not None:
        start["pid"] = pid
    error = "ValueError: too small" if state == "failed" else None
    documents = {
        "config": config,
        "starts": [start],
        "state": {"state": state, "since": "2026-01-02T10:20:00+00:00", "error": error},
    }
    if layout > 1:
        inputs = {"recordings": ["a.h5", "b.h5"]}
        documents["run"] = {"layout": layout, "room": room, "inputs": inputs}
    if state == "finished":
        documents["result"] = RESULTS[room]
    for name, content in documents.items():
        (path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    (path / "metrics.csv").write_text(TABLE, encoding="utf-8")
    return path
