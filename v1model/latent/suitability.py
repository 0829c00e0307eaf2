"""Whether a recording has what a training needs, before anything is made or read."""

from v1model.latent.data_summary import memory_of
from v1model.latent.likelihoods import COUNTED


def require_suitable(params, source):
    """Refuses options that do not suit a recording; reads none of its rows.

    Args:
        params: ModelParams.
        source: ActivitySource.

    Raises:
        ValueError: Says the file, the option and the value.
    """
    training = params.training
    if params.num_neurons not in (None, source.n_neurons):
        raise ValueError(
            f"{source.path}: num_neurons must be {source.n_neurons}, as many as it "
            f"has, got {params.num_neurons}."
        )
    if params.likelihood in COUNTED and source.quantity != "count":
        raise ValueError(
            f"{source.path}: likelihood {params.likelihood} needs counts, and "
            f"signal '{source.signal}' with training.smoothing_ms "
            f"{training.smoothing_ms:g} is a {source.quantity}."
        )
    chosen = training.unconnected_to_zero.num_neurons
    if chosen and not source.has_connections:
        raise ValueError(
            f"{source.path}: training.unconnected_to_zero.num_neurons must be 0, as it "
            f"has no connections, got {chosen}."
        )
    memory_of(source, params)
