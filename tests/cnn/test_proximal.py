"""Proximal steps against their definition."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cnn.test_penalties import model, readout
from v1model.cnn.config import Regularization
from v1model.cnn.proximal import Proximal, soft_threshold

RNG = np.random.default_rng(19)


@pytest.fixture(autouse=True)
def same_weights():
    keras.utils.set_random_seed(23)


@settings(max_examples=50, deadline=None)
@given(st.floats(-3, 3), st.floats(0, 2))
def test_a_soft_threshold_solves_its_own_minimization(weight, threshold):
    """It is the w that makes (w - weight)^2 / 2 + threshold |w| smallest."""
    found = float(soft_threshold(tf.constant([weight], tf.float32), threshold)[0])
    w = np.linspace(-3, 3, 6001)
    best = w[np.argmin((w - weight) ** 2 / 2 + threshold * np.abs(w))]
    np.testing.assert_allclose(found, best, atol=1e-3)


def test_a_step_makes_channel_weights_smaller_by_the_rate_times_the_weight_once():
    of = model()
    before = [one.features.numpy() for one in of.heads.values()]
    options = Regularization.model_validate({"proximal_l1": {"weight": 2.0}})
    Proximal(of, options).apply(0.01, 0)
    for one, old in zip(of.heads.values(), before, strict=True):
        wanted = np.sign(old) * np.maximum(np.abs(old) - 0.02, 0)
        np.testing.assert_allclose(one.features, wanted, atol=1e-7)
        assert (wanted == 0).any()
        assert (one.features.numpy()[wanted == 0] == 0).all()


def test_nothing_happens_to_weights_before_the_first_epoch_or_without_a_weight():
    for chosen in ({"weight": 2.0, "start_epoch": 4}, {"weight": 0.0}):
        of = model()
        before = [one.features.numpy() for one in of.heads.values()]
        options = Regularization.model_validate({"proximal_l1": chosen})
        Proximal(of, options).apply(0.01, 3)
        for one, old in zip(of.heads.values(), before, strict=True):
            np.testing.assert_array_equal(one.features, old)


def test_gaussians_become_narrower_from_epoch_to_epoch():
    one = readout("gaussian", 3)
    of = model(readouts=[one])
    options = Regularization(readout_std_start=0.9, readout_std_end=0.3, std_epochs=2)
    proximal = Proximal(of, options)
    for epoch, widest in enumerate((0.9, 0.6, 0.3, 0.3)):
        one.log_widths.assign(np.log([[0.1, 2], [0.7, 0.8], [1, 1]]))
        before = one.widths().numpy()
        proximal.apply(0.01, epoch)
        wanted = np.minimum(before, widest)
        np.testing.assert_allclose(one.widths(), wanted, rtol=1e-5)


def test_one_graph_serves_all_epochs():
    one = readout("gaussian", 1)
    options = Regularization(
        readout_std_start=0.9,
        readout_std_end=0.3,
        std_epochs=2,
        proximal_l1={"weight": 1.0},
    )
    proximal = Proximal(model(readouts=[one]), options)
    compiled = tf.function(proximal.apply)
    for epoch, widest in ((0, 0.9), (2, 0.3)):
        one.log_widths.assign([[1.0, 1.0]])
        compiled(tf.constant(1e-3), tf.constant(epoch, tf.float32))
        np.testing.assert_allclose(one.widths(), widest, rtol=1e-5)
    assert compiled.experimental_get_tracing_count() == 1


def test_a_limit_to_widths_that_do_not_exist_is_refused():
    of = model(readouts=[readout("linear", 2)])
    Proximal(of, Regularization()).apply(0.1, 0)
    with pytest.raises(ValueError, match="readout_std_end .*no Gaussian read-out"):
        Proximal(of, Regularization(readout_std_end=0.5))
