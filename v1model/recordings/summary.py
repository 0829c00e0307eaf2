"""What is in a recording, in words. Read with flat memory, whatever its length."""

import re

import numpy as np
import pandas as pd

# Columns by which neurons are put together, the first that has several values.
GROUPINGS = ("population", "pop_name", "cell_type", "area", "layer", "probe")
LABELS = ("frame", "label", "orientation", "image_name", "direction")
MOST_GROUPS = 40  # more than that are no groups
SAMPLES, SAMPLE_STEPS = 8, 64  # of a signal that is not counted
MB = 1e6


def grouping_of(neurons, by=None):
    """The column by which neurons are put together, or None.

    Args:
        neurons: Table of neurons.
        by: Its name; None chooses the first of GROUPINGS with several values.

    Raises:
        ValueError: There is no such column.
    """
    if by is not None:
        if by not in neurons:
            raise ValueError(
                f"neurons have no column '{by}'; choose from {list(neurons)}."
            )
        return by
    for name in GROUPINGS:
        if name in neurons and 2 <= neurons[name].nunique() <= MOST_GROUPS:
            return name
    return None


def groups_of(neurons, by=None):
    """Names of groups in the order of layers, and the group of each neuron (N,)."""
    column = grouping_of(neurons, by)
    if column is None:
        return ["all neurons"], np.zeros(len(neurons), np.int64)
    values = neurons[column].astype(str).to_numpy(object)
    names, group = np.unique(values.astype(str), return_inverse=True)
    order = sorted(range(len(names)), key=lambda k: _depth(names, names[k]))
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return [str(names[k]) or "(none)" for k in order], rank[group.ravel()]


def _depth(names, name):
    """Layers from the pia down, if all names say a layer; else by name."""
    layers = [re.match(r"[eilEIL]?(\d+)", one) for one in (*names, name)]
    return (layers[-1][1] if all(layers) else "", name)


def group_rates(recording, name="spikes", by=None):
    """Rates of a count signal over the whole recording, a row per group.

    Returns:
        Data frame: group, neurons, mean_hz, median_hz, silent (share of neurons).
    """
    names, group = groups_of(recording.neurons, by)
    seconds = recording.duration_s
    rates = recording.activity[name].counts() / seconds if seconds else np.zeros(0)
    rows = []
    for k, one in enumerate(names):
        own = rates[group == k] if seconds else np.full((group == k).sum(), np.nan)
        rows.append((one, len(own), own.mean(), np.median(own), np.mean(own == 0)))
    return pd.DataFrame(
        rows, columns=["group", "neurons", "mean_hz", "median_hz", "silent"]
    )


def summary_text(recording, by=None):
    """What, when, how many, how fast: lines of text.

    Args:
        recording: Recording, open.
        by: Column by which neurons are put together; None chooses one.
    """
    lines = [
        *_head(recording),
        *_connections(recording),
        *_activity(recording),
        *_series(recording),
        *_trials(recording),
        *_validity(recording),
        *_rates(recording, by),
    ]
    return "\n".join(line.rstrip() for line in lines)


def _head(recording):
    size = recording.path.stat().st_size / MB
    columns = ", ".join(map(str, recording.neurons))
    source = recording.source or "unknown"
    if recording.session_id:
        source += f", session {recording.session_id}"
    yield f"{recording.path}  {size:,.1f} MB"
    yield _line("source", source)
    yield _line(
        "time",
        f"{recording.start_s:g} to {recording.stop_s:g} s: {recording.n_steps:,} steps "
        f"of {recording.dt_ms:g} ms",
    )
    yield _line("neurons", f"{recording.n_neurons:,} ({columns})")


def _connections(recording):
    table = recording.connections
    if table is not None:
        inhibit = 100 * (table["weight"] < 0).mean() if len(table) else 0
        words = f"{len(table):,} connections, {inhibit:.0f} % inhibitory"
        yield _line("connections", words)


def _activity(recording):
    for name, one in recording.activity.items():
        room = f"{one.stored_bytes / MB:,.2f} MB"
        if one.array_bytes > MB:
            room += f", compressed {one.array_bytes / one.stored_bytes:.1f}x"
        if one.signal.is_count:
            seconds = recording.duration_s * recording.n_neurons
            rate = one.n_events / seconds if seconds else 0
            what = f"{one.n_events:,} events, {rate:.3g} Hz on average"
            what += ", exact times" if one.is_exact else ""
        else:
            what = f"{one.quantity} in {one.unit}, {one.signal.dtype}"
            what += _distribution(recording, one)
        yield _line(f"activity {name}", f"{what}; {room}")


def _distribution(recording, signal):
    """Mean, spread and extremes of some stretches."""
    last = max(recording.n_steps - SAMPLE_STEPS, 0)
    starts = np.unique(np.linspace(0, last, SAMPLES).astype(int))
    parts = []
    for start in starts:
        stop = min(start + SAMPLE_STEPS, recording.n_steps)
        values = signal.read(start, stop)
        is_kept = recording.valid(start, stop) & np.isfinite(values)
        parts.append(values[is_kept])
    values = np.concatenate(parts).astype(np.float64)
    if not values.size:
        return ""
    return (
        f": mean {values.mean():.4g}, sd {values.std():.3g}, {values.min():.4g} to "
        f"{values.max():.4g}"
    )


def _series(recording):
    for folder in ("stimulus", "behavior"):
        for name, one in getattr(recording, folder).items():
            shape = " x ".join(map(str, one.row_shape)) or "one number"
            words = f"{shape} per step, {one.dtype}"
            if one.is_framed:
                words = f"{one.n_frames:,} frames of {shape}, {one.dtype}"
            yield _line(f"{folder} {name}", words)


def _trials(recording):
    trials = recording.trials
    if not len(trials):
        yield _line("trials", "none")
        return
    label = next((name for name in LABELS if name in trials), None)
    by_stimulus = [("", trials)]
    if "stimulus" in trials:
        by_stimulus = trials.groupby("stimulus", sort=False)
    yield _line("trials", f"{len(trials):,} ({', '.join(map(str, trials))})")
    for stimulus, part in by_stimulus:
        seconds = (part["stop_s"] - part["start_s"]).median()
        words = f"{len(part):,} of {seconds:.3g} s"
        if label is not None and part[label].nunique() > 1:
            words += f", {part[label].nunique():,} kinds of {label}"
        first, last = part["start_s"].min(), part["stop_s"].max()
        yield _line(f"  {stimulus}", f"{words}, {first:,.1f} to {last:,.1f} s")


def _validity(recording):
    table = recording.invalid_intervals()
    start = table["start_s"].clip(recording.start_s, recording.stop_s)
    stop = table["stop_s"].clip(recording.start_s, recording.stop_s)
    lost = ((stop - start) * table["n_neurons"]).sum()
    total = recording.duration_s * recording.n_neurons
    share = 1 - lost / total if total else 1
    if not len(table):
        yield _line("valid", "all")
        return
    percent = f"{100 * share:.4g} %" if share < 0.999995 else "almost all"
    stretches = "stretch" if len(table) == 1 else "stretches"
    yield _line("valid", f"{percent}, {len(table):,} invalid {stretches}")


def _rates(recording, by):
    for name, one in recording.activity.items():
        if not one.signal.is_count or not recording.n_steps:
            continue
        yield ""
        what = grouping_of(recording.neurons, by) or ""
        head = f"{'neurons':>9}{'mean Hz':>9}{'median':>9}{'silent':>8}"
        yield f"{what:<16}{head}  {name}"
        for row in group_rates(recording, name, by).itertuples():
            yield (
                f"{row.group:<16}{row.neurons:>9,}{row.mean_hz:>9.2f}"
                f"{row.median_hz:>9.2f}{100 * row.silent:>7.0f}%"
            )


def _line(what, words):
    return f"{what:<20} {words}"
