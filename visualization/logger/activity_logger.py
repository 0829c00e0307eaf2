"""NetworkActivityLogger: single trials of a network in pictures, while it trains."""

import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

from v1model.network.neurons import Neurons, neurons_of
from v1model.recorder import TrialRecorder
from visualization.logger.activity_writer import ActivityWriter
from visualization.logger.array_trials import BatchArrays
from visualization.logger.network_state import column_of, log_network_state
from visualization.logger.neuron_prints import print_neuron, receptor_currents
from visualization.logger.repeated import Repeated
from visualization.trial.standard import STANDARD_FIGURES
from visualization.trial.voltages import N_TRACES

NETWORK_STATE = "network_state.txt"


class NetworkActivityLogger(keras.callbacks.Callback):
    """Draws a trial every n steps, keeps it for analysis and shows it in TensorBoard.

        logger = NetworkActivityLogger(log_dir="logs", log_every_n_steps=100)
        trainer.fit(dataset, callbacks=[logger])  # as a callback of a ColumnTrainer
        logger.log_step(inputs, spikes, voltages, outputs, predictions, labels)
        logger.save_summary()

    In `log_dir`, for a step N of eight digits:

        raster_step_N.png, voltages_step_N.png, input_step_N.png,
        population_step_N.png, output_step_N.png      the STANDARD_FIGURES
        sample_N/batch_predictions.png                the answers
        network_state.txt                             see `log_network_state`
        activity_steps/, activity_summary.npz         see `v1model.activity_files`
        tensorboard/                                  pictures, scalars, histograms

    As a callback it logs the first step of a training and each n-th, counted over
    resumes; N is the number of steps done. After such a step one trial of the batch
    that was just trained on, or of `data`, runs through the network. Training does not
    feel it: neither weights, metrics, random streams, the states that trials carry on,
    nor the order of the data. Of several workers the chief alone logs. What an earlier
    training logged in the same folder beyond the step where this one begins is
    forgotten, its pictures too.

    By hand it counts the calls from 0 and logs the calls 0, n, 2 n, ...

    Nothing of a logged step stays in memory. On the disk a trial of 600 ms takes about
    1.4 MB at 5,000 neurons and 2.8 MB in the core of 51,978 (measured, at natural
    rates): a third in pictures and as much in TensorBoard's file, the rest as data.

    What fails while a step is logged is reported once, as a warning, and everything
    else goes on; only wrong arguments are errors.

    Args:
        log_dir: Folder; made if missing.
        log_every_n_steps: n.
        data: Batches of which trials are shown in turn instead of those of training:
            a tf.data.Dataset, another iterable that can be begun again, or one batch;
            a batch is (inputs, labels, weights) as ColumnTrainer takes it.
        network: Network or Neurons, for cell classes; a ColumnTrainer has it.
        sample: Which trial of a batch is drawn.
        figures: Functions of (TrialActivity, Neurons or None) by name.
        tensorboard_dir: Folder of the event files; `log_dir`/tensorboard by default.
        steps: StepCount that is told of each step before this callback, where the
            steps of the optimizer are not those of the run.
        debug_prints: Prints input and input current of neuron 0, its spikes and its
            voltage at each logged step, as the published code did (Chen et al. 2022).

    Raises:
        ValueError: `log_every_n_steps` is not positive or `sample` negative; in
            `log_step`, a shape is wrong; when training starts, the model is no
            ColumnTrainer, or it cannot hand over its batches and there is no `data`.
    """

    def __init__(
        self,
        log_dir,
        log_every_n_steps=100,
        *,
        data=None,
        network=None,
        sample=0,
        figures=STANDARD_FIGURES,
        tensorboard_dir=None,
        steps=None,
        debug_prints=False,
    ):
        super().__init__()
        if log_every_n_steps < 1:
            raise ValueError(
                f"log_every_n_steps must be positive, got {log_every_n_steps}."
            )
        if sample < 0:
            raise ValueError(f"sample must not be negative, got {sample}.")
        self.log_dir = pathlib.Path(log_dir)
        self.log_every_n_steps = log_every_n_steps
        self.sample = sample
        self.steps = steps
        self.debug_prints = debug_prints
        is_table = network is None or isinstance(network, Neurons)
        self._neurons = network if is_table else neurons_of(network)
        self._data = None if data is None else Repeated(data)
        tensorboard_dir = tensorboard_dir or self.log_dir / "tensorboard"
        self._writer = ActivityWriter(self.log_dir, figures, tensorboard_dir)
        self._n_calls = 0
        self._is_described = False
        self._recorder = None
        self._step = None

    # By hand

    def log_step(
        self,
        inputs,
        spikes,
        voltages,
        outputs,
        predictions,
        labels,
        *,
        step=None,
        dt_ms=1.0,
    ):
        """Logs one trial of a batch, if this call is one of every n.

        Args:
            inputs: LGN activity, (B, T, I).
            spikes: (B, T, N), 0 or 1.
            voltages: (B, T, N), mV.
            outputs: Readout over time, (B, Co, K).
            predictions: Probability of each class, (B, K) or, per chunk, (B, C, K).
            labels: Right answer, (B,) or (B, C). One per trial is asked for in the
                last chunk, one per chunk in every chunk.
            step: Number in the names of the files; the number of earlier calls if None.
            dt_ms: Length of a step of the trial.

        Raises:
            ValueError: A shape is wrong, or there is no such sample or step.
        """
        n_calls, self._n_calls = self._n_calls, self._n_calls + 1
        if n_calls % self.log_every_n_steps:
            return
        step = n_calls if step is None else step
        if step < 0:
            raise ValueError(f"step must not be negative, got {step}.")
        batch = BatchArrays(inputs, spikes, voltages, outputs, predictions, labels)
        traced = self._traced(batch.n_neurons)
        trial = batch.trial(self.sample, traced, dt_ms)
        others = (k for k in range(len(batch)) if k != self.sample)
        trials = {k: batch.trial(k, traced[:0], dt_ms) for k in others}
        trials[self.sample] = trial
        if self.debug_prints:
            with self._writer.reporting("the prints"):
                print_neuron(0, trial, sys.stdout)
        in_order = [trials[k] for k in sorted(trials)]
        self._writer.write(step, trial, in_order, self._neurons)

    def save_summary(self):
        """Merges all logged steps into activity_summary.npz; its path.

        Raises:
            WriteError: The file cannot be written.
        """
        return self._writer.files.save_summary()

    # As a callback

    def set_model(self, model):
        super().set_model(model)
        if self._data is None and hasattr(model, "watch"):
            model.watch()  # before Keras traces the training step

    def on_train_begin(self, logs=None):
        self._step = None
        column = column_of(self.model)
        if column is None:
            raise ValueError(
                "NetworkActivityLogger follows a ColumnTrainer, got "
                f"{type(self.model).__name__}; call log_step by hand."
            )
        if self._data is None and not hasattr(self.model, "watch"):
            raise ValueError(
                f"NetworkActivityLogger: {type(self.model).__name__} does not hand "
                "over its batches as a ColumnTrainer does; give it data=."
            )
        if self._neurons is None:
            self._neurons = getattr(self.model, "neurons", None)
        traced = self._traced(column.rsnn.cell.n_neurons)
        self._recorder = TrialRecorder(column, traced)

    def on_train_batch_begin(self, batch, logs=None):
        if self._step is None:  # not earlier: another callback may restore a backup
            self._step = int(tf.convert_to_tensor(self.model.optimizer.iterations))
            if self.steps is not None:
                self._step = self.steps.first - 1
            if self._is_chief():
                self._writer.forget_beyond(self._step)
        self._begun = batch
        most = self._step + self.model.steps_per_execution
        if self._data is None and self._is_due(most):
            self.model.watch().ask()

    def on_train_batch_end(self, batch, logs=None):
        done = self._step + batch - self._begun + 1
        if self.steps is not None:
            done = self.steps.step
        is_due = self._is_due(done)
        self._step = done
        if is_due and self._is_chief():
            with self._writer.reporting("the trial"):
                self._log_trial_of_model(done)

    def on_train_end(self, logs=None):
        self._recorder = None
        if self._data is not None:
            self._data.rewind()
        if self._is_chief():
            self._writer.finish()

    def _is_due(self, done):
        """Whether a step is logged on the way from `self._step` to `done`."""
        n = self.log_every_n_steps
        return self._step == 0 or done // n > self._step // n

    def _is_chief(self):
        return self.model.distribute_strategy.extended.should_save_summary

    def _log_trial_of_model(self, step):
        model = self.model
        batch = model.watch().take() if self._data is None else self._data.next()
        if batch is None:
            raise RuntimeError("the training step has not handed over its batch")
        batch = keras.utils.unpack_x_y_sample_weight(batch)
        trial = self._recorder.record(batch, self.sample)
        one = {name: x[self.sample : self.sample + 1] for name, x in batch[0].items()}
        if not self._is_described:
            self._is_described = True
            with self._writer.reporting(NETWORK_STATE):
                path = self.log_dir / NETWORK_STATE
                log_network_state(model, one, path, network=self._neurons)
        if self.debug_prints:
            with self._writer.reporting("the prints"):
                currents = receptor_currents(column_of(model), one["lgn"], 0)
                print_neuron(0, trial, sys.stdout, currents)
        weights = model.trainable_variables
        self._writer.write(step, trial, [trial], self._neurons, weights)

    # Both

    def _traced(self, n_neurons):
        """Neurons whose voltage is kept, (M,); neuron 0 among them if it is printed.

        Raises:
            ValueError: The network has another number of neurons.
        """
        if self._neurons is None:
            n = min(N_TRACES, n_neurons)
            return np.arange(n) * n_neurons // n
        if len(self._neurons) != n_neurons:
            raise ValueError(
                f"NetworkActivityLogger: {n_neurons} neurons are to be logged, the "
                f"network has {len(self._neurons)}."
            )
        traced = self._neurons.examples(N_TRACES)
        if self.debug_prints and 0 not in traced:
            traced[-1] = 0
        return traced
