"""The five figures of a trial, whatever the trial is like."""

import dataclasses

import matplotlib
import numpy as np
import pytest

from tests.visualization.trials import RATES, check_words, made_up, words_of
from v1model.network import build_column, neurons_of
from visualization.trial.standard import STANDARD_FIGURES


@pytest.fixture(scope="module")
def neurons():
    return neurons_of(build_column(500, seed=1))


def test_the_figures_are_those_that_files_are_named_after():
    names = ["raster", "voltages", "input", "population", "output"]
    assert list(STANDARD_FIGURES) == names


def check_panels(figure):
    """Every panel has something in it: data, or words that say why not."""
    assert figure.axes
    for axes in figure.axes:
        has_data = axes.lines or axes.images or axes.patches or axes.collections
        assert has_data or axes.texts or axes.get_label() == "<colorbar>"


@pytest.mark.parametrize("activity", list(RATES))
@pytest.mark.parametrize("name", list(STANDARD_FIGURES))
def test_words_neither_overlap_nor_leave_the_figure(name, activity, neurons):
    trial = made_up(500, activity, traced=neurons.examples(20), question="garrett")
    figure = STANDARD_FIGURES[name](trial, neurons)
    check_words(figure)
    check_panels(figure)


@pytest.mark.parametrize("name", list(STANDARD_FIGURES))
def test_neurons_need_not_be_known(name):
    figure = STANDARD_FIGURES[name](made_up(300, traced=range(7)), None)
    check_words(figure)
    check_panels(figure)


@pytest.mark.parametrize("name", ["raster", "voltages", "population"])
def test_neurons_of_another_column_are_refused(name, neurons):
    with pytest.raises(ValueError, match="499 neurons, got 500"):
        STANDARD_FIGURES[name](made_up(499), neurons)


@pytest.mark.parametrize("name", list(STANDARD_FIGURES))
def test_numbers_that_are_not_finite_are_survived(name, neurons):
    """A training that diverged is what one wants to look at."""
    trial = made_up(500, traced=neurons.examples(20))
    fields = ("inputs", "voltages", "outputs", "predictions")
    wrong = {field: np.full_like(getattr(trial, field), np.nan) for field in fields}
    check_words(STANDARD_FIGURES[name](dataclasses.replace(trial, **wrong), neurons))


@pytest.mark.parametrize("name", list(STANDARD_FIGURES))
def test_what_was_not_kept_is_said_to_be_missing(name, neurons):
    """No answers, no inputs, no voltages, no spikes."""
    nothing = {
        "inputs": np.zeros((200, 0)),
        "outputs": np.zeros((0, 4)),
        "predictions": np.zeros((0, 4)),
        "labels": [],
        "is_asked": [],
    }
    figure = STANDARD_FIGURES[name](made_up(500, "none", **nothing), neurons)
    check_words(figure)
    words = " ".join(words_of(figure))
    assert "No answer was given" in words
    expected = {
        "raster": "no spikes in 200 ms",
        "voltages": "no voltages were kept",
        "input": "no input",
        "population": "all silent",
        "output": "no readout",
    }
    assert expected[name] in words


@pytest.mark.parametrize(
    ("given", "sign"), [(2, "✓ right"), (1, "✗ wrong")], ids=["right", "wrong"]
)
@pytest.mark.parametrize("name", list(STANDARD_FIGURES))
def test_every_title_says_label_answer_and_verdict(name, given, sign, neurons):
    answers = np.full((4, 4), 0.1)
    answers[3, given] = 0.7
    trial = made_up(500, labels=[0, 0, 0, 2], predictions=answers, question="ori_diff")
    words = words_of(STANDARD_FIGURES[name](trial, neurons))
    assert f"ori_diff: right answer 2, given {given} (p = 0.70)" in words
    assert sign in words


@pytest.mark.parametrize("name", list(STANDARD_FIGURES))
def test_a_tie_is_called_undecided_whichever_class_is_right(name, neurons):
    for label in (0, 3):
        answers = np.full((4, 4), 0.25)
        asked = [True] * 4
        trial = made_up(
            500,
            traced=[3],
            labels=[label] * 4,
            predictions=answers,
            outputs=0 * answers,
            is_asked=asked,
            question="vcd_grating",
        )
        figure = STANDARD_FIGURES[name](trial, neurons)
        words = words_of(figure)
        assert (
            f"vcd_grating: 0 of 4 right; the last: right answer {label}, "
            "undecided (4 at p = 0.25)"
        ) in words
        assert "? undecided" in words
        assert not {"✓ right", "✗ wrong"} & set(words)
        check_words(figure)


def test_drawing_leaves_the_settings_of_matplotlib_alone(neurons):
    before = dict(matplotlib.rcParams)
    for draw in STANDARD_FIGURES.values():
        draw(made_up(500, traced=[3]), neurons)
    assert dict(matplotlib.rcParams) == before


def test_the_number_of_artists_does_not_grow_with_the_spikes(neurons):
    """Or runaway activity would be drawn for minutes."""
    few, many = made_up(500, "normal"), made_up(500, "runaway")
    for draw in STANDARD_FIGURES.values():
        counts = [len(draw(trial, neurons).findobj()) for trial in (few, many)]
        assert counts[1] <= 1.3 * counts[0]
