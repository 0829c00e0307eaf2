"""What the monitors of the rooms say, against the same computed otherwise."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.trainings import config_of, trainer_in, two_recordings
from tests.latent.trainings import driven, params_of
from training.latent_judging import Judge
from training.monitors import cnn, column, decoder, latent
from training.monitors.cnn_subject import CnnSubject
from training.monitors.column_subject import N_TRIALS, ColumnSubject
from training.monitors.decoder_subject import DecoderSubject
from training.monitors.latent_subject import LatentSubject
from v1model.cnn.lag_energy import lag_energy
from v1model.cnn.validation import mean_score
from v1model.config import ColumnTrainConfig, NetworkConfig, TaskConfig
from v1model.decoders.parts import Part
from v1model.experiments import ColumnExperiment
from v1model.latent.source import open_source
from v1model.latent.trainer import LatentTrainer
from v1model.runs import Run


@pytest.fixture(scope="module")
def of_column(tmp_path_factory):
    config = ColumnTrainConfig(
        network=NetworkConfig(neurons=500, neurons_per_output=2),
        trials=TaskConfig(task="10class", seq_len=200, post_delay=50, post_chunks=0),
        log_activity_every=0,
    )
    folder = tmp_path_factory.mktemp("column")
    run = Run.create(folder, "run", config, ["test"])
    return ColumnSubject(ColumnExperiment(config, run))


def test_rates_are_spikes_over_time_of_held_out_trials(of_column):
    trials = of_column.trials()
    assert len(trials) == N_TRIALS
    counts = sum(np.bincount(t.spike_neuron, minlength=500) for t in trials)
    expected = counts / (N_TRIALS * 0.2)  # trials of 200 ms
    found = column.firing_rates(of_column)
    np.testing.assert_allclose(found.histograms["hz"], expected)
    assert found.scalars["silent_share"] == (counts == 0).mean()
    is_e4 = np.char.startswith(of_column.neurons.pop_name.astype(str), "e4")
    assert found.scalars["hz/e4"] == pytest.approx(expected[is_e4].mean())


def test_held_out_trials_depend_on_the_weights_alone(of_column):
    before = column.held_out_trials(of_column)
    of_column.step += 1  # else they would not be run again
    assert column.held_out_trials(of_column) == before
    probability = [t.confidence[t.label] for t in of_column.trials()]
    expected = -np.mean(np.log(probability))
    assert before.scalars["log_loss"] == pytest.approx(expected)


def test_networks_are_those_before_and_after_a_change_of_weights(of_column):
    before, after = of_column.networks()
    np.testing.assert_allclose(
        after.recurrent.weight, before.recurrent.weight, rtol=1e-5
    )
    cell = of_column.model.column.rsnn.cell
    own = cell.recurrent_weights.numpy()
    cell.recurrent_weights.assign(1.5 * own)
    _, after = of_column.networks()
    cell.recurrent_weights.assign(own)
    np.testing.assert_allclose(
        after.recurrent.weight, 1.5 * before.recurrent.weight, rtol=1e-5
    )


@pytest.fixture(scope="module")
def of_cnn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cnn")
    config = config_of(epochs=1, ema_decay=0.9)
    trainer = trainer_in(folder / "run", config, two_recordings(folder))
    trainer.train()
    return CnnSubject(trainer)


def test_few_trials_score_as_validation_where_they_are_all_there_are(of_cnn):
    """And what is judged are the running means of the weights."""
    found = cnn.bits_per_spike(of_cnn).scalars
    with of_cnn.judged_weights():
        means, mean = of_cnn.trainer.validation.scores()
    assert found["bps"] == pytest.approx(mean, abs=1e-9)
    for name, value in means.items():
        assert found[f"bps/{name}"] == pytest.approx(value, abs=1e-9)
    plain = of_cnn.trainer.validation.scores()[1]
    assert plain != pytest.approx(mean, abs=1e-9)
    table = cnn.neuron_scores(of_cnn).tables["validation"]
    assert mean_score(np.array([row["bps"] for row in table])) == pytest.approx(mean)


def test_predicted_and_true_rates_are_spikes_per_second(of_cnn):
    found = cnn.predicted_rates(of_cnn).scalars
    recording, prediction = of_cnn.predictions()[0]
    mask = prediction.mask
    hz = recording.spec.sampling_rate
    assert found["data_hz/a"] == pytest.approx(hz * recording.counts[mask].mean())
    assert found["predicted_hz/a"] == pytest.approx(hz * prediction.rates[mask].mean())


def test_gradients_by_lag_are_compiled_once_and_follow_the_weights(of_cnn):
    """Compiling takes seconds, and the monitor is a fast one."""
    model, recording = of_cnn.model, of_cnn.recordings[0]
    before = cnn.lag0(of_cnn).scalars
    (kernel,) = [v for v in of_cnn.trained if v is model.frontend.trainable_weights[0]]
    place = of_cnn.trained.index(kernel)
    mean = of_cnn.trainer.updates.averages[place]
    own = mean.numpy()
    mean.assign(own[::-1] + 0.1)
    after = cnn.lag0(of_cnn).scalars
    with of_cnn.judged_weights():
        expected = lag_energy(model, recording, "validation", neurons=[0, 1, 2, 3])
    mean.assign(own)
    for name, value in expected.numbers(recording.spec.sampling_rate).items():
        assert after[name] == pytest.approx(value, rel=1e-5)
        assert after[name] != pytest.approx(before[name], rel=1e-3)
    _, by_lag = of_cnn.kept["lag0"]
    assert by_lag.experimental_get_tracing_count() == 1


def test_distances_from_the_border_are_those_of_the_centres(of_cnn):
    head = of_cnn.model.heads["a"]
    own = head.readout.raw_centers.numpy()
    head.readout.raw_centers.assign(np.arctanh([[0.9, 0], [0, 0.5], [0, 0], [0, 0]]))
    found = cnn.readouts(of_cnn).scalars
    head.readout.raw_centers.assign(own)
    assert found["nearest_to_border/a"] == pytest.approx(0.1, abs=1e-5)
    assert found["from_border/a"] == pytest.approx(0.75, abs=1e-5)


def test_the_evolver_is_linearised_as_differences_say(tmp_path):
    params = params_of(driven(tmp_path / "seen.h5", 400), epochs=1)
    run = Run.create(tmp_path, "run", params, ["test"])
    with open_source(params.training) as source:
        trainer = LatentTrainer(params, source, run)
        trainer.train()
        with Judge(params, source, run.path) as judge:
            subject = LatentSubject(trainer, source, judge)
            slopes = subject.linearised()
            states, stimulus = subject.states()
            z, model = states[:1], trainer.model
            encoded = model.encode_stimulus(tf.constant(stimulus[:1]))[None]
            expected = []
            for k in range(z.shape[1]):
                step = np.zeros_like(z)
                step[0, k] = 1e-2
                ends = [
                    model.evolve(tf.constant(z + s * step), encoded)[0].numpy()
                    for s in (1, -1)
                ]
                expected.append((ends[0] - ends[1])[0] / 2e-2)
            np.testing.assert_allclose(slopes[0], np.stack(expected, 1), atol=1e-3)
            gains = latent.evolver(subject).scalars
            largest = max(np.linalg.svd(one)[1][0] for one in slopes)
            assert gains["largest_gain"] == pytest.approx(largest, rel=1e-5)


def test_calibration_is_the_mean_gap_of_confidence_and_accuracy():
    rng = np.random.default_rng(0)
    confidence, right = rng.random(500), rng.random(500) < 0.6
    expected = 0.0
    for k in range(10):
        low, high = k / 10, (k + 1) / 10
        own = (confidence >= low) & (confidence < high)
        gap = abs(confidence[own].mean() - right[own].mean())
        expected += own.mean() * gap
    found = decoder.calibration_error(confidence, right)
    assert found == pytest.approx(expected)
    sure = np.ones(4)
    assert decoder.calibration_error(sure, sure > 0) == 0
    assert decoder.calibration_error(sure, sure < 0) == 1


@dataclasses.dataclass
class Fixed:
    """A linear decoder that answers what it is told."""

    answers: np.ndarray

    def scores(self, inputs, valid):
        del inputs, valid
        return self.answers


def test_classes_say_what_they_are_taken_for():
    part = Part(np.zeros((4, 1, 1)), np.ones((4, 1), bool), np.array([0, 0, 1, 2]), 3)
    told = np.log(np.full((4, 3), 0.1) + 0.6 * np.eye(3)[[0, 1, 1, 1]])
    subject = DecoderSubject(None, part, np.array([5, 6, 7]), linear=Fixed(told))
    rows = decoder.classes(subject).tables["validation"]
    assert [row["class"] for row in rows] == [5, 6, 7]
    assert [row["right"] for row in rows] == [0.5, 1.0, 0.0]
    assert [row["read_instead"] for row in rows] == [6, "", 6]
    assert decoder.answers(subject).scalars["accuracy"] == 0.5
