"""The programs that judge a latent model and compare such judgements."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.latent.trainings import driven, params_of
from tests.programs import load_script
from v1model.latent.checkpoints import Position, save_checkpoint
from v1model.latent.diagnosis.diagnose import diagnose, settings_of
from v1model.latent.diagnosis.openings import Opening
from v1model.latent.model import LatentModel
from v1model.latent.source import open_source


@pytest.fixture(scope="module")
def script():
    return load_script("diagnose_latent")


@pytest.fixture(scope="module")
def compare():
    return load_script("compare_latent")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of an untrained model, with the table of its training."""
    folder = tmp_path_factory.mktemp("run")
    recording = driven(folder / "own.h5", 400)
    model = LatentModel(5, 3, params_of(recording))
    save_checkpoint(folder / "checkpoints" / "final.h5", model, [], Position())
    table = {"phase": ["joint"] * 3, "seconds": [1.0, 2, 3], "recon": [3.0, 2, 1]}
    pd.DataFrame(table).to_csv(folder / "metrics.csv", index=False)
    return folder


def test_a_run_is_judged_on_the_held_out_part_of_its_own_recording(
    script, run, tmp_path, capsys
):
    options = ["--baselines=linear,linear_observed,stimulus", "--updates=3"]
    script.main([str(run), f"--out={tmp_path / 'own'}", *options])
    numbers = json.loads((tmp_path / "own" / "scalars.json").read_text())
    assert numbers["rollout_latent_30step_diverged_starts"] in range(4)
    for name in ("losses.png", "time_aligned_mse_latent.png"):
        assert (tmp_path / "own" / name).stat().st_size > 1000
    curves = pd.read_csv(tmp_path / "own" / "curves.csv")
    assert curves["linear"].mean() < 0.1 * curves["constant"].mean()
    printed = capsys.readouterr().out
    assert "linear_observed: mean over starts and steps" in printed
    assert "frame_one_step_mse" in printed


def test_a_run_is_judged_on_another_recording(script, run, tmp_path):
    other = driven(tmp_path / "other.h5", 120, seed=5)
    out = tmp_path / "other"
    options = ["--steps=20", "--starts=2", "--opening=causal", "--spin_up=5"]
    script.main([str(run), str(other), f"--out={out}", *options])
    assert len(pd.read_csv(out / "curves.csv")) == 20
    larger = driven(tmp_path / "larger.h5", 120, n_neurons=6)
    with pytest.raises(SystemExit, match="n_neurons must be 5, as of the model, got 6"):
        script.main([str(run), str(larger), f"--out={out}"])


def test_staggered_rollouts_begin_as_in_the_training_unless_it_is_said(
    script, tmp_path
):
    recording = driven(tmp_path / "own.h5", 400)
    params = params_of(recording, acquisition_mode="staggered_random")
    model = LatentModel(5, 3, params)
    path = tmp_path / "checkpoints" / "final.h5"
    save_checkpoint(path, model, [], Position())
    with open_source(params.training) as source:
        own = settings_of(params, source.n_neurons)
        expected = diagnose(model, source, own, 320, 400).scalars()
    name = "time_aligned_mse_latent_unobserved_avg"

    def judged(*options):
        out = tmp_path / "-".join(["out", *options])
        script.main([str(tmp_path), f"--out={out}", *options])
        return json.loads((out / "scalars.json").read_text())[name]

    assert own.opening == Opening("linear", 10)
    assert judged() == pytest.approx(expected[name], rel=1e-5)
    assert judged("--spin_up=10", "--opening=linear") == judged()
    others = [("--spin_up=0",), ("--opening=causal",), ("--opening=truth",)]
    assert all(judged(*options) != judged() for options in others)


def test_what_cannot_be_judged_is_refused_before_any_work(script, run, tmp_path):
    out = f"--out={tmp_path / 'new'}"
    with pytest.raises(SystemExit, match="unknown 'magic', choose from"):
        script.main([str(run), out, "--baselines=magic"])
    with pytest.raises(SystemExit, match="own: 3 rollouts of 90 steps .* need"):
        script.main([str(run), out, "--steps=90"])
    with pytest.raises(SystemExit, match="steps must be at least 1, got -3"):
        script.main([str(run), out, "--steps=-3"])
    with pytest.raises(SystemExit, match="does not exist"):
        script.main([str(tmp_path / "nowhere"), out])
    assert not (tmp_path / "new").exists()


def test_judgements_are_compared(compare, tmp_path, capsys):
    numbers = {
        "frame_one_step_mse": 0.1,
        "frame_constant_mse": 0.2,
        "rollout_latent_9step_mse_overall": None,
        "rollout_latent_9step_constant_mse_overall": 1.0,
        "rollout_latent_9step_diverged_starts": 2,
        "median_r2_bias": 0.5,
    }
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scalars.json").write_text(json.dumps(numbers))
    figure, table = tmp_path / "runs.png", tmp_path / "runs.csv"
    folders = [str(tmp_path / "a"), f"other={tmp_path / 'b'}"]
    compare.main([*folders, f"--figure={figure}", f"--table={table}"])
    rows = pd.read_csv(table)
    assert rows["run"].tolist() == ["a", "other"]
    np.testing.assert_array_equal(rows["frame_one_step_mse"], 0.1)
    assert rows["rollout_latent_9step_mse_overall"].isna().all()
    assert figure.stat().st_size > 1000
    assert "diverged_starts" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="two folders have one name"):
        compare.main([folders[0], folders[0]])
    with pytest.raises(SystemExit, match="is no diagnosis"):
        compare.main([str(tmp_path)])
