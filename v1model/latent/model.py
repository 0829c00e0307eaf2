"""LatentModel: encode, evolve, decode."""

import keras
import tensorflow as tf

from v1model.latent.config import ModelParams
from v1model.latent.evolver import Evolver
from v1model.latent.likelihoods import LIKELIHOODS
from v1model.latent.mlp import network

GAUSSIAN = "gaussian"


@keras.saving.register_keras_serializable("v1model")
class LatentModel(keras.Model):
    """Activity of N neurons, predicted through L numbers (LatentEvolution).

        z(t)     = encoder(x(t))
        z(t + 1) = z(t) + f(z(t), stimulus_encoder(s(t)))
        x(t)     = decoder(z(t))

    Activity enters as (x - mean) / scale and leaves the same way; both are weights that
    training does not change, 0 and 1 until `set_normalization`.

    Args:
        n_neurons: N.
        n_inputs: S; 0 for none.
        params: ModelParams, or a dictionary of them.
        seed: Of the initial weights; None takes that of the training.

    Call arguments:
        x: Activity (B, N).
        s: Stimulus (B, S).

    Returns:
        Activity one step later, (B, N).
    """

    def __init__(self, n_neurons, n_inputs, params, seed=None, **kwargs):
        super().__init__(**kwargs)
        params = ModelParams.model_validate(params)
        seed = params.training.seed if seed is None else seed
        self.n_neurons, self.n_inputs, self.params = n_neurons, n_inputs, params
        self.seed = seed
        n_latent, stimulus = params.latent_dims, params.stimulus_encoder_params
        self.n_encoded = stimulus.num_output_dims if n_inputs else 0
        self.likelihood = LIKELIHOODS[params.likelihood]
        self.encoder = _network(
            params,
            params.encoder_params,
            n_latent,
            use_batch_norm=params.use_batch_norm,
            seed=_seed(seed, 0),
            name="encoder",
        )
        self.decoder = _network(
            params,
            params.decoder_params,
            n_neurons,
            use_batch_norm=params.use_batch_norm,
            seed=_seed(seed, 1),
            name="decoder",
        )
        self.evolver = Evolver(
            n_latent,
            params.evolver_params.model_dump(),
            seed=_seed(seed, 2),
            name="evolver",
        )
        self.stimulus_encoder = None
        if n_inputs:
            self.stimulus_encoder = _network(
                params,
                stimulus,
                stimulus.num_output_dims,
                seed=_seed(seed, 3),
                name="stimulus_encoder",
            )
        self.build()

    def build(self, input_shape=None):
        """Makes all weights; sizes are known from the constructor."""
        del input_shape
        if self.built:
            return
        n_latent = self.params.latent_dims
        self.encoder.build((None, self.n_neurons))
        self.decoder.build((None, n_latent))
        self.evolver.build(n_latent + self.n_encoded)
        if self.stimulus_encoder is not None:
            self.stimulus_encoder.build((None, self.n_inputs))
        self.mean, self.scale = (
            self.add_weight(
                shape=(self.n_neurons,),
                initializer=initializer,
                trainable=False,
                name=name,
            )
            for name, initializer in (("mean", "zeros"), ("scale", "ones"))
        )
        self.built = True

    def set_normalization(self, mean, scale):
        """What is subtracted from activity, and what it is then divided by, (N,)."""
        self.mean.assign(mean)
        self.scale.assign(scale)

    def normalized(self, x):
        """Activity as the networks see it, (..., N)."""
        return (x - self.mean) / self.scale

    def encode(self, x, training=False):
        """Latent states (..., L) of activity (..., N)."""
        return _called(self.encoder, self.normalized(x), training)

    def encode_stimulus(self, s):
        """(..., E) of the stimulus (..., S); E is 0 without a stimulus."""
        return s if self.stimulus_encoder is None else self.stimulus_encoder(s)

    def evolve(self, z, encoded, noise=None):
        """Latent states after 1 to T steps, (T, B, L).

        Args:
            z: (B, L).
            encoded: Encoded stimulus, (T, B, E).
            noise: (T, B, L), added in each step; None for none.
        """
        return self.evolver(z, encoded, noise=noise)

    def decode_raw(self, z, training=False):
        """What the likelihood is given, (..., N), of latent states (..., L)."""
        return _called(self.decoder, z, training)

    def decode(self, z):
        """Mean activity (..., N), in the recording's units, of states (..., L)."""
        return self.activity(self.decode_raw(z))

    def activity(self, raw):
        """Mean activity of the decoder's output, both (..., N)."""
        if self.params.likelihood == GAUSSIAN:
            return raw * self.scale + self.mean
        return self.likelihood.mean(raw)

    @tf.function(reduce_retracing=True)
    def rollout(self, x, s):
        """Activity after 1 to T steps, (T, B, N).

        Args:
            x: Activity (B, N) at the start.
            s: Stimulus (T, B, S), from the start on.
        """
        return self.decode(self.evolve(self.encode(x), self.encode_stimulus(s)))

    def call(self, x, s, training=False):
        z = self.encode(x, training)
        z = self.evolve(z, self.encode_stimulus(s)[None])[0]
        return self.activity(self.decode_raw(z, training))

    def get_config(self):
        return super().get_config() | {
            "n_neurons": self.n_neurons,
            "n_inputs": self.n_inputs,
            "params": self.params.model_dump(mode="json"),
            "seed": self.seed,
        }


def _network(params, options, n_outputs, **kwargs):
    """The network of one part: `options` are its own, `params` those of the model."""
    return network(
        options.use_input_skips,
        n_outputs,
        options.num_hidden_units,
        options.num_hidden_layers,
        params.activation,
        **kwargs,
    )


def _called(layer, x, training):
    """A network with batch normalization wants to know whether it is trained."""
    return layer(x, training=training) if getattr(layer, "norms", ()) else layer(x)


def _seed(seed, part):
    """Seeds of the parts differ, and those of one run from those of the next."""
    return seed * 4 + part
