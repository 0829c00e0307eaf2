"""Updates and their objective, against NumPy and by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.trainings import MODEL, config_of, trainer_in, two_recordings
from v1model.cnn.config import ReadoutConfig
from v1model.cnn.model import ReadoutModel
from v1model.cnn.model_spec import RecordingSpec
from v1model.cnn.update_batches import stacked
from v1model.cnn.updates import decays, learning_rate_for, optimizer_for


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return two_recordings(tmp_path_factory.mktemp("recordings"))


def values(variables):
    return [np.array(variable) for variable in variables]


def test_the_objective_is_that_of_numpy(tmp_path, paths):
    """Weights of recordings and neurons, masks, and the penalty."""
    config = config_of(
        loss={"rate_weight_alpha": 1.0, "min_rate_hz": 0.1},
        data={"recording_gamma": 0.5, "held_out_neurons": 0.4},
        regularization={"readout_l1": {"weight": 0.1}},
    )
    trainer = trainer_in(tmp_path / "run", config, paths)
    batch = trainer.batches.batch(0, 0)
    batch["a"]["mask"][0, :4] = 0
    found = trainer.objective.losses(batch, False, 0.0)
    rates = trainer.model(
        {name: {"movie": one["movie"]} for name, one in batch.items()}
    )
    expected, weights, sizes = 0.0, trainer.batches.recording_weights, []
    for name, one in batch.items():
        y, m, r = (
            np.asarray(x, np.float64) for x in (one["counts"], one["mask"], rates[name])
        )
        recording = next(r for r in trainer.recordings if r.spec.name == name)
        a = 1 / np.maximum(recording.mean_counts("train"), 0.1 / 100)
        a /= a.mean()
        loss = (m * a * (r - y * np.log(r))).sum() / m.sum()
        expected += weights[name] / sum(weights.values()) * loss
        features = trainer.model.heads[name].readout.features.numpy()
        sizes.append(np.abs(features).sum())
    assert float(found["poisson"]) == pytest.approx(expected, rel=1e-5)
    assert float(found["readout_l1"]) == pytest.approx(0.1 * sum(sizes) / 7, rel=1e-5)
    assert list(found) == list(trainer.objective.names)


def test_neurons_that_are_held_out_do_not_change(tmp_path, paths):
    config = config_of(data={"held_out_neurons": 0.4}, weight_decay=0.0)
    trainer = trainer_in(tmp_path / "run", config, paths)
    before = trainer.model.heads["a"].readout.features.numpy()
    trainer.train()
    change = np.abs(trainer.model.heads["a"].readout.features.numpy() - before).max(0)
    is_held_out = trainer.recordings[0].held_out
    assert 0 < is_held_out.sum() < len(is_held_out)
    assert (change[is_held_out] == 0).all()
    assert (change[~is_held_out] > 0).all()


def test_several_updates_of_a_call_are_those_of_several_calls(tmp_path, paths):
    config, found = config_of(ema_decay=0.9), []
    for sizes in ([4], [1, 3]):
        trainer = trainer_in(tmp_path / f"run{sizes}", config, paths)
        batches = [trainer.batches.batch(0, step) for step in range(4)]
        sums, done = 0, 0
        for n in sizes:
            sums += trainer.updates(stacked(batches[done : done + n], 1, 1), 0)
            done += n
        found.append([sums, *values(trainer.updates.training_variables)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_calls_of_any_length_are_compiled_once(tmp_path, paths):
    trainer = trainer_in(tmp_path / "run", config_of(), paths)
    compiled = []
    for n in (2, 1, 3):
        batches = [trainer.batches.batch(0, step) for step in range(n)]
        trainer.updates(stacked(batches, 1, 1), n)
        compiled.append(trainer.updates._compiled)
    assert len({id(one) for one in compiled}) == 1


def test_an_update_of_two_batches_has_their_mean_gradient(tmp_path, paths):
    config = config_of(accumulate=2, optimizer="sgd", grad_clip_norm=0.0)
    trainer = trainer_in(tmp_path / "run", config, paths)
    variables = trainer.updates.variables
    batches = [trainer.batches.batch(0, step) for step in range(2)]
    expected = 0
    for batch in batches:
        with tf.GradientTape() as tape:
            loss = sum(trainer.objective.losses(batch, True, 0.0).values())
        gradients = tape.gradient(loss, [v.value for v in variables])
        expected += np.concatenate([np.ravel(g) for g in gradients]) / 2
    before = values(variables)
    rate = float(trainer.updates.optimizer.learning_rate)
    trainer.updates(stacked(batches, 2, 1), 0)
    steps = [a - np.array(v) for a, v in zip(before, variables, strict=True)]
    found = np.concatenate([np.ravel(step) for step in steps]) / rate
    kernels = np.concatenate([np.full(v.shape, decays(v)).ravel() for v in variables])
    decayed = 1e-4 * np.concatenate([np.ravel(one) for one in before]) * kernels
    np.testing.assert_allclose(found, expected + decayed, rtol=1e-2, atol=2e-5)


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_each_optimizer_has_a_rate_for_the_core_and_one_for_the_read_outs(optimizer):
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal((2, 2, 3, 4)).astype(np.float32)
    steps = []
    for scale in (1.0, 0.5, 0.0):
        training = config_of(optimizer=optimizer, core_lr_scale=scale).training
        core, readout = (keras.Variable(one, name="kernel") for one in start)
        found = optimizer_for(training, 0.1, [core], [readout])
        found.apply([tf.constant(one) for one in gradients], [core, readout])
        steps.append([v - one for v, one in zip((core, readout), start, strict=True)])
    whole, half, none = steps
    np.testing.assert_allclose(half[0], whole[0] / 2, rtol=1e-4, atol=1e-6)
    assert np.abs(whole[0]).min() > 0 and np.abs(none[0]).max() == 0
    for other in (half, none):
        np.testing.assert_array_equal(other[1], whole[1])


def test_a_long_gradient_is_shortened_over_core_and_readouts_together(tmp_path, paths):
    config = config_of(optimizer="sgd", grad_clip_norm=1e-3, weight_decay=0.0)
    trainer = trainer_in(tmp_path / "run", config, paths)
    before = values(trainer.updates.variables)
    rate = float(trainer.updates.optimizer.learning_rate)
    trainer.updates(stacked([trainer.batches.batch(0, 0)], 1, 1), 0)
    after = values(trainer.updates.variables)
    steps = [a - b for a, b in zip(before, after, strict=True)]
    length = np.sqrt(sum((step.astype(np.float64) ** 2).sum() for step in steps))
    assert length == pytest.approx(1e-3 * rate, rel=1e-2)


def test_the_rate_rises_by_steps_and_falls_to_its_end():
    training = config_of(warmup_steps=4, learning_rate=0.1).training
    rate = learning_rate_for(training, 20)
    found = [float(rate(step)) for step in (0, 3, 4, 12, 20)]
    np.testing.assert_allclose(found, [0.025, 0.1, 0.1, 0.0505, 0.001], rtol=1e-5)


NORMS = ("grn", "layer", "lrn", "batch", "temporal_context")
MODELS = [
    {"readout": {"type": kind}}
    for kind in (
        "gaussian_sampled",
        "factorized",
        "point_pooled",
        "attention",
        "linear",
    )
]
MODELS += [
    {"recurrent": {"type": "convgru", "use_layer_norm": True, "learnable_h0": True}},
    {"recurrent": {"type": "convlstm"}, "calibration": True},
    {"adapter": {"type": "adapter", "transform": "affine", "grid_size": 6}},
    {"convnet": {"type": "x3d", "squeeze_ratio": 2}},
    {"modulator": {"type": "convgru"}},
    {"modulator": {"type": "film"}},
    {"frontend": {"type": "da"}, "modulator": {"type": "concat"}},
]
MODELS += [
    {
        "convnet": {
            "type": "densenet",
            "channels": [3],
            "stem": None,
            "blocks": [{"norm": norm, "conv": "depthwise", "use_weight_norm": True}],
        }
    }
    for norm in (
        *({"type": kind} for kind in NORMS),
        {"type": "conditioned"},
        {"type": "mixed", "of": [{"type": "grn"}, {"type": "rms"}]},
    )
]
KERNELS = {"kernel", "features", "raw_kernels", "direction"}


@pytest.mark.parametrize("options", MODELS, ids=str)
def test_kernels_decay_and_nothing_else(options):
    """Of every kind of layer: names decide it, so a new name must be looked at."""
    params = ReadoutConfig.model_validate(
        {"model": MODEL | options, "data": {"behavior": ["eye"]}}
    ).model
    model = ReadoutModel((RecordingSpec("a", 3, (6, 6, 1), 2, 100.0),), params)
    variables = [*model.core_variables, *model.readout_variables("a")]
    for variable in variables:
        name = variable.path.rpartition("/")[2]
        is_kernel = name in KERNELS or name.endswith("kernel")
        assert decays(variable) == is_kernel, (variable.path, variable.shape)
    assert any(map(decays, variables))


def test_names_of_models_and_layers_have_no_say_in_what_decays():
    specs, params = (RecordingSpec("a", 3, (6, 6, 1), 2, 100.0),), config_of().model
    found = [
        [
            decays(variable)
            for variable in ReadoutModel(specs, params, name=name).weights
        ]
        for name in ("model", "norm_of_adapters")
    ]
    assert found[0] == found[1] and any(found[0])


def test_a_running_mean_of_a_short_training_forgets_its_beginning(tmp_path, paths):
    trainer = trainer_in(tmp_path / "run", config_of(ema_decay=0.999), paths)
    mean = values(trainer.updates.averages)
    for step in range(3):
        batches = [trainer.batches.batch(0, step)]
        trainer.updates(stacked(batches, 1, 1), 0)
        decay = (2 + step) / (11 + step)
        pairs = zip(mean, values(trainer.updates.variables), strict=True)
        mean = [decay * old + (1 - decay) * new for old, new in pairs]
    for found, expected in zip(values(trainer.updates.averages), mean, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
