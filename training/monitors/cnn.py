"""Monitors of the read-out models."""

import numpy as np

from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import monitor

N_GRADIENTS = 4  # neurons of the first recording, of which lags are weighed
N_FIELDS, N_TRACES = 6, 3
TRACE_S = 2.0  # of an example; every bin is a bar, and bars take time
_ROOM = ("cnn",)


@monitor("bits_per_spike", pace="fast", rooms=_ROOM)
def bits_per_spike(subject):
    """Bits per spike and correlation of a few validation trials, always the same."""
    from v1model import metrics

    scalars, bits = {}, []
    for recording, prediction in subject.predictions():
        name, judged = recording.spec.name, subject.judged(recording)
        counts, rates, mask = _judged_bins(recording, prediction)
        own = metrics.bits_per_spike(counts, rates, mask)[judged]
        correlation = metrics.correlation(counts, rates, mask)[judged]
        scalars[f"bps/{name}"] = _mean(own)
        scalars[f"correlation/{name}"] = _mean(correlation)
        bits.append(own)
    bits = np.concatenate(bits)
    scalars["bps"] = _mean(bits)
    return Reading(scalars=scalars, histograms={"bps": bits[np.isfinite(bits)]})


@monitor("predicted_rates", pace="fast", rooms=_ROOM)
def predicted_rates(subject):
    """Mean predicted rate of these trials beside that of the data."""
    scalars = {}
    for recording, prediction in subject.predictions():
        name, hz = recording.spec.name, recording.spec.sampling_rate
        counts, rates, mask = _judged_bins(recording, prediction)
        n = max(int(mask.sum()), 1)
        predicted, true = hz * rates[mask].sum() / n, hz * counts[mask].sum() / n
        scalars[f"predicted_hz/{name}"] = float(predicted)
        scalars[f"data_hz/{name}"] = float(true)
        scalars[f"ratio/{name}"] = float(predicted / true) if true > 0 else np.nan
    return Reading(scalars=scalars)


@monitor("lag0", pace="fast", rooms=_ROOM)
def lag0(subject):
    """Share of lag 0 in the frontend's kernels, and in what rates depend on."""
    from v1model.cnn.lag_energy import energy_by_lag, kernel_lag0_mass, lag_energy

    recording, model = subject.recordings[0], subject.model
    compiled, by_lag = subject.kept.get("lag0", (None, None))
    if compiled is not model:
        by_lag = energy_by_lag(model, recording.spec.name)
        subject.kept["lag0"] = model, by_lag
    neurons = np.flatnonzero(subject.judged(recording))
    few = neurons[np.linspace(0, len(neurons) - 1, N_GRADIENTS).astype(int)]
    with subject.judged_weights():
        scalars = {
            "kernel_mass": kernel_lag0_mass(model.frontend.kernels()),
            **lag_energy(
                model, recording, "validation", neurons=np.unique(few), by_lag=by_lag
            ).numbers(recording.spec.sampling_rate),
        }
    return Reading(scalars=scalars)


@monitor("readouts", pace="fast", rooms=_ROOM)
def readouts(subject):
    """Where read-outs look, how widely, and with which gain."""
    scalars, histograms = {}, {}
    for recording in subject.recordings:
        name = recording.spec.name
        head = subject.model.heads[name]
        centers, widths = np.asarray(head.readout.centers()), head.readout.widths()
        # Of the map, whose borders lie at -1 and 1 of its longer side.
        from_border = 1 - np.abs(centers).max(axis=1)
        scalars[f"from_border/{name}"] = float(np.median(from_border))
        scalars[f"nearest_to_border/{name}"] = float(from_border.min())
        if widths is not None:
            widths = np.asarray(widths)
            scalars[f"width/{name}"] = float(np.median(widths))
            scalars[f"narrowest/{name}"] = float(widths.min())
            scalars[f"widest/{name}"] = float(widths.max())
            histograms[f"width/{name}"] = widths
        if head.calibration is not None:
            gain = np.exp(np.asarray(head.calibration.log_gain))
            scalars[f"gain/{name}"] = float(np.median(gain))
            histograms[f"gain/{name}"] = gain
        size = np.linalg.norm(np.asarray(head.readout.feature_weights()), axis=0)
        scalars[f"feature_norm/{name}"] = float(np.median(size))
    return Reading(scalars=scalars, histograms=histograms)


@monitor("receptive_fields", pace="slow", rooms=_ROOM)
def receptive_fields(subject):
    """Receptive fields of spikes and of predicted rates of a few neurons."""
    from v1model.cnn.evaluation.fields import field_averages, field_types
    from v1model.cnn.receptive_fields import map_correlation
    from visualization.cnn.fields import field_maps
    from visualization.files import png_of

    scalars, pictures = {}, {}
    for recording, prediction in subject.whole_predictions():
        name = recording.spec.name
        shown = recording.trials_of("validation")["type"]
        types = field_types(recording)
        types = tuple(t for t in types or () if (shown == t).any()) or None
        data, model = field_averages(recording, prediction, types, "validation")
        judged = subject.judged(recording)
        scalars[f"sta_correlation/{name}"] = _mean(
            map_correlation(data.sta, model.sta)[judged]
        )
        spikes = np.where(judged, data.n_effective, -1)
        few = np.sort(np.argsort(-spikes, kind="stable")[:N_FIELDS])
        names = [f"neuron {recording.neurons['id'].iloc[n]}" for n in few]
        figure = field_maps(
            data.take(few),
            model.take(few),
            names,
            recording.spec.sampling_rate,
            title=f"Receptive fields: {name}",
        )
        pictures[name] = png_of(figure)
    return Reading(scalars=scalars, pictures=pictures)


@monitor("predictions", pace="slow", rooms=_ROOM)
def predictions(subject):
    """Spikes and predicted rates of a few neurons in a validation trial."""
    from visualization.cnn.traces import example_traces
    from visualization.files import png_of

    pictures = {}
    for recording, prediction in subject.predictions():
        name, hz = recording.spec.name, recording.spec.sampling_rate
        trials = recording.trials
        trial = trials.loc[(trials["stop"] - trials["start"]).idxmax()]
        first = trial["start"] + subject.model.memory_bins
        rows = slice(first, min(trial["stop"], first + round(TRACE_S * hz)))
        counts, rates = recording.counts[rows], prediction.rates[rows]
        if not len(rates):
            continue
        busiest = np.where(subject.judged(recording), counts.sum(axis=0), -1)
        few = np.argsort(-busiest, kind="stable")[:N_TRACES]
        names = [f"neuron {recording.neurons['id'].iloc[n]}" for n in few]
        figure = example_traces(
            counts[:, few], rates[:, few], hz, names, title=f"Predicted rates: {name}"
        )
        pictures[name] = png_of(figure)
    return Reading(pictures=pictures)


@monitor("neuron_scores", pace="slow", rooms=_ROOM)
def neuron_scores(subject):
    """Scores of every neuron in all validation trials."""
    from v1model.cnn.evaluation import scores

    rows = []
    for recording, prediction in subject.whole_predictions():
        table = scores.neuron_scores(recording, prediction, "validation")
        kept = ["recording", "id", "n_spikes", "rate_hz", "bps", "corr"]
        rows += table[kept].to_dict("records")
    return Reading(tables={"validation": rows})


@monitor("kernels", pace="slow", rooms=_ROOM)
def kernels(subject):
    """The frontend's kernels in time."""
    from visualization.cnn.kernels import temporal_kernels
    from visualization.files import png_of

    with subject.judged_weights():
        found = np.asarray(subject.model.frontend.kernels())
    if len(found) < 2:  # nothing is filtered in time
        return Reading()
    figure = temporal_kernels(found, subject.model.sampling_rate)
    return Reading(pictures={"frontend": png_of(figure)})


def _judged_bins(recording, prediction):
    """Counts, rates and mask of the bins that are predicted, (t, N) each."""
    rows = prediction.mask.any(axis=1)
    mask = prediction.mask[rows]
    return recording.counts[rows], np.where(mask, prediction.rates[rows], 1.0), mask


def _mean(values):
    """Over what is finite; NaN of nothing."""
    values = np.asarray(values)[np.isfinite(values)]
    return float(values.mean()) if len(values) else np.nan
