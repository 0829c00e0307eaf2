"""Monitors of every room: they need no more than a model and its optimizer."""

from v1model.monitoring.generic import (  # noqa: F401, they register themselves
    losses,
    machine,
    variables,
)
