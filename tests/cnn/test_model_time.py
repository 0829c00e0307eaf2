"""Rates follow the past and nothing else, in whatever way they are computed."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.models import MEMORY, SMALL, segments, small_model

NORMS = {
    "none": {"type": "none"},
    "grn": {"type": "grn"},
    "grn_window": {"type": "grn", "window_bins": 2},
    "layer": {"type": "layer"},
    "rms": {"type": "rms"},
    "frame_instance": {"type": "frame_instance"},
    "instance": {"type": "instance", "window_bins": 3},
    "lrn": {"type": "lrn"},
    "batch": {"type": "batch"},
    "mixed": {"type": "mixed", "of": [{"type": "rms"}, {"type": "grn"}]},
}
LONG_NORMS = {  # a running mean forgets, but never everything
    "temporal_context": {"type": "temporal_context"},
    "conditioned": {"type": "conditioned"},
}
BLOCK = SMALL["convnet"]["blocks"][0]


BASIS = {  # whose first and last taps are not 0
    "type": "temporal_basis",
    "kernel_size": 10,
    "first_peak_ms": 0.0,
    "last_peak_ms": 75.0,
}


def with_block(**changes):
    return {"convnet": SMALL["convnet"] | {"blocks": [BLOCK | changes]}}


def core(kind, **changes):
    return {"convnet": SMALL["convnet"] | {"type": kind} | changes}


FINITE = (
    {name: with_block(norm=norm) for name, norm in NORMS.items()}
    | {
        f"{kind}_{pool}": core(
            kind, blocks=[BLOCK | {"pool": pool and {"type": pool}}, BLOCK]
        )
        for kind in ("plain", "resnet", "densenet")
        for pool in (None, "max", "blur")
    }
    | {
        "valid": with_block(padding="valid", kernel_size=[3, 3, 3]),
        "stride": with_block(stride=2),
        "depthwise": with_block(conv="depthwise", use_weight_norm=True),
        "split_relu": with_block(activation="split_relu"),
        "x3d": {
            "convnet": {
                "type": "x3d",
                "channels": [4, 6],
                "stem_channels": 4,
                "time_kernel": 3,
                "squeeze_ratio": 2,
            }
        },
        "no_core": {"convnet": {"type": "none"}},
        "no_frontend": {"frontend": {"type": "none"}},
        "basis": {"frontend": BASIS},
        "film": {"modulator": {"type": "film"}},
        "concat": {"modulator": {"type": "concat"}},
    }
)
ENDLESS = {name: with_block(norm=norm) for name, norm in LONG_NORMS.items()} | {
    "convgru": {"recurrent": {"type": "convgru", "hidden": 4, "memory_bins": 3}},
    "convlstm": {"recurrent": {"type": "convlstm", "hidden": 4, "memory_bins": 3}},
    "gru_modulator": {"modulator": {"type": "convgru", "hidden": 4, "memory_bins": 3}},
}


def frames_used(model, n_bins, of_bin):
    """Whether each frame of a segment has an influence on the rates of one bin."""
    inputs = segments(model, n_bins, n_segments=1)
    movies = {name: own["movie"] for name, own in inputs.items()}
    with tf.GradientTape() as tape:
        tape.watch(movies)
        inputs = {name: own | {"movie": movies[name]} for name, own in inputs.items()}
        rates = model(inputs, training=False)
        y = tf.add_n([tf.reduce_sum(own[:, of_bin] ** 2) for own in rates.values()])
    slopes = tape.gradient(y, movies)
    return [np.abs(own).max((0, 2, 3, 4)) > 0 for own in slopes.values()]


@pytest.mark.parametrize("name", FINITE)
def test_each_lag_of_the_memory_reaches_a_rate_and_no_other_frame_does(name):
    """Lag 0, too: the published models see nothing younger than some lags."""
    model = small_model(FINITE[name])
    for used in frames_used(model, n_bins=4, of_bin=2):
        within = [True] * (model.memory_bins + 1)
        assert used.tolist() == [False] * 2 + within + [False]


@pytest.mark.parametrize("name", ENDLESS)
def test_with_an_endless_memory_all_frames_up_to_its_own_reach_a_rate(name):
    model = small_model(ENDLESS[name])
    rng = np.random.default_rng(1)
    for weight in model.core_variables:  # conditioned norms begin as their base
        weight.assign(weight + 0.1 * rng.standard_normal(weight.shape))
    for used in frames_used(model, n_bins=4, of_bin=2):
        assert used.tolist() == [True] * (model.memory_bins + 3) + [False]


@pytest.mark.parametrize("name", FINITE)
def test_a_window_gives_the_rate_of_its_last_bin_in_the_sequence(name):
    model, n_bins = small_model(FINITE[name]), 3
    inputs = segments(model, n_bins)
    rates = model(inputs, training=False)
    length = model.memory_bins + 1
    for recording, own in inputs.items():
        windows = [
            model.predict_windows(
                recording, *(own[key][:, i : i + length] for key in own)
            )
            for i in range(n_bins)
        ]
        np.testing.assert_allclose(
            rates[recording], np.stack(windows, 1), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("name", ENDLESS)
def test_a_window_from_the_segments_start_gives_the_rate_of_the_sequence(name):
    model, n_bins = small_model(ENDLESS[name]), 3
    inputs = segments(model, n_bins)
    rates = model(inputs, training=False)
    for recording, own in inputs.items():
        for i in range(n_bins):
            stop = model.memory_bins + 1 + i
            window = [own[key][:, :stop] for key in own]
            np.testing.assert_allclose(
                model.predict_windows(recording, *window),
                rates[recording][:, i],
                rtol=1e-5,
                atol=1e-5,
            )


@pytest.mark.parametrize("name", ["convgru", "convlstm", "gru_modulator"])
def test_a_longer_window_is_closer_to_the_sequence(name):
    """How fast depends on the gates, which the features move."""
    model = small_model(ENDLESS[name])
    inputs = segments(model, n_bins=80)
    rates = model(inputs, training=False)["a"][:, -1]
    apart = []
    for n_frames in (12, 24, 48, 80):
        window = [inputs["a"][key][:, -n_frames:] for key in inputs["a"]]
        apart.append(np.abs(model.predict_windows("a", *window) - rates).max())
    assert apart == sorted(apart, reverse=True)
    assert apart[0] > 1e-3 and apart[-1] < 0.05 * apart[0]


def test_the_memory_is_the_sum_of_those_of_the_layers():
    assert small_model().memory_bins == MEMORY
    assert small_model(FINITE["instance"]).memory_bins == MEMORY + 2 * 2
    assert small_model(ENDLESS["convgru"]).memory_bins == MEMORY + 3
    assert small_model(ENDLESS["gru_modulator"]).memory_bins == MEMORY + 3


def test_frames_that_a_mask_forbids_have_no_influence():
    changes = {"frontend": SMALL["frontend"] | {"min_latency_ms": 16.0}}  # 2 bins
    model = small_model(changes)
    for used in frames_used(model, n_bins=1, of_bin=0):
        assert used.tolist() == [True] * (MEMORY - 1) + [False] * 2


def test_a_segment_that_is_too_short_is_an_error():
    model = small_model()
    inputs = segments(model, n_bins=0)
    with pytest.raises(ValueError, match="movie of a must have more than .* 7 frames"):
        model(inputs)
