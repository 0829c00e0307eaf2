"""An animation of one trial: screen, LGN, column, raster and answer, at one time."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from visualization import style
from visualization.film.panels import (
    AnswerPanel,
    ColumnPanel,
    LGNPanel,
    RasterPanel,
    ScreenPanel,
)
from visualization.film.writing import check_film, write_film
from visualization.trial.axes import (
    DPI,
    check_neurons,
    is_answer_due,
    place,
    size_in_words,
    write,
)

WIDTH, HEIGHT = 960, 560  # px, even: videos demand it
TOP, GAP = 78, 40  # px
FIELD = (14, 270, 195)  # left, width and height of screen and LGN, px
COLUMN = (356, 190, 430)
RASTER = (634, 300, 296)
KEY = 420  # where the names of the classes begin, px
N_FRAMES = 120
FPS = 20


def animate_trial(
    trial, neurons, path, *, movie=None, units=None, view=None, report=None
):
    """Writes an animation of a trial.

    Above to the left is the screen, below it the LGN: a point for each unit, where it
    looks. In the middle are the neurons, seen from the side; a spike glows in the
    colour of its class and decays within some 20 ms. To the right are the raster and
    the probability of each class, the right one in blue, both as far as time has come.

    Args:
        trial: TrialActivity.
        neurons: Neurons of the column.
        path: .gif, or .mp4 where ffmpeg is installed.
        movie: Movie that was shown, or None if nobody knows.
        units: LGNUnits of the inputs, or None.
        view: View of the column; None leaves screen and LGN empty.
        report: Function of how many frames are drawn, and of how many; None is silent.

    Raises:
        ValueError: The film cannot be written here, or the neurons, the movie or the
            units do not fit the trial.
        WriteError: The file cannot be written.
    """
    check_film(path)
    frames = trial_frames(trial, neurons, movie=movie, units=units, view=view)

    def counted():
        for k, frame in enumerate(frames, 1):
            yield frame
            if report is not None:
                report(k, N_FRAMES)

    write_film(counted(), path, FPS)


def trial_frames(trial, neurons, *, movie=None, units=None, view=None, n=N_FRAMES):
    """Yields the n frames of `animate_trial`, (560, 960, 3) uint8 each."""
    _check(trial, neurons, movie, units)
    if view is None:
        movie = units = None
    with style.paper():
        figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
        canvas = FigureCanvasAgg(figure)
        panels = _panels(figure, trial, neurons, movie, units, view)
        clock = write(figure, WIDTH - 26, 12, "", fontsize=14, ha="right")
        clock.set_fontweight("bold")
        moving = [clock, *(artist for panel in panels for artist in panel.artists)]
        for artist in moving:
            artist.set_animated(True)
        canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    for ms in np.linspace(0, trial.duration_ms, n + 1)[1:]:
        with style.paper():
            canvas.restore_region(still)
            clock.set_text(f"{ms:.0f} ms")
            figure.draw_artist(clock)
            for panel in panels:
                panel.show(ms)
                for artist in panel.artists:
                    artist.axes.draw_artist(artist)
            yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _panels(figure, trial, neurons, movie, units, view):
    left, width, height = FIELD
    below = TOP + height + GAP
    screen = place(figure, left, TOP, width, height)
    lgn = place(figure, left, below, width, height)
    column = place(figure, COLUMN[0], TOP, *COLUMN[1:])
    raster = place(figure, RASTER[0], TOP, *RASTER[1:])
    answer = place(figure, RASTER[0], TOP + RASTER[2] + GAP, RASTER[1], 94)
    panels = [
        ScreenPanel(screen, movie, view),
        LGNPanel(lgn, trial, units, view),
        ColumnPanel(column, trial, neurons),
        RasterPanel(raster, trial, neurons),
        AnswerPanel(answer, trial),
    ]
    screen.set_title("Screen; frame: what the column sees")
    lgn.set_title(_lgn_words(panels[1], units))
    column.set_title(f"Column: {trial.n_neurons:,} neurons")
    raster.set_title("Spikes")
    _draw_title(figure, trial)
    return panels


def _draw_title(figure, trial):
    words = f"{trial.question or 'One trial'}"
    if is_answer_due(trial):
        which = "last right" if trial.is_asked.sum() > 1 else "right"
        words += f": the {which} answer is {trial.label} (blue line)"
    write(figure, 14, 10, words, fontsize=11, fontweight="bold")
    write(figure, 14, 33, size_in_words(trial), color=style.FAINT)
    left = KEY
    for name, colour in style.CLASS_COLOURS.items():
        looks = {"color": colour, "fontweight": "bold", "fontsize": 8}
        write(figure, left, 33, f"● {name}", **looks)
        left += 22 + 7 * len(name)


def _lgn_words(panel, units):
    if units is None:
        return "LGN"
    words = f"LGN: {len(units):,} units"
    if not panel.is_active:
        return f"{words}, silent"
    brightest = panel.brightest
    number = f"{brightest:.0f}" if brightest >= 10 else f"{brightest:.2g}"
    return f"{words}, black 0 to white {number} Hz"


def _check(trial, neurons, movie, units):
    check_neurons(trial, neurons)
    if movie is not None and movie.duration_ms != trial.duration_ms:
        raise ValueError(
            f"animation: the trial lasts {trial.duration_ms:g} ms, the movie "
            f"{movie.duration_ms}."
        )
    if units is not None and len(units) != trial.inputs.shape[1]:
        raise ValueError(
            f"animation: the trial has {trial.inputs.shape[1]} inputs, got "
            f"{len(units)} units."
        )
