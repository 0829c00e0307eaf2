"""Tables that several rooms write."""

import pandas as pd

from v1model.atomic import write_frame
from v1model.metrics import wilson_interval


def write_numbers(path, numbers):
    """Writes named numbers as CSV, a row each."""
    frame = pd.DataFrame({"name": [*numbers], "value": [*numbers.values()]})
    write_frame(path, frame)


def share_right(rows):
    """How many answers there are, and the share that is right with its 95 % interval.

    Args:
        rows: Data frame with `correct`, 1 or 0.

    Returns:
        A dict: n, accuracy, accuracy_low, accuracy_high.
    """
    low, high = wilson_interval(int(rows["correct"].sum()), len(rows))
    return {
        "n": len(rows),
        "accuracy": rows["correct"].mean(),
        "accuracy_low": low,
        "accuracy_high": high,
    }
