"""Overlapped: stages of work that run at the same time, on one item after the other."""

import collections
import logging
import threading

_PATIENCE_S = 30  # for a stage that is at work when all is closed

_END = object()


class _Closed(Exception):
    """Nobody wants the results any more."""


class Overlapped:
    """Results of stages, in the order of the items: stages[-1](...(stages[0](item))).

    An iterator. Each stage has a thread of its own, so that the first reads item 3
    while the second prepares item 2 and the consumer works on item 1. A stage begins an
    item when there is room for its result: however slow the consumer, there are never
    more than sum(room) results beside the one that it has.

    An error of a stage is raised by the next `next`, at once: results that were ready
    before it are dropped. It is the original error, and the last result.

    Args:
        items: What the first stage is given, an iterable.
        stages: Functions of one argument.
        room: How many results of each stage may wait, the one in the making included.
    """

    def __init__(self, items, stages, room):
        self._items, self._stages, self._room = iter(items), tuple(stages), tuple(room)
        self._changed = threading.Condition()
        self._results = [collections.deque() for _ in self._stages]
        self._error, self._is_closed = None, False
        self._threads = [
            threading.Thread(
                target=self._run, args=(k,), name=f"stage {k}", daemon=True
            )
            for k in range(len(self._stages))
        ]
        for thread in self._threads:
            thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        last = self._results[-1]
        with self._changed:
            self._changed.wait_for(lambda: self._error or last or self._is_closed)
            error, result = self._error, _END
            if not (error or self._is_closed) and last[0] is not _END:
                result = last.popleft()
                self._changed.notify_all()
        if result is not _END:
            return result
        self.close()
        if error:
            raise error
        raise StopIteration

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Stops the stages, after what they are at, and drops all results."""
        with self._changed:
            self._is_closed = True
            self._error = None
            for results in self._results:
                results.clear()
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_PATIENCE_S)
            if thread.is_alive():
                logging.warning("%s is still at work and is left alone.", thread.name)

    def _run(self, k):
        try:
            while True:
                self._wait(lambda: len(self._results[k]) < self._room[k])
                item = next(self._items, _END) if k == 0 else self._take(k - 1)
                result = item if item is _END else self._stages[k](item)
                with self._changed:
                    if self._is_closed:
                        return
                    self._results[k].append(result)
                    self._changed.notify_all()
                if item is _END:
                    return
        except _Closed:
            return
        except BaseException as error:  # passed on to the consumer, whatever it is
            with self._changed:
                if not self._is_closed:
                    self._error = self._error or error
                self._changed.notify_all()

    def _take(self, k):
        results = self._results[k]
        self._wait(lambda: results)
        with self._changed:
            if not results:  # closed in between
                raise _Closed
            item = results.popleft()
            self._changed.notify_all()
        return item

    def _wait(self, condition):
        with self._changed:
            self._changed.wait_for(
                lambda: condition() or self._is_closed or self._error
            )
            if self._is_closed or self._error:
                raise _Closed
