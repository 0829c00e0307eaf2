"""Running a column outside training: recordings of any length, and mean rates.

The conditions are those under which the rates of the column were published (Billeh et
al. 2020): LGN spikes, not currents, and a Poisson background shared by all neurons.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from v1model.lgn import spikes_from_rates
from v1model.models import (
    BillehColumn,
    ColumnRNN,
    PoissonBackground,
    SparseLayer,
)
from v1model.network.populations import rough_index
from v1model.stimuli.gratings import static_grating

PIECE_MS = 100  # LGN spikes are drawn and the column is run in pieces of this length
SETTLING_MS = 500  # gray before anything is counted
# Independent random numbers from one seed.
_LGN, _NOISE, _TRIALS = range(3)


class ColumnLayers(NamedTuple):
    """The layers of a column that spike; a ColumnModel has them under the same names.

    input_layer: SparseLayer.  rsnn: ColumnRNN.  noise: a noise layer or None.
    """

    input_layer: SparseLayer
    rsnn: ColumnRNN
    noise: keras.layers.Layer | None


def untrained_column(network, engine="auto", shared_background=True, max_delay=5):
    """The ColumnLayers of a network, with its own weights and Poisson background.

    Args:
        network: Network.
        engine: See ColumnRNN.
        shared_background: Whether all neurons have one source, as in the published
            simulations, or each has its own.
        max_delay: Longest delay, ms; longer ones are clipped.
    """
    cell = BillehColumn(network, max_delay=max_delay, name="cell")
    return ColumnLayers(
        SparseLayer(network, compact=True, engine=engine, name="input_layer"),
        ColumnRNN(cell, engine=engine, name="rsnn"),
        PoissonBackground(
            network, shared=shared_background, compact=True, name="background"
        ),
    )


def simulate(column, lgn, seeds, *, noise_ms=PIECE_MS, state=None, start_ms=0):
    """Runs a column on LGN activity of any length.

    The input comes in pieces and so do the results; the state is passed on, so that
    memory does not grow with the length, and the pieces do not change the spikes. What
    a trial receives is a function of its own seed.

    Args:
        column: ColumnModel or ColumnLayers.
        lgn: Iterable of pieces of spikes or currents, each (B, t, I); a piece may
            have any length t.
        seeds: Seed of the noise of each trial, B non-negative integers.
        noise_ms: Length of the stretches for which noise is drawn. The slow part of
            DecodedNoise is constant in a stretch; the Poisson background does not
            care.
        state: GLIF3State that the trials go on from; None is rest.
        start_ms: How much of the trials lies before the first piece; with the state at
            that time a run that was broken off goes on as if it had not been.

    Yields:
        ColumnActivity of each piece, spikes and voltages (B, t, N).

    Raises:
        ValueError: `noise_ms` is not positive, `start_ms` is negative, or a piece has
            the wrong shape.
    """
    if noise_ms < 1:
        raise ValueError(f"noise_ms must be positive, got {noise_ms}.")
    if start_ms < 0:
        raise ValueError(f"start_ms must not be negative, got {start_ms}.")
    noise = None if column.noise is None else _Noise(column.noise, seeds, noise_ms)

    @tf.function(reduce_retracing=True)
    def advance(spikes, noise, state):
        currents = column.input_layer(spikes)
        if noise is not None:
            currents += noise
        return column.rsnn(currents, initial_state=state)

    if state is None:
        state = column.rsnn.cell.zero_state(len(seeds))
    elapsed = start_ms
    for piece in lgn:
        expected = (len(seeds), column.input_layer.n_inputs)
        if np.ndim(piece) != 3 or (piece.shape[0], piece.shape[2]) != expected:
            raise ValueError(
                f"lgn: pieces must have shape (B, t, I) with B={expected[0]} trials "
                f"and I={expected[1]} inputs, got {np.shape(piece)}."
            )
        start, elapsed = elapsed, elapsed + piece.shape[1]
        drawn = None if noise is None else noise.between(start, elapsed)
        activity = advance(tf.convert_to_tensor(piece), drawn, state)
        state = activity.state
        yield activity


def mean_rates(column, lgn_rates, seeds, *, skip_ms=SETTLING_MS):
    """Mean rate of every neuron over trials that share the rates of the LGN.

    Args:
        column: ColumnModel or ColumnLayers.
        lgn_rates: Rates of the LGN units, (T, I), Hz. Every trial draws its own
            spikes from them.
        seeds: Seed of each trial, B non-negative integers.
        skip_ms: How much of the beginning is not counted.

    Returns:
        (N,) float64, Hz.

    Raises:
        ValueError: There is no trial, or nothing is left to count.
    """
    n_ms = len(lgn_rates)
    if len(seeds) == 0:
        raise ValueError("mean_rates needs at least one seed, got 0.")
    if not 0 <= skip_ms < n_ms:
        raise ValueError(f"skip_ms must lie in 0..{n_ms - 1}, got {skip_ms}.")
    counts, elapsed = 0.0, 0
    for activity in simulate(column, spike_pieces(lgn_rates, seeds), seeds):
        spikes = activity.spikes.numpy()[:, max(skip_ms - elapsed, 0) :]
        counts += spikes.sum(axis=(0, 1), dtype=np.float64)
        elapsed += activity.spikes.shape[1]
    return counts / (len(seeds) * (n_ms - skip_ms) / 1000)


def spike_pieces(lgn_rates, seeds, piece_ms=PIECE_MS):
    """Yields LGN spikes drawn from rates (T, I) in Hz, (B, piece_ms, I) at a time."""
    streams = [lgn_generator(seed) for seed in seeds]
    for start in range(0, len(lgn_rates), piece_ms):
        rates = lgn_rates[start : start + piece_ms]
        yield np.stack([spikes_from_rates(rates, rng) for rng in streams])


def lgn_generator(seed):
    """The generator of the LGN spikes of the trial with this seed."""
    return np.random.default_rng([seed, _LGN])


def grating_rates(
    column,
    lgn,
    direction,
    *,
    seed=0,
    trials=1,
    **grating,
):
    """Mean rates while a grating drifts, after 500 ms of gray.

    Args:
        column: ColumnModel or ColumnLayers.
        lgn: LGN of the units that project into the column.
        direction: In which the bars move, degrees.
        seed: Of LGN spikes and noise.
        trials: Number of trials, which run side by side.
        grating: More arguments of `grating_lgn_rates`.

    Returns:
        (N,) float64, Hz.
    """
    grating = grating_lgn_rates(lgn, direction, **grating)
    # The LGN model takes it that the screen was gray before the first frame.
    before = np.broadcast_to(lgn.spontaneous_rates, (SETTLING_MS, len(lgn.units)))
    rates = np.concatenate([before, grating])
    return mean_rates(column, rates, trial_seeds(seed, trials))


def grating_lgn_rates(
    lgn,
    direction,
    *,
    temporal_frequency=2.0,
    spatial_frequency=0.04,
    contrast=0.8,
    duration_ms=2500,
):
    """Rates of LGN units while a grating drifts.

    The defaults are the published stimulus.

    Args:
        lgn: LGN of I units.
        direction: In which the bars move, degrees.
        temporal_frequency: Hz.
        spatial_frequency: Cycles per degree.
        contrast: Amplitude around gray, 0-1.
        duration_ms: How long the grating is shown, T.

    Returns:
        (T, I) float32, Hz.

    A drifting grating is a sum of two static ones, a quarter of a cycle apart, whose
    contrasts vary in time. So two pictures are filtered in space, not one per ms.
    """
    pictures = [
        static_grating(
            direction,
            spatial_frequency=spatial_frequency,
            phase=phase,
            contrast=contrast,
        )
        for phase in (0.0, 90.0)
    ]
    cycles = temporal_frequency * np.arange(duration_ms) / 1000
    contrasts = np.stack([np.cos(2 * np.pi * cycles), -np.sin(2 * np.pi * cycles)])
    responses = lgn.spatial_responses(np.stack(pictures)) @ contrasts.astype(np.float32)
    return lgn.rates_from_spatial(responses, np.ones(duration_ms, int))


def gray_rates(column, lgn, *, duration_ms=5000, seed=0, trials=4):
    """Mean rates at a gray screen, after 500 ms that are not counted.

    All neurons share one background source: a few seconds of one trial say little.

    Args:
        column: ColumnModel or ColumnLayers.
        lgn: LGN of the units that project into the column.
        duration_ms: How long is counted.
        seed: Of LGN spikes and noise.
        trials: Number of trials, which run side by side.

    Returns:
        (N,) float64, Hz.
    """
    shape = (SETTLING_MS + duration_ms, len(lgn.units))
    rates = np.broadcast_to(lgn.spontaneous_rates, shape)
    return mean_rates(column, rates, trial_seeds(seed, trials))


def trial_seeds(seed, trials):
    """Seeds of independent trials, a list of ints."""
    if trials < 1:
        raise ValueError(f"trials must be positive, got {trials}.")
    return np.random.SeedSequence([seed, _TRIALS]).generate_state(trials).tolist()


def population_rates(network, rates):
    """Mean of `rates` (N,) over each population, and over the whole "network".

    Returns:
        Hz by name; a population without a cell is left out.
    """
    names, position = rough_index(network)
    cells = np.bincount(position, minlength=len(names))
    totals = np.bincount(position, weights=rates, minlength=len(names))
    means = {
        name: float(total / n)
        for name, total, n in zip(names, totals, cells, strict=True)
        if n
    }
    return {**means, "network": float(np.mean(rates))}


class _Noise:
    """The noise of some trials at any time, drawn stretch by stretch."""

    def __init__(self, layer, seeds, stretch_ms):
        # Traced: step by step, the draws would take as long as the column.
        self._draw = tf.function(lambda seeds: layer(seeds, n_steps=stretch_ms))
        self._seeds = seeds
        self._stretch_ms = stretch_ms
        self._kept = None, None  # the stretch that the next piece begins in

    def between(self, start, stop):
        """Currents over V_th - E_L from `start` to `stop` ms, (B, t, N * R)."""
        first, last = start // self._stretch_ms, (stop - 1) // self._stretch_ms
        drawn = [self._stretch(index) for index in range(first, last + 1)]
        drawn = drawn[0] if len(drawn) == 1 else tf.concat(drawn, 1)
        offset = first * self._stretch_ms
        return drawn[:, start - offset : stop - offset]

    def _stretch(self, index):
        if self._kept[0] != index:
            states = [
                np.random.SeedSequence([seed, _NOISE, index]).generate_state(2)
                for seed in self._seeds
            ]
            seeds = tf.constant(np.array(states, np.uint32).view(np.int32))
            self._kept = index, self._draw(seeds)
        return self._kept[1]
