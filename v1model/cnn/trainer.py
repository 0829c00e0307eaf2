"""CnnTrainer: from recordings to a trained read-out model."""

import itertools
import logging
import math
import time

import numpy as np

from v1model.cnn.beginning import begin, model_for
from v1model.cnn.checkpoints import (
    Position,
    recorded_of,
    restore_checkpoint,
    save_checkpoint,
)
from v1model.cnn.data import require_joint
from v1model.cnn.lag_energy import kernel_lag0_mass
from v1model.cnn.objective import Objective, trained_on
from v1model.cnn.proximal import Proximal
from v1model.cnn.training_report import VAL, Epoch
from v1model.cnn.update_batches import batches_of, calls_of
from v1model.cnn.updates import Updates, learning_rate_for, optimizer_for
from v1model.cnn.validation import Validation, weights_in_place
from v1model.disk import require_space
from v1model.distribution import alone
from v1model.finite import NotFiniteError
from v1model.fitting.checkpoint_files import BEST, FINAL, LATEST, checkpoint_bytes
from v1model.fitting.clock import Clock
from v1model.fitting.history import History
from v1model.fitting.stopping import StopSignals

_KEPT_AT_ONCE = 4  # latest, best, final and the one that is being written
_COPIES = 4  # of the weights: themselves, two of Adam, the running mean

logger = logging.getLogger(__name__)


class CnnTrainer:
    """A training of a read-out model: made from options, then run.

    Everything that bad input can break happens while it is made.

    Args:
        config: ReadoutConfig.
        recordings: List of RecordingData.
        run: Run; receives checkpoints and the table. If it has a checkpoint, training
            goes on from there.
        replicas: Replicas that share the segments of an update; None for one.
        progress: Called with the updates that are done and all there are; or None.

    Attributes:
        watch: What is told of each epoch: an object with
            `epoch(number, step, values, is_last)`, such as a Watch; None for none.
        model: ReadoutModel.
        batches: Batches.
        position: Position.
        history: History.
        stopped: What ended training: epochs, patience or max_minutes; None before.

    Raises:
        OSError, ValueError: The options, a recording or a checkpoint is wrong.
    """

    def __init__(self, config, recordings, run, replicas=None, progress=None):
        self.config, self.recordings, self.run = config, recordings, run
        self.progress, self.watch = progress, None
        self.replicas = alone() if replicas is None else replicas
        training = config.training
        require_joint(recordings, config.model)
        with self.replicas.strategy.scope():
            self.model = model_for(config, recordings)
        require_space(
            "results_dir",
            run.path,
            _COPIES * _KEPT_AT_ONCE * checkpoint_bytes(self.model.variables),
        )
        self.batches = batches_of(recordings, self.model.memory_bins, config)
        weights = self.batches.recording_weights
        trained = {
            one.spec.name: trained_on(one, weights[one.spec.name]) for one in recordings
        }
        self.objective = Objective(self.model, config, trained)
        self.n_updates = training.epochs * self.steps_per_epoch
        rate = learning_rate_for(training, self.n_updates)
        core = self.model.core_variables
        readouts = list(
            itertools.chain.from_iterable(
                self.model.readout_variables(one.spec.name) for one in recordings
            )
        )
        with self.replicas.strategy.scope():
            self.updates = Updates(
                self.objective,
                training,
                optimizer_for(training, rate, core, readouts),
                [*core, *readouts],
                self.replicas.strategy,
                Proximal(self.model, config.regularization),
            )
        self.recorded = recorded_of(
            recordings,
            {name: one.mean_counts for name, one in trained.items()},
            self.objective.neuron_weights,
        )
        self.validation = Validation(self.model, recordings)
        self.signals = StopSignals()
        self.stopped = None
        self.position = self._begun_or_restored()
        self.history = History(run.metrics_csv, self.position.updates)

    @property
    def training(self):
        """TrainingParams."""
        return self.config.training

    @property
    def steps_per_epoch(self):
        """Updates of an epoch."""
        return self.batches.steps_per_epoch // self.training.accumulate

    def train(self):
        """Trains to the end, and writes `final.h5`.

        Returns:
            What stopped it, updates, minutes and scores, a dict.

        Raises:
            SystemExit: A signal came; the latest checkpoint is of that moment.
            NotFiniteError: Training has diverged.
            WriteError: A file cannot be written.
        """
        self._clock = Clock(self.training.max_minutes, self.position.seconds)
        with self.signals.noticed():
            self._stop_if_due()  # where a resumed one was already
            while self.position.epoch < self.training.epochs and self.stopped is None:
                self._train_epoch()
        self.stopped = self.stopped or "epochs"
        with weights_in_place(self.updates.variables, self.updates.averages):
            self._save(FINAL)
        return self._result()

    def use_best(self):
        """Puts the best weights into the model; whether there are any."""
        path = self.run.checkpoints / BEST
        if not path.exists():
            return False
        restore_checkpoint(path, self.model, self.recorded)
        return True

    def seconds_per_update(self, n_updates):
        """Time of an update, measured, over epochs if need be; changes the model."""
        calls = (call for epoch in itertools.count() for call in self._calls(epoch, 0))
        self.updates(next(calls)[1], 0)  # compiles
        begun, n_done = time.monotonic(), 0
        for n, batches in calls:
            self.updates(batches, 0)
            n_done += n
            if n_done >= n_updates:
                break
        return (time.monotonic() - begun) / n_done

    def _begun_or_restored(self):
        path = self.run.checkpoints / LATEST
        if not path.exists():
            begin(self.model, self.config, self.recordings)
            for average, variable in zip(
                self.updates.averages, self.updates.variables, strict=False
            ):
                average.assign(variable.value)
            return Position()
        variables = self.updates.training_variables
        return restore_checkpoint(path, self.model, self.recorded, variables)

    def _train_epoch(self):
        begun, calls, waits = time.monotonic(), [], 0.0
        number, per_epoch = self.position.epoch, self.steps_per_epoch
        sums = np.array(self.position.sums or [0.0] * len(self.objective.names))
        waited = time.monotonic()
        for n, batches in self._calls(number, self.position.step):
            called = time.monotonic()
            waits += called - waited
            sums += self.updates(batches, number)
            waited = time.monotonic()
            calls.append((n, waited - called))
            self._require_finite(sums, n)
            done = self.position.step + n
            self.position = self.position._replace(
                step=done,
                sums=tuple(sums.tolist()),
                updates=self.position.updates + n,
                seconds=self._clock.seconds,
            )
            if self.progress is not None:
                self.progress(self.position.updates, self.n_updates)
            if done < per_epoch and self.signals.at_once:
                self._save(LATEST)
                self._leave()
            if done < per_epoch and self._clock.is_over:
                self.stopped = "max_minutes"
                self._save(LATEST)
                return
        timed = calls[1:] or calls  # the first one compiles
        step_seconds = sum(s for _, s in timed) / max(sum(n for n, _ in timed), 1)
        self._end_epoch(sums, step_seconds, waits, begun)

    def _calls(self, number, n_skipped):
        return calls_of(
            self.batches,
            number,
            n_skipped,
            self.training.accumulate,
            self.replicas.n,
        )

    def _end_epoch(self, sums, step_seconds, waited, begun):
        with weights_in_place(self.updates.variables, self.updates.averages):
            by_recording, mean = self.validation.scores()
            self.position = self.position._replace(
                epoch=self.position.epoch + 1,
                step=0,
                sums=(),
                seconds=self._clock.seconds,
            )
            epoch = Epoch(
                number=self.position.epoch,
                losses=dict(
                    zip(
                        self.objective.names,
                        (sums / self.steps_per_epoch).tolist(),
                        strict=True,
                    )
                ),
                score=mean,
                scores=by_recording,
                learning_rate=float(self.updates.optimizer.learning_rate),
                core_lr_scale=self.training.core_lr_scale,
                step_seconds=step_seconds,
                bins_per_update=self._bins_per_update(),
                waited=waited,
                seconds=time.monotonic() - begun,
                kernel_lag0_mass=kernel_lag0_mass(self.model.frontend.kernels()),
            )
            self.history.add(epoch.row(self.position))
            if epochs_since_best(self._scores()) == 0:
                self._save(BEST)
        self._stop_if_due()  # who watches is told whether it ends here
        self._report(epoch)
        self._save(LATEST)
        if self.signals.after_epoch or self.signals.at_once:
            self._leave()
        self._stop_if_due()  # watching takes time

    def _scores(self):
        return [value for _, value in self.history.values(VAL)]

    def _bins_per_update(self):
        segments = sum(self.batches.quotas.values()) * self.training.accumulate
        return segments * self.config.data.segment_bins

    def _stop_if_due(self):
        patience = self.training.patience
        if patience and epochs_since_best(self._scores()) >= patience:
            self.stopped = "patience"
        elif self._clock.is_over:
            self.stopped = "max_minutes"

    def _report(self, epoch):
        n_left = self.n_updates - self.position.updates
        seconds_left = self._clock.seconds_left(n_left * epoch.step_seconds)
        logger.info(epoch.line(self.training.epochs, seconds_left))
        if self.watch is not None:
            is_done = epoch.number == self.training.epochs
            is_last = is_done or self.stopped is not None
            values = epoch.scalars()
            self.watch.epoch(epoch.number, self.position.updates, values, is_last)

    def _require_finite(self, sums, n):
        pairs = zip(self.objective.names, sums.tolist(), strict=True)
        broken = [name for name, value in pairs if not math.isfinite(value)]
        if not broken and self.updates.is_diverged:
            broken = ["the gradient"]
        if broken:
            first = self.position.updates
            raise NotFiniteError(
                f"{', '.join(broken)} is not finite in epoch "
                f"{self.position.epoch + 1}, updates {first + 1} to {first + n}. A "
                "smaller training.learning_rate or training.grad_clip_norm may help; "
                "checkpoints keep what they had."
            )

    def _leave(self):
        self.signals.leave(self.position.updates, self.run.path.name)

    def _save(self, name):
        save_checkpoint(
            self.run.checkpoints / name,
            self.model,
            self.config,
            self.recorded,
            self.updates.training_variables,
            self.position,
        )

    def _result(self):
        scores = self.history.values(VAL)
        known = [pair for pair in scores if not math.isnan(pair[1])]
        best = max(known, key=lambda pair: pair[1], default=(None, None))
        totals = [value for _, value in self.history.values("total")]
        return {
            "stopped": self.stopped,
            "updates": self.position.updates,
            "minutes": self.position.seconds / 60,
            "final_train_loss": totals[-1] if totals else None,
            "final_val_bps": scores[-1][1] if scores else None,
            "best_val_bps": best[1],
            "best_epoch": best[0],
        }


def epochs_since_best(scores):
    """Epochs after the first one with the largest score; NaN is never better."""
    best, since = -math.inf, 0
    for score in scores:
        since = 0 if score > best else since + 1
        best = max(best, score) if score == score else best
    return since
