"""From a recording to binned spikes: presentations of one stimulus and their labels."""

import numpy as np

from v1model.presentations.binned import BinnedSpikes
from v1model.presentations.binning import bin_edges, smallest_type
from v1model.recordings.clock import ROUNDING_S

# Clocks are rounded: presentations that overlap by no more than this touch, s.
LONGEST_OVERLAP_S = 1e-3
# A pause of this length begins a new block where the table names none, s.
_PAUSE_S = 10.0
# Spikes are read in pieces of so many presentations, and of so much time, s.
_PIECE_PRESENTATIONS = 200
_PIECE_S = 60.0


def bin_recording(
    recording,
    n_bins,
    *,
    stimulus=None,
    label="frame",
    window=None,
    drop=(),
    signal="spikes",
    may_overlap=False,
):
    """Spike counts of a recording's presentations of a stimulus.

    Presentations are taken in order of time. A unit counts as valid in a presentation
    if no invalid stretch of the recording overlaps the presentation or the window; it
    has no spikes where it is not. Presentations in which no unit is valid are left out
    and counted in `source`. One that overlaps the next by a rounded clock, up to 1 ms,
    ends where the next begins. Spikes are read in pieces, so memory stays flat.

    Args:
        recording: v1model.recordings.Recording.
        n_bins: T.
        stimulus: Which stimulus, as in the column "stimulus" of its table; None for
            all rows.
        label: Column that says what was shown; whole numbers become integers.
        window: (from, to) in s after the onset, in place of the presentation itself.
        drop: Labels to leave out, such as -1, the blank of natural scenes.
        signal: Name of the counts in `recording.activity`.
        may_overlap: Whether windows may share a time, so that a spike counts twice.

    Returns:
        BinnedSpikes.

    Raises:
        ValueError: Stimulus, label column or signal are unknown, a label is missing,
            no presentation is left, one is outside the recording, or presentations
            overlap.
    """
    where = f"{recording.path}"
    spikes = _signal(recording, signal, where)
    trials, rows = _trials(recording.trials, stimulus, where)
    labels = _labels(trials, label, where)
    order = np.argsort(trials["start_s"].to_numpy(np.float64), kind="stable")
    trials, rows, labels = trials.iloc[order], rows[order], labels[order]
    shown_from = trials["start_s"].to_numpy(np.float64)
    shown_to = trials["stop_s"].to_numpy(np.float64)
    block = _blocks(recording.trials, trials, rows)
    start_s, stop_s = _windows(shown_from, shown_to, window)
    if not may_overlap:
        stop_s = _trimmed(start_s, stop_s)
    is_kept = ~has_label_of(labels, drop, where)
    if not is_kept.any():
        raise ValueError(f"{where}: all presentations have a label of drop={drop}.")
    _require_some_time(start_s, stop_s, is_kept, rows, where)
    bin_edges(start_s[is_kept], stop_s[is_kept], n_bins)  # refuses impossible numbers
    _require_inside(start_s, stop_s, is_kept, rows, recording, where)
    if not may_overlap:
        _require_apart(start_s, stop_s, is_kept, rows, where)
    valid = recording.valid_between(
        np.minimum(start_s, shown_from), np.maximum(stop_s, shown_to)
    )
    is_seen = valid.any(axis=1)
    if not (is_kept & is_seen).any():
        raise ValueError(f"{where}: no unit is valid in any of these presentations.")
    taken = np.flatnonzero(is_kept & is_seen)
    start_s, stop_s, valid = start_s[taken], stop_s[taken], valid[taken]
    counts = _counts(spikes, start_s, stop_s, n_bins, recording.n_neurons)
    counts *= valid[:, None, :]
    return BinnedSpikes(
        counts=counts,
        labels=labels[taken],
        start_s=start_s,
        stop_s=stop_s,
        block=block[taken],
        valid=valid,
        units=recording.neurons.reset_index(drop=True),
        session_id=recording.session_id,
        source={
            "recording": recording.source,
            "stimulus": stimulus,
            "label": label,
            "window_s": None if window is None else [float(edge) for edge in window],
            "dropped_labels": np.asarray(drop).tolist(),
            "dropped_presentations": int((~is_kept).sum()),
            "invalid_presentations": int((is_kept & ~is_seen).sum()),
        },
        presentation_id=rows[taken],
    )


def _signal(recording, name, where):
    if name not in recording.activity:
        raise ValueError(
            f"{where}: no activity '{name}'; choose from {sorted(recording.activity)}."
        )
    signal = recording.activity[name]
    if signal.quantity != "count":
        raise ValueError(
            f"{where}: activity '{name}' must be counts of spikes, got "
            f"{signal.quantity}."
        )
    return signal


def _trials(table, stimulus, where):
    """Presentations of a stimulus, and their rows in the table."""
    if not len(table):
        raise ValueError(f"{where}: the table of trials is empty.")
    rows = np.arange(len(table))
    if stimulus is not None:
        if "stimulus" not in table:
            raise ValueError(
                f"{where}: the table of trials has no column 'stimulus' to choose "
                f"'{stimulus}' from; it has {list(table)}."
            )
        names = table["stimulus"].astype(str).to_numpy()
        rows = np.flatnonzero(names == str(stimulus))
        if not len(rows):
            raise ValueError(
                f"{where}: no presentation of '{stimulus}'; choose from "
                f"{sorted(set(names))}."
            )
    return table.iloc[rows], rows


def _labels(trials, name, where):
    """What was shown, (P,) int64 or str."""
    if name not in trials:
        raise ValueError(
            f"{where}: the table of trials has no column '{name}'; choose from "
            f"{list(trials)}."
        )
    column = trials[name]
    is_missing = (column.isna() | (column.astype(object) == "")).to_numpy()
    if is_missing.any():
        row = column.index[int(np.argmax(is_missing))]
        raise ValueError(f"{where}: trial {row} has no '{name}'.")
    values = column.to_numpy()
    if values.dtype.kind in "biu":
        return values.astype(np.int64)
    if values.dtype.kind == "f" and (values == np.round(values)).all():
        return values.astype(np.int64)
    return values.astype(str)


def has_label_of(labels, some, where):
    """Which labels are among some of them, (P,) bool; 1 and "1" are the same.

    Raises:
        ValueError: Labels are numbers, and one of these is none.
    """
    if labels.dtype.kind not in "iu":
        return np.isin(labels, [str(label) for label in some])
    try:
        return np.isin(labels, [float(label) for label in some])
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{where}: labels are whole numbers, but drop is {some}."
        ) from error


def _windows(start_s, stop_s, window):
    if window is None:
        return start_s, stop_s
    edges = np.asarray(window, np.float64)
    if edges.shape != (2,) or not np.isfinite(edges).all() or edges[0] >= edges[1]:
        raise ValueError(f"window must be (from, to) in s, got {window}.")
    return start_s + edges[0], start_s + edges[1]


def _trimmed(start_s, stop_s):
    """When they stop if those that overlap the next by a rounded clock are cut, s."""
    late_s = stop_s[:-1] - start_s[1:]
    is_cut = (late_s > 0) & (late_s <= LONGEST_OVERLAP_S)
    return np.append(np.where(is_cut, start_s[1:], stop_s[:-1]), stop_s[-1:])


def _blocks(table, trials, rows):
    """Uninterrupted stretches of the stimulus, (P,) int64, counted from 0 in time.

    Those of the column "block" where there is one; otherwise a presentation of another
    stimulus or a long pause ends a block.
    """
    if "block" in table and trials["block"].notna().all():
        numbers = trials["block"].to_numpy()
        return np.unique(numbers, return_inverse=True)[1].astype(np.int64).ravel()
    start_s = trials["start_s"].to_numpy(np.float64)
    until = np.maximum.accumulate(trials["stop_s"].to_numpy(np.float64))
    others = np.sort(np.delete(table["start_s"].to_numpy(np.float64), rows))
    n_before = np.searchsorted(others, start_s)
    is_new = (n_before[1:] > n_before[:-1]) | (start_s[1:] > until[:-1] + _PAUSE_S)
    return np.concatenate(([0], np.cumsum(is_new))).astype(np.int64)


def _require_some_time(start_s, stop_s, is_kept, rows, where):
    is_wrong = is_kept & ~(stop_s > start_s)
    if is_wrong.any():
        place = int(np.argmax(is_wrong))
        raise ValueError(
            f"{where}: trial {rows[place]} must last some time, got {start_s[place]} "
            f"to {stop_s[place]} s."
        )


def _require_inside(start_s, stop_s, is_kept, rows, recording, where):
    """Before and after the recording nothing was counted, which is not a count of 0."""
    is_wrong = start_s < recording.start_s - ROUNDING_S
    is_wrong |= stop_s > recording.stop_s + ROUNDING_S
    is_wrong &= is_kept
    if is_wrong.any():
        place = int(np.argmax(is_wrong))
        raise ValueError(
            f"{where}: trial {rows[place]} is counted from {start_s[place]} to "
            f"{stop_s[place]} s, the recording lasts from {recording.start_s} to "
            f"{recording.stop_s} s."
        )


def _require_apart(start_s, stop_s, is_kept, rows, where):
    order = np.flatnonzero(is_kept)
    until = np.maximum.accumulate(stop_s[order])[:-1]
    is_wrong = start_s[order][1:] < until
    if is_wrong.any():
        place = int(np.argmax(is_wrong)) + 1
        raise ValueError(
            f"{where}: trial {rows[order[place]]} is counted from "
            f"{start_s[order[place]]} s, before trial {rows[order[place - 1]]} has "
            f"ended at {until[place - 1]} s; pass may_overlap=True to count spikes in "
            "both."
        )


def _counts(spikes, start_s, stop_s, n_bins, n_units):
    """(P, T, U), of presentations in order of time."""
    counts = np.zeros((len(start_s), n_bins, n_units), np.uint8)
    for first in range(0, len(start_s), _PIECE_PRESENTATIONS):
        piece = slice(first, first + _PIECE_PRESENTATIONS)
        found = _piece(spikes, start_s[piece], stop_s[piece], n_bins, n_units)
        largest = found.max(initial=0)
        if largest > np.iinfo(counts.dtype).max:
            counts = counts.astype(smallest_type(largest))
        counts[piece] = found
    return counts


def _piece(spikes, start_s, stop_s, n_bins, n_units):
    """(P, T, U) int64 of a few presentations.

    The edges of all bins, in order, cut the time into intervals; what a bin holds is
    the sum of the intervals between its two edges.
    """
    edges = bin_edges(start_s, stop_s, n_bins)
    if not spikes.is_exact:
        # A spike is where its step begins. A sum of lengths that is meant to be that
        # time may be the next number above, and the spike would be in the bin before.
        edges = spikes.clock.snapped(edges)
    ordered, place = np.unique(edges, return_inverse=True)
    place = place.reshape(edges.shape)
    n = len(ordered) - 1
    total = np.zeros((n + 1, n_units), np.int64)
    per_interval = total[1:]
    for begin, end in _stretches(ordered):
        time_s, unit = spikes.spike_times(begin, end)
        interval = np.searchsorted(ordered, time_s, side="right") - 1
        is_inside = (interval >= 0) & (interval < n)
        cell = interval[is_inside] * n_units + unit[is_inside]
        per_interval += np.bincount(cell, minlength=n * n_units).reshape(n, n_units)
    np.cumsum(total, axis=0, out=total)
    return np.diff(total[place], axis=1)


def _stretches(ordered):
    """Times to read one after another, half-open, s: the pieces of all intervals."""
    begin, last = ordered[0], ordered[-1]
    while begin < last:
        end = min(begin + _PIECE_S, last)
        yield begin, end
        begin = end
