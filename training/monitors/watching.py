"""Watching: a Watch of the right room for each program, and early refusals."""

import contextlib
import importlib

from v1model.monitoring.choice import require_monitors


def require_watchable(config, room):
    """Refuses monitors and sinks that there are none of; loads no TensorFlow.

    Args:
        config: MonitoringConfig.
        room: One of ROOMS.

    Raises:
        ValueError: Of which option, and what it may be.
    """
    _register(room)
    require_monitors(config, room)


@contextlib.contextmanager
def opened_watch(config, subject, *, shows_epochs=True):
    """A Watch of a subject, closed behind its block.

    Args:
        config: MonitoringConfig.
        subject: Subject.
        shows_epochs: Whether it writes the numbers of epochs for TensorBoard; where a
            Keras callback does, under the published tags, it does not.
    """
    from v1model.monitoring.sinks import opened_sinks
    from v1model.monitoring.watch import Watch

    _register(subject.room)
    sinks = None
    if not shows_epochs:
        sinks = opened_sinks(config, subject.run, shows_epochs=False)
    with Watch(config, subject.run, subject, sinks) as watch:
        yield watch


@contextlib.contextmanager
def watched_column(experiment):
    """The callbacks that watch a ColumnExperiment: none in processes but the chief's.

    Args:
        experiment: ColumnExperiment.
    """
    if not experiment.replicas.is_chief:
        yield []
        return
    from training.monitors.column_subject import ColumnSubject
    from v1model.monitoring.callback import WatchCallback

    config, subject = experiment.config.monitoring, ColumnSubject(experiment)
    with opened_watch(config, subject, shows_epochs=False) as watch:
        yield [WatchCallback(watch, experiment.steps)]


@contextlib.contextmanager
def watched_network(config, fit, inputs):
    """The callbacks that watch the training of a decoder's network.

    Args:
        config: MonitoringConfig.
        fit: NetworkFit.
        inputs: Inputs of the decoder.
    """
    from training.monitors.decoder_subject import DecoderSubject
    from v1model.monitoring.callback import WatchCallback
    from v1model.runs import Run

    subject = DecoderSubject(
        Run(fit.folder), fit.validation, inputs.classes, network=fit.network
    )
    with opened_watch(config, subject, shows_epochs=False) as watch:
        yield [WatchCallback(watch, fit.steps)]


def watch_linear(config, run, decoder, validation):
    """Looks once at a decoder that has no epochs.

    Args:
        config: MonitoringConfig.
        run: Run.
        decoder: Decoder.
        validation: BinnedSpikes of the validation part.
    """
    from training.monitors.decoder_subject import DecoderSubject
    from v1model.decoders.parts import Part

    part = Part.of(validation, decoder.inputs)
    subject = DecoderSubject(run, part, decoder.inputs.classes, linear=decoder.model)
    values = {"val_accuracy": part.accuracy(decoder.model)}
    with opened_watch(config, subject, shows_epochs=False) as watch:
        watch.epoch(1, 1, values, is_last=True)


def _register(room):
    """Has the monitors of a room known; those of every room are there already."""
    importlib.import_module(f"training.monitors.{room}")
