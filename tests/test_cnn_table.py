"""The table of read-out models that differ in one option each."""

import json
import sys
import types

import pandas as pd
import pytest
import yaml

from tests.cnn import recorded
from tests.programs import load_script
from training import cnn_training

SMALL = {
    "model": {
        "frontend": {"type": "learnable_temporal", "kernel_size": 4, "num_channels": 2},
        "convnet": {
            "type": "plain",
            "channels": [3],
            "stem": {"kernel_size": [1, 3, 3]},
            "blocks": [{"kernel_size": [1, 3, 3]}],
        },
    },
    "data": {"segment_bins": 10},
    "training": {"epochs": 2, "steps_per_epoch": 2, "batch_size": 4},
}
ROWS = ("baseline", "inverse-rate weights")


@pytest.fixture(scope="module")
def script():
    return load_script("cnn_table")


@pytest.fixture
def common(tmp_path):
    """Words of a small table."""
    parts = ("train", "train", "test", "test", "validation", "validation")
    recorded.write(tmp_path / "eye.h5", n_trials=12, side=5, parts=parts)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL))
    return (
        f"--recordings={tmp_path / 'eye.h5'}",
        f"--model={tmp_path / 'small.yaml'}",
        f"--out={tmp_path / 'out'}",
        "--seeds=1",
    )


class Done:
    returncode, stderr = 0, ""


@pytest.fixture
def calls(script, monkeypatch):
    """Trainings that were asked for, done within this process."""
    made = []

    def train(command, **options):
        made.append(command)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", command[1:])
            cnn_training.cli()
        return Done()

    monkeypatch.setattr(script, "subprocess", types.SimpleNamespace(run=train))
    return made


@pytest.fixture
def no_training(script, monkeypatch):
    def refuse(command, **options):
        raise AssertionError(command)

    monkeypatch.setattr(script, "subprocess", types.SimpleNamespace(run=refuse))


def test_rows_are_trained_judged_and_drawn_once(
    script, calls, common, tmp_path, capsys
):
    script.main([*common, "--epochs=1", "--rows", *ROWS])
    out = tmp_path / "out"
    runs = pd.read_csv(out / "table.csv")
    assert runs["option"].tolist() == [*ROWS]
    known = ["bps_mean", "unseen_bps_mean", "gain_gap", "lag0_mass", "minutes"]
    assert runs[known].notna().all(axis=None)
    assert runs["bps_mean"].nunique() == 2
    config = json.loads((out / "inverse-rate_weights/seed1/config.json").read_text())
    assert config["loss"]["rate_weight_alpha"] == 1
    assert config["data"]["types"] == ["backimage"]
    assert config["training"]["epochs"] == 1
    text = (out / "table.md").read_text()
    assert "Means of 1 seeds" in text and "| inverse-rate weights |" in text
    assert "latency" not in text  # nobody knows these neurons'
    assert (out / "table.png").stat().st_size > 1000

    script.main([*common, "--epochs=1", "--rows", *ROWS])
    assert len(calls) == 2  # nothing was trained again
    assert capsys.readouterr().out.count(text) == 2
    with pytest.raises(SystemExit, match="has runs with epochs 1, got 2; --out must"):
        script.main([*common, "--epochs=2", "--rows", *ROWS])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds=0"], "seeds must be at least 1, got 0"),
        (["--unseen=movies"], "no trial is of part test and type movies"),
        (["--model=none.yaml"], "none.yaml"),
        (["--epochs=-1"], "training.epochs"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_training(
    script, no_training, common, tmp_path, words, message
):
    with pytest.raises(SystemExit, match=f"cnn_table: .*{message}"):
        script.main([*common, *words])
    assert not (tmp_path / "out" / script.TABLE_OF).exists()


def test_every_row_is_another_model_of_the_shipped_settings(script):
    options = script.argparse.Namespace(types="backimage", epochs=None)
    configs = [
        script.load_settings(
            script.ReadoutConfig,
            script.SETTINGS,
            script._changes(name, 1, options),
            script.FOLDER,
        )
        for name in script.OPTIONS
    ]
    texts = {config.model_dump_json() for config in configs}
    assert len(texts) == len(script.OPTIONS)


def test_a_training_that_fails_is_named(script, common, monkeypatch):
    class Failed:
        returncode, stderr = 1, "no space"

    failing = types.SimpleNamespace(run=lambda *_, **__: Failed())
    monkeypatch.setattr(script, "subprocess", failing)
    with pytest.raises(SystemExit, match="cnn_table: baseline, seed 1: no space"):
        script.main([*common, "--rows", "baseline"])
