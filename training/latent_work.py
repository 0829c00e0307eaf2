"""LatentWork: the recordings, the model and what looks at it, put together."""

import contextlib

from training.latent_judging import FIGURES, Judge, opened_beside
from training.monitors.latent_subject import LatentSubject
from training.monitors.watching import opened_watch
from v1model.judging.latent import judge_latent
from v1model.latent.source import open_source
from v1model.latent.suitability import require_suitable
from v1model.latent.trainer import LatentTrainer
from v1model.runs import read_history
from v1model.runs.options_text import flat, options_of
from visualization.files import write_figure
from visualization.latent.runs import training_losses


def require_recordings(params):
    """Refuses what does not suit the recordings, before a run has a folder.

    Raises:
        OSError, ValueError: An option or a recording is wrong.
    """
    inputs = params.stimulus_encoder_params.num_input_dims
    with open_source(params.training, n_inputs=inputs) as source:
        require_suitable(params, source)
        for other in params.cross_validation_configs:
            opened_beside(source, params, other).close()


class LatentWork:
    """A training with everything that it needs, as a context manager.

    Args:
        params: ModelParams.
        run: Run.
        replicas: Replicas.
        monitoring: MonitoringConfig.

    Raises:
        OSError, ValueError: On entering: an option or a recording is wrong.
    """

    def __init__(self, params, run, replicas, monitoring):
        self.params, self.run, self.replicas = params, run, replicas
        self.monitoring = monitoring

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            inputs = self.params.stimulus_encoder_params.num_input_dims
            source = open_source(self.params.training, n_inputs=inputs)
            self.source = stack.enter_context(source)
            self.judge = stack.enter_context(Judge(self.params, source, self.run.path))
            self.trainer = LatentTrainer(
                self.params, source, self.run, self.replicas, self.judge
            )
            subject = LatentSubject(self.trainer, source, self.judge)
            watch = stack.enter_context(opened_watch(self.monitoring, subject))
            self.trainer.watch, self.events = watch, watch.events
            self.judge.events = watch.events
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._open.close()

    def train(self):
        """Trains to the end, and judges the best model.

        Returns:
            The metrics of result.json, a dict.
        """
        result = self.trainer.train()
        result["judged"] = "best" if self.trainer.use_best() else "final"
        minutes = result["minutes"]
        result |= judge_latent(self.run, self.trainer, self.source, minutes)
        epochs = max(len(self.trainer.history.values("total")), 1)
        result["diagnosis"] = self.judge.finally_of(self.trainer.model, epochs)
        loss = result["final_train_loss"]
        if loss is not None:
            table = read_history(self.run.path).to_dict("list")
            path = self.run.path / FIGURES / "losses.png"
            write_figure(training_losses(table), path)
            metrics = {"hparam/final_train_loss": loss}
            self.events.hyperparameters(flat(options_of(self.params)), metrics)
        return result
