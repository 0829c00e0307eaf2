"""How figures look: a context to draw in, and the colours of the cell classes."""

import contextlib

import matplotlib

# Okabe and Ito's colours, which colour-blind readers can tell apart, given as the
# field is used to: excitatory red, Pvalb blue, Sst green, Htr3a purple.
CLASS_COLOURS = {
    "excitatory": "#D55E00",
    "Pvalb": "#0072B2",
    "Sst": "#009E73",
    "Htr3a": "#CC79A7",
}
INK = "#333333"
FAINT = "#8C8C8C"
BACKDROP = "#E9E9E9"
WINDOW = "#F5D77A"  # the time in which an answer is due
RIGHT, WRONG = "#0072B2", "#D55E00"  # of answers, always beside a sign and a word

_PAPER = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # otherwise every axes is measured to see whether it is free
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.dpi": 200,
    "legend.frameon": False,
    "image.interpolation": "nearest",
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
}


@contextlib.contextmanager
def paper():
    """Matplotlib's settings for a figure of a paper, inside a `with` block only."""
    with matplotlib.rc_context(_PAPER):
        yield


def class_of(population):
    """Cell class of a population: "excitatory" for "e4Rorb", "Sst" for "i5Sst".

    Raises:
        ValueError: The population is of none of the four classes.
    """
    if population.startswith("e"):
        return "excitatory"
    for name in CLASS_COLOURS:
        if population.endswith(name):
            return name
    raise ValueError(f"population '{population}' is of none of {list(CLASS_COLOURS)}.")


def colour_of(population):
    """Colour of a population's cell class."""
    return CLASS_COLOURS[class_of(population)]


def shortened(name, most):
    """A name of at most so many letters; an ellipsis stands for its end."""
    name = str(name)
    return name if len(name) <= most else name[: most - 1] + "…"


def without_middle(name, most):
    """A name of at most so many letters of which both ends tell it from others."""
    name = str(name)
    if len(name) <= most:
        return name
    end = (most - 1) // 2
    return f"{name[: most - 1 - end]}…{name[len(name) - end :]}"
