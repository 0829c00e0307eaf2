"""Penalties: what is added to the loss, from the options and the model."""

import tensorflow as tf

from v1model.cnn import penalty_terms
from v1model.cnn.model_parts import (
    calibrations_of,
    convolutions_of,
    layers_within,
    readouts_of,
)

OF_LAYERS = "layers"  # name of what layers themselves want to be small


def scheduled_weight(penalty, epoch):
    """The weight of a penalty in an epoch, a scalar tensor.

    It is 0 before start_epoch and then grows in equal steps, which begin above 0 and
    end at the whole weight after ramp_epochs.

    Args:
        penalty: config.Penalty.
        epoch: Epochs that are done, a number or a scalar tensor.
    """
    done = tf.cast(epoch, tf.float32) - penalty.start_epoch + 1
    return penalty.weight * tf.clip_by_value(done / (penalty.ramp_epochs + 1), 0, 1)


class Penalties:
    """Weighted penalties of a model, of those whose weight is above 0.

    Also the sum of `layer.penalty()` over all layers that have one, under OF_LAYERS.

    Args:
        model: ReadoutModel, built.
        regularization: config.Regularization.

    Attributes:
        names: Of the penalties, in order.

    Raises:
        ValueError: A penalty has a weight, but nothing in the model to act on. The
            calibration's has one by default, and is none without a calibration.
    """

    def __init__(self, model, regularization):
        self._model, self._options = model, regularization
        self._costs = {}
        for name, measure_of in _MEASURES.items():
            penalty = getattr(regularization, name)
            if not penalty.weight:
                continue
            measure = measure_of(model, penalty)
            if measure is not None:
                self._costs[name] = measure
            elif name != "calibration":
                raise ValueError(
                    f"regularization.{name}.weight is {penalty.weight:g}, but the model"
                    f" has {_MISSING[name]}."
                )
        self._layers = [
            layer for layer in layers_within(model) if hasattr(layer, "penalty")
        ]
        self.names = (*self._costs, *([OF_LAYERS] if self._layers else []))

    def __call__(self, epoch):
        """Weighted penalties by name, float32 scalars.

        Args:
            epoch: Epochs that are done, a number or a scalar tensor.
        """
        found = {
            name: scheduled_weight(getattr(self._options, name), epoch) * measure()
            for name, measure in self._costs.items()
        }
        if self._layers:
            found[OF_LAYERS] = tf.add_n(
                [tf.cast(layer.penalty(), tf.float32) for layer in self._layers]
            )
        return found


# Each of these makes a function of no arguments that measures the model as it is, or
# returns None where it has nothing of the kind.


def _temporal(form_of, least_lags=2):
    """Measure of the frontend's learned kernels: their share of a quadratic form."""

    def measure_of(model, penalty):
        frontend = model.frontend
        if not frontend.trainable_variables:
            return None
        n_lags = frontend.kernels().shape[0]
        if n_lags < least_lags:
            return None
        form = form_of(n_lags, model.sampling_rate, penalty)
        return lambda: penalty_terms.energy_share(frontend.kernels(), form)

    return measure_of


def _spatial_smoothness(model, penalty):
    first = convolutions_of(model)[:1]
    if first:
        return lambda: penalty_terms.spatial_roughness(first[0].kernels())
    linear = [one for one in readouts_of(model) if hasattr(one, "spatial_kernels")]
    if not linear:
        return None
    return lambda: _mean_over_neurons(
        linear,
        lambda one: (
            penalty_terms.spatial_roughness(one.spatial_kernels()) * one.n_neurons
        ),
    )


def _spatial_locality(model, penalty):
    convolutions = convolutions_of(model)
    readouts = [one for one in readouts_of(model) if one.spread() is not None]
    if not convolutions and not readouts:
        return None

    def measure():
        total = tf.zeros(())
        if convolutions:
            spreads = [
                penalty_terms.spatial_spread(layer.kernels()) for layer in convolutions
            ]
            total += tf.add_n(spreads) / len(spreads)
        if readouts:
            total += _mean_over_neurons(
                readouts, lambda one: tf.reduce_sum(one.spread())
            )
        return total

    return measure


def _core_l2(model, penalty):
    kernels = [v for v in model.core_variables if len(v.shape) > 1 and v.trainable]
    if not kernels:
        return None
    return lambda: tf.add_n([tf.reduce_sum(tf.square(kernel)) for kernel in kernels])


def _readout_l1(model, penalty):
    def size(readout):
        return tf.add_n([tf.reduce_sum(tf.abs(v)) for v in readout.channel_variables()])

    return lambda: _mean_over_neurons(readouts_of(model), size)


def _calibration(model, penalty):
    layers = calibrations_of(model)
    if not layers:
        return None
    return lambda: _mean_over_neurons(
        layers, lambda one: tf.reduce_sum(one.squared_change())
    )


def _mean_over_neurons(layers, summed):
    """Mean over the neurons of all recordings of what is summed for each layer."""
    n = sum(layer.n_neurons for layer in layers)
    return tf.add_n([summed(layer) for layer in layers]) / n


_MEASURES = {
    "temporal_frequency": _temporal(
        lambda n, rate, penalty: penalty_terms.low_frequency_form(
            n, rate, penalty.corner_hz, penalty.order
        )
    ),
    "temporal_derivative": _temporal(
        lambda n, rate, penalty: penalty_terms.sum_form(n)
    ),
    "lag0": _temporal(
        lambda n, rate, penalty: penalty_terms.newest_form(n, penalty.tau_bins)
    ),
    "temporal_smoothness": _temporal(
        lambda n, rate, penalty: penalty_terms.roughness_form(n), least_lags=3
    ),
    "spatial_smoothness": _spatial_smoothness,
    "spatial_locality": _spatial_locality,
    "core_l2": _core_l2,
    "readout_l1": _readout_l1,
    "calibration": _calibration,
}
_NO_KERNELS = "no frontend with learned kernels of more than one bin"
_MISSING = {
    "temporal_frequency": _NO_KERNELS,
    "temporal_derivative": _NO_KERNELS,
    "lag0": _NO_KERNELS,
    "temporal_smoothness": "no frontend with learned kernels of three bins or more",
    "spatial_smoothness": "neither convolutions over pixels nor linear read-outs",
    "spatial_locality": "neither convolutions over pixels nor read-outs with a width",
    "core_l2": "no kernels that recordings share",
    "readout_l1": "no read-outs",
}
