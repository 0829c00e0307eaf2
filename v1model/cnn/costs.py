"""What the layers of a model cost: weights, and multiply-adds per predicted bin."""

import math
from typing import NamedTuple

import tensorflow as tf


class LayerCost(NamedTuple):
    """A row of `cost_table`.

    layer: Name.
    output_shape: (bins of a segment, H, W, C), or (bins, N).
    parameters: Numbers of weights.
    sequence: Multiply-adds per predicted bin when a segment is done at once.
    window: The same when each bin has a window of its own.
    """

    layer: str
    output_shape: tuple[int, ...]
    parameters: int
    sequence: float
    window: float


def cost_table(model, segment_bins, name, window_bins=None):
    """The layers of a model, as one recording sees them.

    Multiply-adds are those of the products and convolutions that are really done.

    Args:
        model: ReadoutModel.
        segment_bins: Rates of a segment.
        name: Of the recording.
        window_bins: Frames of a window; None is the fewest, memory_bins + 1.

    Returns:
        LayerCosts, from the movie to the rates; the last one is the sum, "total".
    """
    frames = segment_bins + model.memory_bins
    per_segment = list(_costs(model, frames, name))
    per_window = _costs(model, window_bins or model.memory_bins + 1, name)
    rows = [
        LayerCost(layer, shape, n_weights, count / segment_bins, window)
        for (layer, shape, n_weights, count), (*_, window) in zip(
            per_segment, per_window, strict=True
        )
    ]
    sums = [sum(getattr(row, field) for row in rows) for field in LayerCost._fields[2:]]
    return [*rows, LayerCost("total", rows[-1].output_shape, *sums)]


def _costs(model, n_frames, name):
    """(layer, output shape, parameters, multiply-adds) for a movie of `n_frames`."""
    head = model.heads[name]
    shape = (1, n_frames, *head.recording.frame_shape)
    layers = [("adapter", head.adapter), ("frontend", model.frontend)]
    layers += [(stage.name, stage) for stage in model.core.stages]
    behavior = (1, n_frames, head.recording.n_behavior)
    for label, layer in layers:
        shape, *cost = _cost(layer, shape)
        yield label, *cost
    if model.params.modulator.type != "none":
        shape, *cost = _cost(model.modulator, shape, behavior)
        yield "modulator", *cost
    if model.params.recurrent.type != "none":
        shape, *cost = _cost(model.recurrence, shape)
        yield "recurrence", *cost
    _, *cost = _cost(head.readout, shape)
    yield "readout", *cost


def _cost(layer, shape, *others):
    """(output shape, the same without the batch, parameters, multiply-adds)."""
    out = tuple(layer.compute_output_shape(shape))
    if hasattr(layer, "multiply_adds"):
        count = layer.multiply_adds(shape)
    else:
        count = traced_multiply_adds(layer, shape, *others)
    return out, out[1:], layer.count_params(), count


def traced_multiply_adds(layer, *shapes):
    """Of the products and convolutions of a layer's graph, outside of its loops."""
    specs = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    graph = tf.function(lambda *x: layer(*x)).get_concrete_function(*specs).graph
    return sum(
        _COUNTS[operation.type](operation)
        for operation in graph.get_operations()
        if operation.type in _COUNTS
    )


def _of_convolution(operation):
    *kernel, _ = operation.inputs[1].shape
    return _size(operation) * math.prod(kernel)


def _of_depthwise(operation):
    return _size(operation) * math.prod(operation.inputs[1].shape[:2])


def _of_product(operation):
    attribute = "transpose_a" if operation.type == "MatMul" else "adj_x"
    axis = -2 if operation.get_attr(attribute) else -1
    return _size(operation) * operation.inputs[0].shape[axis]


def _of_einsum(operation):
    terms = operation.get_attr("equation").decode().split("->")[0].split(",")
    sizes = {}
    for term, tensor in zip(terms, operation.inputs, strict=True):
        sizes |= zip(term, tensor.shape, strict=True)
    return math.prod(sizes.values()) if len(terms) > 1 else 0


def _size(operation):
    return math.prod(operation.outputs[0].shape)


_COUNTS = {
    "Conv2D": _of_convolution,
    "Conv3D": _of_convolution,
    "DepthwiseConv2dNative": _of_depthwise,
    "MatMul": _of_product,
    "BatchMatMulV2": _of_product,
    "Einsum": _of_einsum,
}
