"""make_norm: the layer that a part of a YAML file describes."""

from v1model.cnn.norms.conditioned import ConditionedNorm
from v1model.cnn.norms.mixed import MixedNorm
from v1model.cnn.norms.single import SINGLE_NORMS

NORMS = SINGLE_NORMS | {"conditioned": ConditionedNorm, "mixed": MixedNorm}


def make_norm(params, sampling_rate, **kwargs):
    """The layer of NormParams.

    Args:
        params: One of NormParams.
        sampling_rate: Bins per second, Hz.
        **kwargs: Of a Keras layer, as `dtype`.
    """
    return NORMS[params.type](params, sampling_rate, **kwargs)
