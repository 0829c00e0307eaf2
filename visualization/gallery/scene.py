"""Scene: what the pictures of the gallery are drawn from, made when first asked for.

A column, some trials of it, and a short training. The activity is that of the column,
or, to see whether the figures stand it, none at all or far too much.
"""

import dataclasses
import functools
import pathlib
from types import MappingProxyType

import numpy as np

from v1model.activity import events_of
from v1model.assembly import network_for, task_for, trainer_for
from v1model.config import ColumnTrainConfig, NetworkConfig
from v1model.experiments import ColumnExperiment
from v1model.network.neurons import neurons_of
from v1model.recorder import TrialRecorder
from v1model.runs import Run
from v1model.stimuli import view_of
from v1model.stimuli.screen import trial_movie
from v1model.task_config import TaskConfig
from visualization.logger.activity_logger import NetworkActivityLogger
from visualization.trial.voltages import N_TRACES

SEED = 3000
N_TRIALS = 4
RUNAWAY_HZ = (200.0, 500.0)  # lowest and highest rate of a neuron
LARGEST_RUN = 2000  # neurons of the run that is trained for the gallery
RUN_STEPS, RUN_EPOCHS = 10, 4


class Scene:
    """A column and what it did.

    Args:
        neurons: N.
        activity: Key of ACTIVITIES.
        folder: Folder for the run that is trained, if a picture needs one.
    """

    def __init__(self, neurons, activity, folder):
        self.activity = ACTIVITIES[activity]
        self.folder = pathlib.Path(folder)
        self.config = config_for(neurons)

    @functools.cached_property
    def _parts(self):
        network, inputs = network_for(self.config)
        task = task_for(network, inputs, self.config)
        return network, task, trainer_for(network, task, self.config).column

    @property
    def network(self):
        """Network of the column."""
        return self._parts[0]

    @property
    def task(self):
        """The Task whose trials are run: digits."""
        return self._parts[1]

    @property
    def column(self):
        """ColumnModel."""
        return self._parts[2]

    @functools.cached_property
    def neurons(self):
        """Neurons of the column."""
        return neurons_of(self.network)

    @functools.cached_property
    def true_trials(self):
        """What the column did in a few trials, list of TrialActivity."""
        recorder = TrialRecorder(self.column, self.neurons.examples(N_TRACES))
        batches = map(self.batch, range(N_TRIALS))
        return [recorder.record((b.for_column, b.labels, b.weights)) for b in batches]

    @functools.cached_property
    def trials(self):
        """The same trials with the activity that was asked for."""
        return [self.activity(trial, self.neurons) for trial in self.true_trials]

    @property
    def trial(self):
        """The first of them."""
        return self.trials[0]

    def batch(self, number):
        """One of the trials as the column takes it, a Batch of one."""
        return self.task.batch("validation", number, 1, N_TRIALS)

    @functools.cached_property
    def movie(self):
        """Movie that the first trial shows."""
        plan = self.task.plan("validation", 0, 1, N_TRIALS)
        return trial_movie(self.task, plan.pictures[0])

    @functools.cached_property
    def view(self):
        """View of the column."""
        return view_of(self.network.lgn)

    @property
    def run_config(self):
        """ColumnTrainConfig of `run`: that of a column of LARGEST_RUN at most."""
        return dataclasses.replace(
            config_for(min(self.config.network.neurons, LARGEST_RUN)),
            run_name="gallery",
            batch_size=2,
            steps_per_epoch=RUN_STEPS,
            n_epochs=RUN_EPOCHS,
            val_steps=10,
            validate_first=True,
            learning_rate=0.01,
        )

    @functools.cached_property
    def run(self):
        """A short run that is trained here, with pictures of its activity.

        Returns:
            v1model.runs.Run.
        """
        command = "training/multi_training.py --task 10class --run_name gallery"
        run = Run.create(self.folder, "gallery", self.run_config, command.split())
        with run.recorded():
            logger = NetworkActivityLogger(run.path / "activity", RUN_STEPS)
            run.write_result(ColumnExperiment(self.run_config, run).train([logger]))
        return run


def config_for(neurons):
    """ColumnTrainConfig of a column of this size that reads digits."""
    per_output = min(30, max(2, neurons // 250))
    return ColumnTrainConfig(
        network=NetworkConfig(
            neurons=neurons, neurons_per_output=per_output, seed=SEED
        ),
        trials=TaskConfig(task="10class"),
        batch_size=1,
    )


def silent(trial, neurons):
    """The trial of a column that does nothing: at rest, without input or answer."""
    uniform = np.full_like(trial.predictions, 1 / trial.predictions.shape[1])
    rest = np.broadcast_to(neurons.E_L[trial.traced], trial.voltages.shape)
    return dataclasses.replace(
        trial,
        inputs=np.zeros_like(trial.inputs),
        spike_step=trial.spike_step[:0],
        spike_neuron=trial.spike_neuron[:0],
        voltages=rest,
        outputs=np.zeros_like(trial.outputs),
        predictions=uniform,
    )


def runaway(trial, neurons):
    """The trial of a column in which every neuron fires at some 200 to 500 Hz.

    The voltages of the traced neurons rise from rest to threshold between two spikes.
    """
    rng = np.random.default_rng(SEED)
    chance = rng.uniform(*RUNAWAY_HZ, trial.n_neurons) * trial.dt_ms / 1000
    parts = []
    for start in range(0, trial.n_steps, 100):  # of all steps at once: 1 GB
        n = min(100, trial.n_steps - start)
        spikes = rng.random((n, trial.n_neurons), np.float32) < chance
        step, neuron = events_of(spikes)
        parts.append((step + start, neuron))
    step, neuron = map(np.concatenate, zip(*parts, strict=True))
    trial = dataclasses.replace(trial, spike_step=step, spike_neuron=neuron)
    return dataclasses.replace(trial, voltages=_ramps(trial, neurons))


def _ramps(trial, neurons):
    """Voltages (T, M) that rise from rest to threshold between spikes."""
    steps = np.arange(trial.n_steps)
    columns = []
    for traced in trial.traced:
        fired = trial.spike_step[trial.spike_neuron == traced]
        ends = np.r_[-1, fired, trial.n_steps - 1]
        place = np.clip(np.searchsorted(ends, steps), 1, len(ends) - 1)
        length = np.maximum(ends[place] - ends[place - 1], 1)
        share = (steps - ends[place - 1]) / length
        rest, threshold = neurons.E_L[traced], neurons.V_th[traced]
        columns.append(rest + share * (threshold - rest))
    return np.stack(columns, axis=1)


# Functions of a true TrialActivity and the Neurons that give the one to draw.
ACTIVITIES = MappingProxyType(
    {"normal": lambda trial, neurons: trial, "none": silent, "runaway": runaway}
)
