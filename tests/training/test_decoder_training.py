"""The trainer of decoders: what it chooses by, what it writes, how it goes on."""

import dataclasses
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from tests.decoders.sessions import drawn_session, session_of
from tests.training.drill import PLACE
from training import decoder_jobs, decoder_training
from training.decoder_jobs import Job, run_job, split_of
from training.decoder_training import decode_all, load_session, plans_of
from v1model.backup import Backup
from v1model.decoders.config import (
    DecoderConfig,
    NetworkOptions,
    SessionConfig,
)
from v1model.decoders.results import FAILED, FINISHED, read_results
from v1model.decoders.saved import load_decoder
from v1model.presentations.binned_files import write_binned
from v1model.presentations.units import mean_unit_rates
from v1model.recordings import save_recording
from v1model.runs import Run

PROGRAM = pathlib.Path(decoder_training.__file__)
NETWORK = NetworkOptions(
    width=(16,), heads=2, neighbours=3, unit_features=4, epochs=3, batch_size=16
)


def config_of(tmp_path, **options):
    options = {"network": NETWORK, "results_dir": str(tmp_path / "results"), **options}
    options.setdefault("session", SessionConfig(n_bins=3))
    return DecoderConfig(**options)


def decoded(tmp_path, binned=None, **options):
    """The Row and the run folder of one job."""
    config = config_of(tmp_path, **options)
    job = Job(config, drawn_session() if binned is None else binned)
    row = run_job(job, tmp_path / "results.csv", ["test"])
    return row, Run.open(pathlib.Path(config.results_dir) / job.name)


@pytest.mark.parametrize("decoder", ["logistic", "naive_bayes", "lstm"])
def test_the_test_part_decides_nothing(tmp_path, decoder):
    """Other spikes in the test presentations leave the decoder as it was."""
    binned = drawn_session()
    counts = binned.counts.copy()
    test = split_of(binned, config_of(tmp_path)).test
    counts[test] = np.random.default_rng(5).poisson(20, counts[test].shape)
    other = session_of(counts, binned.labels)
    rows, decoders = [], []
    for name, session in (("a", binned), ("b", other)):
        row, run = decoded(tmp_path / name, session, decoder=(decoder,))
        rows.append(row)
        decoders.append(load_decoder(run.path / "decoder"))
    assert rows[0].accuracy != rows[1].accuracy
    assert rows[0].validation == rows[1].validation
    scores = [decoder.scores(binned) for decoder in decoders]
    np.testing.assert_array_equal(*scores)


def test_the_folder_says_what_came_out(tmp_path):
    row, run = decoded(tmp_path, over_time=True)
    assert row.state == FINISHED and row.accuracy > 0.9
    assert (row.n_train, row.n_validation, row.n_test) == (84, 12, 24)
    result = run.result
    assert result["row"]["accuracy"] == row.accuracy
    assert result["scores"]["train"]["accuracy"] == row.train
    assert len(result["over_time"]) == 6
    lines = (run.path / "answers.csv").read_text().splitlines()[1:]
    right = [line.split(",")[1] == line.split(",")[2] for line in lines]
    assert np.mean(right) == pytest.approx(row.accuracy)
    for name in ("confusion", "over_time"):
        picture = (run.path / "figures" / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
    assert list((run.logs / "test").glob("events*"))
    (kept,) = read_results(tmp_path / "results.csv")
    assert kept.key == row.key and kept.accuracy == pytest.approx(row.accuracy)


def test_shuffled_labels_are_at_chance_and_the_test_part_stays(tmp_path):
    binned = drawn_session(repeats=60)
    real, _ = decoded(tmp_path, binned)
    shuffled, run = decoded(tmp_path, binned, shuffle_labels="yes")
    assert not real.is_at_chance
    assert shuffled.is_at_chance and shuffled.shuffled
    starts = [
        [line.split(",")[0] for line in text.splitlines()]
        for text in (
            (tmp_path / "results" / name / "answers.csv").read_text()
            for name in (real.run, shuffled.run)
        )
    ]
    assert starts[0] == starts[1]


def test_all_k_and_seeds_have_the_same_test_part(tmp_path):
    binned = drawn_session()
    parts = []
    for k in (0, 1, 5):
        for seed in (0, 1):
            config = config_of(tmp_path, k_shot=(k,), seed=seed)
            parts.append(split_of(binned, config))
    for part in parts[1:]:
        np.testing.assert_array_equal(part.test, parts[0].test)
        np.testing.assert_array_equal(part.validation, parts[0].validation)
    assert [len(part.train) for part in parts] == [84, 84, 6, 6, 30, 30]


def test_units_are_chosen_by_their_rate_in_the_training_part(tmp_path):
    binned = drawn_session()
    split = split_of(binned, config_of(tmp_path))
    rates = mean_unit_rates(binned.take(split.train))
    low, high = np.quantile(rates, (0.25, 0.75))
    # Rates elsewhere say nothing: this unit fires in the test part only.
    counts = binned.counts.copy()
    counts[split.test, :, int(rates.argmin())] = 9
    session = SessionConfig(n_bins=3, min_rate=float(low), max_rate=float(high))
    changed = dataclasses.replace(binned, counts=counts)
    row, run = decoded(tmp_path, changed, session=session)
    kept = load_decoder(run.path / "decoder").inputs.unit_ids
    expected = binned.units["id"][(rates >= low) & (rates <= high)]
    np.testing.assert_array_equal(kept, expected)
    assert row.units == len(expected) < binned.n_units


def test_too_few_presentations_fail_with_the_reason(tmp_path):
    row, run = decoded(tmp_path, k_shot=(15,))
    assert row.state == FAILED
    assert "6 of 6 classes have fewer than 15" in row.error
    assert run.state["state"] == "failed"
    assert read_results(tmp_path / "results.csv") == [row]


def test_one_class_fails_with_the_reason(tmp_path):
    binned = drawn_session()
    row, _ = decoded(tmp_path, binned.take(binned.labels == 1))
    assert row.state == FAILED and "two classes" in row.error


def test_a_network_that_diverges_fails_with_the_reason(tmp_path):
    wild = dataclasses.replace(NETWORK, learning_rate=1e30)
    row, _ = decoded(tmp_path, decoder=("gat",), network=wild)
    assert row.state == FAILED and "the loss is" in row.error


def test_what_is_finished_is_not_done_again(tmp_path, monkeypatch):
    row, _ = decoded(tmp_path)
    monkeypatch.setattr(decoder_jobs, "fit_decoder", None)  # would fail now
    again, _ = decoded(tmp_path)
    assert again == row


def test_a_run_with_other_options_is_not_taken_for_the_same(tmp_path):
    decoded(tmp_path)
    with pytest.raises(ValueError, match=r"other options: test: 0\.2 in the run"):
        decoded(tmp_path, test=0.3)


def test_a_killed_network_goes_on_and_ends_the_same(tmp_path, monkeypatch):
    # Two draws are never the same, so equal losses mean equal dropout.
    whole, run = decoded(tmp_path / "whole", decoder=("transformer_lstm",))
    original = Backup.on_epoch_end

    def killed(backup, epoch, logs=None):
        original(backup, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Backup, "on_epoch_end", killed)
    with pytest.raises(KeyboardInterrupt):
        decoded(tmp_path / "cut", decoder=("transformer_lstm",))
    monkeypatch.undo()
    row, resumed = decoded(tmp_path / "cut", decoder=("transformer_lstm",))
    assert resumed.was_resumed
    assert row.accuracy == whole.accuracy and row.validation == whole.validation
    rows = [
        [line.split(",")[3:] for line in r.metrics_csv.read_text().splitlines()[1:]]
        for r in (run, resumed)
    ]
    assert len(rows[0]) == 3
    np.testing.assert_allclose(
        np.array(rows[1], float), np.array(rows[0], float), rtol=1e-4
    )


def test_the_width_is_the_one_with_the_best_validation(tmp_path):
    widths = dataclasses.replace(NETWORK, width=(2, 32), epochs=6)
    row, run = decoded(tmp_path, decoder=("lstm",), network=widths)
    assert run.result["choice"]["width"] == 32
    assert {p.name for p in run.path.glob("width_*")} == {"width_2", "width_32"}
    assert row.validation > 0.5


def test_plans_are_all_combinations():
    config = DecoderConfig(
        decoder=("svm", "lstm"), k_shot=(1, 3), seeds=2, seed=4, shuffle_labels="both"
    )
    plans = list(plans_of(config))
    assert len(plans) == len({json.dumps(dataclasses.asdict(p)) for p in plans}) == 16
    assert {plan.seed for plan in plans} == {4, 5}
    assert all(len(plan.decoder) == len(plan.k_shot) == 1 for plan in plans)
    assert all(plan.seeds == 1 for plan in plans)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decoder": ("lsmt",)}, "decoder must be of .*lsmt"),
        ({"search": 3}, "search needs decoders of lstm"),
        ({"search": 3, "decoder": ("lstm",), "over_time": True}, "over_time needs"),
        ({"gap": 2}, "gap needs --split=block"),
        ({"test": 0.95}, "test must leave"),
        ({"k_shot": (-1,)}, "k_shot"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DecoderConfig(**options)


def test_an_empty_range_of_rates_is_refused():
    with pytest.raises(ValueError, match="min_rate must not exceed 2.0, got 3.0"):
        SessionConfig(min_rate=3.0, max_rate=2.0)


def written(tmp_path, binned, name="binned.h5"):
    path = tmp_path / name
    write_binned(binned, path)
    return str(path)


def test_files_of_binned_spikes_and_recordings_give_the_same_counts(tmp_path):
    rng = np.random.default_rng(0)
    binned = drawn_session(n_units=4)
    edges = np.linspace(0, 0.25, 4)[:-1]
    times = []
    for unit in range(4):
        n = binned.counts[:, :, unit]
        left = binned.start_s[:, None] + edges
        at = np.repeat(left.ravel(), n.ravel())
        times.append(np.sort(at + rng.uniform(0.01, 0.07, len(at))))
    trials = {"start_s": binned.start_s, "stop_s": binned.stop_s}
    table = pd.DataFrame({**trials, "frame": binned.labels, "stimulus": "pictures"})
    save_recording(
        tmp_path / "recording.h5",
        spike_times=times,
        dt_ms=1.0,
        n_steps=round(1000 * binned.stop_s[-1]),
        neurons=binned.units,
        trials=table,
        session_id="drawn",
    )
    options = SessionConfig(n_bins=3, stimulus="pictures")
    found, bayes = load_session(tmp_path / "recording.h5", options)
    assert bayes is None
    np.testing.assert_array_equal(found.counts, binned.counts)
    np.testing.assert_array_equal(found.labels, binned.labels)
    again, _ = load_session(pathlib.Path(written(tmp_path, found)), options)
    np.testing.assert_array_equal(again.counts, binned.counts)
    with pytest.raises(ValueError, match=r"choose from \['pictures'\]"):
        load_session(tmp_path / "recording.h5", SessionConfig(n_bins=3))


def test_labels_can_be_dropped_and_bins_must_fit(tmp_path):
    path = pathlib.Path(written(tmp_path, drawn_session()))
    found, _ = load_session(path, SessionConfig(n_bins=3, drop=(-1, 2)))
    assert found.classes.tolist() == [0, 1, 3, 4]
    with pytest.raises(ValueError, match="has 3 bins per presentation, not 5"):
        load_session(path, SessionConfig(n_bins=5))
    assert load_session(path, SessionConfig())[0].n_bins == 3


@pytest.mark.parametrize("is_truncated", [False, True])
def test_a_damaged_session_is_a_failed_row_and_the_others_are_decoded(
    tmp_path, capsys, is_truncated
):
    good = written(tmp_path, drawn_session())
    whole = pathlib.Path(good).read_bytes()
    bad = tmp_path / "bad.h5"
    bad.write_bytes(whole[: len(whole) // 2] if is_truncated else b"half")
    session = SessionConfig(recording=(str(bad), good))
    config = config_of(tmp_path, session=session)
    with pytest.raises(SystemExit, match="1 of 2 failed"):
        decoder_training.main(config)
    rows = read_results(pathlib.Path(config.results_dir) / "results.csv")
    assert [(row.session, row.state) for row in rows] == [
        ("bad", FAILED),
        ("drawn", FINISHED),
    ]
    assert f"{bad}: not a complete HDF5 file" in rows[0].error
    assert "failed" in capsys.readouterr().out


def test_a_file_that_was_cut_off_is_a_failed_row_too(tmp_path):
    path = pathlib.Path(written(tmp_path, drawn_session()))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    session = SessionConfig(recording=(str(path),))
    (row,) = decode_all(config_of(tmp_path, session=session), [path])
    assert row.state == FAILED
    assert "binned.h5: not a complete HDF5 file" in row.error


@pytest.mark.parametrize(
    ("session_id", "words"),
    [
        ("drawn", r"second.h5: session_id drawn is that of .*first.h5 too"),
        ("a/../b", r"second.h5: session_id must be a plain name.*'a/../b'"),
    ],
)
def test_sessions_do_not_take_each_others_names(tmp_path, session_id, words):
    """The first is decoded, and its row stays."""
    binned = drawn_session()
    other = dataclasses.replace(binned, session_id=session_id)
    paths = [
        written(tmp_path, binned, "first.h5"),
        written(tmp_path, other, "second.h5"),
    ]
    session = SessionConfig(recording=tuple(paths), n_bins=3)
    config = config_of(tmp_path, session=session, decoder=("naive_bayes",))
    decode_all(config, [pathlib.Path(path) for path in paths])
    first, second = read_results(pathlib.Path(config.results_dir) / "results.csv")
    assert (first.session, first.state) == ("drawn", FINISHED)
    assert (second.session, second.state) == ("second", FAILED)
    assert re.search(words, second.error)


def test_k_shot_is_repeated_five_times_where_nothing_else_is_said():
    plans = plans_of(DecoderConfig(k_shot=(3, 0), seed=2))
    found = [(plan.k_shot[0], plan.seed) for plan in plans]
    assert found == [(3, 2), (3, 3), (3, 4), (3, 5), (3, 6), (0, 2)]


def test_a_session_that_does_not_exist_ends_the_program_at_once(tmp_path):
    session = SessionConfig(recording=("nowhere.h5",))
    with pytest.raises(SystemExit, match="nowhere.h5 does not exist"):
        decoder_training.main(config_of(tmp_path, session=session))
    assert not (tmp_path / "results").exists()


def test_several_k_are_drawn_as_a_curve(tmp_path):
    path = written(tmp_path, drawn_session())
    session = SessionConfig(recording=(path,), n_bins=3)
    config = config_of(
        tmp_path,
        session=session,
        decoder=("naive_bayes",),
        k_shot=(1, 5),
        seeds=3,
        shuffle_labels="both",
    )
    rows = decode_all(config, [pathlib.Path(path)])
    (curve,) = decoder_training.draw_curves(rows, tmp_path)
    assert curve.read_bytes().startswith(b"\x89PNG")
    means = {
        (k, shuffled): np.mean(
            [r.accuracy for r in rows if (r.k_shot, r.shuffled) == (k, shuffled)]
        )
        for k in (1, 5)
        for shuffled in (False, True)
    }
    assert means[1, True] < means[1, False] < means[5, False]


@pytest.mark.slow
def test_a_session_with_known_rates_is_read_nearly_as_well_as_possible(tmp_path):
    """The program as a user runs it, killed once on the way."""
    command = [
        sys.executable,
        str(PROGRAM),
        "--decoder=logistic,lstm",
        "--shuffle_labels=both",
        f"--results_dir={tmp_path}",
    ]
    victim = subprocess.Popen(command, stdout=subprocess.DEVNULL, **PLACE)
    run = tmp_path / "synthetic-0_lstm_stratified_seed0"
    while not (run / "checkpoints" / "latest.weights.h5").exists():
        assert victim.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    done = subprocess.run(command, capture_output=True, text=True, **PLACE)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "best possible decoder" in done.stdout
    assert Run.open(run).was_resumed
    rows = read_results(tmp_path / "results.csv")
    assert len(rows) == 4
    for row in rows:
        if row.shuffled:
            assert row.is_at_chance
        else:
            assert row.accuracy > row.bayes - 0.08


def test_some_units_alone_are_decoded(tmp_path):
    binned = drawn_session(n_units=4)
    path = written(tmp_path, binned)
    ids = binned.units["id"].tolist()
    options = SessionConfig(units=(ids[2], ids[0]))
    found, _ = load_session(path, options)
    np.testing.assert_array_equal(found.counts, binned.counts[:, :, [0, 2]])
    assert found.units["id"].tolist() == [ids[0], ids[2]]
    with pytest.raises(ValueError, match="units must be ids of the 4 of session"):
        load_session(path, SessionConfig(units=(ids[0], 99)))
