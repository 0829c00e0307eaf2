"""LatentWork: the recording, the model and what looks at it, put together."""

import contextlib

from v1model.latent.source import open_source
from v1model.latent.trainer import LatentTrainer


class LatentWork:
    """A training with everything that it needs, as a context manager.

    Args:
        params: ModelParams.
        run: Run.
        replicas: Replicas.
    """

    def __init__(self, params, run, replicas):
        self.params, self.run, self.replicas = params, run, replicas

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            inputs = self.params.stimulus_encoder_params.num_input_dims
            source = open_source(self.params.training, n_inputs=inputs)
            source = stack.enter_context(source)
            self.trainer = LatentTrainer(self.params, source, self.run, self.replicas)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error):
        self._open.close()

    def train(self):
        """Trains to the end; the metrics of result.json, a dict."""
        return self.trainer.train()
