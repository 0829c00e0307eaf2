"""Removing runs: what would go, a question, and what went."""

import sys

from training.runs_table import counted, duration, shown_name
from v1model.runs.cleaning import age_s, removals_of, remove

YES = ("y", "yes")


def clean(runs, folders, older_s, checkpoints, is_agreed):
    """Says what would be removed, asks unless that is agreed, and removes it.

    Args:
        runs: RunSummaries that were chosen.
        folders: In which they were found.
        older_s: Least time since their last sign of life, s.
        checkpoints: Whether only checkpoints go.
        is_agreed: Whether nobody is asked.

    Raises:
        ValueError: Something could not be removed.
    """
    removals = {}
    for folder in folders:
        for removal in removals_of(runs, folder, older_s, checkpoints):
            removals[removal.run.path.resolve()] = removal
    removals = list(removals.values())
    if not removals:
        print("nothing to remove")
        return
    for removal in removals:
        print(line_of(removal, folders, checkpoints))
    total = size_of(sum(removal.n_bytes for removal in removals))
    what = "checkpoints of " if checkpoints else ""
    if not is_agreed and not asked(f"remove {what}{counted(len(removals))}, {total}?"):
        print("nothing was removed")
        return
    failed = 0
    for removal in removals:
        try:
            remove(removal)
        except (OSError, ValueError) as error:
            failed += 1
            print(error, file=sys.stderr)
    print(f"removed {what}{counted(len(removals) - failed)}")
    if failed:
        raise ValueError(f"{counted(failed)} could not be removed.")


def line_of(removal, folders, checkpoints):
    """What would go of a run."""
    run = removal.run
    line = f"{shown_name(run.path, folders)}  {run.state}, {duration(age_s(run))} old"
    if checkpoints:
        line += f", {', '.join(path.name for path in removal.paths)}"
    if removal.n_parts:
        line += f", with {counted(removal.n_parts)} inside"
    return f"{line}  {size_of(removal.n_bytes)}"


def asked(question):
    """Whether the user says yes; nobody to ask is a no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in YES
    except EOFError:
        print()
        return False


def size_of(n_bytes):
    """Bytes in words."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"
