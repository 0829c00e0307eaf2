"""Subject: what monitors look at."""


class Subject:
    """A model in training. A room makes a subclass with what its own monitors need.

    What a trainer may replace while it trains, a subclass asks it for each time: its
    optimizer, and what that trains.

    Args:
        room: One of ROOMS.
        run: Run.
        model: Keras model or layer, or None.
        optimizer: Keras optimizer, or None.
        trained: Keras variables that are trained, in the optimizer's order.

    Attributes:
        epoch, step: What is done of the training; Watch sets them.
        logs: The numbers of the epoch by name or TensorBoard tag; Watch sets them.
        seconds, watched_seconds: Since Watch was made, and those of them that went into
            monitors; Watch sets them.
        kept: What monitors keep from one time to the next, by their names.
    """

    def __init__(self, room, run, model=None, optimizer=None, trained=()):
        self.room, self.run, self.model = room, run, model
        self._optimizer, self._trained = optimizer, trained
        self.epoch = self.step = 0
        self.seconds = self.watched_seconds = 0.0
        self.logs, self.kept = {}, {}
        self._found = {}  # step and what was found at it, by name

    @property
    def optimizer(self):
        return self._optimizer

    @property
    def trained(self):
        return self._trained

    def once(self, name, find):
        """What `find` returns, called once in a step however many monitors ask.

        Args:
            name: Of what is found.
            find: Function without arguments.
        """
        step, found = self._found.get(name, (None, None))
        if step != self.step:
            found = find()
            # What is of earlier steps takes memory.
            now = {k: pair for k, pair in self._found.items() if pair[0] == self.step}
            self._found = now | {name: (self.step, found)}
        return found
