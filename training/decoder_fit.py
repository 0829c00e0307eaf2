"""Fitting of decoders: from the training and the validation part, never the test."""

import contextlib
import itertools
import logging
import pathlib

import keras
import numpy as np
import tensorflow as tf

from v1model.backup import BEST, Backup, EpochTable, restore_backup
from v1model.callbacks import (
    EarlyStop,
    ProgressLine,
    StepCount,
    StopAtNaN,
    TensorBoardScalars,
)
from v1model.decoders.config import NETWORKS
from v1model.decoders.fitting import fit_linear_decoder
from v1model.decoders.graph import correlation_graph
from v1model.decoders.inputs import Inputs
from v1model.decoders.networks import build_network
from v1model.decoders.parts import Part
from v1model.decoders.saved import Decoder, NetworkScores

LEAST_STEPS = 64  # of an epoch, however few presentations there are
_ORDER, _DROPOUT = 0, 1  # random streams of a seed
PROGRESS = {"loss": "loss {:.4g}", "accuracy": "accuracy {:.3f}"}

logger = logging.getLogger(__name__)


def unwatched(fit, inputs):
    """No callbacks."""
    del fit, inputs
    return contextlib.nullcontext([])


def fit_decoder(name, training, validation, options, folder, seed, watched=unwatched):
    """A decoder, with everything that has to be chosen chosen on the validation part.

    Args:
        name: One of DECODERS.
        training, validation: BinnedSpikes.
        options: NetworkOptions.
        folder: Of the run: receives metrics, logs and backups of networks; a killed fit
            goes on from there.
        seed: Of the network's weights, its dropout and the order of presentations.
        watched: Function of a NetworkFit and the decoder's Inputs; a context manager of
            more Keras callbacks.

    Returns:
        Decoder, and its accuracy on the validation part.

    Raises:
        ValueError: A part cannot be decoded.
    """
    if name in NETWORKS:
        inputs = Inputs.fit(training)
        parts = [Part.of(binned, inputs) for binned in (training, validation)]
        folder = pathlib.Path(folder)

        def watched_fit(fit):
            return watched(fit, inputs)

        model = _fit_widths(name, *parts, options, folder, seed, watched_fit)
        decoder = Decoder(name, inputs, model, training.session_id)
    else:
        decoder = fit_linear_decoder(name, training, validation)
    accuracy = float(np.mean(decoder.predict(validation) == validation.labels))
    chosen = _words(decoder.model.choice)
    logger.info("    chosen: %s; validation accuracy %.3f", chosen, accuracy)
    return decoder, accuracy


def _words(choice):
    return ", ".join(f"{key} {value:g}" for key, value in choice.items())


def _fit_widths(name, training, validation, options, folder, seed, watched):
    """The network of the best width; each has a folder of its own if there are more."""
    graph = _graph_of(training, options) if name == "gat" else None
    best, best_accuracy = None, -1.0
    for width in options.width:
        own = folder if len(options.width) == 1 else folder / f"width_{width}"
        fit = NetworkFit(name, training, validation, options, width, graph, own, seed)
        with watched(fit) as callbacks:
            model = fit.run(callbacks)
        accuracy = validation.accuracy(model)
        logger.info("    width %d: validation accuracy %.3f", width, accuracy)
        if accuracy > best_accuracy:
            best, best_accuracy = model, accuracy
    return best


def _graph_of(training, options):
    """Correlations of the units' counts over training presentations."""
    return correlation_graph(training.inputs.sum(axis=1), options.neighbours)


class NetworkFit:
    """The training of one network of one width.

    Args:
        name: One of NETWORKS.
        training, validation: Parts.
        options: NetworkOptions.
        width: Of the network.
        graph: See `build_network`.
        folder: Receives metrics.csv, checkpoints/ and logs/; goes on from its backup.
        seed: Of weights, dropout and the order of presentations.
    """

    def __init__(self, name, training, validation, options, width, graph, folder, seed):
        keras.utils.set_random_seed(seed)
        self.training, self.validation = training, validation
        self.options, self.seed, self.width = options, seed, width
        self.folder = folder
        n, n_bins, n_units = training.inputs.shape
        self.batch_size = min(options.batch_size, n)
        interval = max(n // self.batch_size, LEAST_STEPS)
        self.total_steps = options.epochs * interval
        self.network = build_network(
            name, n_bins, n_units, training.n_classes, width, options, graph
        )
        self._compile()
        for part in ("checkpoints", "logs"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        done = restore_backup(self.network, folder / "checkpoints")
        self.steps = StepCount(interval, done)
        self.table = EpochTable(folder / "metrics.csv", self.steps)
        best = self.table.best("val_accuracy")
        self.backup = Backup(folder / "checkpoints", self.steps, best=best)
        self.early_stop = EarlyStop(self.table, options.patience)

    def _compile(self):
        options = self.options
        rate = keras.optimizers.schedules.CosineDecay(
            options.learning_rate, self.total_steps
        )
        optimizer = keras.optimizers.AdamW(rate, weight_decay=options.weight_decay)
        self.network.compile(
            optimizer,
            keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=options.label_smoothing
            ),
            metrics=["accuracy"],
        )
        optimizer.build(self.network.trainable_variables)

    def run(self, callbacks=()):
        """Trains to the end; the NetworkScores of the epoch with the best accuracy.

        Args:
            callbacks: More Keras callbacks.
        """
        is_over = self.steps.step >= self.total_steps or self.early_stop.is_over
        if not is_over:
            own = [
                self._dropout_seeds(),
                self.steps,
                StopAtNaN(self.steps, (self.network.name,), self.backup.last_good),
                ProgressLine(shown=PROGRESS),
                TensorBoardScalars(self.folder / "logs", self.steps, 10),
                *callbacks,
                self.table,
                self.early_stop,
                self.backup,
            ]
            self.network.fit(
                self._batches(),
                epochs=self.options.epochs,
                initial_epoch=self.steps.intervals,
                steps_per_epoch=self.steps.interval,
                shuffle=False,  # the stream is random already
                validation_data=self._held_out(),
                verbose=0,
                callbacks=own,
            )
        self.network.load_weights(self.folder / "checkpoints" / BEST)
        epochs = self.table.values("val_accuracy")
        epoch = 1 + epochs.index(max(epochs))
        return NetworkScores(self.network, {"width": self.width, "epoch": epoch})

    def _dropout_seeds(self):
        """A callback that begins each epoch with its own random streams.

        Keras does not save where streams stand, so a resumed run could not go on.
        """
        streams = [
            variable
            for variable in self.network.variables
            if variable.path.endswith("seed_generator_state")
        ]

        def begin(epoch, logs=None):
            rng = np.random.default_rng((self.seed, epoch, _DROPOUT))
            for stream in streams:
                stream.assign(rng.integers(2**31, size=2, dtype=np.uint32))

        return keras.callbacks.LambdaCallback(on_epoch_begin=begin)

    def _batches(self):
        """Endless batches; their order follows from the seed and the step alone."""
        inputs = tf.constant(self.training.inputs)
        targets = tf.constant(_one_hot(self.training))
        spec = tf.TensorSpec((self.batch_size,), tf.int32)
        rows = tf.data.Dataset.from_generator(self._rows, output_signature=spec)
        return rows.map(
            lambda row: (tf.gather(inputs, row), tf.gather(targets, row))
        ).prefetch(2)

    def _rows(self):
        n = len(self.training.targets)
        per_pass = n // self.batch_size
        first = self.steps.step
        for number in itertools.count(first // per_pass):
            order = np.random.default_rng((self.seed, number, _ORDER)).permutation(n)
            for batch in range(first % per_pass, per_pass):
                start = batch * self.batch_size
                yield order[start : start + self.batch_size].astype(np.int32)
            first = 0

    def _held_out(self):
        arrays = self.validation.inputs, _one_hot(self.validation)
        return tf.data.Dataset.from_tensor_slices(arrays).batch(256)


def _one_hot(part):
    return np.eye(part.n_classes, dtype=np.float32)[part.targets]
