"""Sessions that never took place: spikes drawn from known rates, in a known order.

They look like a published recording of natural scenes, and since every rate is known,
so is the best that any decoder can do (`v1model.presentations.bayes`).
"""

import dataclasses

import numpy as np
import pandas as pd

from v1model.presentations.binned import BinnedSpikes
from v1model.presentations.binning import bin_edges, smallest_type
from v1model.recordings import save_recording

BLANK = -1  # label of the grey screen
PRESENTATION_S = 0.25
BLOCK_START_S = 1200.0  # of the first block
BLOCK_PAUSE_S = 600.0  # other stimuli, between blocks
AREAS = ("VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam")
MEAN_HZ, MEDIAN_HZ = 7.0, 3.5  # of the units' rates on a grey screen
SATURATION_HZ = 100.0  # no image adds more to a unit's rate
DRIFT_KNOTS_S = 900.0  # a unit's drift turns about so often


@dataclasses.dataclass(frozen=True)
class SyntheticSession:
    """Spikes of U units, and everything that decided them.

    The spikes of unit u in bin b of presentation p of class c are Poisson with mean

        rates[c, b, u] * drift[p, u] * exp(loading[u] z[p] - loading[u]^2 / 2) * bin_s

    and, given the gain z, independent of each other. z is standard normal, one number
    per presentation, and makes units fluctuate together. With probability `missed`
    the animal does not see a presentation, and c is that of the blank, 0.

    Args:
        binned: BinnedSpikes.
        rates: Mean rates of each class, (K, T, U) Hz, in the order of
            `binned.classes`.
        drift: Slow factor of each unit at each presentation, (P, U).
        loading: How strongly the gain moves each unit, (U,).
        missed: Probability that a presentation is not seen.
        gain, is_missed: z of each presentation and whether it was missed, (P,); a
            decoder does not know them.
        spike_times: U increasing arrays, s, or None where they were not asked for.
    """

    binned: BinnedSpikes
    rates: np.ndarray
    drift: np.ndarray
    loading: np.ndarray
    missed: float
    gain: np.ndarray
    is_missed: np.ndarray
    spike_times: list | None = None


def draw_session(
    n_classes=119,
    repeats=50,
    n_units=500,
    n_bins=5,
    seed=0,
    *,
    n_blocks=3,
    strength=2.0,
    missed=0.05,
    noise=0.25,
    drift=0.3,
    with_spike_times=False,
):
    """A session like the published ones, with known tuning.

    Presentations of 0.25 s follow each other without pause in three blocks, in random
    order; the first class is the blank, on which units fire at their own rate, log-
    normal over units with mean 7 and median 3.5 Hz. A unit answers to a few images
    with a burst that begins at its latency, saturates and decays.

    Args:
        n_classes: K, with the blank, labelled -1.
        repeats: Presentations of each class.
        n_units: U.
        n_bins: T.
        seed: Of everything.
        n_blocks: Of presentations without pause.
        strength: Of the answers to images; 0 for none.
        missed: Share of presentations that the animal does not see. It bounds the
            best decoder, at 0.95, while answers are strong enough to be learned
            from 35 presentations of each class.
        noise: Standard deviation over presentations of the logarithm of the rates,
            shared by the units.
        drift: The same over the session, slow and each unit's own.
        with_spike_times: Whether to draw the time of each spike too, between the
            presentations as well.

    Returns:
        SyntheticSession.

    Raises:
        ValueError: A number is too small.
    """
    for name, value, least in (
        ("n_classes", n_classes, 2),
        ("repeats", repeats, 1),
        ("n_units", n_units, 1),
        ("n_bins", n_bins, 1),
        ("n_blocks", n_blocks, 1),
        ("strength", strength, 0),
        ("missed", missed, 0),
        ("noise", noise, 0),
        ("drift", drift, 0),
    ):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}.")
    if not missed < 1:
        raise ValueError(f"missed must be below 1, got {missed}.")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(n_classes) + BLANK, repeats))
    start_s, stop_s, block = _times(len(labels), n_blocks)
    units = _units(rng, n_units)
    rates = _tuned_rates(rng, units["rate_hz"].to_numpy(), n_classes, n_bins, strength)
    loading = noise * rng.uniform(0.4, 1.6, n_units)
    slow = _drift(rng, (start_s + stop_s) / 2, n_units, drift)
    gain = rng.standard_normal(len(labels))
    bin_s = (stop_s - start_s) / n_bins
    is_missed = rng.random(len(labels)) < missed
    seen = np.where(is_missed, 0, labels - BLANK)
    common = np.exp(np.outer(gain, loading) - loading**2 / 2) * slow * bin_s[:, None]
    counts = np.empty((len(labels), n_bins, n_units), np.uint32)
    for kind in range(n_classes):
        rows = np.flatnonzero(seen == kind)
        counts[rows] = rng.poisson(rates[kind] * common[rows, None, :])
    binned = BinnedSpikes(
        counts=counts.astype(smallest_type(counts.max())),
        labels=labels,
        start_s=start_s,
        stop_s=stop_s,
        block=block,
        valid=np.ones((len(labels), n_units), bool),
        units=units,
        session_id=f"synthetic-{seed}",
        source={"program": "draw_session", "seed": seed},
    )
    times = _spike_times(rng, binned) if with_spike_times else None
    return SyntheticSession(
        binned, rates, slow, loading, missed, gain, is_missed, times
    )


def _times(n, n_blocks):
    """When presentations begin and end, s, and their blocks."""
    sizes = np.diff(np.arange(n_blocks + 1) * n // n_blocks)
    block = np.repeat(np.arange(n_blocks), sizes)
    # Presentations that touch share their edge exactly.
    edges = np.arange(n + 1) * PRESENTATION_S
    pauses = BLOCK_START_S + BLOCK_PAUSE_S * block
    return edges[:-1] + pauses, edges[1:] + pauses, block


def _units(rng, n_units):
    """A table of units as recorded by one probe per area."""
    probe = np.sort(rng.integers(len(AREAS), size=n_units))
    spread = np.sqrt(2 * np.log(MEAN_HZ / MEDIAN_HZ))
    return pd.DataFrame(
        {
            "id": 950_900_000 + np.arange(n_units),
            "area": np.array(AREAS)[probe],
            "probe": [f"probe{letter}" for letter in np.array([*"CDFEBA"])[probe]],
            "rate_hz": MEDIAN_HZ * np.exp(spread * rng.standard_normal(n_units)),
        }
    )


def _tuned_rates(rng, base_hz, n_classes, n_bins, strength):
    """Rates of each class, (K, T, U) Hz."""
    n_units = len(base_hz)
    images = rng.random((n_classes, n_units)) < rng.beta(1, 6, n_units)
    amplitude = images * rng.exponential(2.5, (n_classes, n_units))
    amplitude[0] = 0  # the blank
    time_s = (np.arange(n_bins)[:, None] + 0.5) * PRESENTATION_S / n_bins
    latency_s = rng.uniform(0.03, 0.08, n_units)
    after = np.maximum(time_s - latency_s, 0)
    decay_s = rng.uniform(0.05, 0.2, n_units)
    answer = np.where(time_s > latency_s, np.exp(-after / decay_s), 0)
    added = base_hz * strength * amplitude[:, None] * answer
    return base_hz + added / (1 + added / SATURATION_HZ)


def _drift(rng, time_s, n_units, size):
    """Smooth factors of each unit over the session, mean about 1, (P, U)."""
    knots = np.arange(0, time_s[-1] + 2 * DRIFT_KNOTS_S, DRIFT_KNOTS_S)
    values = rng.standard_normal((len(knots), n_units))
    place = time_s / DRIFT_KNOTS_S
    left = place.astype(int)
    part = (1 - np.cos(np.pi * (place - left)))[:, None] / 2
    log = size * ((1 - part) * values[left] + part * values[left + 1])
    return np.exp(log)


def _spike_times(rng, binned):
    """Times with exactly these counts, and the units' own rates in between."""
    edges = bin_edges(binned.start_s, binned.stop_s, binned.n_bins)
    first, last = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    is_pause = binned.start_s[1:] > binned.stop_s[:-1]
    pauses = np.concatenate(
        (
            [[0, binned.start_s[0]]],
            np.stack((binned.stop_s[:-1], binned.start_s[1:]), axis=1)[is_pause],
            [[binned.stop_s[-1], binned.stop_s[-1] + 60.0]],
        )
    )
    counts = binned.counts.reshape(-1, binned.n_units)
    times = []
    for unit, rate in enumerate(binned.units["rate_hz"]):
        between = rng.poisson(rate * (pauses[:, 1] - pauses[:, 0]))
        n = np.concatenate((counts[:, unit], between))
        low = np.repeat(np.concatenate((first, pauses[:, 0])), n)
        high = np.repeat(np.concatenate((last, pauses[:, 1])), n)
        drawn = low + (high - low) * rng.random(len(low))
        times.append(np.sort(np.minimum(drawn, np.nextafter(high, -np.inf))))
    return times


def write_session_recording(session, path, *, invalid=None, invalid_units=None):
    """Writes a synthetic session as a recording, as if it had been recorded.

    Args:
        session: SyntheticSession with spike times.
        path: Where to, .h5.
        invalid: Data frame of stretches that are not to be trusted, columns start_s
            and stop_s; None for none.
        invalid_units: Who in each, (rows, U) bool; None for all.

    Raises:
        ValueError: The session was drawn without spike times.
    """
    if session.spike_times is None:
        raise ValueError(
            "the session has no spike times; draw it with with_spike_times=True."
        )
    binned = session.binned
    trials = pd.DataFrame(
        {
            "start_s": binned.start_s,
            "stop_s": binned.stop_s,
            "stimulus": "natural_scenes",
            "block": binned.block,
            "frame": binned.labels,
        }
    )
    save_recording(
        path,
        dt_ms=1.0,
        spike_times=session.spike_times,
        neurons=binned.units,
        trials=trials,
        invalid=invalid,
        invalid_neurons=invalid_units,
        source="synthetic session",
        session_id=binned.session_id,
        metadata=binned.source,
    )
