"""Norms that are not made of others, by their names."""

import keras

from v1model.cnn.layer_params import NoLayer
from v1model.cnn.norms.base import Norm
from v1model.cnn.norms.plain import BatchNorm, InstanceNorm, LayerNorm, RMSNorm
from v1model.cnn.norms.response import GlobalResponseNorm, LocalResponseNorm
from v1model.cnn.norms.temporal_context import TemporalContextNorm


@keras.saving.register_keras_serializable("v1model")
class NoNorm(Norm):
    """The input as it is."""

    params_type = NoLayer

    def call(self, x, training=None, statistics=None):
        return x


SINGLE_NORMS = {
    "none": NoNorm,
    "grn": GlobalResponseNorm,
    "layer": LayerNorm,
    "rms": RMSNorm,
    "frame_instance": InstanceNorm,
    "instance": InstanceNorm,
    "lrn": LocalResponseNorm,
    "batch": BatchNorm,
    "temporal_context": TemporalContextNorm,
}


def make_single_norm(params, sampling_rate, dtype=None):
    """The layer of NoLayer, PlainNormParams or TemporalContextParams.

    Args:
        params: One of these.
        sampling_rate: Bins per second, Hz.
        dtype: Policy of the layer's precision, as of the layer that it is a part of;
            None is the global one.
    """
    return SINGLE_NORMS[params.type](params, sampling_rate, dtype=dtype)
