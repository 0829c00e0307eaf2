"""How much each recording counts in the objective."""

import numpy as np


def recording_weights(recordings, n_valid, data):
    """Weight of each recording, {name: w}, which sum to 1.

    w ~ n^gamma; with `data.recording_group`, that of a group, n being its sum, times
    the recording's share of its group's, both to the power of gamma. It is the weight
    of a mean over bins and neurons, so it does not depend on how many segments of each
    recording are in a batch.

    Args:
        recordings: List of RecordingData.
        n_valid: Valid bins of each, {name: n}.
        data: DataParams.

    Raises:
        ValueError: The metadata of a recording lack the group.
    """
    names = [one.spec.name for one in recordings]
    groups = names
    if data.recording_group is not None:
        groups = [_group(one, data.recording_group) for one in recordings]
    n = np.array([n_valid[name] for name in names], np.float64)
    of_group = {group: sum(_of(n, groups, group)) for group in groups}
    within = {
        group: sum(_of(n**data.recording_gamma, groups, group)) for group in groups
    }
    among = sum(total**data.recording_gamma for total in of_group.values())
    return {
        name: float(
            of_group[group] ** data.recording_gamma
            / among
            * size**data.recording_gamma
            / within[group]
        )
        for name, group, size in zip(names, groups, n, strict=True)
    }


def quotas(sizes, batch_size):
    """How many of `batch_size` segments are of each recording, (D,) int, 1 or more.

    In proportion to their segments, so that all recordings are passed through about as
    often; what rounding leaves goes where most is missing.

    Args:
        sizes: Segments of one pass through each, (D,).
        batch_size: Sum of the quotas.

    Raises:
        ValueError: There are more recordings than segments in a batch.
    """
    sizes = np.asarray(sizes, np.float64)
    if batch_size < len(sizes):
        raise ValueError(
            f"training.batch_size must be at least the {len(sizes)} recordings, got "
            f"{batch_size}."
        )
    quota = np.ones(len(sizes), np.int64)
    wanted = batch_size * sizes / sizes.sum()
    for _ in range(batch_size - len(sizes)):
        quota[np.argmax(wanted - quota)] += 1
    return quota


def _group(recording, key):
    if key not in recording.metadata:
        raise ValueError(
            f"{recording.path}: data.recording_group must be a key of the metadata, "
            f"{sorted(recording.metadata)}, got '{key}'."
        )
    return str(recording.metadata[key])


def _of(values, groups, group):
    return [value for value, one in zip(values, groups, strict=True) if one == group]
