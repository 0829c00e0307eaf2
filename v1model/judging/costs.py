"""Costs: what a trained model took, the same four numbers in all rooms."""

import math
from typing import NamedTuple

import keras

from v1model.cnn.costs import cost_table, traced_multiply_adds
from v1model.decoders.pairwise import PairwiseVotes
from v1model.decoders.saved import NetworkScores
from v1model.fitting.memory import peak_memory_gb


class Costs(NamedTuple):
    """`costs` of result.json.

    parameters: Numbers that were fitted, or given with the model.
    operations_per_bin: Multiply-adds of the products of one bin (cnn), step (latent),
        ms (column) or presentation (decoder).
    minutes: Of training, over all starts.
    peak_memory_gb: Most memory that this process had.
    """

    parameters: int
    operations_per_bin: float | None
    minutes: float
    peak_memory_gb: float


def costs_of(parameters, operations, minutes):
    """Costs of the process that trained, as a dictionary."""
    operations = None if operations is None else float(operations)
    return Costs(
        int(parameters), operations, float(minutes), peak_memory_gb()
    )._asdict()


def readout_operations(model, segment_bins):
    """Of a bin of the recording with the most neurons, segments done at once."""
    largest = max(model.recordings, key=lambda spec: spec.n_neurons)
    return cost_table(model, segment_bins, largest.name)[-1].sequence


def latent_operations(model):
    """Of a step: stimulus encoder, evolver and decoder; each weight is used once."""
    parts = (model.stimulus_encoder, model.evolver, model.decoder)
    return sum(
        math.prod(weight.shape)
        for part in parts
        if part is not None
        for weight in part.weights
        if len(weight.shape) == 2
    )


def column_operations(column):
    """Of a ms: every recurrent and every input synapse once.

    The engines skip the synapses of neurons that are silent; this is the number that
    does not depend on what the column does.
    """
    return column.rsnn.cell.n_synapses + column.input_layer.n_synapses


def decoder_size(model):
    """Parameters and multiply-adds per presentation of a decoder's model."""
    if isinstance(model, NetworkScores):
        network = model.network
        return network.count_params(), sum(map(_of_layer, network.layers))
    if isinstance(model, PairwiseVotes):
        products = model.vectors.size + model.dual.size
        return products + model.intercepts.size, products
    products = model.weights.size
    if model.valid_weights.any():
        products += model.valid_weights.size
    return products + model.bias.size, products


def _of_layer(layer):
    if not layer.weights:
        return 0
    shape = (1, *layer.input.shape[1:])
    if isinstance(layer, keras.layers.LSTM):  # its loop over time is not in the graph
        kernels = (layer.cell.kernel, layer.cell.recurrent_kernel)
        return shape[1] * sum(math.prod(kernel.shape) for kernel in kernels)
    return traced_multiply_adds(layer, shape)
