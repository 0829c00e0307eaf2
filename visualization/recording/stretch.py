"""Stretch: the part of a recording that a figure draws. Nothing else of it is read."""

import dataclasses

import numpy as np
import pandas as pd

from v1model.recordings.summary import groups_of

MOST_ROWS = 400  # neurons of a dense signal that are drawn
STEPS = 1500  # how long a stretch is, if nothing is said
LONGEST_S, MOST_STEPS = 60, 20_000
_PICTURE_PIXELS = 200  # along an axis; larger pictures are thinned out


@dataclasses.dataclass(frozen=True)
class Stretch:
    """What happened in a part of a recording.

    Args:
        title, subtitle: Of the figure.
        start_s, dt_ms, n_steps: When.
        group_names: Of groups of neurons, from top to bottom.
        group: Group of each neuron, (N,).
        step, neuron: Spikes, steps from 0 on; None if there is no count.
        dense: Values of some neurons, (t, n), NaN where not valid, or None.
        dense_neurons: Which, (n,), in the order of groups.
        dense_name, dense_unit: What they are.
        valid_s: Borders between which validity is constant, (K + 1,), s.
        valid: (K, N) bool.
        trials: Those that overlap.
        pictures: (name, start_s, stop_s, picture) of what was on a screen.
        curve: Another stimulus: (name, values (t, k)), or None.
    """

    title: str
    subtitle: str
    start_s: float
    dt_ms: float
    n_steps: int
    group_names: list
    group: np.ndarray
    step: np.ndarray | None
    neuron: np.ndarray | None
    dense: np.ndarray | None
    dense_neurons: np.ndarray | None
    dense_name: str
    dense_unit: str
    valid_s: np.ndarray
    valid: np.ndarray
    trials: pd.DataFrame
    pictures: list
    curve: tuple | None

    @property
    def stop_s(self):
        return self.start_s + self.n_steps * self.dt_ms / 1000

    @property
    def order(self):
        """Neurons from top to bottom, (N,): by group, then as in the table."""
        return np.argsort(self.group, kind="stable")


def read_stretch(recording, start_s=None, seconds=None, by=None):
    """Reads the Stretch of a recording.

    Args:
        recording: Recording, open.
        start_s: When it begins; None centres it in the recording.
        seconds: How long it is; None takes about 1,500 steps, at most a minute.
        by: Column by which neurons are put together; None chooses one.

    Raises:
        ValueError: There is nothing to draw: no steps, or no activity.
    """
    start, stop = _steps(recording, start_s, seconds)
    names, group = groups_of(recording.neurons, by)
    counts = [n for n, one in recording.activity.items() if one.signal.is_count]
    begin, end = recording.clock.times([start, stop]).tolist()
    others = [n for n, one in recording.activity.items() if not one.signal.is_count]
    step = neuron = dense = chosen = None
    if counts:
        name = "spikes" if "spikes" in counts else counts[0]
        step, neuron = recording.activity[name].events(start, stop)
        step = step - start
    if others:
        order = np.argsort(group, kind="stable")
        share = min(MOST_ROWS, len(order))
        chosen = order[np.linspace(0, len(order) - 1, share).astype(int)]
        dense = recording.activity[others[0]].read(start, stop, chosen)
        dense[~np.isfinite(dense)] = np.nan
    trials = recording.trials
    trials = trials[(trials["start_s"] < end) & (trials["stop_s"] > begin)]
    valid_s, valid = _validity(recording, begin, end)
    if dense is not None:
        # A step is hidden if any of it is invalid.
        first = recording.clock.steps(valid_s[:-1]) - start
        last = recording.clock.steps(np.nextafter(valid_s[1:], -np.inf)) - start
        for k in range(len(valid)):
            dense[first[k] : last[k] + 1, ~valid[k, chosen]] = np.nan
    pictures, curve = _stimulus(recording, start, stop)
    return Stretch(
        title=recording.path.name,
        subtitle=_subtitle(recording, begin, end),
        start_s=begin,
        dt_ms=recording.dt_ms,
        n_steps=stop - start,
        group_names=names,
        group=group,
        step=step,
        neuron=neuron,
        dense=dense,
        dense_neurons=chosen,
        dense_name=others[0] if others else "",
        dense_unit=recording.activity[others[0]].unit if others else "",
        valid_s=valid_s,
        valid=valid,
        trials=trials.reset_index(drop=True),
        pictures=pictures,
        curve=curve,
    )


def _steps(recording, start_s, seconds):
    if not recording.n_steps or not recording.activity:
        raise ValueError(
            f"{recording.path}: nothing to draw, it has {recording.n_steps} steps and "
            f"the activity {list(recording.activity)}."
        )
    if seconds is None:
        seconds = min(STEPS * recording.dt_ms / 1000, LONGEST_S)
    n = int(np.clip(round(seconds * 1000 / recording.dt_ms), 1, MOST_STEPS))
    n = min(n, recording.n_steps)
    if start_s is None:
        start = (recording.n_steps - n) // 2
    else:
        start = int(recording.clock.steps(start_s))
        if not 0 <= start < recording.n_steps:
            raise ValueError(
                f"{recording.path}: start_s must lie in [{recording.start_s:g}, "
                f"{recording.stop_s:g}) s, got {start_s:g}."
            )
    return start, min(start + n, recording.n_steps)


def _subtitle(recording, begin, end):
    source = recording.source or "unknown source"
    if recording.session_id:
        source += f", session {recording.session_id}"
    return (
        f"{source}: {recording.n_neurons:,} neurons, {recording.duration_s:,.6g} s; "
        f"here {begin:,.6g} to {end:,.6g} s"
    )


def _validity(recording, begin, end):
    table = recording.invalid_intervals()
    borders = np.concatenate([table["start_s"], table["stop_s"]])
    inside = borders[(borders > begin) & (borders < end)]
    borders = np.unique(np.concatenate([[begin], inside, [end]]))
    return borders, recording.valid_between(borders[:-1], borders[1:])


def _stimulus(recording, start, stop):
    """Pictures and curve of the first stimulus that is either."""
    pictures = []
    for name, one in recording.stimulus.items():
        if one.is_framed and len(one.row_shape) == 2:
            index = one.index(start, stop)
            edges = np.flatnonzero(np.diff(index)) + 1
            edges = np.concatenate([[0], edges, [len(index)]])
            borders = recording.clock.times(start + edges)
            for k, first in enumerate(edges[:-1].tolist()):
                if index[first] >= 0:
                    picture = one.frame(int(index[first]))
                    pictures.append((name, *borders[k : k + 2].tolist(), picture))
            return cropped(pictures), None
    for name, one in recording.stimulus.items():
        if not one.is_framed and len(one.row_shape) == 2:
            at = np.linspace(start, stop, 13).astype(int)
            for first, last in zip(at[:-1].tolist(), at[1:].tolist(), strict=True):
                if last > first:
                    borders = recording.clock.times([first, last]).tolist()
                    picture = one.read(first, first + 1)[0]
                    pictures.append((name, *borders, picture))
            return cropped(pictures), None
    for name, one in recording.stimulus.items():
        if not one.is_framed and len(one.row_shape) < 2:
            values = one.read(start, stop).reshape(stop - start, -1)
            return [], (name, values.astype(np.float64))
    return [], None


def cropped(pictures):
    """Pictures without what is blank in all of them at their borders, and thinned.

    A small column sees only a part of the screen.

    Args:
        pictures: (name, start_s, stop_s, picture) of pictures of one size.
    """
    if not pictures:
        return []
    is_blank = np.all([one == one[0, 0] for *_, one in pictures], axis=0)
    rows, columns = (np.flatnonzero(~is_blank.all(axis=axis)) for axis in (1, 0))
    if len(rows):
        inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        pictures = [(*where, picture[inside]) for *where, picture in pictures]
    return [(*where, thinned(picture)) for *where, picture in pictures]


def thinned(picture):
    """A picture of at most 200 rows and columns, every n-th of them."""
    rows, columns = (-(-n // _PICTURE_PIXELS) for n in picture.shape)
    return np.asarray(picture[::rows, ::columns], np.float32)
