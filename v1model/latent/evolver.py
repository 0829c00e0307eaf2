"""Evolver: z(t + 1) = z(t) + f(z(t), s(t))."""

import keras
import tensorflow as tf

from v1model.latent.evolution import evolve
from v1model.latent.gain import limited_gain
from v1model.latent.mlp import network

LINEAR = "linear"


@keras.saving.register_keras_serializable("v1model")
class Evolver(keras.layers.Layer):
    """Steps of the latent state.

        z(t + 1) = z(t) + f([z(t); s(t)])

    Args:
        n_latent: L.
        params: EvolverParams as a dictionary.
        seed: Of the initial weights.

    Call arguments:
        z: (B, L).
        encoded: Encoded stimulus (T, B, E); E may be 0.
        noise: What is added to z in each step, (T, B, L), or None.

    Returns:
        States after 1 to T steps, (T, B, L).
    """

    def __init__(self, n_latent, params, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.n_latent, self.params, self.seed = n_latent, dict(params), seed
        is_linear = params["kind"] == LINEAR
        self.increment = network(
            params["use_input_skips"],
            n_latent,
            params["num_hidden_units"],
            0 if is_linear else params["num_hidden_layers"],
            params["activation"],
            params["zero_init"],
            seed=seed,
            name="increment",
        )

    def build(self, n_inputs):
        """Makes the weights, for L + E inputs."""
        self.increment.build((None, n_inputs))
        self.built = True

    def call(self, z, encoded, noise=None):
        folded = self.increment.folded()
        n = self.n_latent
        kernel, drive = folded.kernel[:n], folded.bias
        if encoded.shape[-1]:
            drive += tf.tensordot(encoded, folded.kernel[n:], 1)
        shape = (*tf.unstack(tf.shape(encoded)[:2]), folded.bias.shape[0])
        drive = tf.broadcast_to(drive, shape)
        # The loop wants states that keep their shape, also where only one is known.
        batch = tf.TensorShape(z.shape)[:1].merge_with(encoded.shape[1:2])
        z = tf.ensure_shape(z, batch + [n])
        drive = tf.ensure_shape(drive, encoded.shape[:1] + batch + drive.shape[2:])
        if noise is not None:
            before = drive.shape[-1] - n
            drive += tf.pad(noise, ((0, 0), (0, 0), (before, 0)))
        if self.params["max_lipschitz"]:
            kernel = limited_gain(kernel, self.params["max_lipschitz"])
        return evolve(z, drive, kernel, folded.hidden, folded.activation)

    def get_config(self):
        return super().get_config() | {
            "n_latent": self.n_latent,
            "params": self.params,
            "seed": self.seed,
        }

    def get_build_config(self):
        return {"n_inputs": self.increment.get_build_config()["input_shape"][-1]}

    def build_from_config(self, config):
        self.build(config["n_inputs"])
