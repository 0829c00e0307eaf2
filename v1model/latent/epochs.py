"""What is known of an epoch when it ends: for the table, TensorBoard and the reader."""

import math
from typing import NamedTuple

from v1model.latent.phases import JOINT

VAL, CONSTANT, VAL_LOSS = "val_mse", "val_mse_constant", "val_loss"
_LATENCY = {
    "chunk_get_mean_ms": lambda epoch: 1e3 * sum(epoch.waits) / len(epoch.waits),
    "chunk_get_max_ms": lambda epoch: 1e3 * max(epoch.waits),
    "batch_step_mean_ms": lambda epoch: 1e3 * epoch.step_seconds,
}


class Epoch(NamedTuple):
    """An epoch that has ended.

    phase: Phase.
    number: From 1.
    losses: Means over its updates, by name.
    learning_rate: Of the update after it.
    waits: Seconds that each chunk was waited for.
    step_seconds: Mean of an update.
    seconds: Of the whole epoch, without validation.
    validation: val_mse and val_mse_constant, of counts val_loss too; empty in other
        phases than the joint one.
    diagnosis: Scalars by name; empty without a diagnosis.
    """

    phase: object
    number: int
    losses: dict
    learning_rate: float
    waits: list
    step_seconds: float
    seconds: float
    validation: dict = {}
    diagnosis: dict = {}

    @property
    def total(self):
        """The loss."""
        return math.fsum(self.losses.values())

    def row(self, position):
        """The row of metrics.csv; `position` is that at the end of the epoch."""
        return {
            "phase": self.phase.name,
            "epoch": self.number,
            "updates": position.updates,
            "seconds": round(position.seconds, 1),
            "multiples": self.phase.multiples_at(self.number - 1),
            "learning_rate": self.learning_rate,
            "total": self.total,
            **self.losses,
            **self.validation,
            **self.diagnosis,
        }

    def scalars(self, position):
        """Numbers by TensorBoard tag, without those of the diagnosis."""
        tag = self.phase.tag
        found = {f"{tag}{name}": value for name, value in self.losses.items()}
        if self.phase.name != JOINT:
            own = {} if len(self.losses) == 1 else {f"{tag}total": self.total}
            return found | own | {f"{tag}epoch_duration": self.seconds}
        found |= {
            f"{tag}total": self.total,
            "Time/epoch_duration": self.seconds,
            "Time/total_elapsed": position.seconds,
            "Schedule/learning_rate": self.learning_rate,
            "Schedule/evolve_multiple_steps": self.phase.multiples_at(self.number - 1),
            "Val/loss": self.validation[VAL],
            "Baseline/val_loss_constant_model": self.validation[CONSTANT],
        }
        latency = {f"Latency/{name}": of(self) for name, of in _LATENCY.items()}
        return found | latency

    def line(self, seconds_left):
        """A line for the reader."""
        words = [
            f"{self.phase.name} {self.number}/{self.phase.epochs}",
            f"loss {self.total:.4g}",
        ]
        if self.validation:
            words += [
                f"recon {self.losses['recon']:.4g}",
                f"evolve {self.losses['evolve']:.4g}",
                f"held out {self.validation[VAL]:.4g} "
                f"(constant {self.validation[CONSTANT]:.4g})",
            ]
        words.append(f"{self.seconds:.1f} s")
        if seconds_left:
            words.append(f"about {_duration(seconds_left)} left")
        return "  ".join(words)


def _duration(seconds):
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
