"""Penalties and proximal steps of whole models, whatever they are made of."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cnn.models import small_model
from v1model.cnn.config import Regularization
from v1model.cnn.penalties import OF_LAYERS, Penalties
from v1model.cnn.proximal import Proximal

ALL = (
    "temporal_frequency",
    "temporal_derivative",
    "lag0",
    "temporal_smoothness",
    "spatial_smoothness",
    "spatial_locality",
    "core_l2",
    "readout_l1",
    "calibration",
)
EVERYTHING = Regularization.model_validate({name: {"weight": 0.1} for name in ALL})
CORES = (
    {"convnet": {"type": "densenet"}},
    {"convnet": {"type": "plain"}},
    {"convnet": {"type": "x3d"}},
    {"recurrent": {"type": "convgru", "hidden": 4}},
    {"modulator": {"type": "film"}},
    {"readout": {"type": "attention"}},
    {"readout": {"type": "factorized"}},
    {"readout": {"type": "linear", "rank": 1}},
)


@pytest.mark.parametrize("changes", CORES, ids=str)
def test_all_penalties_act_on_every_kind_of_model_that_has_what_they_act_on(changes):
    model = small_model({"calibration": True} | changes)
    penalties = Penalties(model, EVERYTHING)
    with tf.GradientTape() as tape:
        found = penalties(0)
        total = tf.add_n(list(found.values()))
    assert penalties.names == tuple(found) == ALL
    gradients = tape.gradient(total, [v.value for v in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is None or np.isfinite(gradient).all(), variable.path
    touched = {
        id(v)
        for v, g in zip(model.trainable_variables, gradients, strict=True)
        if g is not None
    }
    assert all(id(v) in touched for v in model.core_variables if len(v.shape) > 1)


def test_the_first_kernels_in_space_are_those_of_the_stem():
    model = small_model()
    options = Regularization.model_validate({"spatial_smoothness": {"weight": 1.0}})
    penalties = Penalties(model, options)
    with tf.GradientTape() as tape:
        total = penalties(0)["spatial_smoothness"]
    variables = model.trainable_variables
    gradients = tape.gradient(total, [v.value for v in variables])
    touched = [
        v.path for v, g in zip(variables, gradients, strict=True) if g is not None
    ]
    assert len(touched) == 1
    assert "stem" in touched[0]


def test_a_linear_model_of_pixels_can_be_smooth_and_local():
    """Without a core: the linear-nonlinear model."""
    changes = {"convnet": {"type": "none"}, "readout": {"type": "linear"}}
    options = {
        name: {"weight": 1.0} for name in ("spatial_smoothness", "spatial_locality")
    }
    model = small_model(changes)
    found = Penalties(model, Regularization.model_validate(options))(0)
    assert all(float(value) > 0 for value in found.values())


def test_undecided_mixtures_of_norms_cost_what_their_options_say():
    mixed = {
        "type": "mixed",
        "of": [{"type": "none"}, {"type": "grn"}],
        "entropy_weight": 0.5,
        "incumbent": 0.0,
    }
    blocks = [{"kernel_size": [3, 3, 3], "norm": mixed}]
    convnet = {"type": "plain", "channels": [4, 6], "blocks": blocks}
    model = small_model({"convnet": convnet})
    penalties = Penalties(model, Regularization())
    assert penalties.names == (OF_LAYERS,)
    np.testing.assert_allclose(penalties(0)[OF_LAYERS], 2 * 0.5 * np.log(2), rtol=1e-5)


def test_a_proximal_step_touches_read_outs_alone():
    model = small_model()
    before = {v.path: v.numpy() for v in model.variables}
    options = Regularization.model_validate(
        {"proximal_l1": {"weight": 1.0}, "readout_std_end": 0.1}
    )
    Proximal(model, options).apply(0.01, 0)
    changed = [v.path for v in model.variables if (v.numpy() != before[v.path]).any()]
    assert sorted({path.split("/")[-1] for path in changed}) == ["features", "widths"]
    assert len(changed) == 4  # of two recordings
