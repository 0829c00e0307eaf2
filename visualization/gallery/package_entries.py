"""The pictures of the package itself in the gallery."""

from visualization.gallery.entry import Entry

PACKAGE = (
    Entry(
        "rooms.png",
        "rooms.four_rooms",
        "The four rooms, the file between them and the commands that they share.",
        "python scripts/draw_rooms.py",
    ),
    Entry(
        "architecture.png",
        "architecture.dependency_picture",
        "What each part of the library imports, level by level.",
        "python scripts/draw_architecture.py",
    ),
)
