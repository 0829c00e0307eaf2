"""Weights, gradients and updates."""

from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import monitor

# The module that computes imports TensorFlow, which is there when something is trained
# and not when options are checked.


@monitor("weights", "fast")
def weights(subject):
    """Norm, root mean square, range and share of zeros of each group of weights, and
    their distributions."""
    from v1model.monitoring.moments import weight_numbers

    return Reading(*weight_numbers(subject.trained))


@monitor("gradients", "fast")
def gradients(subject):
    """Size of the gradients, and how well they agree from update to update: from the
    moments of Adam, so of about the last 1000 updates, and after clipping."""
    from v1model.monitoring.moments import gradient_numbers

    return Reading(gradient_numbers(subject.optimizer, subject.trained))


@monitor("updates", "fast")
def updates(subject):
    """Length of the last update as a share of that of the weights, by group: about
    1e-3 is healthy."""
    from v1model.monitoring.moments import update_numbers

    return Reading(update_numbers(subject.optimizer, subject.trained))
