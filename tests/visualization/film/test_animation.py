"""The animation shows what has happened by each moment, and nothing of what follows."""

import dataclasses
import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from tests.activity import trial_of
from tests.networks import small_network
from v1model.lgn import Movie
from v1model.lgn.current import current_from_rates
from v1model.network.neurons import neurons_of
from v1model.stimuli import view_of
from visualization import style
from visualization.film.animation import N_FRAMES, RASTER, animate_trial, trial_frames
from visualization.film.glow import DECAY_MS, Glow, Points
from visualization.film.panels import (
    AnswerPanel,
    LGNPanel,
    RasterPanel,
    ScreenPanel,
    input_rates,
)

NETWORK = small_network()
NEURONS = neurons_of(NETWORK)
VIEW = view_of(NETWORK.lgn)
UNITS = NETWORK.lgn.units


def movie_of(n_ms, seed=0):
    frames = np.random.default_rng(seed).uniform(-1, 1, (2, 120, 240))
    return Movie(frames, [n_ms // 2, n_ms - n_ms // 2])


def axes_of(figsize=(3, 3)):
    return Figure(figsize=figsize, dpi=100).add_axes((0, 0, 1, 1))


def glow_of(trial):
    x, y = np.arange(60.0) * 3, np.full(60, 5.0)
    colours = [style.colour_of(name) for name in NEURONS.pop_name]
    return Glow(x, y, (10, 180), colours, trial, "#D9D9D9"), colours


def test_a_neuron_glows_from_its_spike_on_and_decays_with_its_time_constant():
    trial = trial_of(NETWORK, spike_step=[3, 5, 20], spike_neuron=[7, 9, 7])
    glow, _ = glow_of(trial)
    for ms, seven, nine in (
        (2.9, 0, 0),
        (3, 1, 0),
        (13, np.exp(-10 / DECAY_MS), np.exp(-8 / DECAY_MS)),
        (20, 1, np.exp(-15 / DECAY_MS)),
        (60, np.exp(-40 / DECAY_MS), 0),  # too faint to be drawn
    ):
        expected = np.zeros(60)
        expected[[7, 9]] = seven, nine
        np.testing.assert_allclose(glow.brightness(ms), expected)


def test_a_spike_is_painted_in_the_colour_of_its_class():
    trial = trial_of(NETWORK, spike_step=[3], spike_neuron=[7])
    glow, colours = glow_of(trial)
    before, after = glow.picture(2.0), glow.picture(3.0)
    changed = np.argwhere((before != after).any(axis=2))
    assert len(changed) and (np.abs(changed - [5, 21]) <= 3).all()
    expected = np.rint(255 * np.array(to_rgb(colours[7])))
    assert (after[5, 21] == expected).all()


def test_points_at_the_edge_of_the_picture_are_cut():
    points = Points([0.0, 9.9], [0.0, 4.9], (5, 10), radius=2)
    painted = points.painted(
        np.zeros((5, 10, 3), np.uint8), np.full((2, 3), 9, np.uint8), np.arange(2)
    )
    assert painted[0, 0, 0] == painted[4, 9, 0] == 9
    assert not painted[3:, :6].any() and not painted[:2, 4:].any()


def test_the_raster_shows_all_spikes_so_far_and_none_that_follows():
    trial = trial_of(NETWORK, n_steps=300)
    panel = RasterPanel(axes_of(), trial, NEURONS)
    image, now = panel.artists
    for ms in (1, 100, 299, 300):
        panel.show(ms)
        columns = np.flatnonzero(image.get_array()[..., 3].any(axis=0))
        assert columns.max() == trial.spike_step[trial.spike_step < ms].max()
        assert now.get_xdata() == [ms, ms]
    whole = image.get_array()[..., 3] > 0
    panel.show(0)
    assert not image.get_array()[..., 3].any()
    assert whole.any(axis=0).sum() > 290


def test_the_readout_speaks_at_the_end_of_a_chunk_and_is_judged_when_it_is_due():
    probability = np.array([[0.1, 0.2, 0.7], [0.2, 0.6, 0.2]])
    trial = trial_of(NETWORK, n_steps=100, predictions=probability)  # right: 2
    panel = AnswerPanel(axes_of(), trial)
    words = {}
    for ms in (49, 50, 99, 100):
        panel.show(ms)
        words[ms] = [artist.get_text() for artist in panel.artists[3:5]]
    assert words[49] == ["Readout: not yet", ""]
    assert words[50] == words[99] == ["Readout: 2 (p = 0.70)", ""]
    assert words[100] == ["Answer at 100 ms: 1 (p = 0.60)", "✗ wrong"]
    lines = panel.artists[:3]
    for line, values in zip(lines, probability.T, strict=True):
        assert line.get_xdata().tolist() == [0, 50, 50, 100]
        np.testing.assert_allclose(line.get_ydata(), np.repeat(values, 2), rtol=1e-6)
    assert [line.get_color() == style.RIGHT for line in lines] == [False, False, True]


def test_the_verdict_stays_that_of_the_last_answer_that_was_due():
    likely = np.eye(3)[[2, 1, 0, 2, 1]] * 0.4 + 0.2
    likely[3] = 1 / 3
    asked = [False, True, False, True, False]
    labels = [0, 1, 1, 0, 0]
    trial = trial_of(
        NETWORK, n_steps=100, predictions=likely, labels=labels, is_asked=asked
    )
    panel = AnswerPanel(axes_of(), trial)
    heard = []
    for ms in (19, 20, 40, 60, 80, 100):
        panel.show(ms)
        heard.append([artist.get_text() for artist in panel.artists[3:5]])
    assert heard == [
        ["Readout: not yet", ""],
        ["Readout: 2 (p = 0.60)", ""],
        *2 * [["Answer at 40 ms: 1 (p = 0.60)", "✓ right"]],
        *2 * [["Answer at 80 ms:", "? undecided"]],
    ]


def test_the_words_of_the_answer_leave_room_for_its_sign():
    """In the panel as the animation has it, at the end of the longest trials."""
    trial = trial_of(NETWORK, n_steps=9600, labels=[0, 0])
    for k, likely in enumerate(([0.2, 0.1, 0.7], [1 / 3] * 3)):
        figure = Figure(figsize=(RASTER[1] / 100, 2), dpi=100)
        axes = figure.add_axes((0, 0, 1, 0.5))
        panel = AnswerPanel(axes, trial_of_answers(trial, likely))
        panel.show(9600)
        renderer = FigureCanvasAgg(figure).get_renderer()
        words, sign = (text.get_window_extent(renderer) for text in panel.artists[3:5])
        assert words.x1 < sign.x0, k


def trial_of_answers(trial, likely):
    return dataclasses.replace(trial, predictions=[likely, likely])


def test_the_screen_shows_the_frame_of_the_moment():
    movie = movie_of(40)
    panel = ScreenPanel(axes_of(), movie, VIEW)
    for ms, number in ((0, 0), (19, 0), (20, 1), (40, 1)):
        panel.show(ms)
        left, right, bottom, top = map(int, panel.artists[0].get_extent())
        expected = movie.frames[number, top:bottom, left:right]
        np.testing.assert_array_equal(panel.artists[0].get_array(), expected)


def test_a_unit_of_the_lgn_is_a_point_where_it_looks():
    rates = np.zeros((40, len(UNITS)))
    rates[10, 3] = 50.0
    trial = trial_of(NETWORK, inputs=current_from_rates(rates))
    panel = LGNPanel(axes_of(), trial, UNITS, VIEW)
    panel.show(9)
    dark = panel.artists[0].get_array().copy()
    panel.show(10)
    bright = panel.artists[0].get_array()
    rows, columns = np.nonzero((dark != bright).any(axis=2))
    left, right, bottom, top = panel.artists[0].get_extent()
    x = left + (columns.mean() + 0.5) / bright.shape[1] * (right - left)
    y = top + (rows.mean() + 0.5) / bright.shape[0] * (bottom - top)
    assert (x, y) == pytest.approx((UNITS.x[3], UNITS.y[3]), abs=0.5)


def test_rates_of_the_inputs_are_those_that_went_in():
    rates = np.random.default_rng(0).uniform(0, 40, (50, 20))
    trial = trial_of(NETWORK, n_steps=50, inputs=current_from_rates(rates))
    np.testing.assert_allclose(input_rates(trial), rates, rtol=1e-3, atol=1e-3)
    spikes = np.random.default_rng(0).random((4000, 20)) < 0.03
    trial = trial_of(NETWORK, n_steps=4000, inputs=spikes.astype(np.float32))
    assert input_rates(trial)[500:].mean() == pytest.approx(30, rel=0.03)


@pytest.mark.parametrize("activity", ["none", "normal", "runaway"])
def test_frames_differ_while_something_happens(activity):
    trial = trial_of(NETWORK, n_steps=100)
    if activity == "none":
        trial = trial_of(NETWORK, n_steps=100, spike_step=[], spike_neuron=[])
    if activity == "runaway":
        step, neuron = np.divmod(np.arange(100 * 60), 60)
        trial = trial_of(NETWORK, n_steps=100, spike_step=step, spike_neuron=neuron)
    known = {"movie": movie_of(100), "units": UNITS, "view": VIEW}
    frames = [*trial_frames(trial, NEURONS, n=4, **known)]
    assert {frame.shape for frame in frames} == {(560, 960, 3)}
    column = [frame[78:508, 356:546] for frame in frames[:3]]  # nobody fires at the end
    is_same = [np.array_equal(a, b) for a, b in itertools.pairwise(column)]
    assert all(is_same) if activity != "normal" else not any(is_same)


def test_the_film_has_all_frames_and_tells_of_each(tmp_path):
    told = []
    trial = trial_of(NETWORK)
    path = tmp_path / "trial.gif"
    animate_trial(trial, NEURONS, path, report=lambda *seen: told.append(seen))
    assert told == [(k, N_FRAMES) for k in range(1, N_FRAMES + 1)]
    with Image.open(path) as film:
        assert film.n_frames == N_FRAMES


@pytest.mark.parametrize("n_classes", [2, 10])
def test_texts_do_not_overlap(n_classes, monkeypatch):
    """As many neurons and spikes as make the longest words."""
    figures = []
    draw = FigureCanvasAgg.draw
    monkeypatch.setattr(
        FigureCanvasAgg, "draw", lambda self: (figures.append(self.figure), draw(self))
    )
    trial = trial_of(
        NETWORK,
        outputs=np.zeros((2, n_classes)),
        predictions=np.full((2, n_classes), 1 / n_classes),
        labels=[0, 1],
        question="vcd_grating",
    )
    next(trial_frames(trial, NEURONS, units=UNITS, view=VIEW, movie=movie_of(40)))
    (figure,) = figures
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [t for axes in figure.axes for t in (*axes.texts, axes._left_title)]
    shown = [text for text in (*figure.texts, *texts) if text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in shown]
    for name, box in boxes:
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, name
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"'{one}' overlaps '{other}'"


def test_what_does_not_fit_the_trial_is_refused(tmp_path):
    trial = trial_of(NETWORK)
    for known, message in (
        ({"movie": movie_of(30)}, "lasts 40 ms, the movie 30"),
        ({"units": UNITS.take(np.arange(5))}, "20 inputs, got 5 units"),
    ):
        with pytest.raises(ValueError, match=message):
            animate_trial(trial, NEURONS, tmp_path / "a.gif", view=VIEW, **known)
    assert [*tmp_path.iterdir()] == []
