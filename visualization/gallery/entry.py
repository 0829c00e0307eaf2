"""Entry: one picture of the gallery."""

from collections.abc import Callable
from typing import NamedTuple


class Entry(NamedTuple):
    """One picture of the gallery.

    name: Of the file, with its suffix.
    function: The function that draws it, as its place in visualization/.
    shows: What it shows, a sentence.
    command: The command that draws it for a user.
    write: Function of a Scene and a path that writes it; None if `command` has made
        it already, in FIGURES.
    is_activity: Whether it shows what the neurons of a trial do.
    """

    name: str
    function: str
    shows: str
    command: str
    write: Callable | None = None
    is_activity: bool = False

    @property
    def stem(self):
        """Name of the file without its suffix."""
        return self.name.partition(".")[0]
