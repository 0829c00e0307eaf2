"""What each of the four trainings leaves about what was held out, and what it cost."""

import json
import pathlib
import sys

import numpy as np
import pytest

from tests.cnn.trainings import config_of, two_recordings
from tests.decoders.sessions import drawn_session
from tests.latent.trainings import driven, params_of, trainer_in
from training import cnn_training, cnn_work, multi_training
from training.cnn_options import CnnOptions
from training.decoder_jobs import Job, run_job
from v1model.cnn.data import load_recordings
from v1model.cnn.validation import Validation
from v1model.decoders.config import DecoderConfig, NetworkOptions, SessionConfig
from v1model.decoders.saved import load_decoder
from v1model.judging.costs import decoder_size, latent_operations
from v1model.judging.latent import neuron_rows
from v1model.latent.source import open_source
from v1model.monitoring_config import NONE, MonitoringConfig
from v1model.runs import Run
from v1model.runs.scores import read_scores

COSTS = {"parameters", "operations_per_bin", "minutes", "peak_memory_gb"}


def costs_of(folder):
    costs = json.loads((folder / "result.json").read_text())["costs"]
    assert set(costs) == COSTS
    assert all(value > 0 for value in costs.values())
    return costs


def test_the_mean_of_a_columns_answers_is_its_accuracy(tmp_path, monkeypatch):
    """Of five tasks, of which some go on from trial to trial; in parts of a batch."""
    words = ("--task=all", "--neurons=500", "--neurons_per_output=2", "--batch_size=4")
    words += ("--accumulate=2", "--n_epochs=1", "--steps_per_epoch=1", "--val_steps=3")
    words += ("--log_activity_every=0", "--run_name=run", f"--results_dir={tmp_path}")
    words += ("--fast_monitors=none", "--slow_monitors=none")
    monkeypatch.setattr(sys, "argv", ["multi_training.py", *words])
    multi_training.cli()
    folder = tmp_path / "run"
    result = json.loads((folder / "result.json").read_text())
    scores = read_scores(folder, "column")
    assert len(result["tasks"]) == 5
    for name, own in result["tasks"].items():
        rows = scores[scores["group"] == name]
        assert len(rows) == own["responses"]
        if len(rows):
            assert rows["correct"].mean() == pytest.approx(own["accuracy"], abs=1e-6)
    assert (np.exp(scores["log_probability"]) <= 1).all()
    # A wrong answer cannot have been the likeliest.
    wrong = scores[scores["correct"] == 0]
    assert (wrong["answer"] != wrong["label"]).all()
    assert (np.exp(wrong["log_probability"]) <= 0.5 + 1e-6).all()
    trials = {unit.split("_chunk")[0] for unit in scores["unit"]}
    assert trials <= {f"seed3000_batch4_trial{k}" for k in range(12)}
    costs_of(folder)


def test_scores_of_read_outs_are_those_of_the_result(tmp_path, monkeypatch):
    """Also when the first start was killed while it scored."""
    paths = two_recordings(tmp_path)
    words = [f"--recordings={paths[0]},{paths[1]}", f"--results_dir={tmp_path}"]
    words += ["--model.convnet.type=plain", "--model.convnet.channels=3"]
    words += ["--model.convnet.stem=null", "--model.frontend.kernel_size=3"]
    words += ["--data.segment_bins=10", "--training.epochs=1", "--run_name=run"]
    words += ["--training.steps_per_epoch=2", "--training.batch_size=4"]
    words += ["--training.init_readouts=false", "--data.held_out_neurons=0.4"]
    monkeypatch.setattr(sys, "argv", ["cnn_training.py", *words])

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cnn_work, "judge_readouts", killed)
        with pytest.raises(KeyboardInterrupt):
            cnn_training.cli()
    folder = tmp_path / "run"
    assert not (folder / "scores.csv").exists()
    cnn_training.cli()
    scores = read_scores(folder, "cnn")
    assert scores.groupby("group").size().to_dict() == {"a": 2, "b": 2}  # 3 held out
    assert (scores["part"] == "test").all()
    assert scores["oracle_bps"].notna().all() and (scores["rate_hz"] > 0).all()
    result = Run.open(folder).result
    assert scores["bps"].mean() == pytest.approx(result["test_bps"])
    means = scores.groupby("group")["bps"].mean().to_dict()
    assert means == pytest.approx(result["test_bps_by_recording"])
    costs_of(folder)


def test_neurons_are_scored_on_the_validation_where_there_is_no_test(tmp_path):
    config = config_of(data={"test_share": 0.0})
    recordings = load_recordings(two_recordings(tmp_path)[:1], config.data)
    run = Run.create(tmp_path, "run", config, ["test"])
    options = CnnOptions(monitoring=MonitoringConfig((NONE,), (NONE,)))
    fit = cnn_work.Fit(config, options, recordings, run, None)
    result = fit()
    scores = read_scores(run.path, "cnn")
    assert (scores["part"] == "validation").all()
    expected = Validation(fit.trainer.model, recordings).scores()[1]
    assert scores["bps"].mean() == pytest.approx(expected)
    assert "test_bps" not in result


def test_scores_of_an_evolver_are_those_of_its_rollouts(tmp_path):
    """By a plain loop over rollouts, steps and neurons."""
    path = driven(tmp_path / "seen.h5", 400)
    params = params_of(path)
    with (
        trainer_in(tmp_path / "run", params) as trainer,
        open_source(params.training) as source,
    ):
        trainer.train()
        model, split = trainer.model, trainer.split
        first, last = split.validation_start, split.validation_end
        rows = neuron_rows(model, source, first, last)
        recorded = source.read(0, source.n_steps)
        ids = source.neuron_ids
    n_steps, every = 10, 5  # of the training
    starts = range(-(-first // every) * every, last - n_steps, every)
    errors, truth, changes = [], [], []
    for start in starts:
        x = recorded.activity[start][None]
        found = model.rollout(x, recorded.stimulus[start : start + n_steps, None])
        for after in range(every, n_steps + 1, every):
            target = recorded.activity[start + after]
            truth.append(target)
            errors.append(found[after - 1, 0].numpy() - target)
            changes.append(x[0] - target)
    variance = np.var(truth, axis=0)
    np.testing.assert_allclose(rows["r2"], 1 - np.var(errors, axis=0) / variance, 1e-4)
    np.testing.assert_allclose(rows["mse"], np.mean(np.square(errors), axis=0), 1e-4)
    expected = np.mean(np.square(changes), axis=0)
    np.testing.assert_allclose(rows["constant_mse"], expected, 1e-4)
    decades = np.log10(expected) - np.log10(np.mean(np.square(errors), axis=0))
    np.testing.assert_allclose(rows["decades"], decades, atol=1e-3)
    assert rows["unit"].tolist() == [str(one) for one in ids]
    sizes = [w.shape for w in model.weights if len(w.shape) == 2]
    encoder = [w.shape for w in model.encoder.weights if len(w.shape) == 2]
    every_product = sum(a * b for a, b in sizes) - sum(a * b for a, b in encoder)
    assert latent_operations(model) == every_product


@pytest.mark.parametrize("name", ["logistic", "naive_bayes", "svm", "lstm", "gat"])
def test_scores_of_a_decoder_are_its_answers(tmp_path, name):
    network = NetworkOptions(
        width=(8,), heads=2, neighbours=3, unit_features=4, epochs=1, batch_size=16
    )
    config = DecoderConfig(
        network=network,
        results_dir=str(tmp_path),
        session=SessionConfig(n_bins=3),
        decoder=(name,),
    )
    binned = drawn_session()
    job = Job(config, binned)
    row = run_job(job, tmp_path / "results.csv", ["test"])
    folder = pathlib.Path(config.results_dir) / job.name
    scores = read_scores(folder, "decoder")
    assert len(scores) == row.n_test
    assert scores["correct"].mean() == pytest.approx(row.accuracy)
    assert ((scores["rank"] == 1) == (scores["correct"] == 1)).all()
    shown = scores["unit"].astype(int)
    assert scores["kind"].tolist() == [str(one) for one in binned.labels[shown]]
    counts = binned.counts[shown].sum(axis=(1, 2))
    np.testing.assert_allclose(scores["rate_hz"], counts / 30 / 0.25)
    costs_of(folder)


def test_products_of_a_recurrent_decoder_are_counted_in_every_bin(tmp_path):
    config = DecoderConfig(
        network=NetworkOptions(width=(8,), epochs=1, batch_size=16, layers=1),
        results_dir=str(tmp_path),
        session=SessionConfig(n_bins=3),
        decoder=("lstm",),
    )
    job = Job(config, drawn_session())
    run_job(job, tmp_path / "results.csv", ["test"])
    decoder = load_decoder(tmp_path / job.name / "decoder")
    n, classes = decoder.inputs.n_units, decoder.inputs.n_classes
    parameters, operations = decoder_size(decoder.model)
    assert operations == 3 * (n * 32 + 8 * 32) + 8 * classes
    assert parameters == n * 32 + 8 * 32 + 32 + 8 * classes + classes
