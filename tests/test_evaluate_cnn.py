"""The program that judges read-out models, on a model that is hardly trained."""

import pandas as pd
import pytest

from tests.cnn import recorded
from tests.programs import load_script
from v1model.cnn.config import ReadoutConfig
from v1model.cnn.data import load_recording
from v1model.cnn.trainer import CnnTrainer
from v1model.runs import Run

BLOCK = {"kernel_size": [2, 3, 3], "norm": {"type": "rms"}}
SMALL = {
    "model": {
        "frontend": {"type": "learnable_temporal", "kernel_size": 4, "num_channels": 2},
        "convnet": {"type": "plain", "channels": [4], "stem": None, "blocks": [BLOCK]},
    },
    "data": {"segment_bins": 16},
    "training": {"epochs": 1, "batch_size": 4},
}


@pytest.fixture(scope="module")
def script():
    return load_script("evaluate_cnn")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run and its recording."""
    folder = tmp_path_factory.mktemp("judged")
    path = folder / "eye.h5"
    parts = ("train", "test", "validation", "test", "train")
    recorded.write(path, n_trials=20, side=10, n_neurons=4, parts=parts)
    config = ReadoutConfig.model_validate(SMALL)
    run = Run.create(folder, "small", config, ["train"])
    with run.recorded():
        CnnTrainer(config, [load_recording(path, config.data)], run).train()
    return run.path, path


def test_tables_and_figures_are_written_for_each_pair(script, trained, tmp_path):
    run, recording = map(str, trained)
    out = tmp_path / "out"
    script.main([f"a={run}", f"b={run}", recording, f"--out={out}", "--dpi=50"])
    matrix = pd.read_csv(out / "matrix.csv")
    assert list(matrix["train"]) == ["a", "a", "b", "b"]
    assert (out / "matrix.png").is_file()
    for name in ("a_eye", "b_eye"):
        found = {path.name for path in (out / name).iterdir()}
        assert found >= {"neurons.csv", "numbers.csv", "oracle.png"}
        assert found >= {"traces.png", "fields.png", "training.png"}
        table = pd.read_csv(out / name / "neurons.csv")
        assert len(table) == 4 and table["oracle_share"].notna().all()
        assert table["lag0_mass"].between(0, 1).all()


def test_what_cannot_be_judged_is_refused_before_anything_is_written(
    script, trained, tmp_path
):
    run, recording = map(str, trained)
    out = tmp_path / "out"
    for given, words in (
        ([run], "got 1 and 0"),
        ([recording], "got 0 and 1"),
        ([run, run, recording], "two runs have the name 'small'"),
        ([run, recording, "--types=movies"], "no trial is of part test and type"),
        ([f"{tmp_path}", recording], "has none of best.h5"),
    ):
        with pytest.raises(SystemExit, match=words):
            script.main([*given, f"--out={out}"])
    assert not out.exists()


def test_runs_whose_trials_were_split_otherwise_are_not_judged_together(
    script, trained, tmp_path
):
    """The one's trials for training would be the other's for the test."""
    run, recording = trained
    data = {**SMALL["data"], "split_seed": 7}
    config = ReadoutConfig.model_validate(SMALL | {"data": data})
    other = Run.create(tmp_path, "other", config, ["train"])
    with other.recorded():
        CnnTrainer(config, [load_recording(recording, config.data)], other).train()
    with pytest.raises(SystemExit, match=r"same data\.split_seed: 1002 of small, 7 of"):
        script.main([str(run), str(other.path), str(recording), f"--out={tmp_path}"])
