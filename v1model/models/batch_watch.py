"""BatchWatch: the batch that a training step has just seen."""

import tensorflow as tf


class BatchWatch:
    """Hands the batch of a training step to Python, when it is asked to.

    The batch comes out of the step itself. A second iterator over the same data would
    draw from the generators that shuffle it, and training would see other batches.
    """

    def __init__(self):
        self._is_asked = False
        self._structure = None
        self._flat = None

    def ask(self):
        """The next training step keeps its batch; with several replicas, the first."""
        self._is_asked = True

    def take(self):
        """The batch of the latest step since `ask`, or None; it is forgotten here."""
        flat, self._flat, self._is_asked = self._flat, None, False
        return None if flat is None else tf.nest.pack_sequence_as(self._structure, flat)

    def see(self, batch):
        """Part of the graph of a training step.

        Args:
            batch: Nested tensors.
        """
        if not _is_first_replica():
            return
        self._structure = tf.nest.map_structure(lambda _: None, batch)
        flat = tf.nest.flatten(batch)

        def keep():
            return tf.py_function(self._keep, flat, tf.bool)

        # Behind a condition, so that steps that nobody asks about copy nothing.
        is_asked = tf.py_function(lambda: self._is_asked, [], tf.bool)
        tf.cond(tf.ensure_shape(is_asked, ()), keep, lambda: False)

    def _keep(self, *flat):
        self._flat = flat
        return True


def _is_first_replica():
    """Whether this is the graph of replica 0, or of one whose number is not known."""
    context = tf.distribute.get_replica_context()
    number = tf.convert_to_tensor(context.replica_id_in_sync_group)
    return tf.get_static_value(number) in (0, None)
