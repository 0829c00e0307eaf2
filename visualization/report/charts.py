"""Which charts the report of a run shows: answers, losses, rates, pace."""

import numpy as np

from v1model.metrics import wilson_interval
from v1model.network.populations import LAYERS, ROUGH_POPULATIONS, layer_of
from visualization import style
from visualization.learning import TRAINING, VALIDATION
from visualization.report.contents import tasks_of
from visualization.report.curves import Chart, Curve

# Column to title and unit.
LOSSES = {
    "loss": "Loss, all parts",
    "response_loss": "Loss of the answers",
    "rate_loss": "Loss of the rates",
    "voltage_loss": "Loss of the voltages",
    "weight_loss": "Loss of the weights",
}
PACE = {
    "learning_rate": ("Learning rate", ""),
    "seconds_per_step": ("Time of a step", "s"),
}


def accuracy_charts(epochs, task):
    """Accuracy of each task: held out with its 95 % interval, in training, chance.

    Args:
        epochs: Columns of metrics.csv.
        task: Name of the task of a run that has one only.
    """
    charts = []
    for name, suffix in tasks_of(epochs).items():
        curves = _both(epochs, "accuracy", suffix)
        if (chance := _column(epochs, f"val_chance{suffix}")) is None:
            chance = _column(epochs, f"chance{suffix}")
        if chance is not None:
            curves.append(Curve("chance", chance, style.FAINT, 2))
        title = f"Accuracy: {name or task}"
        charts.append(
            Chart(
                title, "share of right answers", epochs["step"], tuple(curves), (0, 1)
            )
        )
    return _filled(charts)


def loss_charts(epochs):
    """The loss and its parts, those that are not zero throughout."""
    charts = [
        Chart(title, "", epochs["step"], tuple(_both(epochs, name)))
        for name, title in LOSSES.items()
        if any(np.any(curve.y > 0) for curve in _both(epochs, name))
    ]
    return _filled(charts)


def rate_charts(epochs):
    """Rate of each population, one chart per layer.

    Returns:
        The charts, and whether they are of held-out trials.
    """
    prefix = rate_prefix(epochs)
    charts = []
    for layer in LAYERS:
        names = [name for name in ROUGH_POPULATIONS if layer_of([name])[0] == layer]
        found = {name: _column(epochs, f"{prefix}rate_hz/{name}") for name in names}
        classes = [*style.CLASS_COLOURS]
        curves = tuple(
            Curve(kind, rate, style.CLASS_COLOURS[kind], classes.index(kind))
            for name, rate in found.items()
            if rate is not None and (kind := style.class_of(name))
        )
        charts.append(Chart(f"Layer {layer}", "Hz", epochs["step"], curves, (0, 0)))
    everybody = _both(epochs, "rate_hz")
    charts.append(Chart("All neurons", "Hz", epochs["step"], tuple(everybody), (0, 0)))
    return _filled(charts)


def rate_prefix(epochs):
    """ "val_" if rates of held-out trials are known, else "" for training."""
    is_validated = np.isfinite(epochs.get("val_rate_hz", [np.nan])).any()
    return "val_" if is_validated else ""


def pace_charts(epochs):
    """Learning rate and time of a step."""
    charts = []
    for name, (title, unit) in PACE.items():
        if (values := _column(epochs, name)) is not None:
            curve = Curve(title.lower(), values, VALIDATION)
            charts.append(Chart(title, unit, epochs["step"], (curve,), (0, 0)))
    return _filled(charts)


def _both(epochs, name, suffix=""):
    """The curves of a metric: in training, and on held-out trials."""
    curves = []
    if (values := _column(epochs, f"{name}{suffix}")) is not None:
        curves.append(Curve("training", values, TRAINING, 1))
    if (values := _column(epochs, f"val_{name}{suffix}")) is not None:
        answers = _column(epochs, f"val_responses{suffix}")
        low = high = None
        if name == "accuracy" and answers is not None:
            low, high = _interval(values, answers)
        curves.append(Curve("held out", values, VALIDATION, 0, low, high))
    return curves


def _interval(accuracy, answers):
    """Ends of the 95 % interval at each step, NaN where nothing was answered."""
    ends = np.full((len(accuracy), 2), np.nan)
    for row in np.flatnonzero(np.isfinite(accuracy) & (answers > 0)):
        n = round(float(answers[row]))
        ends[row] = wilson_interval(round(float(accuracy[row]) * n), n)
    return ends.T


def _column(epochs, name):
    """A column, None if it is missing or has no number."""
    values = epochs.get(name)
    return None if values is None or not np.isfinite(values).any() else values


def _filled(charts):
    return [chart for chart in charts if not chart.is_empty]
