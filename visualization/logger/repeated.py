"""Batches one after the other, for ever."""


class Repeated:
    """Iterates over batches and begins again behind the last one.

    Args:
        data: tf.data.Dataset, another iterable that can be begun again, or one batch:
            a tuple of (inputs by name, labels, weights).
    """

    def __init__(self, data):
        is_batch = isinstance(data, tuple) and data and isinstance(data[0], dict)
        self._data = [data] if is_batch else data
        self._rest = iter(())

    def next(self):
        """The next batch.

        Raises:
            ValueError: There is none.
        """
        for _ in range(2):
            batch = next(self._rest, None)
            if batch is not None:
                return batch
            self._rest = iter(self._data)
        raise ValueError(
            f"data has no batch, or cannot be begun again: {type(self._data).__name__}."
        )

    def rewind(self):
        """Lets go of the iterator and what it has prepared; `next` begins anew."""
        self._rest = iter(())
