"""What the options of several layers have in common."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from v1model.params import Params

ACTIVATIONS = (
    "none",
    "relu",
    "leaky_relu",
    "gelu",
    "silu",
    "elu",
    "tanh",
    "softplus",
    "square",
    "split_relu",
)


def _require_odd(value):
    if value % 2 == 0:
        raise ValueError(f"must be odd, got {value}")
    return value


Odd = Annotated[int, Field(ge=1), AfterValidator(_require_odd)]


class NoLayer(Params):
    """Nothing is done here."""

    type: Literal["none"] = "none"
