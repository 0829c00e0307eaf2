"""Penalties against NumPy, and of models that have nothing of the kind."""

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from v1model.cnn import penalty_terms
from v1model.cnn.config import Penalty, Regularization
from v1model.cnn.output import Calibration
from v1model.cnn.penalties import OF_LAYERS, Penalties, scheduled_weight
from v1model.cnn.readout_params import (
    FactorizedReadoutParams,
    GaussianReadoutParams,
    LinearReadoutParams,
    PointPooledReadoutParams,
)
from v1model.cnn.readouts import make_readout

RNG = np.random.default_rng(17)
FS = 120.0
KERNELS = RNG.normal(size=(15, 4)).astype(np.float32)
PICTURES = RNG.normal(size=(3, 5, 7, 2, 6)).astype(np.float32)
MAP = (None, None, 6, 8, 3)


class Kernels(keras.layers.Layer):
    """A layer with kernels that act, made of learned ones."""

    def __init__(self, values, is_learned=True):
        super().__init__()
        self.kernel = self.add_weight(
            shape=values.shape, initializer="zeros", trainable=is_learned, name="kernel"
        )
        self.kernel.assign(values)
        self.built = True

    def kernels(self):
        return 2 * self.kernel


class Mixture(keras.layers.Layer):
    """A layer with a penalty of its own."""

    def penalty(self):
        return tf.constant(0.25)


class Model(keras.Model):
    """What penalties need of a model."""

    sampling_rate = FS

    def __init__(self, frontend, core, readouts, calibrations=()):
        super().__init__()
        self.frontend, self.core = frontend, list(core)
        self.heads = dict(enumerate(readouts))
        self.calibrations = list(calibrations)

    @property
    def core_variables(self):
        layers = [self.frontend, *self.core]
        return [v for one in layers for v in one.trainable_variables]


def readout(kind, n, **options):
    kinds = {
        "gaussian": GaussianReadoutParams,
        "linear": LinearReadoutParams,
        "factorized": FactorizedReadoutParams,
        "point_pooled": PointPooledReadoutParams,
    }
    layer = make_readout(kinds[kind](type=kind, **options), n)
    layer.build(MAP)
    return layer


def model(frontend=KERNELS, core=(PICTURES,), readouts=None, calibrations=()):
    readouts = readouts or [readout("gaussian", 2), readout("gaussian", 3)]
    return Model(Kernels(frontend), map(Kernels, core), readouts, calibrations)


def penalty(of, name, **options):
    """Its value with the weight 0.5 in epoch 0, of a model; divided by the weight."""
    chosen = {name: {"weight": 0.5, **options}, "calibration": {"weight": 0}}
    if name == "calibration":
        chosen = {name: chosen[name] | {"weight": 0.5}}
    found = Penalties(of, Regularization.model_validate(chosen))(0)
    assert list(found) == [name]
    return float(found[name]) / 0.5


def mean_share(parts, kernels):
    """Mean over kernels (K, M) of what parts say, over their energy."""
    energy = (kernels.astype(np.float64) ** 2).sum(0)
    return np.mean(parts / energy)


def test_low_frequencies_are_a_share_of_the_power_by_fourier_transform():
    n = 64
    spectrum = np.abs(np.fft.rfft(KERNELS.astype(np.float64), n, axis=0)) ** 2
    spectrum[1:-1] *= 2
    weights = 1 / (1 + (np.fft.rfftfreq(n, 1 / FS) / 6.0) ** 4)
    wanted = (weights[:, None] * spectrum).sum(0) / spectrum.sum(0)
    found = penalty(model(), "temporal_frequency", corner_hz=6.0)
    np.testing.assert_allclose(found, wanted.mean(), rtol=1e-5)
    slow, fast = np.ones((15, 1)), np.cos(np.pi * np.arange(15))[:, None]
    form = penalty_terms.low_frequency_form(15, FS, 4.0, 2)
    shares = [
        float(penalty_terms.energy_share(tf.constant(k, tf.float32), form))
        for k in (slow, fast)
    ]
    assert shares[0] > 0.6
    assert 0 <= shares[1] < 0.01


def test_the_derivative_is_the_squared_sum_over_the_energy():
    sums = KERNELS.astype(np.float64).sum(0)
    wanted = mean_share(sums**2 / 15, KERNELS)
    np.testing.assert_allclose(
        penalty(model(), "temporal_derivative"), wanted, rtol=1e-5
    )


def test_lag_0_is_the_energy_of_the_newest_bins_which_are_the_first_rows():
    decay = np.exp(-np.arange(15) / 1.5)[:, None]
    wanted = mean_share((decay * KERNELS.astype(np.float64) ** 2).sum(0), KERNELS)
    found = penalty(model(), "lag0", tau_bins=1.5)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    newest, oldest = np.eye(15, dtype=np.float32)[[0, -1]][:, :, None]
    assert penalty(model(newest), "lag0") == pytest.approx(1)
    assert penalty(model(oldest), "lag0") < 1e-5


def test_roughness_is_the_energy_of_second_differences():
    wanted = mean_share(
        (np.diff(KERNELS.astype(np.float64), n=2, axis=0) ** 2).sum(0), KERNELS
    )
    np.testing.assert_allclose(
        penalty(model(), "temporal_smoothness"), wanted, rtol=1e-5
    )
    line = np.linspace(1, 3, 15, dtype=np.float32)[:, None]
    assert penalty(model(line), "temporal_smoothness") == pytest.approx(0, abs=1e-6)


def laplacian_share(kernels):
    filters = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])[None, :, :, None, None]
    kernels = kernels.astype(np.float64)
    found = scipy.ndimage.convolve(kernels, filters, mode="constant")
    return np.mean((found**2).sum((0, 1, 2, 3)) / (kernels**2).sum((0, 1, 2, 3)))


def test_smoothness_in_space_is_the_laplacian_of_the_first_kernels_that_act():
    other = RNG.normal(size=(1, 3, 3, 6, 2)).astype(np.float32)
    pointwise = RNG.normal(size=(1, 1, 1, 1, 2)).astype(np.float32)
    found = penalty(model(core=(pointwise, PICTURES, other)), "spatial_smoothness")
    np.testing.assert_allclose(found, laplacian_share(PICTURES), rtol=1e-5)


def test_without_a_core_it_is_of_linear_readouts():
    readouts = [readout("linear", 2), readout("linear", 3)]
    shares = [
        laplacian_share(one.kernel.numpy().reshape(1, 6, 8, 3, -1)) * one.n_neurons
        for one in readouts
    ]
    found = penalty(model(core=(), readouts=readouts), "spatial_smoothness")
    np.testing.assert_allclose(found, sum(shares) / 5, rtol=1e-5)


def spread(energy):
    """Mean squared distance from the centre over the area of (H, W)."""
    height, width = energy.shape
    y, x = np.mgrid[:height, :width]
    share = energy / energy.sum()
    square = (y - (share * y).sum()) ** 2 + (x - (share * x).sum()) ** 2
    return (share * square).sum() / (height * width)


def test_locality_is_the_spread_of_kernels_and_of_readouts():
    other = RNG.normal(size=(1, 3, 3, 6, 2)).astype(np.float32)
    readouts = [readout("factorized", 2), readout("linear", 3)]
    of_kernels = [
        np.mean([spread(one) for one in np.moveaxis((k**2).sum((0, 3)), -1, 0)])
        for k in (PICTURES, other)
    ]
    energies = [
        *np.reshape(readouts[0].masks(), (2, 6, 8)) ** 2,
        *np.moveaxis((readouts[1].kernel.numpy() ** 2).sum(1), 1, 0).reshape(3, 6, 8),
    ]
    wanted = np.mean(of_kernels) + np.mean([spread(one) for one in energies])
    found = penalty(
        model(core=(PICTURES, other), readouts=readouts), "spatial_locality"
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_the_locality_of_gaussians_is_their_width_in_pixels_over_the_map():
    one = readout("gaussian", 3)
    one.log_widths.assign(RNG.normal(-1, 0.3, (3, 2)))
    pixels = 3.5 * np.float64(one.widths())  # half of the longer side
    wanted = np.mean(pixels.prod(1) / 48)
    found = penalty(model(core=(), readouts=[one]), "spatial_locality")
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    "name",
    (
        "temporal_frequency",
        "temporal_derivative",
        "lag0",
        "temporal_smoothness",
        "spatial_smoothness",
        "spatial_locality",
    ),
)
def test_penalties_of_kernels_do_not_depend_on_their_size(name):
    readouts = [readout("factorized", 3)]
    one = penalty(model(readouts=readouts), name)
    large = penalty(model(30 * KERNELS, (30 * PICTURES,), readouts), name)
    np.testing.assert_allclose(large, one, rtol=1e-5)
    nothing = penalty(model(0 * KERNELS, (0 * PICTURES,), readouts), name)
    assert np.isfinite(nothing)


def test_gradients_of_kernels_of_zeros_are_finite():
    of = model(0 * KERNELS, (0 * PICTURES,))
    options = {
        name: {"weight": 1.0}
        for name in ("lag0", "spatial_smoothness", "spatial_locality")
    }
    penalties = Penalties(of, Regularization.model_validate(options))
    with tf.GradientTape() as tape:
        loss = tf.add_n(list(penalties(0).values()))
    kernels = [of.frontend.kernel.value, of.core[0].kernel.value]
    for gradient in tape.gradient(loss, kernels):
        assert np.isfinite(gradient).all()


def test_sums_of_weights_are_numpys():
    of = model(calibrations=[Calibration(2), Calibration(3)])
    for layer in of.calibrations:
        layer.build(None)
        for variable in layer.trainable_variables:
            variable.assign(RNG.normal(size=variable.shape))
    l2 = (KERNELS.astype(np.float64) ** 2).sum() + (PICTURES**2).sum()
    np.testing.assert_allclose(penalty(of, "core_l2"), l2, rtol=1e-5)
    l1 = sum(np.abs(one.features.numpy()).sum() for one in of.heads.values())
    np.testing.assert_allclose(penalty(of, "readout_l1"), l1 / 5, rtol=1e-5)
    squares = sum(
        (layer.log_gain.numpy() ** 2 + layer.offset.numpy() ** 2).sum()
        for layer in of.calibrations
    )
    np.testing.assert_allclose(penalty(of, "calibration"), squares / 5, rtol=1e-5)


def test_what_layers_want_to_be_small_is_added():
    of = model(core=())
    of.core += [Mixture(), Mixture()]
    penalties = Penalties(of, Regularization())
    assert penalties.names == (OF_LAYERS,)
    assert float(penalties(0)[OF_LAYERS]) == 0.5


def test_without_weights_there_are_no_penalties():
    penalties = Penalties(model(), Regularization())
    assert penalties.names == ()
    assert penalties(0) == {}


FIXED = Kernels(KERNELS, is_learned=False)
NOTHING_TO_ACT_ON = {
    "temporal_frequency": dict(frontend=FIXED),
    "temporal_derivative": dict(frontend=Kernels(KERNELS[:1])),
    "lag0": dict(frontend=Mixture()),
    "temporal_smoothness": dict(frontend=Kernels(KERNELS[:2])),
    "spatial_smoothness": dict(),
    "spatial_locality": dict(readouts=[readout("point_pooled", 2)]),
    "core_l2": dict(frontend=FIXED),
}


@pytest.mark.parametrize("name", NOTHING_TO_ACT_ON)
def test_a_penalty_that_has_nothing_to_act_on_is_refused(name):
    parts = {
        "frontend": Kernels(KERNELS),
        "core": [],
        "readouts": [readout("gaussian", 2)],
    }
    of = Model(**parts | NOTHING_TO_ACT_ON[name])
    options = Regularization.model_validate({name: {"weight": 0.1}})
    with pytest.raises(ValueError, match=f"regularization.{name}.weight is 0.1, but"):
        Penalties(of, options)


def test_weights_grow_from_their_first_epoch_to_the_last_of_the_ramp():
    plain = Penalty(weight=2.0)
    assert float(scheduled_weight(plain, 0)) == 2
    late = Penalty(weight=2.0, start_epoch=3)
    assert [float(scheduled_weight(late, e)) for e in (0, 2, 3, 9)] == [0, 0, 2, 2]
    slow = Penalty(weight=2.0, start_epoch=3, ramp_epochs=3)
    found = [float(scheduled_weight(slow, e)) for e in range(8)]
    np.testing.assert_allclose(found, [0, 0, 0, 0.5, 1, 1.5, 2, 2])


def test_one_graph_serves_all_epochs():
    options = Regularization.model_validate(
        {"lag0": {"weight": 1.0, "start_epoch": 1}, "calibration": {"weight": 0}}
    )
    penalties = Penalties(model(), options)
    compiled = tf.function(penalties)
    first, second = (compiled(tf.constant(epoch, tf.float32)) for epoch in (0, 1))
    assert float(first["lag0"]) == 0
    np.testing.assert_allclose(second["lag0"], penalties(1)["lag0"], rtol=1e-6)
    assert compiled.experimental_get_tracing_count() == 1
