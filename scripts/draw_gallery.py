#!/usr/bin/env python
"""Draws the gallery: every figure of the package, and the page that shows them.

Builds a column, runs some trials and draws them; the pictures go to --out, the page
beside it (OUT.md). With --activity none or runaway, or another size, it draws the same
figures of such a trial, to see whether they stand it.
"""

import os
import pathlib
import sys
import tempfile
import time

from absl import app, flags

from v1model.atomic import write_text
from v1model.flags import list_under_help
from visualization.gallery.entries import GALLERY, page_text
from visualization.gallery.scene import ACTIVITIES, Scene

FIGURES = pathlib.Path(__file__).parents[1] / "docs" / "figures"


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    flags.DEFINE_integer(
        "neurons", 2000, "Size of the column.", lower_bound=500, flag_values=values
    )
    flags.DEFINE_enum(
        "activity",
        "normal",
        [*ACTIVITIES],
        "What the neurons do: what they would, nothing, or 200 to 500 Hz each; only "
        "the pictures of activity are drawn of the latter two.",
        flag_values=values,
    )
    flags.DEFINE_list(
        "only",
        [],
        "Names of the pictures to draw; empty draws all.",
        flag_values=values,
    )
    flags.DEFINE_string("out", "docs/gallery", "Folder to write.", flag_values=values)
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    try:
        draw(flags.FLAGS)
    except (ValueError, OSError) as error:
        sys.exit(f"draw_gallery: {error}")


def draw(values):
    """Draws what the flags ask for; returns the page."""
    wanted = chosen(values.only)
    out = pathlib.Path(values.out)
    entries = of_activity(values.activity)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(values.neurons, values.activity, folder)
        for entry in (entry for rows in entries.values() for entry in rows):
            if entry.write is None or entry.stem not in wanted:
                continue
            start, path = time.perf_counter(), out / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            entry.write(scene, path)
            seconds, kb = time.perf_counter() - start, path.stat().st_size / 1000
            print(f"{entry.name:20s} {seconds:6.1f} s {kb:7.0f} kB", flush=True)
    page = out.with_name(f"{out.name}.md")
    figures = os.path.relpath(FIGURES, out.resolve().parent)
    write_text(page, page_text(out.name, figures, entries))
    print(f"wrote {page} in {time.perf_counter() - began:.0f} s")
    return page


def chosen(names):
    """Stems of the pictures that are asked for, a set.

    Raises:
        ValueError: There is no picture of a name.
    """
    known = [entry.stem for rows in GALLERY.values() for entry in rows if entry.write]
    for name in names:
        if name not in known:
            raise ValueError(f"only: no picture '{name}', choose from {known}.")
    return set(names) or set(known)


def of_activity(activity):
    """The gallery, or what of it shows activity unless that is the normal one."""
    picked = {
        heading: [row for row in rows if activity == "normal" or row.is_activity]
        for heading, rows in GALLERY.items()
    }
    return {heading: rows for heading, rows in picked.items() if rows}


if __name__ == "__main__":
    define_flags()
    app.run(main)
