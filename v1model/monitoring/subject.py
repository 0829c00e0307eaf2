"""Subject: what monitors look at."""

import dataclasses


@dataclasses.dataclass
class Subject:
    """A model in training. A room makes a subclass with what its own monitors need.

    room: One of ROOMS.
    run: Run.
    model: Keras model or layer.
    optimizer: Keras optimizer, or None.
    trained: Keras variables that are trained, in the optimizer's order.
    epoch, step: What is done of the training; Watch sets them.
    logs: The numbers of the epoch by name or TensorBoard tag; Watch sets them.
    seconds, watched_seconds: Since Watch was made, and those of them that went into
        monitors; Watch sets them.
    kept: What monitors keep from one time to the next, by their names.
    """

    room: str
    run: object
    model: object
    optimizer: object = None
    trained: list = dataclasses.field(default_factory=list)
    epoch: int = 0
    step: int = 0
    logs: dict = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    watched_seconds: float = 0.0
    kept: dict = dataclasses.field(default_factory=dict)
