"""The adapter: frames of one recording, brought onto the common grid."""

from typing import Annotated, Literal

from pydantic import Field

from v1model.cnn.layer_params import NoLayer
from v1model.params import Count, Params, Positive


class AdapterParams(Params):
    """Each recording's frames, resampled onto one grid; learned per recording."""

    type: Literal["adapter"] = "adapter"
    grid_size: Count | None = Field(
        None, description="Pixels of the grid's side; none is the frame's."
    )
    transform: Literal["scale", "scale_shift", "affine"] = Field(
        "scale", description="What is learned: size, size and place, or any affine map."
    )
    init_sigma: Positive = Field(
        0.5, description="Width of the blur before resampling, pixels."
    )


SomeAdapterParams = Annotated[NoLayer | AdapterParams, Field(discriminator="type")]
