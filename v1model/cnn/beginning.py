"""The beginning of a training: what the data say of a model before any update."""

import itertools

import keras
import numpy as np

from v1model.cnn.causal import bins_of
from v1model.cnn.field_shapes import field_shapes
from v1model.cnn.model import ReadoutModel
from v1model.cnn.receptive_fields import MOST_PIXELS, sta_ste
from v1model.cnn.stimulus_statistics import TAU_MS

N_LAGS = 12  # bins before a spike in which its stimulus is looked for
MOST_TRIALS = 40  # of a recording, whose movies the statistics of the stimulus are of


def model_for(config, recordings):
    """A ReadoutModel, whose weights depend on the seed alone.

    Args:
        config: ReadoutConfig.
        recordings: List of RecordingData.
    """
    keras.utils.set_random_seed(config.training.seed)
    specs = tuple(one.spec for one in recordings)
    return ReadoutModel(specs, config.model, dtype=config.training.precision)


def begin(model, config, recordings):
    """Sets what a model begins with: mean rates, places, statistics of the stimulus.

    Args:
        model: ReadoutModel.
        config: ReadoutConfig.
        recordings: List of RecordingData, for which the model has heads.
    """
    if model.statistics is not None:
        model.statistics.set_normalization(*stimulus_moments(model, recordings))
    for recording in recordings:
        begin_head(model, config, recording)


def begin_head(model, config, recording):
    """Sets the mean rates of a recording's read-out, and where it looks."""
    name = recording.spec.name
    head = model.heads[name]
    head.set_mean_rates(recording.mean_counts("train"))
    if config.training.init_readouts and head.map_shape != (1, 1):
        places = model.frame_to_map(name, starting_places(recording))
        head.readout.start_at(places)


def starting_places(recording):
    """Where spikes follow the stimulus, (N, 2): y and x in pixels of the frame.

    The centre of the energy of a neuron's spike-triggered average or ensemble; the
    centre of the frame for neurons without one.
    """
    trials = recording.trials_of("train")
    longest = int((trials["stop"] - trials["start"]).max())
    averages = sta_ste(
        recording,
        n_lags=min(N_LAGS, longest),
        parts=("train",),
        is_whitened=True,
        most_pixels=MOST_PIXELS,
    )
    centers = np.array(field_shapes(averages, recording.spec.sampling_rate).centers)
    middle = (np.array(recording.spec.frame_shape[:2]) - 1) / 2
    return np.where(np.isfinite(centers), centers, middle)


def stimulus_moments(model, recordings):
    """Mean and standard deviation of the stimulus' statistics in training, (F,) each.

    Of the movies as the shared layers see them.
    """
    found = []
    n_unsettled = bins_of(2 * TAU_MS, model.sampling_rate)
    for recording in recordings:
        trials = recording.trials_of("train")
        step = -(-len(trials) // MOST_TRIALS)
        adapter = model.heads[recording.spec.name].adapter
        pairs = zip(trials["start"], trials["stop"], strict=True)
        for start, stop in itertools.islice(pairs, 0, None, step):
            movie = adapter(recording.movie(start, stop)[None])
            rows = model.statistics.statistics(movie)[0].numpy()
            # The beginning of a trial says less of what is usual than the rest does.
            found.append(rows[min(n_unsettled, len(rows) // 2) :])
    rows = np.concatenate(found).astype(np.float64)
    return rows.mean(axis=0), rows.std(axis=0)
