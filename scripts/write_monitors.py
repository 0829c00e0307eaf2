#!/usr/bin/env python
"""Writes the table of monitors into docs/watching.md, from the registry.

python scripts/write_monitors.py
"""

import importlib
import pathlib

import v1model.monitoring.generic  # noqa: F401, registers its monitors
from v1model.atomic import write_text
from v1model.monitoring.table import with_table
from v1model.rooms import ROOMS

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "watching.md"


def main():
    for room in ROOMS:
        importlib.import_module(f"training.monitors.{room}")
    write_text(PAGE, with_table(PAGE.read_text(encoding="utf-8")))
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
