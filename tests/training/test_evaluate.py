"""The program that judges trained models, in each room."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.cnn import recorded
from tests.decoders.sessions import drawn_session, session_of
from tests.latent.trainings import driven, params_of
from training import evaluate, multi_training
from training.decoder_jobs import Job, run_job
from v1model.cnn.config import ReadoutConfig
from v1model.cnn.data import load_recording
from v1model.cnn.trainer import CnnTrainer
from v1model.decoders.config import DecoderConfig, SessionConfig
from v1model.judging.latent import judge_latent
from v1model.judging.verdicts import VERDICTS
from v1model.latent.source import open_source
from v1model.latent.trainer import LatentTrainer
from v1model.presentations.binned_files import write_binned
from v1model.runs import Run
from v1model.runs.scores import read_scores

BLOCK = {"kernel_size": [2, 3, 3], "norm": {"type": "rms"}}
SMALL = {
    "model": {
        "frontend": {"type": "learnable_temporal", "kernel_size": 4, "num_channels": 2},
        "convnet": {"type": "plain", "channels": [4], "stem": None, "blocks": [BLOCK]},
    },
    "data": {"segment_bins": 16},
    "training": {"epochs": 1, "batch_size": 4},
}
PARTS = ("train", "test", "validation", "test", "train")


def run(monkeypatch, *words):
    """Runs the program in this process."""
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *map(str, words)])
    evaluate.cli()


def trained_readouts(folder, name, path, **options):
    config = ReadoutConfig.model_validate(SMALL | options)
    inputs = {"recordings": [str(path)]}
    made = Run.create(folder, name, config, ["train"], "cnn", inputs)
    with made.recorded():
        CnnTrainer(config, [load_recording(path, config.data)], made).train()
    return made.path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of read-outs and its recording."""
    folder = tmp_path_factory.mktemp("judged")
    path = folder / "eye.h5"
    recorded.write(path, n_trials=20, side=10, n_neurons=4, parts=PARTS)
    return trained_readouts(folder, "small", path), path


def test_tables_and_figures_are_written_for_each_pair(monkeypatch, trained, tmp_path):
    folder, recording = trained
    words = [f"--recording={recording}", f"--out={tmp_path}", "--dpi=50"]
    run(monkeypatch, f"a={folder}", f"b={folder / 'checkpoints' / 'final.h5'}", *words)
    matrix = pd.read_csv(tmp_path / "matrix.csv")
    assert list(matrix["train"]) == ["a", "a", "b", "b"]
    assert (tmp_path / "matrix.png").is_file()
    for name in ("a_eye", "b_eye"):
        found = {path.name for path in (tmp_path / name).iterdir()}
        assert found >= {"neurons.csv", "numbers.csv", "oracle.png", "verdicts.png"}
        assert found >= {"traces.png", "fields.png", "training.png"}
        table = pd.read_csv(tmp_path / name / "neurons.csv")
        assert len(table) == 4 and table["oracle_share"].notna().all()
        assert table["lag0_mass"].between(0, 1).all()
        assert set(table["verdict"]) <= set(VERDICTS)
        assert table["reason"].notna().all() and table["train_bps"].notna().all()


def test_a_run_knows_its_recordings_and_its_folder(monkeypatch, trained, capsys):
    folder, _ = trained
    run(monkeypatch, folder, "--part=all", "--dpi=50")
    own = folder / "evaluation" / "small_eye"
    shown = capsys.readouterr().out
    assert "small on eye, part all\n" in shown and "neurons: fine" in shown
    n_bins = pd.read_csv(own / "neurons.csv")["n_bins"]
    assert (n_bins > 500).all()  # of all 800


def test_read_outs_are_fitted_to_another_recording_if_they_may(
    monkeypatch, trained, tmp_path
):
    folder, _ = trained
    other = tmp_path / "other.h5"
    recorded.write(other, n_trials=20, side=10, n_neurons=3, parts=PARTS, seed=5)
    words = (folder, f"--recording={other}", f"--out={tmp_path / 'out'}", "--dpi=50")
    with pytest.raises(SystemExit, match=r"other.h5: .*has \['eye'\]. With --refit"):
        run(monkeypatch, *words)
    assert not (tmp_path / "out").exists()
    run(monkeypatch, *words, "--refit")
    table = pd.read_csv(tmp_path / "out" / "small_other" / "neurons.csv")
    assert len(table) == 3
    # The pixels that drive these neurons are seen by any core.
    assert (table["train_bps"] > 0).all()


def test_what_cannot_be_judged_is_refused_before_anything_is_written(
    monkeypatch, trained, tmp_path
):
    folder, recording = trained
    out = tmp_path / "out"
    for given, words in (
        ([], "a run is needed; usage: RUN"),
        ([recording], "is not a run: it has no config.json"),
        ([folder, folder], "two runs have the name 'small'"),
        ([folder, "--types=movies"], "no trial is of part test and type"),
        ([f"{tmp_path}"], "is not a run: it has no config.json"),
        ([folder, "--recording=none.h5"], "recording none.h5 does not exist"),
        ([tmp_path / "nowhere"], "nowhere does not exist"),
    ):
        with pytest.raises(SystemExit, match=words):
            run(monkeypatch, *given, f"--out={out}")
    assert not out.exists()


def test_runs_whose_trials_were_split_otherwise_are_not_judged_together(
    monkeypatch, trained, tmp_path
):
    """The one's trials for training would be the other's for the test."""
    folder, recording = trained
    data = {**SMALL["data"], "split_seed": 7}
    other = trained_readouts(tmp_path, "other", recording, data=data)
    with pytest.raises(SystemExit, match=r"same data\.split_seed: 1002 of small, 7 of"):
        run(monkeypatch, folder, other, f"--out={tmp_path}")


@pytest.fixture(scope="module")
def evolver(tmp_path_factory):
    """A run of an evolver, its recording, and another one of the same neurons."""
    folder = tmp_path_factory.mktemp("evolver")
    path = driven(folder / "seen.h5", 400)
    driven(folder / "unseen.h5", 200, seed=1)
    params = params_of(path)
    made = Run.create(folder, "evolver", params, ["train"], "latent")
    with made.recorded(), open_source(params.training) as source:
        trainer = LatentTrainer(params, source, made)
        result = trainer.train()
        judge_latent(made, trainer, source, result["minutes"])
    return made.path, path, folder / "unseen.h5"


def test_an_evolver_is_judged_on_what_it_has_not_seen(monkeypatch, evolver, tmp_path):
    """The rows of its own recording are those of scores.csv."""
    folder, seen, unseen = evolver
    given = (folder, f"--recording={seen},{unseen}", f"--out={tmp_path}", "--dpi=50")
    run(monkeypatch, *given)
    own = pd.read_csv(tmp_path / "evolver_seen" / "neurons.csv")
    scores = read_scores(folder, "latent")
    np.testing.assert_allclose(own["r2"], scores["r2"], rtol=1e-4)
    assert own["train_r2"].notna().all()
    other = pd.read_csv(tmp_path / "evolver_unseen" / "neurons.csv")
    assert "train_r2" not in other and len(other) == 5
    assert set(other["verdict"]) <= set(VERDICTS)
    for name in ("evolver_seen", "evolver_unseen"):
        assert (tmp_path / name / "numbers.csv").is_file()
        assert list((tmp_path / name).glob("*.png"))
    with pytest.raises(SystemExit, match="--part must be all or left out"):
        run(monkeypatch, folder, f"--recording={unseen}", "--part=train")
    with pytest.raises(
        SystemExit, match="--refit is for runs of cnn; these are of lat"
    ):
        run(monkeypatch, folder, "--refit")


def test_rollouts_are_as_long_as_a_short_recording_allows(
    monkeypatch, evolver, tmp_path
):
    folder, *_ = evolver
    path = driven(tmp_path / "short.h5", 60, seed=2)
    run(monkeypatch, folder, f"--recording={path}", f"--out={tmp_path}", "--dpi=50")
    assert (tmp_path / "evolver_short" / "neurons.csv").is_file()
    path = driven(tmp_path / "tiny.h5", 20, seed=2)
    with pytest.raises(SystemExit, match="tiny.h5: 20 steps, 0 to 20, are too few"):
        run(monkeypatch, folder, f"--recording={path}")


def test_an_evolver_needs_as_many_neurons(monkeypatch, evolver, tmp_path):
    folder, *_ = evolver
    path = driven(tmp_path / "more.h5", 200, n_neurons=7)
    with pytest.raises(SystemExit, match=r"more.h5: n_neurons must be 5.*got 7"):
        run(monkeypatch, folder, f"--recording={path}")


def test_a_decoder_is_judged_per_presentation_and_class(monkeypatch, tmp_path):
    binned = drawn_session()
    path = tmp_path / "session.h5"
    write_binned(binned, path)
    config = DecoderConfig(
        results_dir=str(tmp_path),
        session=SessionConfig(n_bins=3, recording=(str(path),)),
    )
    row = run_job(job := Job(config, binned), tmp_path / "results.csv", ["test"])
    folder = tmp_path / job.name
    run(monkeypatch, folder, "--dpi=50")
    (out,) = (folder / "evaluation").iterdir()
    shown = pd.read_csv(out / "presentations.csv")
    assert shown["correct"].mean() == pytest.approx(row.accuracy)
    assert ((shown["answer"] == shown["kind"]) == (shown["correct"] == 1)).all()
    classes = pd.read_csv(out / "classes.csv")
    assert classes["n"].sum() == row.n_test and len(classes) == 6
    assert (out / "confusion.png").is_file()
    # The same units another day: nothing of it has been seen.
    again = session_of(binned.counts, binned.labels, session_id="again")
    write_binned(again, tmp_path / "again.h5")
    run(monkeypatch, folder, f"--recording={tmp_path / 'again.h5'}", "--dpi=50")
    (again,) = (folder / "evaluation").glob("*again")
    assert len(pd.read_csv(again / "presentations.csv")) == binned.n_presentations
    few = binned.take_units(slice(0, 5))
    write_binned(few, tmp_path / "few.h5")
    with pytest.raises(SystemExit, match="units of the decoder are missing"):
        run(monkeypatch, folder, f"--recording={tmp_path / 'few.h5'}")


def test_a_column_is_judged_on_the_trials_of_its_own_task(monkeypatch, tmp_path):
    """Its answers are those of scores.csv, and the run stays as it was."""
    words = ("--task=10class", "--neurons=500", "--neurons_per_output=2")
    words += ("--seq_len=200", "--post_delay=50", "--post_chunks=0", "--batch_size=2")
    words += ("--n_epochs=1", "--steps_per_epoch=1", "--val_steps=2")
    words += ("--log_activity_every=0", "--run_name=run", f"--results_dir={tmp_path}")
    monkeypatch.setattr(sys, "argv", ["multi_training.py", *words])
    multi_training.cli()
    folder = tmp_path / "run"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    run(monkeypatch, folder, f"--out={tmp_path / 'out'}")
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    found = pd.read_csv(tmp_path / "out" / "run" / "answers.csv")
    scores = read_scores(folder, "column")
    assert found["unit"].tolist() == scores["unit"].tolist()
    assert found["correct"].tolist() == scores["correct"].tolist()
    tasks = pd.read_csv(tmp_path / "out" / "run" / "tasks.csv")
    assert tasks["accuracy"][0] == scores["correct"].mean()
    with pytest.raises(SystemExit, match="--recording must be left out for a column"):
        run(monkeypatch, folder, "--recording=a.h5")
    with pytest.raises(SystemExit, match="--part must be test or validation"):
        run(monkeypatch, folder, "--part=train")


def test_runs_of_two_rooms_are_not_judged_together(monkeypatch, trained, evolver):
    with pytest.raises(SystemExit, match="runs must be of one room"):
        run(monkeypatch, trained[0], evolver[0], "--out=x")


def test_wrong_input_is_answered_without_tensorflow(tmp_path):
    program = (
        "import sys\n"
        "from training import evaluate\n"
        "sys.argv = ['evaluate', 'nowhere']\n"
        "try:\n"
        "    evaluate.cli()\n"
        "except SystemExit as error:\n"
        "    print(error)\n"
        "print('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.stdout == "evaluate: run nowhere does not exist.\nFalse\n", done.stderr


def test_a_run_may_lie_in_a_folder_with_an_equals_sign(tmp_path):
    path = tmp_path / "rate=1" / "one"
    path.mkdir(parents=True)
    assert evaluate.runs_by_name([str(path)]) == {"one": path}
    assert evaluate.runs_by_name([f"best={path}"]) == {"best": path}


def test_judgements_stand_side_by_side():
    found = {"A on one": {"bps": 0.51234, "n": 3}, "B on one": {"bps": 0.25}}
    assert evaluate.lines_of(found) == [
        "[1] A on one",
        "[2] B on one",
        "",
        "           [1]        [2]",
        "bps     0.5123       0.25",
        "n            3          -",
    ]
