"""LatentTrainer: from a recording to a trained latent model."""

import logging
import math
import time

import numpy as np

from v1model.disk import require_space
from v1model.finite import NotFiniteError
from v1model.latent.acquisition import phases_of
from v1model.latent.batches import epoch_batches
from v1model.latent.checkpoints import (
    BEST,
    FINAL,
    LATEST,
    Position,
    checkpoint_bytes,
    restore_checkpoint,
    save_checkpoint,
)
from v1model.latent.history import History, is_stuck
from v1model.latent.loader import ChunkLoader
from v1model.latent.model import LatentModel
from v1model.latent.moments import normalization_of
from v1model.latent.objective import Objective
from v1model.latent.phases import training_phases
from v1model.latent.splits import split_of
from v1model.latent.stopping import StopSignals
from v1model.latent.updates import Updates
from v1model.latent.validation import Validation
from v1model.distribution import alone

CALL_STEPS = 10  # updates in a call; a signal waits for one
VAL = "val_mse"  # decides which checkpoint is best
INTERVENING = "time_aligned_mse_latent_max_intervening_0_to_tu"
DIVERGENCE = "rollout_latent_2000step_first_divergence_step"

logger = logging.getLogger(__name__)


class LatentTrainer:
    """A training of the latent model: made from options, then run.

    Everything that bad input can break happens while it is made.

    Args:
        params: ModelParams.
        source: ActivitySource, open.
        run: Run; receives checkpoints and the table. If it has a checkpoint, training
            goes on from there.
        replicas: Replicas that share the starts of an update; None for one.
        diagnose: Function of the model and the epoch to scalars by name, called every
            diagnostics_freq_epochs; None for no diagnosis.
        board: Scalars; None for no TensorBoard.

    Raises:
        OSError, ValueError: The options, the recording or a checkpoint is wrong.
    """

    def __init__(
        self, params, source, run, replicas=None, diagnose=None, board=None
    ):
        self.run, self.source, self.diagnose, self.board = run, source, diagnose, board
        self.replicas = alone() if replicas is None else replicas
        training = params.training
        _require_size(params, source)
        split = split_of(training, source.n_steps, source.path)
        self.split = split
        self.neuron_phases = phases_of(
            training.acquisition_mode, training.time_units, source.n_neurons
        )
        with self.replicas.strategy.scope():
            self.model = LatentModel(source.n_neurons, source.n_inputs, params)
        self.model.set_normalization(
            *normalization_of(
                training.normalization,
                source,
                split.train_start,
                split.train_end,
                self.neuron_phases,
                training.time_units,
            )
        )
        self.objective = Objective(
            self.model, params, self.neuron_phases, source.connectome
        )
        n_rows = split.train_end - split.train_start
        self.phases = training_phases(
            self.model, self.objective, n_rows, self.replicas.n
        )
        self.loader = ChunkLoader(
            source, training, split.train_start, split.train_end
        )
        self.validation = Validation(
            self.model,
            source,
            split.validation_start,
            split.validation_end,
            self.neuron_phases,
        )
        self.position = Position()
        self._phase = None  # (number, Phase) that has been made last
        self._restore()
        self.history = History(run.metrics_csv, self.position.updates)
        self.signals = StopSignals()
        self.stopped = None
        needed = 4 * 3 * checkpoint_bytes(self.model.weights)
        require_space("results_dir", run.path.parent, needed)

    @property
    def training(self):
        """TrainingConfig."""
        return self.model.params.training

    def train(self):
        """Trains to the end, and writes `final.h5`.

        Returns:
            A dict: what stopped it, updates, minutes and errors.

        Raises:
            SystemExit: A signal came; the latest checkpoint is where it did.
            NotFiniteError: Training has diverged.
            WriteError: A file cannot be written.
        """
        self._begun = time.monotonic() - self.position.seconds
        with self.signals.noticed(), self.loader:
            for number in range(self.position.phase, len(self.phases)):
                if self.stopped is None:
                    self._train_phase(number)
        self.stopped = self.stopped or "epochs"
        self._save(FINAL)
        return self._result()

    def phase(self, number):
        """The Phase of a number; made when it is first asked for."""
        if self._phase is None or self._phase[0] != number:
            with self.replicas.strategy.scope():
                self._phase = number, self.phases[number]()
        return self._phase[1]

    def _restore(self):
        path = self.run.checkpoints / LATEST
        if path.exists():
            self.position = restore_checkpoint(
                path,
                self.model,
                lambda position: self.phase(position.phase).training_variables,
            )

    def _train_phase(self, number):
        phase = self.phase(number)
        if self.position.phase != number:
            self.position = self.position._replace(
                phase=number, epoch=0, step=0, sums=()
            )
        self._latest = None  # Updates, of the rollout length that is trained
        while self.position.epoch < phase.epochs and self.stopped is None:
            self._train_epoch(number, phase)

    def _train_epoch(self, number, phase):
        epoch, begun = self.position.epoch, time.monotonic()
        updates = self._updates_for(phase, epoch)
        sums = np.array(self.position.sums or [0.0] * len(phase.losses))
        waits, done = [], 0
        for batches, chunk, waited in self._chunks(number, phase, epoch):
            waits.append(waited)
            for first in range(0, len(batches.starts), CALL_STEPS):
                part = slice(first, first + CALL_STEPS)
                n = len(batches.starts[part])
                done += n
                if done <= self.position.step:  # of before a resume
                    continue
                sums += updates(chunk, batches.starts[part], batches.seeds[part])
                self._require_finite(phase, sums, n)
                self.position = self.position._replace(
                    step=done,
                    sums=tuple(sums.tolist()),
                    updates=self.position.updates + n,
                    seconds=time.monotonic() - self._begun,
                )
                if self.signals.at_once:
                    self._leave()
                if self._is_out_of_time() and done < phase.steps_per_epoch:
                    self.stopped = "max_minutes"
                    break
            if self.stopped:
                break
        if self.stopped:
            self._save(LATEST)
            return
        losses = dict(zip(phase.losses, (sums / done).tolist(), strict=True))
        self._end_epoch(phase, losses, waits, time.monotonic() - begun)

    def _updates_for(self, phase, epoch):
        multiples = phase.multiples_at(epoch)
        if self._latest is None or self._latest[0] != multiples:

            def losses(chunk, starts, seed):
                return phase.loss_of(chunk, starts, multiples, seed)

            updates = Updates(
                losses,
                phase.losses,
                phase.variables,
                phase.optimizer,
                self.replicas.strategy,
                phase.clip,
            )
            self._latest = multiples, updates
        return self._latest[1]

    def _chunks(self, number, phase, epoch):
        """Batches of an epoch, their chunk, and the seconds that it was waited for."""
        starts, batches = epoch_batches(
            self.training, self.loader.plan, number, phase, epoch, self.replicas.n
        )
        begun = time.monotonic()
        chunks = self.loader.chunks(starts)
        for own, (_, chunk) in zip(batches, chunks, strict=True):
            yield own, chunk, time.monotonic() - begun
            begun = time.monotonic()

    def _end_epoch(self, phase, losses, waits, seconds):
        epoch = self.position.epoch + 1
        row = {
            "phase": phase.name,
            "epoch": epoch,
            "updates": self.position.updates,
            "seconds": round(self.position.seconds, 1),
            "multiples": phase.multiples_at(epoch - 1),
            "learning_rate": float(phase.optimizer.learning_rate),
            "total": math.fsum(losses.values()),
            **losses,
        }
        is_joint = phase.name == "joint"
        if is_joint:
            row[VAL] = self.validation.error()
            row["val_mse_constant"] = self.validation.constant
            every = self.training.diagnostics_freq_epochs
            if self.diagnose and every and epoch % every == 0:
                row |= self.diagnose(self.model, epoch)
        self.history.add(row)
        self.position = self.position._replace(epoch=epoch, step=0, sums=())
        self._report(phase, row, waits, seconds)
        if is_joint and self.training.save_best_checkpoint:
            if self.history.is_best(VAL):
                self._save(BEST)
        self._save(LATEST)
        every = self.training.save_checkpoint_every_n_epochs
        if is_joint and every and epoch % every == 0:
            self._save(f"epoch_{epoch:04d}.h5")
        if self.signals.after_epoch or self.signals.at_once:
            self._leave()
        if self._is_stuck():
            self.stopped = "early_stop"
        elif self._is_out_of_time():
            self.stopped = "max_minutes"

    def _is_stuck(self):
        training = self.training
        return training.early_stop_intervening_mse and is_stuck(
            self.history.values(INTERVENING),
            self.history.values(DIVERGENCE),
            training.early_stop_patience_epochs,
            training.early_stop_min_divergence,
        )

    def _is_out_of_time(self):
        limit = 60 * self.training.max_minutes
        return bool(limit) and time.monotonic() - self._begun >= limit

    def _report(self, phase, row, waits, seconds):
        text = f"{phase.name} {row['epoch']}/{phase.epochs}  loss {row['total']:.4g}"
        if VAL in row:
            text += (
                f"  recon {row['recon']:.4g}  evolve {row['evolve']:.4g}"
                f"  held out {row[VAL]:.4g} (constant {row['val_mse_constant']:.4g})"
            )
        left = seconds * (phase.epochs - row["epoch"])
        logger.info("%s  %.1f s, about %.1f minutes left", text, seconds, left / 60)
        if self.board is not None:
            self.board.epoch(phase, row, waits, seconds)

    def _require_finite(self, phase, sums, n):
        if np.isfinite(sums).all():
            return
        broken = [
            name
            for name, value in zip(phase.losses, sums, strict=True)
            if not math.isfinite(value)
        ]
        first = self.position.updates
        raise NotFiniteError(
            f"{', '.join(broken)} is not finite in {phase.name}, epoch "
            f"{self.position.epoch + 1}, updates {first + 1} to {first + n}; a smaller "
            "training.learning_rate or a training.grad_clip_max_norm may help. "
            "Checkpoints keep what they had."
        )

    def _leave(self):
        self._save(LATEST)
        raise SystemExit(self.signals.status)

    def _save(self, name):
        variables = [] if self._phase is None else self._phase[1].training_variables
        save_checkpoint(
            self.run.checkpoints / name, self.model, variables, self.position
        )

    def _result(self):
        val = [value for _, value in self.history.values(VAL)]
        totals = [value for _, value in self.history.values("total")]
        return {
            "stopped": self.stopped,
            "updates": self.position.updates,
            "minutes": self.position.seconds / 60,
            "final_train_loss": totals[-1] if totals else None,
            "final_val_mse": val[-1] if val else None,
            "best_val_mse": min(val, default=None),
            "val_loss_constant_model": self.validation.constant,
        }


def _require_size(params, source):
    if params.num_neurons not in (None, source.n_neurons):
        raise ValueError(
            f"{source.path}: num_neurons must be {source.n_neurons}, as many as it "
            f"has, got {params.num_neurons}."
        )
