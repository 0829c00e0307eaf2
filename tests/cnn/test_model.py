"""One core serves recordings of any numbers of neurons."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.models import SMALL, recordings, segments, small_model
from v1model.cnn.model import ReadoutModel

WHOLE = {
    "adapter": {"type": "adapter", "grid_size": 8},
    "modulator": {"type": "film"},
    "recurrent": {"type": "convgru", "hidden": 4, "memory_bins": 2},
    "calibration": True,
}


def test_rates_are_positive_and_of_each_recordings_own_neurons():
    model = small_model(WHOLE, n_neurons=(3, 5))
    rates = model(segments(model, n_bins=4))
    assert {name: own.shape for name, own in rates.items()} == {
        "a": (2, 4, 3),
        "b": (2, 4, 5),
    }
    assert all(np.min(own) > 0 and own.dtype == "float32" for own in rates.values())


def test_recordings_of_one_batch_do_not_know_of_each_other():
    model = small_model(WHOLE)
    inputs = segments(model, n_bins=4)
    together = model(inputs)
    for name in inputs:
        alone = model({name: inputs[name]})
        assert list(alone) == [name]
        np.testing.assert_allclose(alone[name], together[name], rtol=1e-5)


def test_numbers_of_segments_may_differ():
    model = small_model()
    inputs = segments(model, n_bins=2, n_segments=3)
    inputs["a"] = {key: array[:1] for key, array in inputs["a"].items()}
    rates = model(inputs)
    assert (rates["a"].shape[0], rates["b"].shape[0]) == (1, 3)


def test_the_core_is_called_once_whatever_the_number_of_recordings(monkeypatch):
    model = small_model(n_neurons=(2, 3, 4))
    calls = []
    call = model.core.call
    monkeypatch.setattr(
        model.core, "call", lambda x, **options: calls.append(x) or call(x, **options)
    )
    model(segments(model, n_bins=2))
    assert [x.shape[0] for x in calls] == [6]


def test_features_then_read_are_the_rates():
    model = small_model(WHOLE)
    inputs = segments(model, n_bins=3)
    features = model.features(inputs)
    assert features["a"].shape == (2, 3, 8, 8, 4)
    for name, rates in model(inputs).items():
        np.testing.assert_array_equal(model.read(name, features[name]), rates)


def test_frames_of_different_sizes_share_a_grid():
    specs = recordings(2, 3)
    specs = (specs[0], specs[1]._replace(frame_shape=(14, 12, 1)))
    with pytest.raises(ValueError, match=r"b \(14, 12, 1\); adapter.grid_size gives"):
        ReadoutModel(specs, SMALL)
    model = ReadoutModel(specs, SMALL | {"adapter": WHOLE["adapter"]})
    assert set(model(segments(model, n_bins=2))) == {"a", "b"}


def test_a_model_without_calibration_starts_at_the_mean_rates_it_is_given():
    model = small_model()
    head = model.heads["b"]
    means = np.array([1e-3, 0.02, 0.1, 1.0, 5.0])
    head.set_mean_rates(means)
    flat = tf.zeros((1, 2, *head.map_shape, 6))
    expected = np.broadcast_to(means, (1, 2, 5))
    np.testing.assert_allclose(model.read("b", flat), expected, rtol=1e-4)


def test_a_readout_without_bias_may_have_a_calibration():
    options = {"readout": {"type": "gaussian", "bias": False}, "calibration": True}
    model = small_model(options)
    head, means = model.heads["a"], np.array([0.1, 0.5, 2.0], np.float32)
    head.set_mean_rates(means)
    np.testing.assert_array_equal(head.calibration.mean_rates, means)


def test_trained_weights_are_the_cores_or_one_recordings():
    model = small_model(WHOLE)
    parts = [model.core_variables, *map(model.readout_variables, model.heads)]
    found = [v for part in parts for v in part]
    assert len({id(v) for v in found}) == len(found) == len(model.trainable_variables)
    paths = [v.path for v in model.weights]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("use_graph", [False, True])
def test_every_trained_weight_has_a_gradient(use_graph):
    model = small_model(WHOLE)
    model.modulator.change.kernel.assign_add(0.1 * tf.ones((32, 12)))
    inputs = segments(model, n_bins=4)

    def slopes():
        with tf.GradientTape() as tape:
            rates = model(inputs, training=True)
            loss = tf.add_n([tf.reduce_sum(own**2) for own in rates.values()])
        return tape.gradient(loss, model.trainable_variables)

    found = tf.function(slopes)() if use_graph else slopes()
    flat = [
        v.path
        for v, slope in zip(model.trainable_variables, found, strict=True)
        if slope is None or not np.any(slope)
    ]
    assert flat == []


def test_a_saved_model_is_the_same_model(tmp_path):
    model = small_model(WHOLE)
    inputs = segments(model, n_bins=3)
    rates = model(inputs)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.recordings == model.recordings
    for name, own in again(inputs).items():
        np.testing.assert_array_equal(own, rates[name])
    other = ReadoutModel(model.recordings, model.params)
    other.load_weights(tmp_path / "model.weights.h5")
    for name, own in other(inputs).items():
        np.testing.assert_array_equal(own, rates[name])


def test_rates_are_float32_while_the_core_computes_in_half_of_it():
    full = small_model(WHOLE)
    half = small_model(WHOLE, dtype="mixed_bfloat16")
    half.set_weights(full.get_weights())
    inputs = segments(full, n_bins=3)
    assert half.features(inputs)["a"].dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    assert {v.dtype for v in half.trainable_variables} == {"float32"}
    for name, rates in half(inputs).items():
        assert rates.dtype == "float32"
        np.testing.assert_allclose(rates, full(inputs)[name], rtol=0.05)


def test_a_policy_for_the_whole_process_is_the_cores_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = small_model(WHOLE)
    finally:
        keras.config.set_dtype_policy("float32")
    inputs = segments(model, n_bins=2)
    assert model.features(inputs)["a"].dtype == "bfloat16"
    assert model(inputs)["a"].dtype == "float32"
    assert model.heads["a"].adapter.compute_dtype == "float32"


def test_a_few_steps_of_descent_lower_the_loss():
    """The neurons of another model of the kind."""
    model, truth = small_model(), small_model()
    keras.utils.set_random_seed(9)
    for weight in truth.trainable_variables:
        weight.assign(weight + 0.3 * tf.random.normal(weight.shape))
    inputs = segments(model, n_bins=8, n_segments=4)
    counts = truth(inputs)
    optimizer = keras.optimizers.Adam(1e-2)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            rates = model(inputs, training=True)
            losses = [
                tf.reduce_mean(rates[name] - counts[name] * tf.math.log(rates[name]))
                for name in rates
            ]
            loss = tf.add_n(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    least = sum(np.mean(own - own * np.log(own)) for own in counts.values())
    losses = np.array([step() for _ in range(60)]) - least
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize(
    "changes, match",
    [
        ({"name": "a"}, "different names, got .'a', 'a'."),
        ({"sampling_rate": 60.0}, "sampling_rate .* must be the same, got a 120.0, b"),
        ({"frame_shape": (10, 10, 3)}, "channels .* must be the same, got a 1, b 3"),
        ({"n_behavior": 5}, "n_behavior .* must be the same, got a 2, b 5"),
        ({"n_behavior": 0}, "modulator film needs behavior, which b lacks"),
    ],
)
def test_recordings_that_cannot_share_layers_are_refused(changes, match):
    first, second = recordings(2, 3)
    with pytest.raises(ValueError, match=match):
        ReadoutModel((first, second._replace(**changes)), SMALL | WHOLE)


def test_unknown_recordings_and_missing_behaviour_are_refused():
    model = small_model(WHOLE)
    inputs = segments(model, n_bins=2)
    with pytest.raises(ValueError, match="inputs must be of a, b, got c"):
        model({"c": inputs["a"]})
    del inputs["b"]["behavior"]
    with pytest.raises(ValueError, match="modulator film needs behavior, which b"):
        model(inputs)
