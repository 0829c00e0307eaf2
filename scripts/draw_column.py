#!/usr/bin/env python
"""Draws a column: who is connected to whom, and which cells fire under a grating.

Writes connectivity.png and active_cells.png of an untrained or a trained column.
"""

import argparse
import pathlib
import sys

import numpy as np

from v1model.activity import TrialActivity, events_of
from v1model.assembly import network_for
from v1model.config import DEFAULT_BUILD_SEED, ColumnTrainConfig, NetworkConfig
from v1model.lgn import LGN
from v1model.network.neurons import neurons_of
from v1model.simulation import (
    SETTLING_MS,
    grating_lgn_rates,
    simulate,
    spike_pieces,
    trial_seeds,
    untrained_column,
)
from v1model.trained_run import read_trained_run
from visualization.column.connectivity import connectivity_matrix
from visualization.files import write_figure
from visualization.trial.positions import active_cells

DIRECTION = 45.0  # degrees
DURATION_MS = 600
SEED = 3000
DPI = 150  # a picture of so many dots is large


def main(argv=None):
    """Draws what the arguments ask for; see the module."""
    parser = argparse.ArgumentParser(prog="draw_column", description=__doc__)
    parser.add_argument("--run", default="", help="folder of a trained run")
    parser.add_argument("--data_dir", default="", help="folder of a network")
    parser.add_argument("--neurons", type=int, default=0, help="kept or built")
    parser.add_argument("--build_seed", type=int, default=DEFAULT_BUILD_SEED)
    parser.add_argument("--out", default="docs/figures", help="folder of the figures")
    values = parser.parse_args(argv)
    try:
        draw(values)
    except (ValueError, OSError) as error:
        sys.exit(f"draw_column: {error}")


def draw(values):
    """Draws both figures of the column that the arguments name."""
    network, max_delay = load(values)
    out = pathlib.Path(values.out)
    out.mkdir(parents=True, exist_ok=True)  # before the long work
    subject = f"{network.n_neurons:,} neurons, {'' if values.run else 'un'}trained"
    figure = connectivity_matrix(network, f"{subject}: recurrent connections")
    write_figure(figure, out / "connectivity.png", dpi=DPI)
    trial = grating_trial(network, max_delay)
    title = f"{subject}: cells that fired in {DURATION_MS} ms of a drifting grating"
    figure = active_cells(trial, neurons_of(network), title)
    write_figure(figure, out / "active_cells.png", dpi=DPI)
    print(f"Wrote connectivity.png and active_cells.png to {out}.")


def load(values):
    """The network and its longest delay (ms) that the arguments name."""
    if values.run:
        if values.data_dir or values.neurons:
            raise ValueError("--run says which network it is: leave out the others.")
        run = read_trained_run(values.run)
        return run.after, run.config.column.max_delay
    network_config = NetworkConfig(
        data_dir=values.data_dir, neurons=values.neurons, build_seed=values.build_seed
    )
    config = ColumnTrainConfig(network=network_config)
    network, _ = network_for(config)
    if network.lgn.units is None:
        raise ValueError(f"{values.data_dir} has no table of its LGN units.")
    return network, config.column.max_delay


def grating_trial(network, max_delay):
    """TrialActivity under a grating, after 500 ms of gray; without a readout."""
    lgn = LGN(network.lgn.units)
    grating = grating_lgn_rates(lgn, DIRECTION, duration_ms=DURATION_MS)
    before = np.broadcast_to(lgn.spontaneous_rates, (SETTLING_MS, len(lgn.units)))
    seeds = trial_seeds(SEED, 1)
    pieces = spike_pieces(np.concatenate([before, grating]), seeds)
    column = untrained_column(network, max_delay=max_delay)
    events, elapsed = [], -SETTLING_MS
    for activity in simulate(column, pieces, seeds):
        step, neuron = events_of(activity.spikes[0])
        if elapsed >= 0:
            events.append((step + elapsed, neuron))
        elapsed += activity.spikes.shape[1]
    step, neuron = (np.concatenate(part) for part in zip(*events, strict=True))
    return TrialActivity(
        n_steps=DURATION_MS,
        n_neurons=network.n_neurons,
        inputs=grating,
        spike_step=step,
        spike_neuron=neuron,
        traced=np.zeros(0),
        voltages=np.zeros((DURATION_MS, 0)),
        outputs=np.zeros((0, 1)),
        predictions=np.ones((1, 1)),
        labels=np.zeros(1),
        is_asked=np.zeros(1, bool),
    )


if __name__ == "__main__":
    main()
