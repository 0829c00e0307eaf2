"""Where the numbers of epochs and the readings of monitors go, beside metrics.jsonl.

A sink has `epoch(number, step, values)`, `reading(step, monitor, reading)` and
`close()`; `fatal` names the exceptions of it that end a training: those of a full disk,
for files of the run itself.
"""

import hashlib
import importlib
import importlib.util

from v1model.monitoring_config import SINKS
from v1model.runs.options_text import flat


def require_installed(names):
    """Refuses sinks whose package is missing.

    Raises:
        ValueError: With the command that installs it.
    """
    for name in names:
        spec = importlib.util.find_spec(name)
        # A folder of that name, as these packages leave them, is none.
        if spec is None or spec.origin is None:
            raise ValueError(
                f"sinks: {name} is not installed; install it with pip install {name}, "
                "or leave it out."
            )


def opened_sinks(config, run, shows_epochs=True):
    """TensorBoard, and the sinks that a MonitoringConfig names.

    Args:
        config: MonitoringConfig.
        run: Run.
        shows_epochs: Whether TensorBoard gets the numbers of epochs; where a Keras
            callback writes them already, it does not.

    Raises:
        ValueError: The package of a sink is missing, or it refuses the run.
    """
    require_installed(config.sinks)
    # Each of them is large, and options are checked before they are needed.
    from v1model.monitoring.sinks.tensorboard import TensorBoardSink

    found = [TensorBoardSink(run.logs, shows_epochs)]
    for name in SINKS:
        if name in config.sinks:
            found.append(_opened(name, run))
    return found


def identity_of(run):
    """A word that is the same for all starts of a Run, and another for every run."""
    begun = run.starts[0]["time"] if run.starts else ""
    text = f"{begun} {run.path.resolve()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def options_of(run):
    """Options of a Run by dotted name; {} in a folder of a part of a run."""
    return flat(run.config) if (run.path / "config.json").is_file() else {}


def _opened(name, run):
    try:
        module = importlib.import_module(f"v1model.monitoring.sinks.{name}_sink")
        return module.opened(run)
    except Exception as error:  # each has errors of its own
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"sinks: {name} cannot be opened. {reason}") from error
