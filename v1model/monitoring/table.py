"""The table of monitors in docs/watching.md, from the registry."""

from v1model.monitoring.registry import MONITORS, PACES
from v1model.rooms import ROOMS

BEGIN = "<!-- monitors: written by scripts/write_monitors.py -->"
END = "<!-- end of monitors -->"


def monitor_table():
    """A Markdown table of all monitors that are registered: those of all rooms first.

    Returns:
        Text, a line a monitor.
    """
    order = list(ROOMS)

    def place(own):
        is_of_all = len(own.rooms) == len(order)
        room = -1 if is_of_all else order.index(own.rooms[0])
        return room, PACES.index(own.pace)

    lines = ["| room | pace | monitor | what it shows |", "|---|---|---|---|"]
    for own in sorted(MONITORS.values(), key=place):
        rooms = "all" if len(own.rooms) == len(order) else ", ".join(own.rooms)
        shown = own.description.replace("|", "\\|")
        lines.append(f"| {rooms} | {own.pace} | `{own.name}` | {shown} |")
    return "\n".join(lines)


def with_table(page):
    """A page with the table between its two marks.

    Raises:
        ValueError: The page has no marks.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}.")
    return f"{head}{BEGIN}\n{monitor_table()}\n{END}{tail}"
