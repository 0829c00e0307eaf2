"""The monitors of every room, on a small network that is really trained."""

import numpy as np
import pytest

from tests.monitoring.subjects import new_run, small_network, subject_of
from v1model.monitoring.generic.losses import losses, terms_of
from v1model.monitoring.generic.machine import memory, throughput
from v1model.monitoring.generic.variables import gradients, updates, weights


@pytest.fixture
def subject(tmp_path):
    network = small_network()
    network.fit(np.ones((32, 6)), np.ones(32), 8, 2, verbose=0)
    return subject_of(new_run(tmp_path), network)


GROUPS = {"hidden/kernel", "hidden/bias", "last/kernel", "last/bias"}


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (weights, {"norm", "rms", "min", "max", "zeros"}),
        (gradients, {"norm", "rms", "signal"}),
        (updates, {"ratio"}),
    ],
)
def test_every_group_of_variables_has_its_numbers(subject, function, names):
    found = {}
    for name, value in function(subject).scalars.items():
        what, _, group = name.partition("/")
        found.setdefault(what, set()).add(group)
        assert np.isfinite(value)
    assert {what: groups - {"all"} for what, groups in found.items()} == dict.fromkeys(
        names, GROUPS
    )


def test_weights_have_distributions(subject):
    found = weights(subject).histograms
    assert set(found) == GROUPS
    np.testing.assert_array_equal(
        found["last/kernel"], subject.trained[2].numpy().ravel()
    )


def test_a_subject_without_weights_or_optimizer_has_no_numbers(tmp_path):
    empty = subject_of(new_run(tmp_path))
    for function in (weights, gradients, updates):
        assert function(empty).scalars == {}


def test_throughput_is_that_between_two_times_without_monitors(tmp_path):
    subject = subject_of(new_run(tmp_path))
    subject.step, subject.seconds, subject.watched_seconds = 1000, 50.0, 0.0
    assert throughput(subject).scalars == {}
    subject.step, subject.seconds, subject.watched_seconds = 1300, 90.0, 10.0
    assert throughput(subject).scalars == {"updates_per_s": 10.0, "watched_share": 0.25}
    assert throughput(subject).scalars == {}  # no time has passed


def test_memory_is_that_of_the_kernel(tmp_path):
    block = np.ones(25_000_000)  # 0.2 GB, touched
    found = memory(subject_of(new_run(tmp_path))).scalars
    assert 0.2 < found["resident_gb"] <= found["peak_gb"] < 100
    del block
    after = memory(subject_of(new_run(tmp_path, "other"))).scalars
    assert after["resident_gb"] < found["resident_gb"] - 0.1
    assert after["peak_gb"] >= found["peak_gb"] - 0.01


LOGS = {
    "column": (
        {"loss": 3.0, "response_loss": 1.0, "rate_loss": 2.0, "val_rate_loss": 9.0},
        {"response": 1.0, "rate": 2.0},
    ),
    "latent": (
        {"Loss/train_total": 3.0, "Loss/train_recon": 1.0, "Val/loss": 4.0},
        {"recon": 1.0},
    ),
    "warm-up": (
        {"ReconWarmup/recon": 1.0, "ReconWarmup/reg": 0.5, "ReconWarmup/total": 1.5},
        {"recon": 1.0, "reg": 0.5},
    ),
    "cnn": (
        {"Loss/total": 3.0, "Loss/poisson": 2.0, "Penalty/laplace": 1.0, "Val/bps": 1},
        {"poisson": 2.0, "laplace": 1.0},
    ),
    "decoder": ({"loss": 0.7, "accuracy": 0.5, "val_loss": 0.8}, {"loss": 0.7}),
}


@pytest.mark.parametrize("room", LOGS)
def test_terms_of_the_loss_are_those_that_add_up_to_it(room):
    logs, expected = LOGS[room]
    assert terms_of(logs) == expected


def test_shares_of_the_terms_add_up_to_1(tmp_path):
    subject = subject_of(new_run(tmp_path))
    subject.logs = {"response_loss": 1.0, "rate_loss": -3.0}
    found = losses(subject).scalars
    assert found["term/rate"] == -3.0
    assert (found["share/response"], found["share/rate"]) == (0.25, 0.75)
    subject.logs = {"response_loss": 0.0}
    assert losses(subject).scalars == {"term/response": 0.0}
