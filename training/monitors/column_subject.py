"""ColumnSubject: the training of a spiking column as its monitors see it."""

import dataclasses

import numpy as np

from v1model.lgn import LGN
from v1model.lgn.current import current_from_rates, spikes_from_rates
from v1model.models.trained_network import with_weights
from v1model.monitoring.subject import Subject
from v1model.network.neurons import neurons_of
from v1model.network.populations import rough_index
from v1model.recorder import TrialRecorder
from v1model.simulation import grating_lgn_rates
from v1model.tuning import Tuning
from visualization.trial.voltages import N_TRACES

N_TRIALS = 4  # held out, always the same; a batch of validation costs as much
DIRECTIONS = 8
GRATING_MS = 800  # of each direction
SETTLING_MS = 200  # of those, which do not count
_NOISE_SEEDS = (11, 23)


class ColumnSubject(Subject):
    """A ColumnExperiment.

    Trials run one by one through a TrialRecorder, of which training feels nothing. They
    all start at rest, so that what they do depends on the weights alone.

    Args:
        experiment: ColumnExperiment.

    Attributes:
        network: Network, as it was before training.
        neurons: Neurons.
        populations: Names, and the index of each neuron's, (N,).
    """

    def __init__(self, experiment):
        super().__init__("column", experiment.run, experiment.trainer)
        self.experiment, self.network = experiment, experiment.network
        self.neurons = neurons_of(self.network)
        self.populations = rough_index(self.network)
        self._recorder = self._batches = None

    @property
    def optimizer(self):
        return self.model.optimizer

    @property
    def trained(self):
        return self.model.trainable_variables

    def trials(self):
        """A TrialActivity for each of the held-out trials, a list."""
        return self.once("trials", lambda: [*map(self._run, self._held_out())])

    def rates(self):
        """Mean rate of each neuron over these trials, (N,), Hz."""
        return np.mean([trial.rates for trial in self.trials()], axis=0)

    def networks(self):
        """The Network that the column was built from, and the same as it is now.

        The weights of the first are those before any training, also where this one
        began with those of another.
        """
        column, lgn = self.model.column, self.network.lgn
        scale = np.float32(self.experiment.config.column.input_weight_scale)
        synapses = lgn.synapses.replace(weight=scale * lgn.synapses.weight)
        lgn = dataclasses.replace(lgn, synapses=synapses)
        before = dataclasses.replace(self.network, lgn=lgn)
        recurrent = column.rsnn.cell.recurrent_weights.numpy()
        inputs = column.input_layer.input_weights.numpy()
        return before, with_weights(before, recurrent, inputs)

    def tuning(self):
        """The Tuning of all neurons to drifting gratings, or None without LGN units.

        The grating enters as the trials of the task do, as currents or as spikes.
        """
        if self.network.lgn.units is None:
            return None
        return self.once("tuning", self._shown_gratings)

    def _held_out(self):
        if self._batches is None:
            task = self.experiment.task
            batches = (
                task.batch("validation", step, 1, N_TRIALS) for step in range(N_TRIALS)
            )
            self._batches = [
                (batch.for_column, batch.labels, batch.weights) for batch in batches
            ]
        return self._batches

    def _run(self, batch):
        if self._recorder is None:
            traced = self.neurons.examples(N_TRACES)
            self._recorder = TrialRecorder(self.model.column, traced)
        inputs, labels, weights = batch
        inputs = {name: x for name, x in inputs.items() if name != "continues"}
        return self._recorder.record((inputs, labels, weights))

    def _shown_gratings(self):
        lgn = LGN(self.network.lgn.units)
        directions = np.arange(DIRECTIONS) * 360 / DIRECTIONS
        counts = [self._counts_under(lgn, direction) for direction in directions]
        return Tuning(np.stack(counts, axis=1), directions)

    def _counts_under(self, lgn, direction):
        """Spikes of each neuron while a grating drifts, (N,) int."""
        shown = grating_lgn_rates(lgn, direction, duration_ms=GRATING_MS)
        if self.experiment.config.column.current_input:
            shown = current_from_rates(shown)
        else:
            shown = spikes_from_rates(shown, np.random.default_rng(_NOISE_SEEDS))
        (inputs, labels, weights), *_ = self._held_out()
        n_chunks = GRATING_MS // self.model.column.readout.chunk
        inputs = inputs | {
            "lgn": shown[None].astype(np.float32),
            # The same in all directions: no difference between two is one of noise.
            "noise_seed": np.array([_NOISE_SEEDS], np.int32),
        }
        nothing = np.zeros((1, n_chunks), labels.dtype)
        trial = self._run((inputs, nothing, nothing.astype(weights.dtype)))
        counts = np.bincount(
            trial.spike_neuron[trial.spike_step >= SETTLING_MS],
            minlength=trial.n_neurons,
        )
        return counts.astype(np.int64)
