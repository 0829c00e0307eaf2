"""Head: the layers that only one recording has."""

import keras

from v1model.cnn.adapter import make_adapter
from v1model.cnn.config import ModelParams
from v1model.cnn.model_spec import RecordingSpec
from v1model.cnn.output import Calibration, Output
from v1model.cnn.readouts import make_readout


@keras.saving.register_keras_serializable(package="v1model")
class Head(keras.layers.Layer):
    """Adapter before the core, read-out, output and calibration after it; float32.

    Args:
        recording: RecordingSpec, or a sequence of its fields.
        params: ModelParams, or a dictionary of them.

    Call arguments:
        features: (B, T, h, w, C), of the core.
        training: Whether places are drawn, where the read-out draws them.

    Returns:
        Rates (B, T, N), spikes per bin.
    """

    def __init__(self, recording, params, **kwargs):
        super().__init__(**({"dtype": "float32"} | kwargs))
        self.recording = RecordingSpec(*recording)
        self.params = ModelParams.model_validate(params)
        n_neurons = self.recording.n_neurons
        frame_shape = tuple(self.recording.frame_shape)
        # Built by itself, so its weights are not named after the head.
        own = f"{self.name}_adapter"
        self.adapter = make_adapter(self.params.adapter, frame_shape, name=own)
        self.readout = make_readout(self.params.readout, n_neurons, name="readout")
        self.output_layer = Output(self.params.output_activation, name="output")
        self.calibration = None
        if self.params.calibration:
            self.calibration = Calibration(n_neurons, name="calibration")

    def build_adapter(self):
        """Builds it; the shape of its output, (None, None, G, G, C)."""
        shape = (None, None, *self.recording.frame_shape)
        self.adapter.build(shape)
        return tuple(self.adapter.compute_output_shape(shape))

    def build(self, input_shape):
        self.readout.build(input_shape)
        rates_shape = (*input_shape[:2], self.recording.n_neurons)
        if self.calibration is not None:
            self.calibration.build(rates_shape)
        self.map_shape = tuple(input_shape[2:4])
        self.built = True

    def call(self, features, training=None):
        rates = self.output_layer(self.readout(features, training=training))
        return rates if self.calibration is None else self.calibration(rates)

    def set_mean_rates(self, rates):
        """The rates that a map without features gives, (N,), spikes per bin.

        Without a bias only what the calibration adds is a share of them.
        """
        if self.readout.bias is not None:
            self.readout.set_bias(self.output_layer.inverse(rates))
        if self.calibration is not None:
            self.calibration.set_mean_rates(rates)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], self.recording.n_neurons)

    def get_config(self):
        return super().get_config() | {
            "recording": list(self.recording),
            "params": self.params.model_dump(mode="json"),
        }
