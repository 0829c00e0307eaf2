"""Lines and bars of the readout are its numbers, and the right class is marked."""

import numpy as np
import pytest

from tests.visualization.trials import boxes_of, check_words, made_up, words_of
from visualization import style
from visualization.trial.outputs import readout_over_time
from visualization.trial.predictions import batch_predictions


def answers(n_classes, labels, given, confidence=0.6):
    """Fields of a trial in which these classes were given where these were right."""
    rest = (1 - confidence) / (n_classes - 1)
    predictions = np.full((len(labels), n_classes), rest)
    predictions[np.arange(len(labels)), given] = confidence
    return {
        "predictions": predictions,
        "outputs": np.log(predictions),
        "labels": labels,
        "is_asked": np.ones(len(labels), bool),
    }


def lines_of(axes):
    """Values and edges of the line of each class."""
    stairs = [patch for patch in axes.patches if hasattr(patch, "get_data")]
    return [(patch.get_data()[0], patch.get_data()[1], patch) for patch in stairs]


@pytest.mark.parametrize("n_classes", [2, 10, 40])
def test_lines_are_the_outputs_and_probabilities_of_the_classes(n_classes):
    trial = made_up(20, **answers(n_classes, [0, 1, 1, 0], [1, 1, 0, 1]))
    figure = readout_over_time(trial)
    drawn = zip(figure.axes, (trial.outputs, trial.predictions), strict=False)
    for axes, expected in drawn:
        lines = lines_of(axes)
        found = np.array([values for values, _, _ in lines]).T
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(lines[0][1], [0, 50, 100, 150, 200])
    check_words(figure)


def test_the_right_class_is_thick_and_a_wrong_answer_is_dashed():
    trial = made_up(20, **answers(5, [0, 0, 0, 3], [0, 0, 0, 1]))
    looks = [patch for _, _, patch in lines_of(readout_over_time(trial).axes[0])]
    widths = [patch.get_linewidth() for patch in looks]
    assert np.argmax(widths) == 3
    assert [patch.get_linestyle() != "solid" for patch in looks].index(True) == 1
    words = words_of(readout_over_time(trial))
    assert "class 3: right" in words and "class 1: given" in words


@pytest.mark.parametrize("given", [3, 1], ids=["right", "wrong"])
def test_the_lines_of_the_key_do_not_run_through_its_words(given):
    figure = readout_over_time(made_up(20, **answers(99, [0, 0, 0, 3], [given] * 4)))
    boxes = [box for _, box in boxes_of(figure)]
    lines = figure.axes[0].lines
    assert len(lines) == 2 + (given != 3)
    for line in lines:
        assert not any(line.get_window_extent().overlaps(box) for box in boxes)


@pytest.mark.parametrize(("n_classes", "words"), [(2, "1 other"), (5, "4 others")])
def test_the_key_counts_the_classes_that_have_no_look_of_their_own(n_classes, words):
    trial = made_up(20, **answers(n_classes, [0, 1, 1, 1], [1, 1, 1, 1]))
    figure = readout_over_time(trial)
    assert words in {text.get_text() for text in figure.axes[0].texts}


def test_each_window_has_the_sign_of_its_answer():
    trial = made_up(20, **answers(5, [0, 4, 2, 3], [0, 1, 2, 1]))
    words = words_of(readout_over_time(trial))
    assert [word for word in words if word[-1] in "✓✗"] == ["0 ✓", "4 ✗", "2 ✓", "3 ✗"]
    assert any(word.startswith("2 of 4 right; the last") for word in words)
    dots = [line for line in readout_over_time(trial).axes[1].lines]
    heights = [float(line.get_ydata()[0]) for line in dots]
    expected = [trial.predictions[k, label] for k, label in enumerate(trial.labels)]
    np.testing.assert_allclose(heights, expected)


def bars_of(axes):
    return [patch for patch in axes.patches if patch.get_fill()]


def frames_of(axes):
    """Classes that have a frame."""
    return [
        round(patch.get_y() + patch.get_height() / 2)
        for patch in axes.patches
        if not patch.get_fill()
    ]


def test_bars_are_the_confidences_of_the_last_answer_and_the_right_one_is_framed():
    trial = made_up(20, **answers(6, [0, 0, 5, 3], [0, 0, 5, 1]))
    bars = readout_over_time(trial).axes[2]
    widths = [patch.get_width() for patch in bars_of(bars)]
    np.testing.assert_allclose(widths, trial.predictions[3])
    assert frames_of(bars) == [3]
    numbers = [text.get_text() for text in bars.texts]
    assert "0.60 given" in numbers and "0.08 right" in numbers


def test_nothing_is_judged_where_no_answer_was_due():
    fields = answers(6, [0, 0, 5, 3], [0, 0, 5, 1])
    trial = made_up(20, **{**fields, "is_asked": np.zeros(4, bool)})
    figure = readout_over_time(trial)
    assert frames_of(figure.axes[2]) == []
    assert "No answer due, likeliest 1 (p = 0.60)" in words_of(figure)
    assert not {"✓ right", "✗ wrong"} & set(words_of(figure))


@pytest.mark.parametrize("n_trials", [1, 3, 5, 16])
def test_every_trial_of_a_batch_has_its_confidences_and_its_sign(n_trials):
    trials = [
        made_up(
            20 + k,
            question=("10class", "garrett")[k % 2],
            **answers(10 - 8 * (k % 2), [k % 2] * 4, [int(k % 3 == 0)] * 4),
        )
        for k in range(n_trials)
    ]
    figure = batch_predictions(trials)
    assert len(figure.axes) == n_trials
    for k, (axes, trial) in enumerate(zip(figure.axes, trials, strict=True)):
        widths = [patch.get_width() for patch in bars_of(axes)]
        np.testing.assert_allclose(widths, trial.confidence)
        assert frames_of(axes) == [trial.label]
        sign = "✓ right" if trial.label == trial.prediction else "✗ wrong"
        colour = style.RIGHT if trial.label == trial.prediction else style.WRONG
        (found,) = [text for text in axes.texts if text.get_text() == sign]
        assert found.get_color() == colour
        assert f"#{k}  {trial.question}" in [text.get_text() for text in axes.texts]
    n_right = sum(trial.label == trial.prediction for trial in trials)
    if n_trials > 1:
        assert f"{n_right} of {n_trials} answers right" in words_of(figure)
    check_words(figure)


@pytest.mark.parametrize("n_classes", [2, 10, 40])
def test_no_class_is_called_given_where_classes_tie(n_classes):
    tied = np.full((4, n_classes), 1 / n_classes)
    trial = made_up(20, **{**answers(n_classes, [0] * 4, [0] * 4), "predictions": tied})
    clear = made_up(20, **answers(n_classes, [0] * 4, [0] * 4))
    for figure in (readout_over_time(trial), batch_predictions([trial, clear] * 2)):
        words = words_of(figure)
        assert not [word for word in words if "given" in word.split()]
        assert "? undecided" in words
        check_words(figure)
    assert "2 of 4 answers right, 2 undecided" in words
    signs = [word for word in words_of(readout_over_time(trial)) if word == "0 ?"]
    assert len(signs) == 4
    unasked = made_up(20, predictions=tied, outputs=tied, is_asked=[False] * 4)
    words = words_of(readout_over_time(unasked))
    assert f"No answer due, undecided ({n_classes} at p = {1 / n_classes:.2f})" in words


def test_a_batch_without_trials_is_refused():
    with pytest.raises(ValueError, match="at least one trial is needed, got 0"):
        batch_predictions([])
