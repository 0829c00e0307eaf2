"""Modulators: how behaviour acts on the features."""

from typing import Annotated, Literal

from pydantic import Field

from v1model.cnn.layer_params import NoLayer, Odd
from v1model.params import Count, Params


class ConcatParams(Params):
    """Behaviour becomes more channels."""

    type: Literal["concat"]
    hidden: tuple[Count, ...] = Field(
        (32, 16), min_length=1, description="Widths of its network's layers."
    )


class FilmParams(Params):
    """Behaviour scales and shifts channels; before training it does nothing."""

    type: Literal["film"]
    hidden: tuple[Count, ...] = Field(
        (32,), min_length=1, description="Widths of its network's layers."
    )


class GruModulatorParams(Params):
    """Features and behaviour through a ConvGRU."""

    type: Literal["convgru"]
    hidden: Count = Field(16, description="Channels of its state.")
    embedding: Count = Field(16, description="Numbers that behaviour becomes.")
    kernel_size: Odd = Field(3, description="Pixels.")
    memory_bins: Count = Field(
        12, description="First bins, which only fill the memory and have no rates."
    )


ModulatorParams = Annotated[
    NoLayer | ConcatParams | FilmParams | GruModulatorParams,
    Field(discriminator="type"),
]
