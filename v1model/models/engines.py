"""Which engine runs the time loop."""

import tensorflow as tf

from v1model.config import ENGINES

_EXACT_ENGINES = ("auto", "compiled", "stepwise")


def choose_engine(name, dtype="float32", integration="published"):
    """The engine behind a name.

    "auto" is "compiled" on a machine without a GPU and "portable" on one with a GPU.
    What an engine cannot do, auto leaves to "portable" (float64) or "stepwise" (exact
    integration, of which "compiled" has no gradient).

    Raises:
        ValueError: The name is unknown, or the engine cannot have this dtype or this
            integration.
    """
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}, choose from {ENGINES}.")
    if name == "compiled" and dtype != "float32":
        raise ValueError(f"the compiled engine is float32, got dtype {dtype}.")
    if integration != "published" and name not in _EXACT_ENGINES:
        raise ValueError(
            f"the {name} engine has no {integration} integration: the stepwise one "
            "has, and without gradients the compiled one."
        )
    if name != "auto":
        return name
    if integration != "published":
        return "stepwise"
    has_gpu = bool(tf.config.list_physical_devices("GPU"))
    return "portable" if has_gpu or dtype != "float32" else "compiled"
