"""TrialRecorder: single trials of a column, of which training feels nothing."""

import math

import numpy as np
import tensorflow as tf

from v1model.activity import TrialActivity
from v1model.models.noise import BLOCK

PIECE = 200  # steps of a trial that are run at once, at most if blocks and chunks allow


class TrialRecorder:
    """Runs single trials of a column and keeps what is worth looking at.

    A trial is run in pieces, so that memory holds the activity of one piece, and with
    the seeds of its batch: running it changes no weight, no metric, no random stream
    and none of the states that the column carries from trial to trial. Trials that
    continue their stream start where the recorder's own last trial of that question
    ended, in the same lane of the batch.

    Args:
        column: ColumnModel.
        traced: Neurons whose voltage is kept, (M,).
    """

    def __init__(self, column, traced):
        self.column = column
        self.traced = np.asarray(traced, np.int32)
        whole = math.lcm(BLOCK, column.readout.chunk)  # neither can be cut
        self._n_steps = max(PIECE // whole, 1) * whole
        # Traced once per length, which the noise must know: whole pieces, and the rest.
        self._run = tf.function(self._piece)
        self._states = {}  # the last one, by lane of the batch and question

    def record(self, batch, sample=0):
        """Runs one trial of a batch.

        Args:
            batch: (inputs, labels, weights) of B trials, as ColumnTrainer takes them.
            sample: Which of the trials.

        Returns:
            TrialActivity.

        Raises:
            ValueError: There is no such trial.
        """
        inputs, labels, weights = _sample(batch, sample)
        questions = self.column.questions
        question = int(inputs["task"][0]) if "task" in inputs else 0
        stream = sample, question
        state = self._start(inputs, stream)
        lgn = inputs.pop("lgn")
        n_steps = lgn.shape[1]
        events, voltages, logits = [], [], []
        for start in range(0, n_steps, self._n_steps):
            piece = lgn[:, start : start + self._n_steps]
            step, neuron, v, answers, state = self._run(
                {**inputs, "lgn": piece, "first_step": tf.constant(start)}, state
            )
            events.append((step.numpy() + start, neuron.numpy()))
            voltages.append(v.numpy())
            logits.append(answers.numpy())
        self._states[stream] = state
        step, neuron = (np.concatenate(part) for part in zip(*events, strict=True))
        first = questions.first[question]
        columns = slice(first, first + questions.n_classes[question])
        logits = np.concatenate(logits)[:, columns]
        return TrialActivity(
            n_steps=n_steps,
            n_neurons=self.column.rsnn.cell.n_neurons,
            inputs=lgn[0].numpy(),
            spike_step=step,
            spike_neuron=neuron,
            traced=self.traced,
            voltages=np.concatenate(voltages),
            outputs=logits,
            predictions=tf.nn.softmax(logits.astype(np.float32)).numpy(),
            labels=labels[0].numpy(),
            is_asked=weights[0].numpy() >= 1,
            question=questions.names[question] if len(questions.names) > 1 else "",
            dt_ms=self.column.rsnn.cell.dt,
        )

    def _start(self, inputs, stream):
        """The state that the trial starts from."""
        continues = "continues" in inputs and float(inputs.pop("continues")[0]) > 0
        if continues and stream in self._states:
            return self._states[stream]
        return self.column.rsnn.cell.zero_state(1)

    def _piece(self, inputs, state):
        output = self.column({**inputs, "state": state})
        fired = tf.where(output.spikes[0] > 0)
        step, neuron = tf.unstack(tf.cast(fired, tf.int32), axis=1)
        v = tf.gather(output.voltages[0], self.traced, axis=1)
        return step, neuron, v, output.logits[0], output.state


def _sample(batch, sample):
    """One trial of a batch of B, as a batch of 1."""
    inputs, labels, weights = batch
    n_trials = len(labels)
    if not 0 <= sample < n_trials:
        raise ValueError(f"sample must lie in 0..{n_trials - 1}, got {sample}.")

    def take(array):
        return tf.convert_to_tensor(array)[sample : sample + 1]

    inputs = {name: take(array) for name, array in inputs.items()}
    return inputs, take(labels), take(weights)
