"""DemoScene: the column of the demo, and what is drawn of it."""

import dataclasses
import pathlib

import numpy as np

from v1model.assembly import network_for, task_for, trainer_for
from v1model.config import ALL_TASKS
from v1model.engine.cell_currents import cell_currents
from v1model.lgn import LGN
from v1model.models.cell_background import background_at
from v1model.models.trained_network import with_weights
from v1model.network.neurons import neurons_of
from v1model.recorder import TrialRecorder
from v1model.stimuli import view_of
from v1model.stimuli.own_movie import on_screen, read_footage
from visualization.demo.column import (
    find_checkpoint,
    fitted,
    load_checkpoint,
    train_config,
)
from visualization.demo.trials import OwnTrials, TaskTrials
from visualization.film.animation import animate_trial
from visualization.lgn import lgn_movie_response
from visualization.logger.activity_writer import ActivityWriter
from visualization.logger.network_state import log_network_state
from visualization.trial.cell import cell_trace
from visualization.trial.movie_frames import shown_in
from visualization.trial.positions import active_cells
from visualization.trial.raster import spike_raster
from visualization.trial.standard import STANDARD_FIGURES
from visualization.trial.voltages import N_TRACES


def read_inputs(config):
    """The Footage and the Checkpoint that a DemoConfig names, each or None.

    Raises:
        OSError, ValueError: A file is missing or damaged.
    """
    footage = checkpoint = None
    if config.stimulus:
        footage = read_footage(config.stimulus, config.stimulus_ms, config.fps)
    if config.checkpoint:
        checkpoint = find_checkpoint(config.checkpoint)
    return footage, checkpoint


class DemoScene:
    """A column, what it is shown, and what is drawn and kept of what it does.

    Args:
        config: DemoConfig.
        footage: Footage of the user's own, or None.
        checkpoint: Checkpoint, or None for an untrained column.

    Raises:
        OSError, ValueError: The configuration or a file that it names is wrong.
    """

    def __init__(self, config, footage, checkpoint):
        train = train_config(config.network, config.column, config.trials, checkpoint)
        self.network, inputs = network_for(train)
        train = fitted(train, self.network)
        task = task_for(self.network, inputs, train)
        self.view = view_of(self.network.lgn)
        self.samples = self._samples(config, train, task, footage)
        self.trainer = trainer_for(self.network, task, train)
        if checkpoint is not None:
            load_checkpoint(self.trainer, checkpoint)
        self.column = self.trainer.column
        self.neurons = neurons_of(self.network)
        self.max_delay = train.column.max_delay
        traced = self.neurons.examples(N_TRACES)
        self._recorder = TrialRecorder(self.column, traced)
        folder = pathlib.Path(config.log_dir)
        self.writer = ActivityWriter(folder, STANDARD_FIGURES, folder / "tensorboard")
        self.writer.forget_beyond(-1)  # an earlier demo

    def _samples(self, config, train, task, footage):
        shown, known = config.trials.task, tuple(m.name for m in task.members)
        names = known if shown == ALL_TASKS else (shown,)
        of_tasks = TaskTrials(task, names, config.batch_size, config.n_samples)
        if footage is None:
            return of_tasks
        return OwnTrials(
            name=pathlib.Path(config.stimulus).name,
            movie=on_screen(
                footage,
                self.view,
                config.gray_ms,
                config.stimulus_ms,
                config.gray_ms,
                config.trials.sti_intensity,
            ),
            units=self.network.lgn.units,
            batch_size=config.batch_size,
            seed=train.network.seed,
            current_input=train.column.current_input,
            question=known.index(names[0]),
        )

    def draw_sample(self, number):
        """Runs a sample, draws and keeps it; the TrialActivity of its first trial."""
        trials = self._run(number)
        self.writer.write(number, trials[0], trials, self.neurons)
        return trials[0]

    def _run(self, number):
        name, batch, _ = self.samples[number]
        batch = batch.for_column, batch.labels, batch.weights
        lanes = range(len(batch[1]))
        trials = [self._recorder.record(batch, lane) for lane in lanes]
        return [dataclasses.replace(trial, question=name) for trial in trials]

    def write_network_state(self, path):
        """Writes what the column is made of."""
        inputs = self.samples[0].batch.for_column
        log_network_state(self.trainer, inputs, path, network=self.neurons)

    def gallery(self, trial):
        """Yields names and figures of the first trial."""
        sample = self.samples[0]
        movie, units = sample.movie, self.network.lgn.units
        stimulus = None if movie is None else shown_in(movie, self.view)
        yield "raster_and_stimulus", spike_raster(trial, self.neurons, stimulus)
        yield "active_cells", active_cells(trial, self.neurons)
        yield "cell", self._cell(trial, sample.batch.noise_seeds[0])
        if movie is not None:
            rates = LGN(units).rates(movie)
            figure = lgn_movie_response(units, movie, rates, self.view)
            yield "lgn_movie_response", figure

    def _cell(self, trial, noise_seed):
        """Of the traced cells the one that fired most, an excitatory one if any did."""
        counts = trial.spike_counts[trial.traced]
        is_preferred = self.network.is_excitatory[trial.traced] & (counts > 0)
        neuron = int(trial.traced[np.lexsort((counts, is_preferred))[-1]])
        recurrent = self.column.rsnn.cell.recurrent_weights.numpy()
        network = with_weights(
            self.network, recurrent, self.column.input_layer.input_weights.numpy()
        )
        background = background_at(self.column, noise_seed, neuron, trial.n_steps)
        currents = cell_currents(network, trial, neuron, background, self.max_delay)
        return cell_trace(trial, self.neurons, currents)

    def animate(self, trial, path, report):
        """Writes the animation of the first trial."""
        animate_trial(
            trial,
            self.neurons,
            path,
            movie=self.samples[0].movie,
            units=self.network.lgn.units,
            view=self.view,
            report=report,
        )
