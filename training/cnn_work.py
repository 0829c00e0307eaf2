"""What a training of read-out models does at each stage, put together."""

import pathlib
import time

import numpy as np
import pandas as pd

from training.cnn_options import FIT, REFIT, TRANSFER
from training.monitors.cnn_subject import CnnSubject
from training.monitors.watching import opened_watch
from training.progress import Progress
from v1model.atomic import write_rows
from v1model.cnn.checkpoints import (
    load_readout_model,
    recorded_of,
    save_checkpoint,
)
from v1model.cnn.data import load_recordings, require_parts
from v1model.cnn.stages import learning_curve, model_with_core, refit
from v1model.cnn.trainer import CnnTrainer
from v1model.cnn.trial_parts import PARTS
from v1model.cnn.validation import Validation
from v1model.fitting.checkpoint_files import FINAL
from v1model.judging.cnn import judge_readouts
from v1model.judging.costs import costs_of, readout_operations
from v1model.known_v1 import KnownV1Config, simulate
from v1model.runs import Run
from v1model.runs.options_text import flat, options_of

SIMULATED = "simulated"  # folder of recordings of known neurons, below the results
REFIT_TABLE, CURVES = "refit.csv", "learning_curve.csv"


def recordings_of(config, options):
    """The recordings of the command line; without any, those of known neurons.

    Raises:
        OSError, ValueError: A file or an option is wrong.
    """
    recordings = load_recordings(paths_of(options), config.data)
    is_tested = config.data.test_share > 0 or options.stage == TRANSFER
    require_parts(recordings, PARTS if is_tested else PARTS[:2])
    return recordings


def paths_of(options):
    """Paths of the recordings; known neurons are simulated once, and kept."""
    paths = [pathlib.Path(path) for path in options.recordings if path.strip()]
    if paths:
        return paths
    folder = pathlib.Path(options.results_dir).expanduser() / SIMULATED
    for number in range(1, options.simulated + 1):
        path = folder / f"known_{number}.h5"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            simulate(path, KnownV1Config(seed=number))
        paths.append(path)
    return paths


class Fit:
    """Core and read-outs together.

    Args:
        config: ReadoutConfig.
        options: CnnOptions.
        recordings: List of RecordingData.
        run: Run.
        replicas: Replicas.
    """

    def __init__(self, config, options, recordings, run, replicas):
        self.config, self.recordings, self.run = config, recordings, run
        progress = Progress("training")
        self.trainer = CnnTrainer(config, recordings, run, replicas, progress)
        self.monitoring = options.monitoring

    def __call__(self):
        """Trains to the end: the metrics of result.json."""
        subject = CnnSubject(self.trainer)
        with opened_watch(self.monitoring, subject) as watch:
            self.trainer.watch = watch
            result = self.trainer.train()
            result["judged"] = "best" if self.trainer.use_best() else "final"
            result |= judge_readouts(
                self.run,
                self.trainer.model,
                self.recordings,
                self.config,
                result["minutes"],
            )
            metrics = {}
            if "test_bps" in result:  # test_share may be 0
                metrics = {"hparam/test_bps": result["test_bps"]}
            watch.events.hyperparameters(flat(options_of(self.config)), metrics)
        return result


class Refit:
    """Read-outs of a frozen core, of the same recordings or others.

    Arguments are those of Fit. Of the recordings that the core is from, neurons that it
    did not see are fitted alone if any were held out.
    """

    def __init__(self, config, options, recordings, run, replicas):
        del replicas
        self.run, self.recordings = run, recordings
        trained, before = load_readout_model(options.source)
        require_same_model(config, before, options.source)
        self.config = config
        self.known = {spec.name for spec in trained.recordings}
        specs = tuple(one.spec for one in recordings)
        self.model = model_with_core(trained, specs, config.training.seed)

    def __call__(self):
        """Fits all read-outs: the metrics of result.json."""
        rows, fitted = [], {}
        for recording in self.recordings:
            is_known = recording.spec.name in self.known
            neurons = recording.held_out if is_known else ~recording.held_out
            neurons = neurons if neurons.any() else ~neurons
            fitted[recording.spec.name] = neurons
            done = refit(self.model, self.config, recording, neurons=neurons)
            row = {
                "recording": recording.spec.name,
                "n_neurons": int(neurons.sum()),
                "features_seconds": done.features_seconds,
                "fit_seconds": done.fit_seconds,
            }
            validation = Validation(self.model, [recording], only=neurons)
            row["validation_bps"] = validation.scores()[1]
            rows.append(row)
        seconds = [row["features_seconds"] + row["fit_seconds"] for row in rows]
        judged = judge_readouts(
            self.run,
            self.model,
            self.recordings,
            self.config,
            sum(seconds) / 60,
            fitted,
        )
        by_name = judged.get("test_bps_by_recording", {})
        for row in rows:
            if row["recording"] in by_name:
                row["test_bps"] = by_name[row["recording"]]
        write_rows(self.run.path / REFIT_TABLE, rows)
        means = {one.spec.name: one.mean_counts("train") for one in self.recordings}
        ones = {name: np.ones_like(mean) for name, mean in means.items()}
        recorded = recorded_of(self.recordings, means, ones)
        path = self.run.checkpoints / FINAL
        save_checkpoint(path, self.model, self.config, recorded)
        return {
            "table": REFIT_TABLE,
            "seconds_per_recording": sum(seconds) / len(seconds),
            **judged,
        }


class Transfer:
    """Learning curves of a core on recordings, or neurons, that it was not trained on.

    Arguments are those of Fit. Recordings of its own training are judged by the neurons
    that were held out.
    """

    def __init__(self, config, options, recordings, run, replicas):
        self.config, self.run, self.replicas = config, run, replicas
        self.shares = options.shares
        self.model, before = load_readout_model(options.source)
        known = {spec.name for spec in self.model.recordings}
        names = {one.spec.name for one in recordings}
        self.held_out_only = names <= known
        if not self.held_out_only and names & known:
            raise ValueError(
                f"recordings must be all of {options.source}, whose neurons that were "
                "held out are judged, or none of them; "
                f"{', '.join(sorted(names & known))} is."
            )
        require_same_model(config, before, options.source)
        self.paths = [one.path for one in recordings]

    def __call__(self):
        """Draws the curves: the metrics of result.json."""
        begun = time.monotonic()
        rows = learning_curve(
            self.model,
            self.config,
            self.paths,
            self.shares,
            held_out_only=self.held_out_only,
            train_anew=self._train_anew,
            progress=Progress("transfer"),
        )
        write_rows(self.run.path / CURVES, rows)
        table = pd.DataFrame(rows)
        means = table.groupby(["method", "share"])[["bps_mean", "corr_mean"]].mean()
        curves = {
            method: own.droplevel(0).to_dict("index")
            for method, own in means.groupby(level=0)
        }
        operations = readout_operations(self.model, self.config.data.segment_bins)
        minutes = (time.monotonic() - begun) / 60
        costs = costs_of(self.model.count_params(), operations, minutes)
        return {"table": CURVES, "curves": curves, "costs": costs}

    def _train_anew(self, recording, name):
        """A model of one recording, with as many updates whatever the trials."""
        training = self.config.training
        n_bins = sum(recording.trials["stop"] - recording.trials["start"])
        per_update = training.batch_size * self.config.data.segment_bins
        steps = training.steps_per_epoch or max(int(n_bins // per_update), 1)
        training = training.model_copy(update={"steps_per_epoch": steps})
        data = self.config.data.model_copy(update={"held_out_neurons": 0.0})
        config = self.config.model_copy(update={"training": training, "data": data})
        run = Run.create(self.run.path / "scratch", name, config, [name])
        trainer = CnnTrainer(config, [recording], run, self.replicas)
        trainer.train()
        trainer.use_best()
        return trainer.model


STAGES = {FIT: Fit, REFIT: Refit, TRANSFER: Transfer}


def summary_of(result):
    """What came out, line by line."""
    for name, value in result.get("test_bps_by_recording", {}).items():
        if value is not None:
            yield f"{name}: {value:.4f} bits per spike on the trials for the test"
    for method, points in result.get("curves", {}).items():
        scores = ", ".join(
            f"{share:.0%} {one['bps_mean']:.3f}" for share, one in points.items()
        )
        yield f"{method}: bits per spike with {scores} of the trials"
    if "seconds_per_recording" in result:
        yield f"{result['seconds_per_recording']:.1f} s per recording"
    if "updates" in result:
        yield (
            f"{result['updates']} updates in {result['minutes']:.3g} minutes, ended by "
            f"{result['stopped']}"
        )


def require_same_model(config, before, source):
    """Raises ValueError if options ask for another model than the one that is there."""
    if config.model != before.model:
        raise ValueError(
            f"--model.* must be left out with a core that is there, of {source}."
        )
