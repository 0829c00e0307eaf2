"""Transfer: how well a trained core serves what it was not trained on.

Learning curves over the share of the trials: read-outs on the trained core, read-outs
on a core of random weights, and a whole model from scratch.
"""

import itertools
import logging
import time

from v1model.cnn.beginning import begin, model_for
from v1model.cnn.data import load_recording
from v1model.cnn.evaluation import neuron_scores
from v1model.cnn.prediction import predict
from v1model.cnn.stages.refit import refit
from v1model.cnn.stages.shared_core import model_with_core
from v1model.cnn.validation import mean_score

SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)  # of the trials for training
TRANSFER, RANDOM, SCRATCH = "transfer", "random_core", "scratch"
METHODS = (TRANSFER, RANDOM, SCRATCH)

logger = logging.getLogger(__name__)


def learning_curve(
    model,
    config,
    paths,
    shares=SHARES,
    methods=METHODS,
    params=None,
    held_out_only=False,
    train_anew=None,
    progress=None,
):
    """Scores on the trials for the test, by the share of those for training.

    Trials of a smaller share are among those of a larger one. The number of trials for
    validation and test does not change.

    Args:
        model: ReadoutModel, whose core is taken.
        config: ReadoutConfig that it was trained with.
        paths: Of the recordings: others, or with `held_out_only` those of training.
        shares: Of the trials for training.
        methods: Of METHODS.
        params: RefitParams.
        held_out_only: Whether only neurons that training did not see are fitted and
            judged, on the heads' own adapters.
        train_anew: Function of a recording and a name to a model that was trained on
            it alone; for `scratch`.
        progress: Called with the curves' points that are done and all there are.

    Returns:
        List of rows: dictionaries with recording, method, share, n_trials, n_neurons,
        bps_mean, corr_mean and seconds; a mean over neurons without a score is NaN.

    Raises:
        ValueError: A method is unknown or has no `train_anew`, a recording does not
            suit the core, or has no neuron to judge.
    """
    _require_methods(methods, train_anew)
    rows = []
    points = list(itertools.product(paths, shares, methods))
    for done, (path, share, method) in enumerate(points):
        data = config.data.model_copy(update={"train_share": share})
        if not held_out_only:
            data = data.model_copy(update={"held_out_neurons": 0.0})
        recording = load_recording(path, data)
        neurons = recording.held_out if held_out_only else ~recording.held_out
        if not neurons.any():
            raise ValueError(
                f"{path}: no neuron was held out; train with data.held_out_neurons."
            )
        begun = time.monotonic()
        if method == SCRATCH:
            fitted = train_anew(recording, f"{recording.spec.name}_{share:g}")
        else:
            fitted = _with_new_readouts(
                model, config, recording, params, neurons, method
            )
        seconds = time.monotonic() - begun
        scores = _scores(fitted, recording, neurons)
        n_trials = int((recording.trials["part"] == "train").sum())
        rows.append(
            {
                "recording": recording.spec.name,
                "method": method,
                "share": share,
                "n_trials": n_trials,
                "n_neurons": int(neurons.sum()),
                **scores,
                "seconds": seconds,
            }
        )
        logger.info(
            "%s, %s, %g of the trials: %.4f bits per spike, correlation %.4f, %.0f s",
            *(rows[-1][k] for k in ("recording", "method", "share")),
            *(rows[-1][k] for k in ("bps_mean", "corr_mean", "seconds")),
        )
        if progress is not None:
            progress(done + 1, len(points))
    return rows


def _require_methods(methods, train_anew):
    unknown = [name for name in methods if name not in METHODS]
    if unknown:
        raise ValueError(
            f"methods must be of {', '.join(METHODS)}, got '{unknown[0]}'."
        )
    if SCRATCH in methods and train_anew is None:
        raise ValueError(f"method {SCRATCH} needs train_anew, got none.")


def _with_new_readouts(model, config, recording, params, neurons, method):
    """A model of one recording whose read-outs are fitted to a frozen core."""
    if method == TRANSFER:
        own = model_with_core(model, (recording.spec,), config.training.seed)
    else:
        own = model_for(config, [recording])
        begin(own, config, [recording])
    refit(own, config, recording, params, neurons)
    return own


def _scores(model, recording, neurons):
    prediction = predict(model, recording, parts=("test",))
    frame = neuron_scores(recording, prediction, "test")[neurons]
    return {
        "bps_mean": mean_score(frame["bps"]),
        "corr_mean": mean_score(frame["corr"]),
    }
