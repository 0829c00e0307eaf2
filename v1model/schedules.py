"""The learning rate as a function of the step."""

import math

import keras
import tensorflow as tf


def cosine(progress, final):
    """Half a wave of the cosine from 1 to `final`."""
    return final + (1 - final) * 0.5 * (1 + tf.cos(math.pi * progress))


def exponential(progress, final):
    """The same factor for each step, from 1 to `final`."""
    return final**progress


def constant(progress, final):
    """1 throughout."""
    del final
    return tf.ones_like(progress)


DECAYS = {"constant": constant, "cosine": cosine, "exponential": exponential}


@keras.saving.register_keras_serializable("v1model")
class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then constant or decaying to a share of the highest rate.

    Step s of the warm-up, from 0, has the rate highest * (s + 1) / warmup_steps. After
    it the rate is highest * decay((s - warmup_steps) / decay_steps), which stays at
    highest * final from 1 on.

    Args:
        highest: The rate after the warm-up.
        decay: One of DECAYS.
        warmup_steps: Steps until the highest rate; 0 begins with it.
        decay_steps: Steps from the highest rate to the final one.
        final: Share of the highest rate that is left.

    Raises:
        ValueError: The decay is unknown, takes no step, or cannot reach `final`.
    """

    def __init__(
        self, highest, decay="constant", warmup_steps=0, decay_steps=1, final=1
    ):
        if decay not in DECAYS:
            raise ValueError(
                f"unknown decay {decay!r}, choose from {', '.join(DECAYS)}."
            )
        for name, value, is_ok in (
            ("highest", highest, highest > 0),
            ("warmup_steps", warmup_steps, warmup_steps >= 0),
            ("decay_steps", decay_steps, decay_steps > 0),
            ("final", final, final > 0 or (final == 0 and decay != "exponential")),
        ):
            if not is_ok:
                raise ValueError(f"{decay} learning rate: {name} is {value}.")
        self.highest = float(highest)
        self.decay = decay
        self.warmup_steps = int(warmup_steps)
        self.decay_steps = int(decay_steps)
        self.final = float(final)

    @classmethod
    def over(cls, n_updates, highest, decay, warmup_steps, final):
        """The schedule of a training of so many updates, warm-up included.

        `final` has no say where nothing decays.
        """
        decay_steps = max(n_updates - warmup_steps, 1)
        final = 1 if decay == "constant" else final
        return cls(highest, decay, warmup_steps, decay_steps, final)

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        progress = tf.clip_by_value((step - self.warmup_steps) / self.decay_steps, 0, 1)
        share = DECAYS[self.decay](progress, self.final)
        if self.warmup_steps:
            share *= tf.minimum((step + 1) / self.warmup_steps, 1)
        return self.highest * share

    def get_config(self):
        names = ("highest", "decay", "warmup_steps", "decay_steps", "final")
        return {name: getattr(self, name) for name in names}
