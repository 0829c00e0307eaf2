"""Voltage networks over time: Euler's rule, written as a recording."""

import logging

import numpy as np
import pandas as pd

from v1model.recordings import RecordingWriter, Signal
from v1model.voltage_networks.movies import GREY

DT_S = 0.02
GREY_S = 2.0  # of grey before the first step
LARGEST = 1e4  # voltages beyond have left every range that a network works in
BLOCK_STEPS = 512
VOLTAGE = "voltage"
STIMULUS = "hexals"


class Simulator:
    """The state of a network while it sees a movie.

        v(t + 1) = v(t) + dt / tau (-v(t) + bias + W relu(v(t)) + stimulus(t)) + noise

    where tau is at least dt, and the noise has a standard deviation of its own in each
    step, which does not depend on dt.

    Args:
        network: VoltageNetwork.
        dt_s: Length of a step, s.
        noise: Standard deviation of what is added in each step.
        seed: Of the noise.

    Attributes:
        v: (N,) float32, voltages before the next step.
        n_steps: Steps so far.
    """

    def __init__(self, network, dt_s=DT_S, noise=0.0, seed=0):
        if not dt_s > 0:
            raise ValueError(f"dt_s must be positive, got {dt_s}.")
        if not noise >= 0:
            raise ValueError(f"noise must not be negative, got {noise}.")
        self.network = network
        self._gain = (dt_s / np.maximum(network.tau_s, dt_s)).astype(np.float32)
        self._noise = noise
        self._rng = np.random.default_rng(seed)
        self.v = network.bias.copy()
        self.n_steps = 0

    def run(self, movie):
        """Steps through some frames.

        Args:
            movie: (t, H), what each hexal sees.

        Returns:
            (t, N) float32: row k is the state BEFORE frame k is applied. The state
            after the last one is kept for the next call.

        Raises:
            ValueError: The movie has another number of hexals, or the activity
                diverges.
        """
        network = self.network
        movie = np.asarray(movie, np.float32)
        if movie.ndim != 2 or movie.shape[1] != network.n_hexals:
            raise ValueError(
                f"a movie must have shape (t, {network.n_hexals}), got {movie.shape}."
            )
        matrix, inputs = network.matrix, network.inputs
        seen = movie[:, network.hexal_of_input]
        rows = np.empty((len(movie), network.n_neurons), np.float32)
        v = self.v
        # A network that diverges is reported below, with its step.
        with np.errstate(over="ignore", invalid="ignore"):
            for row, frame in zip(rows, seen, strict=True):
                row[:] = v
                change = matrix @ np.maximum(v, 0)
                change += network.bias
                change[inputs] += frame
                change -= v
                change *= self._gain
                v = v + change
                if self._noise:
                    normal = self._rng.standard_normal(len(v), np.float32)
                    v += np.float32(self._noise) * normal
            is_fine = (np.abs(rows) < LARGEST).all(axis=1)
            is_last_fine = (np.abs(v) < LARGEST).all()
        if not (is_fine.all() and is_last_fine):
            step = len(rows) if is_fine.all() else int(np.argmin(is_fine))
            raise ValueError(
                f"the activity diverges: it leaves +-{LARGEST:g} at step "
                f"{self.n_steps + step}; choose weaker connections or a lower bias."
            )
        self.v = v
        self.n_steps += len(rows)
        return rows


def settled(network, dt_s=DT_S, noise=0.0, seed=0):
    """A Simulator whose network has seen grey for 2 s, without noise."""
    quiet = Simulator(network, dt_s)
    try:
        quiet.run(np.full((round(GREY_S / dt_s), network.n_hexals), GREY))
    except ValueError as error:
        raise ValueError(f"under grey, before the first step: {error}") from error
    simulator = Simulator(network, dt_s, noise, seed)
    simulator.v = quiet.v
    return simulator


def record(
    path,
    network,
    segments,
    n_steps,
    *,
    dt_s=DT_S,
    noise=0.0,
    seed=0,
    session_id="",
    source="voltage network",
    metadata=None,
    progress=None,
):
    """Simulates a network and writes its recording, with flat memory.

    Row t holds the voltages BEFORE the update and the frame that is about to be
    applied. Segments follow each other without a reset; each is a row of the trials.

    Args:
        path: Where to, .h5.
        network: VoltageNetwork.
        segments: Kinds and frames (t, H) of the segments of the movie, one after
            another, as `movies.segments` makes them.
        n_steps: T.
        dt_s, noise, seed: See Simulator.
        session_id, source, metadata: See RecordingWriter.
        progress: Called with (steps done, T) after each block.

    Raises:
        ValueError: The activity diverges, the movie is too short, or an option is
            wrong.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps must be positive, got {n_steps}.")
    simulator = settled(network, dt_s, noise, seed)
    writer = RecordingWriter(
        path,
        neurons=_table(network),
        dt_ms=1000 * dt_s,
        signals={VOLTAGE: Signal("voltage", "float32", "a.u.")},
        source=source,
        session_id=session_id,
        metadata={**(metadata or {}), "hexals": network.hexals.tolist()},
        connections={
            "pre": network.source,
            "post": network.target,
            "weight": network.weight,
        },
    )
    trials = []
    with writer:
        for kind, frames in segments:
            begin = simulator.n_steps
            frames = frames[: n_steps - begin]
            for start in range(0, len(frames), BLOCK_STEPS):
                block = frames[start : start + BLOCK_STEPS]
                writer.append({VOLTAGE: simulator.run(block)}, {STIMULUS: block})
                if progress is not None:
                    progress(simulator.n_steps, n_steps)
            trials.append((begin * dt_s, simulator.n_steps * dt_s, kind))
            if simulator.n_steps == n_steps:
                break
        else:
            raise ValueError(
                f"{path}: the movie has {simulator.n_steps} frames, not {n_steps}."
            )
        writer.add_trials(
            pd.DataFrame(trials, columns=["start_s", "stop_s", "stimulus"])
        )
    logging.info("%s: %d steps of %d neurons", path, n_steps, network.n_neurons)


def _table(network):
    """The table of neurons."""
    return pd.DataFrame(
        {
            "id": np.arange(network.n_neurons),
            "cell_type": network.cell_type.astype(object),
            "role": network.role.astype(object),
            "u": network.u,
            "v": network.v,
            "tau_ms": 1000 * network.tau_s.astype(np.float64),
        }
    )
