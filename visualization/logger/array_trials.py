"""From the arrays of a batch, as any training loop has them, to its trials."""

import numpy as np

from v1model.activity import TrialActivity, events_of

_SHAPES = {
    "inputs": "(B, T, I)",
    "spikes": "(B, T, N)",
    "voltages": "(B, T, N)",
    "outputs": "(B, Co, K)",
    "predictions": "(B, K) or (B, C, K)",
    "labels": "(B,) or (B, C)",
}
_DIMENSIONS = {"predictions": (2, 3), "labels": (1, 2)}  # all others have 3


class BatchArrays:
    """A batch of trials as arrays or tensors of which single trials are taken.

    Args:
        inputs: (B, T, I).
        spikes: (B, T, N), 0 or 1.
        voltages: (B, T, N), mV.
        outputs: Readout over time, (B, Co, K).
        predictions: Probability of each class, (B, K) or, per chunk, (B, C, K).
        labels: Right answer, (B,) or (B, C). One per trial is asked for in the last
            chunk, one per chunk in every chunk.

    Raises:
        ValueError: A shape is wrong; the message names argument and shape.
    """

    def __init__(self, inputs, spikes, voltages, outputs, predictions, labels):
        given = dict(
            zip(
                _SHAPES,
                (inputs, spikes, voltages, outputs, predictions, labels),
                strict=True,
            )
        )
        self._arrays = {name: _with_shape(array) for name, array in given.items()}
        self._check()

    def __len__(self):
        return self._arrays["spikes"].shape[0]

    @property
    def n_neurons(self):
        return self._arrays["spikes"].shape[2]

    def one(self, name, sample):
        """One trial of an array, as NumPy."""
        return np.asarray(self._arrays[name][sample])

    def trial(self, sample, traced, dt_ms=1.0):
        """The TrialActivity of one trial.

        Args:
            sample: Which one.
            traced: Neurons whose voltage is kept, (M,).
            dt_ms: Length of a step.

        Raises:
            ValueError: There is no such trial, or its label is no class.
        """
        if not 0 <= sample < len(self):
            raise ValueError(f"sample must lie in 0..{len(self) - 1}, got {sample}.")
        spikes = self.one("spikes", sample)
        step, neuron = events_of(spikes)
        voltages = np.zeros((len(spikes), 0), np.float32)
        if len(traced):  # those of all neurons are only copied where they are needed
            voltages = self.one("voltages", sample)[:, traced]
        predictions = self.one("predictions", sample)
        predictions = predictions.reshape(-1, predictions.shape[-1])
        labels, is_asked = self._answers(sample, len(predictions))
        return TrialActivity(
            *spikes.shape,
            inputs=self.one("inputs", sample),
            spike_step=step,
            spike_neuron=neuron,
            traced=traced,
            voltages=voltages,
            outputs=self.one("outputs", sample),
            predictions=predictions,
            labels=labels,
            is_asked=is_asked,
            dt_ms=dt_ms,
        )

    def _answers(self, sample, n_chunks):
        """Right answer of each chunk, (C,), and where it is due."""
        labels = self.one("labels", sample)
        if labels.ndim:
            return labels, np.ones(n_chunks, bool)
        return np.full(n_chunks, labels), np.arange(n_chunks) == n_chunks - 1

    def _check(self):
        shapes = {name: tuple(array.shape) for name, array in self._arrays.items()}
        for name, shape in shapes.items():
            _require(name, len(shape) in _DIMENSIONS.get(name, (3,)), shape)
        b, t, n = shapes["spikes"]
        _require("spikes", min(b, t, n) > 0, shapes["spikes"], "none of them 0")
        _require(
            "inputs", shapes["inputs"][:2] == (b, t), shapes["inputs"], (b, t, "I")
        )
        is_same = shapes["voltages"] == (b, t, n)
        _require("voltages", is_same, shapes["voltages"], (b, t, n))
        answers, classes = shapes["predictions"], shapes["predictions"][-1]
        is_same = shapes["outputs"][::2] == (b, classes)
        _require("outputs", is_same, shapes["outputs"], (b, "Co", classes))
        _require("predictions", answers[0] == b, answers, (b, "...", classes))
        chunks = (b, *answers[1:-1]) if len(shapes["labels"]) == 2 else (b,)
        is_same = shapes["labels"] == chunks
        _require("labels", is_same, shapes["labels"], chunks)


def _with_shape(array):
    return array if hasattr(array, "shape") else np.asarray(array)


def _require(name, is_ok, shape, expected=None):
    if is_ok:
        return
    rule = _SHAPES[name]
    if isinstance(expected, tuple):
        rule += " = (" + ", ".join(map(str, expected)) + ")"
    elif expected:
        rule += f", {expected}"
    raise ValueError(f"log_step: {name} must have shape {rule}, got {tuple(shape)}.")
