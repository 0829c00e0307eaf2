"""The sizes of a latent model: what a YAML file says under encoder_params and so on.

Keys are those of the published LatentEvolution; what it does not have says so.
"""

from typing import Annotated, Literal

from pydantic import Field

from v1model.params import Count, Params, Weight

ACTIVATIONS = ("ReLU", "Tanh", "GELU", "SiLU", "ELU", "Sigmoid", "Softplus")
LIKELIHOODS = ("gaussian", "poisson", "bernoulli")
EVOLVERS = ("mlp", "linear")

Activation = Literal[ACTIVATIONS]
Layers = Annotated[int, Field(ge=0)]


class CoderParams(Params):
    """The encoder or the decoder."""

    num_hidden_units: Count = Field(256, description="Width of its hidden layers.")
    num_hidden_layers: Layers = Field(1, description="Hidden layers.")
    l1_reg_loss: Weight = Field(0.0, description="Weight of the mean |parameter|.")
    use_input_skips: bool = Field(True, description="The input reaches every layer.")


class StimulusEncoderParams(Params):
    """The encoder of the stimulus."""

    num_input_dims: Count | None = Field(
        None, description="Inputs that are read, the first ones; none takes all."
    )
    num_hidden_layers: Layers = Field(3, description="Hidden layers.")
    num_hidden_units: Count = Field(64, description="Width of its hidden layers.")
    num_output_dims: Count = Field(64, description="Numbers per encoded frame.")
    use_input_skips: bool = Field(True, description="The input reaches every layer.")


class EvolverParams(Params):
    """The evolver: z(t + 1) = z(t) + f(z(t), s(t))."""

    kind: Literal[EVOLVERS] = Field(
        "mlp", description="f: a network, or linear (Koopman-like). Not published."
    )
    num_hidden_units: Count = Field(256, description="Width of its hidden layers.")
    num_hidden_layers: Layers = Field(1, description="Hidden layers.")
    l1_reg_loss: Weight = Field(0.0, description="Weight of the mean |parameter|.")
    activation: Activation = Field("Tanh", description="Of its hidden layers.")
    use_input_skips: bool = Field(True, description="The input reaches every layer.")
    zero_init: bool = Field(True, description="f is 0 before training.")
    tv_reg_loss: Weight = Field(
        0.0, description="Weight of the mean |f| of every step (1e-5 to 1e-3)."
    )
    max_lipschitz: Weight = Field(
        0.0,
        description="Largest gain of a step along the linear path; 0 leaves it free. "
        "Not published.",
    )
