"""TrialActivity: what a column did in one trial. NumPy only."""

import dataclasses
import functools

import numpy as np

UNDECIDED = -1  # where classes tie, and where no probability is finite


@dataclasses.dataclass(frozen=True)
class TrialActivity:
    """What a column did in one trial: what figures draw and files keep.

    Spikes are events: one row per spike, in order of time, then of neuron.

    Args:
        n_steps, n_neurons: T and N.
        inputs: LGN activity, (T, I): currents, or spikes.
        spike_step: When, 0 to T - 1, (n_spikes,) int32.
        spike_neuron: Who, (n_spikes,) int32.
        traced: Neurons whose voltage is kept, (M,) int32.
        voltages: Theirs, (T, M) float32, mV.
        outputs: Activity of the readout over time, (Co, K), logits per chunk.
        predictions: Probability of each class, (C, K).
        labels: Right answer, (C,) int32; where one is due it is one of the K classes.
        is_asked: Where an answer is due, (C,) bool.
        question: Name of the task; empty if there is one only.
        dt_ms: Length of a step.

    Raises:
        ValueError: Shapes disagree, a spike lies outside the trial, or a right answer
            is no class.
    """

    n_steps: int
    n_neurons: int
    inputs: np.ndarray
    spike_step: np.ndarray
    spike_neuron: np.ndarray
    traced: np.ndarray
    voltages: np.ndarray
    outputs: np.ndarray
    predictions: np.ndarray
    labels: np.ndarray
    is_asked: np.ndarray
    question: str = ""
    dt_ms: float = 1.0

    _DTYPES = {
        "spike_step": np.int32,
        "spike_neuron": np.int32,
        "traced": np.int32,
        "voltages": np.float32,
        "outputs": np.float32,
        "predictions": np.float32,
        "labels": np.int32,
        "is_asked": bool,
    }
    _MATRICES = ("inputs", "outputs", "predictions")

    def __post_init__(self):
        for name, dtype in self._DTYPES.items():
            value = np.asarray(getattr(self, name)).astype(dtype, copy=False)
            object.__setattr__(self, name, value)
        inputs = np.asarray(self.inputs)
        if inputs.dtype.kind not in "biuf":  # bfloat16, which no npz file can hold
            inputs = inputs.astype(np.float32)
        object.__setattr__(self, "inputs", inputs)
        t, n_answers = self.n_steps, len(self.labels)
        is_matrix = {name: getattr(self, name).ndim == 2 for name in self._MATRICES}
        self._require("inputs", is_matrix["inputs"] and len(self.inputs) == t, (t, "I"))
        self._require_shape("spike_neuron", self.spike_step.shape)
        self._require_shape("voltages", (t, len(self.traced)))
        self._require("outputs", is_matrix["outputs"], ("Co", "K"))
        is_answer = is_matrix["predictions"] and len(self.predictions) == n_answers
        self._require("predictions", is_answer, (n_answers, "K"))
        self._require_shape("is_asked", (n_answers,))
        self._require_within("spike_step", self.spike_step, t)
        self._require_within("spike_neuron", self.spike_neuron, self.n_neurons)
        self._require_within("traced", self.traced, self.n_neurons)
        due = self.labels[self.is_asked]
        self._require_within("labels", due, self.predictions.shape[1])

    @staticmethod
    def _require_within(name, values, end):
        if values.size and not 0 <= values.min() <= values.max() < end:
            raise ValueError(
                f"activity: {name} must lie in 0..{end - 1}, got {values.min()} to "
                f"{values.max()}."
            )

    def _require_shape(self, name, shape):
        self._require(name, getattr(self, name).shape == shape, shape)

    def _require(self, name, is_ok, shape):
        if not is_ok:
            expected = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
            raise ValueError(
                f"activity: {name} must have shape ({expected}), got "
                f"{getattr(self, name).shape}."
            )

    @property
    def duration_ms(self):
        return self.n_steps * self.dt_ms

    @property
    def spike_ms(self):
        """Time of each spike, (n_spikes,), ms."""
        return self.spike_step * self.dt_ms

    @functools.cached_property
    def spike_counts(self):
        """Spikes of each neuron, (N,) int, read-only; counted once."""
        counts = np.bincount(self.spike_neuron, minlength=self.n_neurons)
        counts.flags.writeable = False
        return counts

    @functools.cached_property
    def rates(self):
        """Rate of each neuron over the trial, (N,), Hz, read-only."""
        rates = self.spike_counts / (self.duration_ms / 1000)
        rates.flags.writeable = False
        return rates

    @property
    def answer_chunk(self):
        """The last chunk in which an answer is due, or the last chunk if none is."""
        due = np.flatnonzero(self.is_asked)
        return int(due[-1]) if len(due) else len(self.labels) - 1

    @property
    def label(self):
        """The right answer in `answer_chunk`."""
        return int(self.labels[self.answer_chunk])

    @property
    def confidence(self):
        """Probability of each class in `answer_chunk`, (K,)."""
        return self.predictions[self.answer_chunk]

    @property
    def answers(self):
        """The likeliest class in each chunk, (C,) int; UNDECIDED where several are."""
        if not self.predictions.size:
            return np.full(len(self.labels), UNDECIDED)
        largest = self.predictions.max(axis=1, keepdims=True)
        is_decided = (self.predictions == largest).sum(axis=1) == 1
        return np.where(is_decided, self.predictions.argmax(axis=1), UNDECIDED)

    @property
    def prediction(self):
        """The likeliest class in `answer_chunk`; None if several are: no answer."""
        answer = int(self.answers[self.answer_chunk])
        return None if answer == UNDECIDED else answer


def events_of(spikes):
    """Spikes (T, N), 0 or 1, as events: (steps, neurons), each (n_spikes,) int32."""
    step, neuron = np.nonzero(np.asarray(spikes))
    return step.astype(np.int32), neuron.astype(np.int32)
