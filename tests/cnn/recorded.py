"""Recordings that the tests of the read-out models make up: small, known, and fast."""

import numpy as np
import pandas as pd

from v1model.recordings import save_recording

RATE_HZ = 100.0
TYPES = ("backimage", "gaborium")


def write(
    path,
    n_trials=8,
    trial_bins=40,
    n_neurons=3,
    side=6,
    channels=None,
    is_framed=False,
    parts=None,
    types=TYPES,
    pictures=None,
    n_behavior=2,
    rate_hz=RATE_HZ,
    gap_bins=0,
    seed=0,
    **others,
):
    """Writes a recording of Poisson spikes that follow one pixel each.

    Trials lie one after the other, `gap_bins` apart; all arguments of `save_recording`
    may be given.

    Args:
        path: Where to.
        n_trials, trial_bins: Their number, and bins of each.
        n_neurons: N.
        side, channels: Of the frames (side, side) or (side, side, channels).
        is_framed: Frames and which of them is shown, -1 in the first bin; or an array.
        parts, types, pictures: Columns of the trials, repeated as often as is needed;
            None for no such column.
        n_behavior: V of "eye"; 0 for none.
        rate_hz: Bins per second.
        gap_bins: Bins between trials.
        seed: Of everything.

    Returns:
        A dictionary with what was written: movie (T, side, side[, channels]) uint8, as
        it is shown; counts (T, N), rates (T, N) in Hz, eye (T, V), trials.
    """
    rng = np.random.default_rng(seed)
    n_bins = n_trials * (trial_bins + gap_bins)
    shape = (side, side) if channels is None else (side, side, channels)
    frames = rng.integers(0, 256, (n_bins, *shape), np.uint8)
    index = np.arange(n_bins)
    stimulus = {"movie": frames}
    movie = frames
    if is_framed:
        index = rng.integers(0, n_bins, n_bins)
        index[0] = -1
        movie = np.where((index < 0).reshape(-1, *[1] * len(shape)), 127, frames[index])
        movie = movie.astype(np.uint8)
        stimulus = {"movie": index}
    pixels = ((movie.astype(np.float64) - 127) / 255).reshape(n_bins, -1)
    drive = pixels[:, np.arange(n_neurons) % pixels.shape[1]]
    rates = 20 * np.exp(2 * drive)
    counts = rng.poisson(rates / rate_hz).astype(np.uint8)
    first = np.arange(n_trials) * (trial_bins + gap_bins)
    trials = {"start_s": first / rate_hz, "stop_s": (first + trial_bins) / rate_hz}
    for name, values in (("part", parts), ("type", types), ("picture", pictures)):
        if values is not None:
            trials[name] = np.resize(np.array(values, object), n_trials)
    eye = rng.standard_normal((n_bins, n_behavior))
    given = {
        "dt_ms": 1000 / rate_hz,
        "activity": {"spikes": counts, "rate": rates.astype(np.float32)},
        "quantities": {"spikes": "count", "rate": "rate"},
        "neurons": pd.DataFrame({"id": 10 + np.arange(n_neurons)}),
        "trials": pd.DataFrame(trials),
        "stimulus": stimulus,
        "frames": {"movie": frames} if is_framed else None,
        "behavior": {"eye": eye} if n_behavior else None,
        "session_id": path.stem,
        "metadata": {"subject": "one"},
    }
    save_recording(path, **{**given, **others})
    return {
        "movie": movie,
        "counts": counts,
        "rates": rates,
        "eye": eye,
        "trials": pd.DataFrame(trials),
    }
