"""Headings: a title, and a line below it in grey."""

from visualization import style


def write_heading(axes, title, words):
    """Writes both above the axes, whatever their size."""
    axes.set_title(title, fontweight="bold", pad=17)
    axes.annotate(
        words,
        (0, 1),
        (0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        color=style.FAINT,
    )
