"""Losses apart."""

import math
import re

from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import monitor

# response_loss, Loss/train_recon, Loss/poisson, Penalty/temporal; no totals, no means
# over recordings, nothing that was held out.
_KERAS = re.compile(r"(?!val_)(\w+)_loss")
_TAG = re.compile(r"(?:Loss|Penalty|ReconWarmup|StimulusAE)/(?:train_)?(\w+)")
_NO_TERM = {"total", "epoch_duration"}


@monitor("losses", "fast")
def losses(subject):
    """Terms of the loss, and the share of each of their sum of absolute values."""
    terms = terms_of(subject.logs)
    whole = math.fsum(abs(value) for value in terms.values())
    shares = {f"share/{n}": abs(v) / whole for n, v in terms.items() if whole}
    return Reading({f"term/{name}": value for name, value in terms.items()} | shares)


def terms_of(logs):
    """Terms of the loss by name, from the logs of Keras or TensorBoard tags."""
    found = {}
    for name, value in logs.items():
        match = _KERAS.fullmatch(name) or _TAG.fullmatch(name)
        if match and match.group(1) not in _NO_TERM:
            found[match.group(1)] = float(value)
    if not found and "loss" in logs:  # a loss of one term
        return {"loss": float(logs["loss"])}
    return found
