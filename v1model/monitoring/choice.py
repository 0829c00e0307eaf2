"""What the options choose: checked before any long work, without TensorFlow."""

import v1model.monitoring.generic  # noqa: F401, registers its monitors
from v1model.monitoring.registry import PACES, chosen
from v1model.monitoring.sinks import require_installed


def monitors_of(config, room):
    """The monitors that a MonitoringConfig names, a list by pace.

    A room's own monitors are known when their module is imported.

    Raises:
        ValueError: A monitor is unknown.
    """
    names = dict(zip(PACES, (config.fast_monitors, config.slow_monitors), strict=True))
    return {pace: chosen(names[pace], room, pace) for pace in PACES}


def require_monitors(config, room):
    """Refuses monitors that do not exist and sinks that are not installed.

    Raises:
        ValueError: Of which option, and what it may be.
    """
    monitors_of(config, room)
    require_installed(config.sinks)
