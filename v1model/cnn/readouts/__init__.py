"""Read-outs: from the features of a map to one number per neuron and bin."""

from v1model.cnn.readouts.attention import AttentionReadout
from v1model.cnn.readouts.factorized import FactorizedReadout
from v1model.cnn.readouts.gaussian import GaussianReadout
from v1model.cnn.readouts.linear import PixelsReadout
from v1model.cnn.readouts.point_pooled import PointPooledReadout
from v1model.cnn.readouts.sampled import GaussianSampledReadout

READOUTS = {
    "gaussian": GaussianReadout,
    "gaussian_sampled": GaussianSampledReadout,
    "factorized": FactorizedReadout,
    "point_pooled": PointPooledReadout,
    "attention": AttentionReadout,
    "linear": PixelsReadout,
}


def make_readout(params, n_neurons, **kwargs):
    """The read-out that options name.

    Args:
        params: One of readout_params.ReadoutParams.
        n_neurons: N.
        **kwargs: Of a Keras layer, as `name`.

    Returns:
        A layer: features (B, T, H, W, C) to u (B, T, N); see base.Readout.
    """
    return READOUTS[params.type](params, n_neurons, **kwargs)
