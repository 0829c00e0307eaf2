"""Models that share a core with another one."""

import keras

from v1model.cnn.model import ReadoutModel


def model_with_core(model, recordings, seed=1):
    """A new model for other recordings with the core of a trained one.

    Heads of recordings of the same name and size are those of the trained model, too.

    Args:
        model: ReadoutModel.
        recordings: RecordingSpecs.
        seed: Of the heads that are new.

    Raises:
        ValueError: The recordings do not suit the core.
    """
    keras.utils.set_random_seed(seed)
    other = ReadoutModel(tuple(recordings), model.params, dtype=model.dtype_policy)
    if other.sampling_rate != model.sampling_rate:
        raise ValueError(
            f"sampling_rate of the recordings must be {model.sampling_rate} Hz, as of "
            f"the core, got {other.sampling_rate}."
        )
    pairs = [
        *zip(other.shared, model.shared, strict=True),
        (other.statistics, model.statistics),
    ]
    before = {spec.name: spec for spec in model.recordings}
    for spec in other.recordings:
        if before.get(spec.name) == spec:
            pairs.append((other.heads[spec.name], model.heads[spec.name]))
    for new, old in pairs:
        copy_variables(new, old)
    return other


def copy_variables(new, old):
    """Gives a layer the values of another one of the same kind; None has none.

    Raises:
        ValueError: Shapes differ.
    """
    if new is None or old is None:
        return
    pairs = list(zip(new.variables, old.variables, strict=True))
    for target, source in pairs:
        if target.shape != source.shape:
            raise ValueError(
                f"{target.path} must have the shape {tuple(source.shape)} of the core "
                f"that is taken over, got {tuple(target.shape)}."
            )
    for target, source in pairs:
        target.assign(source.numpy())
