"""Where the numbers of epochs and the readings of monitors go, beside metrics.jsonl.

A sink has `epoch(number, step, values)`, `reading(step, monitor, reading)` and
`close()`; `fatal` names the exceptions of it that end a training: those of a full disk,
for files of the run itself.
"""

import importlib
import importlib.util

from v1model.monitoring_config import SINKS


def require_installed(names):
    """Refuses sinks whose package is missing.

    Raises:
        ValueError: With the command that installs it.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise ValueError(
                f"sinks: {name} is not installed; install it with pip install {name}, "
                f"or leave it out."
            )


def opened_sinks(config, run, shows_epochs=True):
    """TensorBoard, and the sinks that a MonitoringConfig names.

    Args:
        config: MonitoringConfig.
        run: Run.
        shows_epochs: Whether TensorBoard gets the numbers of epochs; where a Keras
            callback writes them already, it does not.

    Raises:
        ValueError: The package of a sink is missing.
    """
    require_installed(config.sinks)
    # Each of them is large, and options are checked before they are needed.
    from v1model.monitoring.sinks.tensorboard import TensorBoardSink

    found = [TensorBoardSink(run.logs, shows_epochs)]
    for name in SINKS:
        if name in config.sinks:
            module = importlib.import_module(f"v1model.monitoring.sinks.{name}_sink")
            found.append(module.opened(run))
    return found
