"""LatentTrainer: from a recording to a trained latent model."""

import logging
import math
import time

import numpy as np

from v1model.disk import require_space
from v1model.distribution import alone
from v1model.finite import NotFiniteError
from v1model.fitting.checkpoint_files import BEST, FINAL, LATEST, checkpoint_bytes
from v1model.fitting.clock import Clock
from v1model.fitting.history import History
from v1model.fitting.stopping import StopSignals
from v1model.latent.acquisition import phases_of
from v1model.latent.batches import epoch_batches
from v1model.latent.checkpoints import Position, restore_checkpoint, save_checkpoint
from v1model.latent.early_stop import early_stop_scalars, is_stuck
from v1model.latent.epochs import CONSTANT, VAL, VAL_LOSS, Epoch
from v1model.latent.likelihoods import COUNTED
from v1model.latent.loader import ChunkLoader
from v1model.latent.model import LatentModel
from v1model.latent.moments import normalization_of
from v1model.latent.objective import Objective
from v1model.latent.observed_frames import observed_frames
from v1model.latent.phases import JOINT, training_phases
from v1model.latent.principal import MOST_FRAMES, start_at_components
from v1model.latent.splits import split_of
from v1model.latent.suitability import require_suitable
from v1model.latent.updates import CALL_UPDATES, Updates
from v1model.latent.validation import Validation

_KEPT_AT_ONCE = 4  # latest, best, final and the one that is being written

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

    Attributes:
        watch: What is told of each epoch: an object with
            `epoch(number, step, values, is_last)`, such as a Watch; None for none.
        model: LatentModel.
        split: DataSplit of the recording.
        loader: ChunkLoader.
        phases: Functions that make the phases; see `phase`.
        position: Position.
        history: History.
        stopped: What ended training: epochs, early_stop or max_minutes; None before.

    Raises:
        OSError, ValueError: The options, the recording or a checkpoint is wrong.
    """

    def __init__(self, params, source, run, replicas=None, diagnose=None):
        self.run, self.diagnose, self.watch = run, diagnose, None
        self.replicas = alone() if replicas is None else replicas
        training = params.training
        require_suitable(params, source)
        split = self.split = split_of(training, source.n_steps, source.path)
        phases = phases_of(
            training.acquisition_mode, training.time_units, source.n_neurons
        )
        with self.replicas.strategy.scope():
            self.model = LatentModel(source.n_neurons, source.n_inputs, params)
        require_space(
            "results_dir",
            run.path,
            3 * _KEPT_AT_ONCE * checkpoint_bytes(self.model.weights),
        )
        train = split.train_start, split.train_end
        normalization = normalization_of(
            training.normalization, source, *train, phases, training.time_units
        )
        self.model.set_normalization(*normalization)
        if training.pca_init:
            start_at_components(
                self.model,
                *observed_frames(source, training, phases, *train, MOST_FRAMES),
                seed=training.seed,
            )
        objective = Objective(self.model, params, phases, source.connectome)
        n_rows = split.train_end - split.train_start
        self.phases = training_phases(self.model, objective, n_rows, self.replicas.n)
        unknown = self.model.mean.numpy()
        self.loader = ChunkLoader(source, training, *train, unknown=unknown)
        held_out = split.validation_start, split.validation_end
        self.validation = Validation(self.model, source, *held_out, phases)
        self.signals = StopSignals()
        self.stopped = None
        self._made = None  # number and Phase, the one that was made last
        self._updates = None  # length of the rollouts, and Updates
        self.position = self._restored()
        self.history = History(run.metrics_csv, self.position.updates)

    @property
    def training(self):
        """TrainingConfig."""
        return self.model.params.training

    def train(self):
        """Trains to the end, and writes `final.h5`.

        Returns:
            What stopped it, updates, minutes and errors, a dict.

        Raises:
            SystemExit: A signal came; the latest checkpoint is of that moment.
            NotFiniteError: Training has diverged.
            WriteError: A file cannot be written.
        """
        self._clock = Clock(self.training.max_minutes, self.position.seconds)
        with self.signals.noticed(), self.loader:
            self._stop_if_due()  # where a resumed one was already
            for number in range(self.position.phase, len(self.phases)):
                if self.stopped is None:
                    self._train_phase(number)
        self.stopped = self.stopped or "epochs"
        self._save(FINAL)
        return self._result()

    def use_best(self):
        """Puts the best weights into the model; whether there are any."""
        path = self.run.checkpoints / BEST
        if not path.exists():
            return False
        restore_checkpoint(path, self.model)
        return True

    def seconds_per_update(self, number, n_updates):
        """Time of an update in the last epoch of a phase, which changes the model."""
        phase = self.phase(number)
        self.position = Position(number, max(phase.epochs - 1, 0))
        with self.loader:
            batches, chunk, _ = next(self._chunks(number, phase))
            updates = self._updates_for(phase)
            updates(chunk, *next(batches.parts(1)))  # compiles
            begun = time.monotonic()
            part = next(batches.parts(n_updates))
            updates(chunk, *part)
            return (time.monotonic() - begun) / len(part.starts)

    def phase(self, number):
        """The Phase of a number; made when it is first asked for."""
        if self._made is None or self._made[0] != number:
            with self.replicas.strategy.scope():
                self._made, self._updates = (number, self.phases[number]()), None
        return self._made[1]

    def _restored(self):
        path = self.run.checkpoints / LATEST
        if not path.exists():
            return Position()
        return restore_checkpoint(
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
        while self.position.epoch < phase.epochs and self.stopped is None:
            self._train_epoch(number, phase)

    def _train_epoch(self, number, phase):
        begun, waits, calls, done = time.monotonic(), [], [], 0
        updates = self._updates_for(phase)
        sums = np.array(self.position.sums or [0.0] * len(phase.losses))
        for batches, chunk, waited in self._chunks(number, phase):
            waits.append(waited)
            for part in batches.parts(CALL_UPDATES):
                n, done = len(part.starts), done + len(part.starts)
                if done <= self.position.step:  # before a resume
                    continue
                called = time.monotonic()
                sums += updates(chunk, *part)
                calls.append((n, time.monotonic() - called))
                self._require_finite(phase, sums, n)
                self.position = self.position._replace(
                    step=done,
                    sums=tuple(sums.tolist()),
                    updates=self.position.updates + n,
                    seconds=self._clock.seconds,
                )
                if self.signals.at_once and done < phase.steps_per_epoch:
                    self._save(LATEST)
                    self._leave()
                if self._clock.is_over and done < phase.steps_per_epoch:
                    self.stopped = "max_minutes"
                    self._save(LATEST)
                    return
        timed = calls[1:] or calls  # the first one compiles
        if updates.left_out:
            logger.warning(
                "%d updates so far were left out: their gradients were not finite",
                updates.left_out,
            )
        self._end_epoch(
            Epoch(
                phase=phase,
                number=self.position.epoch + 1,
                losses=dict(zip(phase.losses, (sums / done).tolist(), strict=True)),
                learning_rate=phase.learning_rate(),
                waits=waits,
                step_seconds=sum(s for _, s in timed)
                / max(sum(n for n, _ in timed), 1),
                seconds=time.monotonic() - begun,
            )
        )

    def _updates_for(self, phase):
        multiples = phase.multiples_at(self.position.epoch)
        if self._updates is None or self._updates[0] != multiples:

            def losses(chunk, starts, seed):
                return phase.loss_of(chunk, starts, multiples, seed)

            updates = Updates(losses, phase, self.replicas.strategy)
            self._updates = multiples, updates
        return self._updates[1]

    def _chunks(self, number, phase):
        """Batches of an epoch, their chunk, and the seconds that it was waited for."""
        starts, batches = epoch_batches(
            self.training,
            self.loader.plan,
            number,
            phase,
            self.position.epoch,
            self.replicas.n,
        )
        begun = time.monotonic()
        chunks = self.loader.chunks(starts)
        for own, (_, chunk) in zip(batches, chunks, strict=True):
            yield own, chunk, time.monotonic() - begun
            begun = time.monotonic()

    def _end_epoch(self, epoch):
        is_joint = epoch.phase.name == JOINT
        if is_joint:
            epoch = self._judged(epoch)
        self.position = self.position._replace(
            epoch=epoch.number,
            step=0,
            sums=(),
            seconds=self._clock.seconds,
        )
        self.history.add(epoch.row(self.position))
        self._stop_if_due()  # who watches is told whether it ends here
        self._report(epoch)
        keeps_best = is_joint and self.training.save_best_checkpoint
        criterion = VAL_LOSS if VAL_LOSS in epoch.validation else VAL
        if keeps_best and self.history.is_best(criterion):
            self._save(BEST)
        self._save(LATEST)
        every = self.training.save_checkpoint_every_n_epochs
        if is_joint and every and epoch.number % every == 0:
            self._save(f"epoch_{epoch.number:04d}.h5")
        if self.signals.after_epoch or self.signals.at_once:
            self._leave()
        self._stop_if_due()  # watching takes time

    def _judged(self, epoch):
        scores = {VAL: self.validation.error(), CONSTANT: self.validation.constant}
        if self.model.params.likelihood in COUNTED:
            scores[VAL_LOSS] = self.validation.loss()
        every = self.training.diagnostics_freq_epochs
        found = {}
        if self.diagnose and every and epoch.number % every == 0:
            found = self.diagnose(self.model, epoch.number)
        return epoch._replace(validation=scores, diagnosis=found)

    def _stop_if_due(self):
        training = self.training
        if training.early_stop_intervening_mse and is_stuck(
            self.history,
            training.early_stop_patience_epochs,
            training.early_stop_min_divergence,
        ):
            self.stopped = "early_stop"
        elif self._clock.is_over:
            self.stopped = "max_minutes"

    def _report(self, epoch):
        phase = epoch.phase
        n_left = (phase.epochs - epoch.number) * phase.steps_per_epoch
        seconds_left = self._clock.seconds_left(n_left * epoch.step_seconds)
        logger.info(epoch.line(seconds_left))
        if self.watch is None:
            return
        values = epoch.scalars(self.position)
        if self.training.early_stop_intervening_mse:
            values |= early_stop_scalars(self.history)
        is_done = phase.name == JOINT and epoch.number == phase.epochs
        is_last = is_done or self.stopped is not None
        self.watch.epoch(epoch.number, self.position.updates, values, is_last)

    def _require_finite(self, phase, sums, n):
        pairs = zip(phase.losses, sums.tolist(), strict=True)
        broken = [name for name, value in pairs if not math.isfinite(value)]
        if broken:
            first = self.position.updates
            raise NotFiniteError(
                f"{', '.join(broken)} of {phase.name} is not finite in epoch "
                f"{self.position.epoch + 1}, updates {first + 1} to {first + n}. "
                "A smaller training.learning_rate or a training.grad_clip_max_norm may "
                "help; checkpoints keep what they had."
            )

    def _leave(self):
        self.signals.leave(self.position.updates, self.run.path.name)

    def _save(self, name):
        variables = [] if self._made is None else self._made[1].training_variables
        path = self.run.checkpoints / name
        save_checkpoint(path, self.model, variables, self.position)

    def _result(self):
        errors = [value for _, value in self.history.values(VAL)]
        totals = [value for _, value in self.history.values("total")]
        return {
            "stopped": self.stopped,
            "updates": self.position.updates,
            "minutes": self.position.seconds / 60,
            "final_train_loss": totals[-1] if totals else None,
            "final_val_mse": errors[-1] if errors else None,
            "best_val_mse": min(errors, default=None),
            "val_loss_constant_model": self.validation.constant,
        }
