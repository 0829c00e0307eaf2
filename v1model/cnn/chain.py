"""Layers that follow each other: building them, and what they need of the past."""

from v1model.cnn.pixels import PixelMap


def build_chain(layers, shape):
    """Builds layers one after the other.

    Args:
        layers: The first one is given `shape`.
        shape: (B, T, H, W, C); None is any.

    Returns:
        Shape of the last one's output.
    """
    for layer in layers:
        if not layer.built:
            layer.build(shape)
        shape = tuple(layer.compute_output_shape(shape))
    return shape


def chain_memory(layers):
    """Past frames that layers need together."""
    return sum(getattr(layer, "memory_bins", 0) for layer in layers)


def chain_pixels(layers):
    """PixelMap of layers together; those that have none keep the pixels."""
    whole = PixelMap()
    for layer in layers:
        whole = whole.then(getattr(layer, "pixel_map", PixelMap()))
    return whole


def frames_after(n_frames, memory_bins):
    """Frames of an output; None is any number."""
    return None if n_frames is None else n_frames - memory_bins
