"""Which engine runs the time loop."""

import tensorflow as tf

from v1model.config import ENGINES


def choose_engine(name, dtype="float32"):
    """The engine behind a name; "auto" is "compiled" on a machine without a GPU.

    The compiled engine is float32; layers of another dtype run stepwise when the
    choice is theirs.

    Raises:
        ValueError: The name is unknown, or "compiled" cannot have this dtype.
    """
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}, choose from {ENGINES}.")
    if name == "compiled" and dtype != "float32":
        raise ValueError(f"the compiled engine is float32, got dtype {dtype}.")
    if name == "auto":
        is_cpu = not tf.config.list_physical_devices("GPU")
        return "compiled" if is_cpu and dtype == "float32" else "stepwise"
    return name
