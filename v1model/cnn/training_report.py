"""What an epoch of a training says: a row of the table, a line, curves."""

from typing import NamedTuple

VAL = "val_bps"


class Epoch(NamedTuple):
    """An epoch that is done.

    number: From 1.
    losses: Means of the terms of the loss, by name.
    score: Mean bits per spike in validation, over neurons.
    scores: The same by name of the recording.
    learning_rate: Of the read-outs, at its end.
    core_lr_scale: Of the core, in that.
    step_seconds: Time of an update.
    bins_per_update: Rates of each neuron in an update.
    waited: Seconds that batches were waited for.
    seconds: Of the epoch.
    kernel_lag0_mass: Share of lag 0 in the frontend's kernels.
    """

    number: int
    losses: dict
    score: float
    scores: dict
    learning_rate: float
    core_lr_scale: float
    step_seconds: float
    bins_per_update: int
    waited: float
    seconds: float
    kernel_lag0_mass: float

    @property
    def total(self):
        """The loss."""
        return sum(self.losses.values())

    def row(self, position):
        """Of metrics.csv."""
        return {
            "epoch": self.number,
            "updates": position.updates,
            "seconds": round(position.seconds, 1),
            "total": self.total,
            **self.losses,
            VAL: self.score,
            **{f"{VAL}_{name}": value for name, value in self.scores.items()},
            "learning_rate": self.learning_rate,
            "update_ms": 1000 * self.step_seconds,
            "waited_s": self.waited,
            "kernel_lag0_mass": self.kernel_lag0_mass,
        }

    def line(self, epochs, seconds_left):
        """For the log."""
        minutes, seconds = divmod(round(seconds_left), 60)
        return (
            f"epoch {self.number}/{epochs}: loss {self.total:.5f}, validation "
            f"{self.score:.4f} bits per spike, {1000 * self.step_seconds:.0f} ms an "
            f"update, {self.seconds:.0f} s; about {minutes}:{seconds:02d} left"
        )

    def scalars(self):
        """By tag of TensorBoard."""
        found = {"Loss/total": self.total}
        for name, value in self.losses.items():
            is_loss = name in ("poisson", "correlation")
            found[f"{'Loss' if is_loss else 'Penalty'}/{name}"] = value
        found["Val/bps"] = self.score
        found |= {f"Val/bps/{name}": value for name, value in self.scores.items()}
        found["LearningRate/readouts"] = self.learning_rate
        found["LearningRate/core"] = self.learning_rate * self.core_lr_scale
        found["Time/update_ms"] = 1000 * self.step_seconds
        found["Time/bins_per_s"] = self.bins_per_update / max(self.step_seconds, 1e-9)
        found["Time/waited_s"] = self.waited
        found["Frontend/kernel_lag0_mass"] = self.kernel_lag0_mass
        return found
