"""Watched: what the subjects of all rooms have in common."""


class Watched:
    """A training as monitors see it, a Subject; a room adds what it has.

    What a room's trainer may replace while it trains is asked for each time.

    Args:
        run: Run.

    Attributes:
        room: Name of the room.
        epoch, step: Where the training stands; Watch sets them.
        logs: Numbers of the epoch by name; Watch sets them.
        seconds, watched_seconds: Of training, and of those in monitors; Watch sets
            them.
        kept: What monitors keep from one time to the next, by their names.
        model: keras.Model, or None.
        optimizer: Keras optimizer, or None.
        trained: Variables that are trained, in the order of the optimizer.
    """

    room = ""
    model = None
    optimizer = None
    trained = ()

    def __init__(self, run):
        self.run = run
        self.epoch = self.step = 0
        self.seconds = self.watched_seconds = 0.0
        self.logs, self.kept = {}, {}
        self._found = {}  # step and what was found at it, by name

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
