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


def require_weight_norm(params):
    """Options whose `keep_unit_norm` does something, or an error."""
    if params.keep_unit_norm and not params.use_weight_norm:
        raise ValueError("keep_unit_norm needs use_weight_norm, which is false")
    return params


class NoLayer(Params):
    """Nothing is done here."""

    type: Literal["none"] = "none"
