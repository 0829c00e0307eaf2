"""Read-outs of a frozen core, and what a core is worth for other recordings."""

import numpy as np
import pytest
from scipy import optimize, special

from tests.cnn.trainings import config_of, trainer_in, two_recordings
from v1model.cnn.model import ReadoutModel
from v1model.cnn.prediction import predict
from v1model.cnn.stages import RefitParams, learning_curve, model_with_core, refit
from v1model.cnn.stages.channel_fit import PENALTIES, Rates, fit_channels
from v1model.cnn.stages.features import cached_features
from v1model.cnn.validation import Validation

NORM = {"type": "batch"}
MODEL = {
    "convnet": {
        "type": "plain",
        "channels": [4],
        "stem": None,
        "blocks": [{"kernel_size": [1, 3, 3], "norm": NORM}],
    }
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    return two_recordings(folder, n_trials=20, trial_bins=60)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, paths):
    """A trainer that has trained on neurons of which some were held out."""
    config = config_of(model=MODEL, data={"held_out_neurons": 0.4})
    trainer = trainer_in(tmp_path_factory.mktemp("runs") / "run", config, paths)
    trainer.train()
    return trainer


def copy_of(trained):
    return model_with_core(trained.model, trained.model.recordings)


def values(variables):
    return [np.array(variable) for variable in variables]


def assert_equal(ones, others):
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(one, other)


def test_cached_features_give_the_rates_of_a_prediction(trained):
    recording = trained.recordings[0]
    found = cached_features(trained.model, recording, "test", dtype="float32")
    rates = trained.model.read("a", found.values[None])[0].numpy()
    prediction = predict(trained.model, recording, parts=("test",))
    rows = np.isfinite(prediction.rates[:, 0])
    np.testing.assert_allclose(rates, prediction.rates[rows], rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(found.mask, prediction.mask[rows])


def test_features_that_fill_the_memory_lie_in_a_file(trained, monkeypatch):
    own = trained.model, trained.recordings[0], "test"
    expected = cached_features(*own)
    monkeypatch.setattr("v1model.cnn.stages.features.IN_MEMORY", 0)
    found = cached_features(*own)
    assert isinstance(found.values, np.memmap)
    np.testing.assert_array_equal(found.values, expected.values)


@pytest.mark.parametrize("readout", ["gaussian", "linear"])
def test_a_refit_changes_the_read_outs_of_its_neurons_alone(trained, paths, readout):
    """Not the core, nor its norms, nor adapters, nor other recordings."""
    config = config_of(model=MODEL | {"readout": {"type": readout}})
    model = ReadoutModel(trained.model.recordings, config.model)
    layers = [*model.shared, model.heads["b"], model.heads["a"].adapter]
    before = [values(layer.variables) for layer in layers]
    recording = trained.recordings[0]
    chosen = recording.held_out
    old = [np.array(v) for v in model.heads["a"].readout.channel_variables()]
    done = refit(model, config, recording, RefitParams(epochs=6), chosen)
    assert_equal(
        [a for one in before for a in one],
        [a for layer in layers for a in values(layer.variables)],
    )
    for one, new in zip(old, model.heads["a"].readout.channel_variables(), strict=True):
        is_same = (one == new.numpy()).reshape(-1, len(chosen)).all(axis=0)
        np.testing.assert_array_equal(is_same, ~chosen)
    assert np.isfinite(done.losses).all()
    assert np.isnan(done.penalty[~chosen]).all()


def test_a_spoiled_read_out_is_as_good_again_after_a_refit(trained):
    model = copy_of(trained)
    recording = trained.recordings[1]
    everyone = np.ones(recording.spec.n_neurons, bool)
    refit(model, trained.config, recording)
    score = Validation(model, [recording], "train", everyone)
    fitted = score.scores()[1]
    readout = model.heads["b"].readout
    readout.features.assign(-readout.features)
    assert score.scores()[1] < fitted - 0.02
    refit(model, trained.config, recording)
    assert score.scores()[1] == pytest.approx(fitted, abs=1e-4)


@pytest.mark.parametrize("activation", ["softplus", "exp"])
@pytest.mark.parametrize("kind", ["ridge", "lasso"])
def test_channel_weights_are_the_minimum_that_scipy_finds(
    monkeypatch, activation, kind
):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 800, 3)) * [1, 2, 0.5] + [0, 1, 3]
    u = x[0] @ [0.5, -0.3, 0.4] - 2
    rates = Rates(activation, np.array([1.2]), np.array([0.01]))
    counts = rng.poisson(rates.of(u, 0)[0]).astype(np.float32)[:, None]
    part = x, counts, np.ones((800, 1))
    monkeypatch.setattr("v1model.cnn.stages.channel_fit.PENALTIES", (0.05,))
    start = np.zeros((3, 1)), np.full(1, -9.0)
    found = fit_channels(part, part, start, rates, [0], kind)
    z = (x[0] - x[0].mean(0)) / x[0].std(0)

    def objective(w):
        v = z @ w[:3] + w[3]
        value = np.exp(v) if activation == "exp" else np.logaddexp(0, v)
        r = 1.2 * value + 0.01 + 1e-8
        size = np.abs(w[:3]).sum() if kind == "lasso" else 0.5 * (w[:3] ** 2).sum()
        cost = (r - special.xlogy(counts[:, 0], r)).sum() / counts.sum()
        return cost + 0.05 * size

    options = {"maxiter": 8000, "maxfev": 8000, "xatol": 1e-7, "fatol": 1e-10}
    best = optimize.minimize(
        objective, np.zeros(4), method="Nelder-Mead", options=options
    )
    own = found.weights[:, 0] * x[0].std(0)
    own = np.append(own, found.bias[0] + found.weights[:, 0] @ x[0].mean(0))
    assert objective(own) == pytest.approx(best.fun, abs=2e-5)
    np.testing.assert_allclose(own, best.x, atol=0.01)


def test_a_neuron_that_follows_noise_gets_the_largest_penalty_or_its_start():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 300, 20))
    counts = rng.poisson(0.2, (300, 2))
    mask = np.ones((300, 2))
    train, validation = (
        (x[:, rows], counts[rows], mask[rows]) for rows in (slice(150), slice(150, 300))
    )
    rates = Rates("softplus", np.ones(2), np.zeros(2))
    start = np.zeros((20, 2)), np.full(2, -1.5)
    found = fit_channels(train, validation, start, rates, [0])
    assert np.abs(found.weights[:, 0]).max() < 0.2
    assert np.isnan(found.penalty[1]) and found.bias[1] == -1.5
    assert not found.penalty[0] < max(PENALTIES) / 10


def test_a_core_is_taken_over_with_heads_of_the_same_recordings(trained):
    other = trained.model.recordings[0]._replace(name="c", n_neurons=9)
    model = model_with_core(trained.model, (other, trained.model.recordings[1]))
    pairs = zip(model.shared, trained.model.shared, strict=True)
    for one, own in [*pairs, (model.heads["b"], trained.model.heads["b"])]:
        assert_equal(values(one.variables), values(own.variables))
    assert model.heads["c"].readout.n_neurons == 9
    with pytest.raises(ValueError, match="sampling_rate .* must be 100.0 Hz"):
        model_with_core(trained.model, (other._replace(sampling_rate=50.0),))


def test_a_learning_curve_has_a_row_for_each_share_and_method(trained, paths):
    params = RefitParams(epochs=1, channels="none")
    rows = learning_curve(
        trained.model,
        trained.config,
        [paths[1]],
        (0.1, 1.0),
        params=params,
        train_anew=lambda recording, name: trained.model,
    )
    assert [(row["method"], row["share"]) for row in rows] == [
        (method, share)
        for share in (0.1, 1.0)
        for method in ("transfer", "random_core", "scratch")
    ]
    assert rows[0]["n_trials"] < rows[-1]["n_trials"]
    assert np.isfinite([row["bps_mean"] for row in rows]).all()


def test_held_out_neurons_are_judged_alone(trained, paths):
    rows = learning_curve(
        trained.model,
        trained.config,
        paths[:1],
        (1.0,),
        ("transfer",),
        RefitParams(epochs=1, channels="none"),
        held_out_only=True,
    )
    assert rows[0]["n_neurons"] == trained.recordings[0].held_out.sum()
    nobody = trained.config.model_copy(
        update={"data": trained.config.data.model_copy(update={"held_out_neurons": 0})}
    )
    with pytest.raises(ValueError, match="no neuron was held out"):
        learning_curve(
            trained.model, nobody, paths[:1], methods=("transfer",), held_out_only=True
        )


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        (("transfer", "anew"), "must be of transfer, random_core, scratch, got 'anew'"),
        (("scratch",), "scratch needs train_anew, got none"),
    ],
)
def test_methods_that_cannot_be_done_are_refused_before_any_recording_is_read(
    trained, methods, message
):
    with pytest.raises(ValueError, match=message):
        learning_curve(trained.model, trained.config, ["none.h5"], methods=methods)
