"""RecordingSpec: what a model has to know of a recording to have a read-out for it."""

from typing import NamedTuple


class RecordingSpec(NamedTuple):
    """Sizes of one recording's arrays.

    name: Key of the recording in batches and in the model.
    n_neurons: N.
    frame_shape: (H, W, C) of its movie.
    n_behavior: V, numbers of behaviour per bin; 0 for none.
    sampling_rate: Bins per second, Hz.
    """

    name: str
    n_neurons: int
    frame_shape: tuple[int, int, int]
    n_behavior: int = 0
    sampling_rate: float = 120.0
