"""Tables of read-out models with verdicts about their neurons."""

from v1model.cnn.evaluation.scores import neuron_scores
from v1model.cnn.prediction import predict
from v1model.judging.verdicts import verdicts_of

TRAIN = "train"


def with_verdicts(table, model, recording, params=None):
    """A table of `evaluate` with train_bps, verdict and reason: a new data frame.

    Args:
        table: Data frame.
        model: ReadoutModel.
        recording: RecordingData.
        params: VerdictParams; None is the usual ones.
    """
    trained = neuron_scores(recording, predict(model, recording, TRAIN), TRAIN)
    table = table.assign(train_bps=trained["bps"])
    for name in ("center_y", "center_x"):
        if name in recording.neurons:
            table[name] = recording.neurons[name].to_numpy()
    spec = recording.spec
    found = verdicts_of(table, spec.frame_shape, spec.sampling_rate, params)
    return table.join(found)
