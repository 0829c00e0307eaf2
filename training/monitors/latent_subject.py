"""LatentSubject: the training of a latent model as its monitors see it."""

import numpy as np
import tensorflow as tf

from v1model.latent.diagnosis.frames import evaluate_frames
from v1model.monitoring.subject import Subject

WINDOW = 512  # steps of the validation part that fast monitors look at
N_STATES = 8  # of which the evolver is linearised


class LatentSubject(Subject):
    """A LatentTrainer, and the Judge that diagnoses its models.

    Args:
        trainer: LatentTrainer.
        source: ActivitySource of the training.
        judge: Judge.
    """

    def __init__(self, trainer, source, judge):
        super().__init__("latent", trainer.run, trainer.model)
        self.trainer, self.source, self.judge = trainer, source, judge
        split = trainer.split
        last = min(split.validation_end, split.validation_start + WINDOW)
        self._rows = split.validation_start, last

    @property
    def _phase(self):
        return self.trainer.phase(self.trainer.position.phase)

    @property
    def optimizer(self):
        return self._phase.optimizer

    @property
    def trained(self):
        return self._phase.variables

    def frames(self):
        """FrameErrors of the window: one step ahead, and of encoding and decoding."""
        frequency = self.trainer.training.stimulus_frequency
        units = self.trainer.training.time_units
        return evaluate_frames(
            self.model, self.source, *self._rows, frequency=frequency, time_units=units
        )

    def states(self):
        """Latent states of the window, (t, L), and the stimulus there, (t, S)."""
        stretch = self.source.read(*self._rows)
        return np.asarray(self.model.encode(stretch.activity)), stretch.stimulus

    def linearised(self):
        """Derivatives of the next latent state by the state, (N_STATES, L, L)."""
        states, stimulus = self.states()
        rows = np.linspace(0, len(states) - 1, N_STATES).astype(int)
        n_dims = states.shape[1]
        # A copy of each state for each number of its successor: one gradient for all,
        # as states of a batch do not feel each other.
        z = tf.repeat(tf.constant(states[rows]), n_dims, axis=0)
        encoded = self.model.encode_stimulus(tf.constant(stimulus[rows]))
        encoded = tf.repeat(encoded, n_dims, axis=0)
        with tf.GradientTape() as tape:
            tape.watch(z)
            after = self.model.evolve(z, encoded[None])[0]
            own = tf.tile(tf.eye(n_dims, dtype=after.dtype), (len(rows), 1))
            chosen = tf.reduce_sum(after * own)
        slopes = tape.gradient(chosen, z)
        return np.reshape(slopes, (len(rows), n_dims, n_dims))

    def diagnosis(self):
        """The Diagnosis of long rollouts in the validation part; None without room."""
        return self.once("diagnosis", self._diagnosed)

    def _diagnosed(self):
        return self.judge.validation_of(self.model, self.epoch)
