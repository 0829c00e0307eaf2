"""What a training step needs of a trial, from the whole trial or from segments of it.

Backpropagation through a whole trial keeps spikes, voltages and currents of every
step. In segments only the states at their borders are kept: on the way back each
segment is run a second time, the last one first, and then forgotten.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from v1model.engine.glif3 import GLIF3State
from v1model.losses import voltage_cost
from v1model.models.noise import BLOCK


class TrialSummary(NamedTuple):
    """What a batch of trials did, without arrays of neurons over time.

    logits: (B, C, K).  spike_counts: Spikes of each neuron over all trials and steps,
    (N,) float32.  voltage_cost: The voltage penalty summed over trials, steps and
    neurons, scalar.  state: the last GLIF3State.
    """

    logits: tf.Tensor
    spike_counts: tf.Tensor
    voltage_cost: tf.Tensor
    state: GLIF3State


class _Part(NamedTuple):
    """What a stretch of trials did.

    logits: (B, C, K).  spike_counts: (N,).  costs: Voltage penalty of every step,
    (B, T): one order of the sum over time, however time is cut.  state: GLIF3State.
    """

    logits: tf.Tensor
    spike_counts: tf.Tensor
    costs: tf.Tensor
    state: GLIF3State


def summarise(column, inputs, penalty):
    """Runs whole trials at once.

    Args:
        column: ColumnModel.
        inputs: Those of ColumnModel.
        penalty: See `voltage_cost`; None for no cost.

    Returns:
        TrialSummary.
    """
    return _summary_of(_run(column, inputs, penalty))


def summarise_in_segments(column, inputs, penalty, segment, truncate=False):
    """Runs trials in segments, whose gradients need the memory of one segment.

    The result is that of `summarise`, bit for bit with the compiled engine (in a graph
    TensorFlow may reorder the sums of the others), and so are the gradients, up to
    rounding, by the trained weights and by the initial state. The LGN input gets no
    gradient. Beyond a segment, memory grows with the length of a trial by the states
    at the borders and by what every step leaves: logits and one cost. The price is a
    second forward run.

    The truncated gradient needs the second run too: what the loss makes of the counts
    and of the logits is known only when the trial is over.

    Args:
        column, inputs, penalty: As in `summarise`.
        segment: Steps of a segment, a multiple of the noise's BLOCK and of the
            readout's chunk; the last segment may be shorter.
        truncate: Whether the gradient stops at the borders of segments.

    Returns:
        TrialSummary.

    Raises:
        ValueError: `segment` is not such a multiple, or the number of steps is unknown
            or no multiple of a chunk.
    """
    n_steps = inputs["lgn"].shape[1]
    _check_segment(segment, n_steps, column.readout.chunk)
    if segment >= n_steps:
        return summarise(column, inputs, penalty)
    segments = _Segments(column, inputs, penalty, segment)
    state = column.initial_state(inputs)
    n_weights = len(segments.weights)

    @tf.custom_gradient
    def run(*arguments):
        weights, state = arguments[:n_weights], GLIF3State(*arguments[n_weights:])
        part, borders = _run_segments(segments, weights, state)

        def gradient(*upstream):
            upstream = tf.nest.pack_sequence_as(part, upstream)
            slopes = _gradients(segments, weights, borders, upstream, truncate)
            return tf.nest.flatten(slopes)

        return tf.nest.flatten(part), gradient

    logits, counts, costs, *last = run(*segments.weights, *state)
    return _summary_of(_Part(logits, counts, costs, GLIF3State(*last)))


def _check_segment(segment, n_steps, chunk):
    if n_steps is None:
        raise ValueError("segments need inputs of a known number of steps, got None.")
    if n_steps % chunk:
        raise ValueError(f"{n_steps} steps are no multiple of chunks of {chunk}.")
    if segment < 1 or segment % BLOCK or segment % chunk:
        raise ValueError(
            f"segment must be a multiple of {BLOCK} steps (blocks of the noise) and of "
            f"{chunk} (chunks of the readout), got {segment}."
        )


def _run(column, inputs, penalty):
    """Returns the _Part of the inputs."""
    output = column(inputs)
    counts = tf.reduce_sum(tf.cast(output.spikes, tf.float32), (0, 1))
    if penalty is None:
        costs = tf.zeros(tf.shape(output.voltages)[:2])
    else:
        v = column.rsnn.cell.to_scaled(output.voltages)
        costs = voltage_cost(v, penalty)
    return _Part(output.logits, counts, costs, output.state)


def _summary_of(part):
    cost = tf.reduce_sum(part.costs)
    return TrialSummary(part.logits, part.spike_counts, cost, part.state)


class _Segments:
    """The segments of a batch of trials, each a function of weights and state.

    All but the last have the same length: loops can run them. Variables are read once,
    as tensors: those are what a gradient can be taken by wherever the variables live.

    Args:
        column, inputs, penalty, segment: See `summarise_in_segments`.

    Attributes:
        weights: Trained weights of the column, list of tensors.
        n_neurons: N.
        n_steps: Length of every segment but the last.
        n_before_last: How many these are.
        last_steps: Length of the last.
    """

    def __init__(self, column, inputs, penalty, segment):
        self.weights = [tf.convert_to_tensor(v) for v in column.trainable_variables]
        self.n_steps = segment
        self.n_neurons = column.rsnn.cell.n_neurons
        self._column = column
        self._inputs = {**inputs, "lgn": tf.convert_to_tensor(inputs["lgn"])}
        self._penalty = penalty
        self._frozen = [
            (variable, tf.convert_to_tensor(variable))
            for variable in column.non_trainable_variables
        ]
        total = self._inputs["lgn"].shape[1]
        self.n_before_last = (total - 1) // segment
        self.last_steps = total - self.n_before_last * segment

    def run(self, k, weights, state, n_steps):
        """The _Part of segment k, which has n_steps steps."""
        first = k * self.n_steps
        inputs = {
            **self._inputs,
            "lgn": _cut(self._inputs["lgn"], first, n_steps),
            "state": state,
            "first_step": tf.convert_to_tensor(
                self._inputs.get("first_step", 0) + first
            ),
        }
        trained = zip(self._column.trainable_variables, weights, strict=True)
        with keras.StatelessScope([*trained, *self._frozen]):
            return _run(self._column, inputs, self._penalty)

    def gradients(self, k, weights, state, upstream):
        """Gradients of segment k by weights and state, given those by its _Part."""
        sources = [*weights, *state]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            part = self.run(k, weights, state, upstream.costs.shape[1])
        slopes = tape.gradient(
            tf.nest.flatten(part),
            sources,
            tf.nest.flatten(upstream),
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return slopes[: len(weights)], GLIF3State(*slopes[len(weights) :])

    def share_of(self, k, upstream, state, n_steps):
        """Of gradients by the _Part of all segments, those by the one of segment k.

        Args:
            k: Which segment.
            upstream: _Part.
            state: Gradient by the state after segment k, GLIF3State.
            n_steps: Length of segment k.
        """
        chunk = self._column.readout.chunk
        return _Part(
            _cut(upstream.logits, k * self.n_steps // chunk, n_steps // chunk),
            upstream.spike_counts,
            _cut(upstream.costs, k * self.n_steps, n_steps),
            state,
        )


def _run_segments(segments, weights, state):
    """The _Part of all segments, and the states before each: GLIF3State of arrays."""
    n = segments.n_before_last

    def step(k, state, counts, arrays):
        part = segments.run(k, weights, state, segments.n_steps)
        written = (*state, part.logits, part.costs)
        arrays = [a.write(k, x) for a, x in zip(arrays, written, strict=True)]
        for after, before in zip(part.state, state, strict=True):
            after.set_shape(before.shape)
        return k + 1, part.state, counts + part.spike_counts, arrays

    # The states before all segments, the last one's too; logits and costs of n.
    kinds = [(part.dtype, n + 1) for part in state] + [(tf.float32, n)] * 2
    arrays = [tf.TensorArray(d, size, clear_after_read=False) for d, size in kinds]
    counts = tf.zeros(segments.n_neurons)
    _, state, counts, arrays = tf.while_loop(
        lambda k, *_: k < n,
        step,
        (tf.constant(0), state, counts, arrays),
        parallel_iterations=1,  # or the input of several segments is made at once
    )
    last = segments.run(n, weights, state, segments.last_steps)
    *borders, logits, costs = arrays
    borders = [a.write(n, part) for a, part in zip(borders, state, strict=True)]
    part = _Part(
        tf.concat((_joined(logits), last.logits), 1),
        counts + last.spike_counts,
        tf.concat((_joined(costs), last.costs), 1),
        last.state,
    )
    return part, GLIF3State(*borders)


def _gradients(segments, weights, borders, upstream, truncate):
    """Gradients by the weights and by the first state, of those by the _Part."""
    n = segments.n_before_last

    def state_before(k):
        parts = GLIF3State(*(array.read(k) for array in borders))
        for part, like in zip(parts, upstream.state, strict=True):
            part.set_shape(like.shape)
        return parts

    def slopes_of(k, after, n_steps):
        share = segments.share_of(k, upstream, after, n_steps)
        return segments.gradients(k, weights, state_before(k), share)

    def step(k, sums, after):
        if truncate:
            after = tf.nest.map_structure(tf.zeros_like, after)
        slopes, before = slopes_of(k, after, segments.n_steps)
        sums = [a + b for a, b in zip(sums, slopes, strict=True)]
        for part, like in zip(before, after, strict=True):
            part.set_shape(like.shape)
        return k - 1, sums, before

    slopes, before = slopes_of(n, upstream.state, segments.last_steps)
    _, slopes, before = tf.while_loop(
        lambda k, *_: k >= 0,
        step,
        (tf.constant(n - 1), slopes, before),
        parallel_iterations=1,
    )
    return slopes, before


def _cut(tensor, first, n):
    """n entries of the second axis of (B, T, ...), from `first` on."""
    rest = len(tensor.shape) - 2
    cut = tf.slice(tensor, [0, first, *[0] * rest], [-1, n, *[-1] * rest])
    cut.set_shape((tensor.shape[0], n, *tensor.shape[2:]))
    return cut


def _joined(array):
    """A TensorArray of (B, t, ...) laid end to end in time, (B, n * t, ...)."""
    stacked = array.stack()  # (n, B, t, ...)
    shape = stacked.shape
    axes = (1, 0, *range(2, len(shape)))
    sizes = (tf.shape(stacked)[1], shape[0] * shape[2], *shape[3:])
    return tf.reshape(tf.transpose(stacked, axes), sizes)
