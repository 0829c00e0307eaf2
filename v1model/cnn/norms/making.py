"""make_norm: the layer that a part of a YAML file describes."""

import keras

from v1model.cnn.layer_params import NoLayer
from v1model.cnn.norms.base import Norm
from v1model.cnn.norms.plain import BatchNorm, InstanceNorm, LayerNorm, RMSNorm
from v1model.cnn.norms.response import GlobalResponseNorm, LocalResponseNorm


@keras.saving.register_keras_serializable("v1model")
class NoNorm(Norm):
    """The input as it is."""

    params_type = NoLayer

    def call(self, x, training=None, statistics=None):
        return x


NORMS = {
    "none": NoNorm,
    "grn": GlobalResponseNorm,
    "layer": LayerNorm,
    "rms": RMSNorm,
    "frame_instance": InstanceNorm,
    "instance": InstanceNorm,
    "lrn": LocalResponseNorm,
    "batch": BatchNorm,
}


def make_norm(params, sampling_rate):
    """The layer of NormParams.

    Args:
        params: One of NormParams.
        sampling_rate: Bins per second, Hz.
    """
    return NORMS[params.type](params, sampling_rate)
