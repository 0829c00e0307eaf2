"""Read-outs, fitted again to a core that is frozen: seconds per recording."""

import time
from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from v1model.cnn.beginning import begin_head
from v1model.cnn.losses import poisson_terms
from v1model.cnn.stages.channel_fit import Rates, fit_channels
from v1model.cnn.stages.features import cached_features
from v1model.cnn.stages.shared_core import copy_variables
from v1model.fitting.adam import Adam
from v1model.params import Count, Natural, Params, Positive, Seed, Weight
from v1model.schedules import LearningRate

_FACTORED = ("gaussian", "gaussian_sampled", "factorized")  # pixels times channels
_LOWEST_MEAN = 1e-4  # spikes per bin: a neuron's loss is divided by its mean


class RefitParams(Params):
    """How read-outs are fitted to a frozen core."""

    epochs: Natural = Field(8, description="Of Adam over all bins; 0 is none.")
    batch_bins: Count = Field(256, description="Bins of an update.")
    learning_rate: Positive = Field(2e-2, description="Of Adam; it ends at 0.01 of it.")
    places_rate: Weight = Field(
        1.0, description="Of places and widths, in learning_rate; 0 keeps them."
    )
    channels: Literal["ridge", "lasso", "none"] = Field(
        "ridge",
        description="Weights of channels by Newton steps, afterwards: the penalty of "
        "each neuron is the one that predicts its validation best.",
    )
    dtype: Literal["float16", "float32"] = Field(
        "float16", description="Of the features that are kept."
    )
    fresh: bool = Field(True, description="Read-outs begin anew, not where they are.")
    seed: Seed = Field(1, description="Of the order of bins.")


class Refitted(NamedTuple):
    """What a refit of a recording did.

    features_seconds: Time for the features.
    fit_seconds: Time for the read-out.
    penalty: (N,) of the channel weights; NaN where they are those of Adam.
    losses: Mean loss of each epoch of Adam, nats per spike.
    """

    features_seconds: float
    fit_seconds: float
    penalty: np.ndarray
    losses: tuple[float, ...]


def refit(model, config, recording, params=None, neurons=None, types=None):
    """Fits the read-out of a recording; nothing else of the model changes.

    The adapter stays as it is, because the features depend on it, and so do the
    statistics of norms, since the core is used as in evaluation. Each neuron's loss is
    divided by its mean rate, so that no neuron has a say in how well others are fitted.

    Args:
        model: ReadoutModel with a head for the recording.
        config: ReadoutConfig.
        recording: RecordingData.
        params: RefitParams; None for the defaults.
        neurons: (N,) bool: read-outs of others stay as they are; None for all.
        types: Of the trials; None for all.

    Returns:
        Refitted.

    Raises:
        ValueError: The model has no head of that size, or there is nothing to fit.
    """
    params = RefitParams() if params is None else params
    name = recording.spec.name
    if name not in model.heads or model.heads[name].recording != recording.spec:
        raise ValueError(f"{recording.path}: the model has no read-out of its size.")
    head, n_neurons = model.heads[name], recording.spec.n_neurons
    neurons = np.ones(n_neurons, bool) if neurons is None else np.asarray(neurons)
    begun = time.monotonic()
    train, validation = (
        cached_features(model, recording, part, types, params.dtype)
        for part in ("train", "validation")
    )
    features_seconds = time.monotonic() - begun
    begun = time.monotonic()
    before = _columns(head)
    if params.fresh:
        _forget(head, train.values.shape[1:], params.seed)
        begin_head(model, config, recording)
    _restore(before, ~neurons)
    losses = _descend(head, train, neurons, params, recording.mean_counts("train"))
    penalty = np.full(n_neurons, np.nan)
    is_factored = config.model.readout.type in _FACTORED
    if params.channels != "none" and is_factored and head.readout.bias is not None:
        penalty = _fit_channels(head, train, validation, neurons, params.channels)
    _restore(before, ~neurons)
    seconds = time.monotonic() - begun
    return Refitted(features_seconds, seconds, penalty, tuple(losses))


def _forget(head, map_shape, seed):
    """Gives a read-out and its calibration the weights of a new one."""
    keras.utils.set_random_seed(seed)
    readout = head.readout
    new = type(readout)(readout.params, readout.n_neurons)
    new.build((None, None, *map_shape))
    copy_variables(readout, new)
    if head.calibration is not None:
        for variable in head.calibration.trainable_variables:
            variable.assign(np.zeros(variable.shape))


def _descend(head, features, neurons, params, mean_counts):
    """Adam on all weights of a read-out; the mean loss of each epoch."""
    # What neurons share is trained only if all of them are.
    variables = [
        *(
            one
            for one in head.readout.trainable_variables
            if neurons.all() or head.readout.neuron_axis(one) is not None
        ),
        *(head.calibration.trainable_variables if head.calibration else ()),
    ]
    n_steps = -(-len(features.counts) // params.batch_bins) * params.epochs
    optimizer = Adam(
        LearningRate.over(n_steps, params.learning_rate, "cosine", 0, 0.01)
    )
    channels = {id(one) for one in head.readout.channel_variables()}
    channels |= {id(head.readout.bias)}
    optimizer.shares = tuple(
        1.0 if id(one) in channels else params.places_rate for one in variables
    )
    optimizer.build(variables)
    weights = neurons / np.maximum(mean_counts, _LOWEST_MEAN) / max(neurons.sum(), 1)
    weights = tf.constant(weights * len(neurons), tf.float32)

    @tf.function(reduce_retracing=True)
    def update(values, counts, mask):
        with tf.GradientTape() as tape:
            rates = head(values[None], training=True)
            terms = poisson_terms(counts[None], rates, mask[None], weights)
            loss = terms.mean()
        gradients = tape.gradient(
            loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        optimizer.apply(gradients, variables)
        return loss

    rng, losses = np.random.default_rng(params.seed), []
    for _ in range(params.epochs):
        found = [update(*one) for one in features.batches(params.batch_bins, rng)]
        losses.append(float(np.mean(found)))
    return losses


def _fit_channels(head, train, validation, neurons, kind):
    """Newton steps on channel weights; the penalty of each neuron, (N,)."""
    readout = head.readout
    (weights,) = readout.channel_variables()
    own = weights.numpy()
    weights.assign(np.ones_like(own))
    masks = readout.filters().numpy()[:, 0].astype(np.float32)  # (h w, N)
    weights.assign(own)
    parts = [
        (_seen(part, masks), part.counts, part.mask) for part in (train, validation)
    ]
    gain, offset = np.ones(len(neurons)), np.zeros(len(neurons))
    if head.calibration is not None:
        ends = (head.calibration(np.full((1, 1, len(neurons)), x)) for x in (0, 1))
        offset, top = (np.ravel(one).astype(np.float64) for one in ends)
        gain = top - offset
    rates = Rates(head.output_layer.activation, gain, offset)
    start = own, readout.bias.numpy()
    found = fit_channels(*parts, start, rates, np.flatnonzero(neurons), kind)
    weights.assign(found.weights.astype(np.float32))
    readout.bias.assign(found.bias.astype(np.float32))
    return found.penalty


def _seen(features, masks):
    """What masks see of each channel, (N, R, C)."""
    n_rows, *_, n_channels = features.values.shape
    seen = np.empty((masks.shape[1], n_rows, n_channels), np.float32)
    done = 0
    for values, _, _ in features.batches(4096):
        rows = values.reshape(len(values), -1, n_channels)
        product = np.tensordot(masks, rows, ([0], [1]))  # (N, rows, C)
        seen[:, done : done + len(rows)] = product
        done += len(rows)
    return seen


def _columns(head):
    """Weights of a read-out and its calibration, each with values and neurons' axis."""
    readout, calibration = head.readout, head.calibration
    columns = [(v, readout.neuron_axis(v)) for v in readout.trainable_variables]
    if calibration is not None:
        columns += [(v, 0) for v in calibration.trainable_variables]
    return [(variable, variable.numpy(), axis) for variable, axis in columns]


def _restore(before, neurons):
    """Gives some neurons the weights that they had."""
    if not neurons.any():
        return
    for variable, old, axis in before:
        if axis is not None:
            new = np.moveaxis(variable.numpy(), axis, 0)
            new[neurons] = np.moveaxis(old, axis, 0)[neurons]
            old = np.moveaxis(new, 0, axis)
        variable.assign(old)
