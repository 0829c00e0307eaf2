"""Signal: what a recorded quantity is called, and how it is stored."""

import dataclasses

import numpy as np

# The unit of each quantity, unless the signal says another one.
QUANTITIES = {"count": "spikes", "rate": "Hz", "voltage": "mV", "calcium": "dF/F"}
COUNT = "count"
_DTYPES = {
    "count": ("uint8", "uint16", "uint32"),
    "dense": ("float16", "float32", "float64"),
}


@dataclasses.dataclass(frozen=True)
class Signal:
    """The declaration of one signal of a recording.

    A count is stored as events, which takes no room where nothing happens; everything
    else as an array (T, N).

    Args:
        quantity: One of QUANTITIES.
        dtype: Of the array, or of the counts that are read; None for uint8 and float32.
        unit: None for that of the quantity.
        is_exact: Whether events have exact times of their own beside their steps.

    Raises:
        ValueError: The quantity is unknown, or the dtype does not suit it.
    """

    quantity: str
    dtype: str | None = None
    unit: str | None = None
    is_exact: bool = False

    def __post_init__(self):
        if self.quantity not in QUANTITIES:
            raise ValueError(
                f"quantity '{self.quantity}' is unknown; choose from "
                f"{sorted(QUANTITIES)}."
            )
        choices = _DTYPES["count" if self.is_count else "dense"]
        dtype = np.dtype(self.dtype or (choices[0] if self.is_count else "float32"))
        if dtype.name not in choices:
            raise ValueError(
                f"dtype of a {self.quantity} must be one of {list(choices)}, got "
                f"{dtype.name}."
            )
        object.__setattr__(self, "dtype", dtype.name)
        object.__setattr__(self, "unit", self.unit or QUANTITIES[self.quantity])
        if self.is_exact and not self.is_count:
            raise ValueError(f"a {self.quantity} has no events, so no exact times.")

    @property
    def is_count(self):
        return self.quantity == COUNT
