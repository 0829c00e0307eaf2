"""Recurrence: memory of the features, from bin to bin."""

from typing import Annotated, Literal

from pydantic import Field

from v1model.cnn.layer_params import NoLayer, Odd
from v1model.params import Count, Params


class RecurrentParams(Params):
    """ConvGRU or ConvLSTM over the features, from the oldest bin to the newest."""

    type: Literal["convgru", "convlstm"]
    hidden: Count = Field(16, description="Channels of its state.")
    kernel_size: Odd = Field(3, description="Pixels.")
    use_layer_norm: bool = Field(False, description="Norm of the gates.")
    learnable_h0: bool = Field(False, description="The state at the start is learned.")
    is_joined: bool = Field(
        False, description="The features stay beside the state, which joins them."
    )
    memory_bins: Count = Field(
        12, description="First bins, which only fill the memory and have no rates."
    )


RecurrenceParams = Annotated[NoLayer | RecurrentParams, Field(discriminator="type")]
