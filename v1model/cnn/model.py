"""ReadoutModel: one core for all recordings, a read-out for each."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from v1model.cnn.chain import build_chain, chain_memory
from v1model.cnn.config import ModelParams
from v1model.cnn.cores.stages import make_core
from v1model.cnn.costs import cost_table
from v1model.cnn.frontends import make_frontend
from v1model.cnn.head import Head
from v1model.cnn.model_parts import layers_within
from v1model.cnn.model_spec import RecordingSpec
from v1model.cnn.modulators import make_modulator
from v1model.cnn.recurrence import make_recurrence
from v1model.cnn.stimulus_statistics import StimulusStatistics


@keras.saving.register_keras_serializable(package="v1model")
class ReadoutModel(keras.Model):
    """Rates of recorded neurons from the movie that was shown, one per bin.

        movie -> adapter -> frontend -> core -> modulator -> recurrence -> read-out

    Adapter and read-out are those of a recording, the rest is shared and sees all
    recordings of a batch at once. Nothing uses a future frame; the first `memory_bins`
    frames of a segment have no rate. A segment gives all of its rates in one pass
    (sequence mode); `predict_windows` gives one rate per window.

    The shared layers compute in the model's dtype policy, adapters, read-outs and rates
    in float32.

    Args:
        recordings: RecordingSpecs.
        params: ModelParams, or a dictionary of them.

    Call arguments:
        inputs: {name of a recording: {"movie": (B, T, H, W, C), about [-0.5, 0.5],
            "behavior": (B, T, V), where the modulator needs it}}; the numbers of
            segments may differ, T may not. Recordings may be left out.
        training: As in Keras.

    Returns:
        {name: rates (B, T - memory_bins, N)}, spikes per bin, above 0, float32.

    Raises:
        ValueError: The recordings cannot share these layers.
    """

    def __init__(self, recordings, params, **kwargs):
        # Movies are not cast: adapters see them in float32.
        super().__init__(**({"autocast": False} | kwargs))
        self.recordings = tuple(_spec(recording) for recording in recordings)
        self.params = ModelParams.model_validate(params)
        _require_alike(self.recordings, self.params)
        self.sampling_rate = float(self.recordings[0].sampling_rate)
        self.heads = {
            recording.name: Head(recording, self.params, name=f"head_{i}")
            for i, recording in enumerate(self.recordings)
        }
        with _precision(self.dtype_policy):
            params, rate = self.params, self.sampling_rate
            self.frontend = make_frontend(params.frontend, rate)
            self.core = make_core(params.convnet, rate, name="core")
            self.modulator = make_modulator(params.modulator, name="modulator")
            self.recurrence = make_recurrence(params.recurrent, name="recurrence")
            self.shared = (self.frontend, self.core, self.modulator, self.recurrence)
            self.memory_bins = chain_memory(self.shared)
            self.build()

    def build(self, input_shape=None):
        """Makes all weights; sizes are known from the constructor."""
        del input_shape
        if self.built:
            return
        shapes = {name: head.build_adapter() for name, head in self.heads.items()}
        if len(set(shapes.values())) > 1:
            sizes = ", ".join(f"{name} {shape[2:]}" for name, shape in shapes.items())
            raise ValueError(
                f"frames of recordings differ: {sizes}; adapter.grid_size gives them "
                "one grid."
            )
        shape = build_chain([self.frontend, self.core], next(iter(shapes.values())))
        behavior_shape = (None, None, self.recordings[0].n_behavior)
        self.modulator.build(shape, behavior_shape)
        shape = self.modulator.compute_output_shape(shape)
        shape = build_chain([self.recurrence], shape)
        self.statistics = None
        if any(_needs_statistics(layer) for layer in layers_within(self.core)):
            self.statistics = StimulusStatistics(
                self.sampling_rate, dtype="float32", name="statistics"
            )
            self.statistics.build(next(iter(shapes.values())))
        for head in self.heads.values():
            head.build(shape)
        self.built = True

    def call(self, inputs, training=None):
        return {
            name: self.read(name, features, training)
            for name, features in self.features(inputs, training).items()
        }

    def features(self, inputs, training=None):
        """What read-outs see: {name: (B, T - memory_bins, h, w, C)}.

        Raises:
            ValueError: A recording is unknown, or a segment is too short.
        """
        names = self._names_of(inputs)
        movies = [self.heads[name].adapter(inputs[name]["movie"]) for name in names]
        n_segments = [tf.shape(movie)[0] for movie in movies]
        x = movies[0] if len(names) == 1 else tf.concat(movies, 0)
        statistics = None if self.statistics is None else self.statistics(x)
        x = self.frontend(x)
        x = self.core(x, training=training, statistics=statistics)
        x = self.modulator(x, behavior=self._behavior_of(inputs, names))
        x = self.recurrence(x)
        if len(names) == 1:
            return {names[0]: x}
        return dict(zip(names, tf.split(x, tf.stack(n_segments)), strict=True))

    def _names_of(self, inputs):
        """Names in the order of the recordings; their segments are long enough."""
        unknown = sorted(set(inputs) - set(self.heads))
        if unknown or not inputs:
            raise ValueError(
                f"inputs must be of {', '.join(self.heads)}, got "
                f"{', '.join(unknown) or 'nothing'}."
            )
        names = [name for name in self.heads if name in inputs]
        for name in names:
            n_bins = inputs[name]["movie"].shape[1]
            if n_bins is not None and n_bins <= self.memory_bins:
                raise ValueError(
                    f"movie of {name} must have more than memory_bins "
                    f"{self.memory_bins} frames, got {n_bins}."
                )
        return names

    def _behavior_of(self, inputs, names):
        """Behaviour of all segments, (B, T, V); None where nothing reads it."""
        if self.params.modulator.type == "none":
            return None
        missing = [name for name in names if inputs[name].get("behavior") is None]
        if missing:
            raise ValueError(
                f"modulator {self.params.modulator.type} needs behavior, which "
                f"{', '.join(missing)} lacks."
            )
        return tf.concat([inputs[name]["behavior"] for name in names], 0)

    def read(self, name, features, training=None):
        """Rates (B, T, N) of a recording, of features (B, T, h, w, C)."""
        return self.heads[name](features, training=training)

    def predict_windows(self, name, movie, behavior=None):
        """Window mode: a rate per window, as tests and benchmarks want it.

        Args:
            name: Of the recording.
            movie: (B, memory_bins + 1 or more, H, W, C); rates are of the last bins.
            behavior: (B, as many bins, V).

        Returns:
            Rates (B, N), spikes per bin.
        """
        inputs = {"movie": movie}
        if behavior is not None:
            inputs["behavior"] = behavior
        return self({name: inputs}, training=False)[name][:, -1]

    @property
    def has_endless_memory(self):
        """Whether frames before `memory_bins` matter: recurrence or running means."""
        parts = [one for layer in self.shared for one in layers_within(layer)]
        return any(getattr(one, "has_endless_memory", False) for one in parts) or (
            self.statistics is not None
        )

    @property
    def core_variables(self):
        """Trained weights that all recordings share."""
        return [v for layer in self.shared for v in layer.trainable_variables]

    def readout_variables(self, name):
        """Trained weights of a recording: adapter, read-out, calibration."""
        return self.heads[name].trainable_variables

    def readout_centers(self, name):
        """Where neurons look, (N, 2): y and x in pixels of the recording's frame."""
        head = self.heads[name]
        sides = np.array(head.map_shape) - 1
        on_map = (np.asarray(head.readout.centers()) + 1) / 2 * sides
        on_grid = self.core.pixel_map.to_input(on_map).astype(np.float32)
        return np.asarray(head.adapter.to_frame(on_grid))

    def frame_to_map(self, name, centers):
        """Places on the map, y and x in [-1, 1], of pixels of the frame, (N, 2).

        What lies outside of the map is put at its border.
        """
        head = self.heads[name]
        sides = np.maximum(np.array(head.map_shape) - 1, 1)
        on_grid = head.adapter.to_grid(np.asarray(centers, np.float32))
        on_map = self.core.pixel_map.to_output(np.asarray(on_grid))
        return np.clip(2 * on_map / sides - 1, -1, 1).astype(np.float32)

    def summary_table(self, segment_bins, name=None):
        """What layers cost; see `costs.cost_table`."""
        return cost_table(self, segment_bins, name or self.recordings[0].name)

    def get_config(self):
        return super().get_config() | {
            "recordings": [list(recording) for recording in self.recordings],
            "params": self.params.model_dump(mode="json"),
        }


@contextlib.contextmanager
def _precision(policy):
    """Layers that are made inside have this policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _spec(recording):
    spec = RecordingSpec(*recording)
    return spec._replace(frame_shape=tuple(spec.frame_shape))


def _needs_statistics(layer):
    return getattr(layer, "needs_statistics", False)


def _require_alike(recordings, params):
    """Raises where recordings cannot share the layers."""
    if not recordings:
        raise ValueError("a model must have a recording, got none.")
    names = [recording.name for recording in recordings]
    if len(set(names)) < len(names):
        raise ValueError(f"recordings must have different names, got {names}.")
    wanted = {
        "sampling_rate": [recording.sampling_rate for recording in recordings],
        "channels": [recording.frame_shape[2] for recording in recordings],
    }
    if params.modulator.type != "none":
        wanted["n_behavior"] = [recording.n_behavior for recording in recordings]
        if 0 in wanted["n_behavior"]:
            name = names[wanted["n_behavior"].index(0)]
            raise ValueError(
                f"modulator {params.modulator.type} needs behavior, which {name} lacks."
            )
    for field, values in wanted.items():
        if len(set(values)) > 1:
            found = ", ".join(f"{n} {v}" for n, v in zip(names, values, strict=True))
            raise ValueError(f"{field} of recordings must be the same, got {found}.")
