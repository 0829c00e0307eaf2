"""Room for a figure's panels, and its heading: a title, and a grey line below it."""

from matplotlib.figure import Figure

from visualization import style

TOP = 0.52  # inches that a heading takes


def headed_figure(size, title, words=""):
    """A figure with a heading at its upper left; its panels begin TOP inches below.

    Args:
        size: (width, height), inches.
        title: In bold.
        words: Grey, below.
    """
    figure = Figure(figsize=size)
    left, height = 0.1 / size[0], size[1]
    figure.text(left, 1 - 0.1 / height, title, fontsize=9, fontweight="bold", va="top")
    figure.text(left, 1 - 0.29 / height, words, color=style.FAINT, fontsize=8, va="top")
    return figure


def add_inches(figure, left, bottom, width, height):
    """Axes at a place given in inches."""
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, bottom / h, width / w, height / h))
