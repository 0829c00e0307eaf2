"""What the published code prints of one neuron, for looking over its shoulder."""

import numpy as np
import tensorflow as tf

from v1model.network.data import N_RECEPTORS

PIECE = 200  # steps; all currents of a long trial would fill the memory


def print_neuron(neuron, trial, stream, currents=None):
    """Prints input, input current, spikes and voltage of a neuron over a trial.

    Args:
        neuron: Which one; its input is the LGN unit of that number, if there is one.
        trial: TrialActivity that has traced the neuron.
        stream: sys.stdout or sys.stderr.
        currents: `receptor_currents`, or None where they are not known.
    """
    fired = trial.spike_step[trial.spike_neuron == neuron]
    spikes = np.zeros(trial.n_steps, np.int32)
    spikes[fired] = 1
    parts = {}
    if neuron < trial.inputs.shape[1]:
        parts["INPUT"] = trial.inputs[:, neuron]
    if currents is not None:
        parts["INPUT CURRENT"] = currents
    parts["SPIKES"] = spikes
    if neuron in trial.traced:
        parts["VOLTAGE"] = trial.voltages[:, list(trial.traced).index(neuron)]
    for name, values in parts.items():
        tf.print(f"===== {name} neuron {neuron} =====", output_stream=stream)
        tf.print(values.shape, output_stream=stream)
        tf.print(tf.convert_to_tensor(values), output_stream=stream)


def receptor_currents(column, lgn, neuron):
    """Current from the LGN at each receptor of a neuron, over V_th - E_L, (T, R).

    Args:
        column: ColumnModel.
        lgn: LGN activity of one trial, (1, T, I).
        neuron: Which one.
    """
    cell, n_steps = column.rsnn.cell, lgn.shape[1]
    found = np.zeros((n_steps, N_RECEPTORS), np.float32)
    receptors = cell.input_receptors
    if column.input_layer.n_targets != len(receptors):
        receptors = np.arange(column.input_layer.n_targets)
    columns = np.flatnonzero(receptors // N_RECEPTORS == neuron)
    for start in range(0, n_steps, PIECE):
        piece = slice(start, start + PIECE)
        currents = column.input_layer(lgn[:, piece])[0]
        found[piece, receptors[columns] % N_RECEPTORS] = tf.gather(
            currents, columns, axis=1
        )
    return found
