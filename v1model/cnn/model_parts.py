"""The layers of a model that penalties and proximal steps act on."""

from v1model.cnn.output import Calibration
from v1model.cnn.readouts.base import Readout


def layers_within(layer):
    """The layer and all below it, each once, in the order in which they were made."""
    found, seen = [], set()

    def visit(one):
        if id(one) in seen:
            return
        seen.add(id(one))
        found.append(one)
        for child in one._layers:
            visit(child)

    visit(layer)
    return found


def readouts_of(model):
    """All read-outs."""
    return [layer for layer in layers_within(model) if isinstance(layer, Readout)]


def calibrations_of(model):
    """All calibrations."""
    return [layer for layer in layers_within(model) if isinstance(layer, Calibration)]


def convolutions_of(model):
    """Layers with kernels (T, H, W, C, F) that reach beyond one pixel, in order."""
    found = []
    for layer in layers_within(model):
        if hasattr(layer, "kernels") and layer is not model.frontend:
            shape = layer.kernels().shape
            if len(shape) == 5 and max(shape[1:3]) > 1:
                found.append(layer)
    return found
